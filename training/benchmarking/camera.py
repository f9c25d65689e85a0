"""
A camera as a process: it publishes a picture at a steady rate.

    python -m benchmarking.camera TOPIC WIDTH HEIGHT RATE

The stamp is the time just before it publishes.
"""

import signal
import sys
import time

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.node.camera_info import fill_camera_info
from depth_estimation_ros.node.image_messages import from_array
import numpy as np
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
FOV = 90.0  # degrees


def picture(width: int, height: int) -> np.ndarray:
    """Return a street of noise: a sky, a ground and posts, uint8 (H, W, 3) RGB."""
    random = np.random.default_rng(0)
    image = random.integers(100, 120, (height, width, 3), np.uint8)
    image[:height // 2] += 100
    for left in range(0, width, width // 8):
        image[height // 4:3 * height // 4, left:left + width // 40] -= 90
    return image


def publish(topic: str, width: int, height: int, rate: float) -> None:
    """Publish images, each with its camera_info before it."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('camera')
    message = from_array(picture(width, height), 'rgb8', Header(frame_id='camera'))
    info = fill_camera_info(CameraInfo(header=message.header),
                            Intrinsics.of_fov(FOV, width, height))
    publisher = node.create_publisher(Image, topic, QOS)
    infos = node.create_publisher(CameraInfo, f'{topic.rpartition("/")[0]}/camera_info', QOS)
    due = time.monotonic()
    while True:
        time.sleep(max(0.0, due - time.monotonic()))
        # What a camera could not take in time, it never takes.
        due = max(due + 1.0 / rate, time.monotonic())
        message.header.stamp = node.get_clock().now().to_msg()
        infos.publish(info)
        publisher.publish(message)


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        publish(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    finally:
        rclpy.try_shutdown()
