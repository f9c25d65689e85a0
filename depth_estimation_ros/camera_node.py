"""camera: a node that stands in for a camera and plays recorded frames."""

from typing import List, NoReturn, Optional

from depth_estimation_ros.node import process


def create():
    """Make the node."""
    from depth_estimation_ros.node.camera_node import CameraNode
    return CameraNode()


def main(args: Optional[List[str]] = None) -> NoReturn:
    """Run the node as a process, and end that."""
    process.leave(process.run(create, args))


if __name__ == '__main__':
    main()
