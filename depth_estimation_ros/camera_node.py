"""camera: a node that stands in for a camera and plays recorded frames."""

import sys
from typing import List, Optional

from depth_estimation_ros.node import process


def create():
    """Make the node."""
    from depth_estimation_ros.node.camera_node import CameraNode
    return CameraNode()


def main(args: Optional[List[str]] = None) -> int:
    """Run the node as a process."""
    return process.run(create, args)


if __name__ == '__main__':
    sys.exit(main())
