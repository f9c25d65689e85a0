"""depth_estimation: a lifecycle node that turns a camera's images into metric depth."""

import sys
from typing import List, NoReturn, Optional

from depth_estimation_ros.node import process


def create():
    """Make the node and let it start."""
    # OpenVINO would also import its converter of models, with the reader of TensorFlow's and a
    # client for telemetry: 11 MB, and three quarters of the import's time. With None in its place
    # the import of the converter fails, which OpenVINO takes as that it is not installed.
    sys.modules.setdefault('openvino.tools.ovc', None)  # type: ignore[arg-type]
    from depth_estimation_ros.node.depth_node import DepthNode
    node = DepthNode()
    node.start()
    return node


def main(args: Optional[List[str]] = None) -> NoReturn:
    """Run the node as a process, and end that."""
    process.leave(process.run(create, args))


if __name__ == '__main__':
    main()
