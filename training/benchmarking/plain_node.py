"""
The node that one would write first: the network in the callback of a subscription.

    python -m benchmarking.plain_node MODEL DEVICE NAMESPACE

It runs the same network as the node that is measured, and publishes depth of the image's size.
"""

from array import array
from contextlib import suppress
import sys

import cv2
from depth_estimation_ros.estimation import backends
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import Image


class PlainNode(Node):
    """Answers each image, one after the other."""

    def __init__(self, model: str, device: str, namespace: str):
        super().__init__('plain', namespace=namespace)
        self._backend = backends.load(model, device)
        self._depth = self.create_publisher(Image, 'depth/image', 10)
        self.create_subscription(Image, 'image', self._on_image, 10)

    def _on_image(self, message: Image):
        image = np.frombuffer(message.data, np.uint8).reshape(message.height, message.width, 3)
        height, width = self._backend.metadata.input_size
        small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        depth = cv2.resize(self._backend.run(small).depth, (message.width, message.height))
        answer = Image(header=message.header, height=message.height, width=message.width,
                       encoding='32FC1', step=4 * message.width)
        answer.data = array('B', depth.tobytes())
        self._depth.publish(answer)


if __name__ == '__main__':
    rclpy.init()
    with suppress(ExternalShutdownException):
        rclpy.spin(PlainNode(*sys.argv[1:4]))
