"""depth_estimation: a lifecycle node that turns a camera's images into metric depth."""

from typing import List, NoReturn, Optional

from depth_estimation_ros.node import process


def create():
    """Make the node and let it start."""
    from depth_estimation_ros.node.depth_node import DepthNode
    node = DepthNode()
    node.start()
    return node


def main(args: Optional[List[str]] = None) -> NoReturn:
    """Run the node as a process, and end that."""
    process.leave(process.run(create, args))


if __name__ == '__main__':
    main()
