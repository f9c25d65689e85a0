"""What the depth node publishes."""

from typing import Optional

from depth_estimation_ros.estimation.depth_colors import colorize
from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.node import image_messages
from depth_estimation_ros.node.scan_output import ScanOutput
import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

# Serves reliable and best effort subscribers alike: depth_image_proc and RViz ask for reliable.
QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)


class ImageOutput:
    """A topic of images, and the message that is filled anew for each of them."""

    def __init__(self, node: LifecycleNode, topic: str):
        self.publisher = node.create_lifecycle_publisher(Image, topic, QOS)
        self._message: Optional[Image] = None

    @property
    def has_listeners(self) -> bool:
        """Tell whether somebody subscribes to it."""
        return self.publisher.get_subscription_count() > 0

    def publish(self, pixels: np.ndarray, encoding: str, header: Header):
        """Publish an array; publishing copies it, so the message can be used again."""
        self._message = image_messages.from_array(pixels, encoding, header, self._message)
        self.publisher.publish(self._message)


class DepthOutputs:
    """
    The topics below depth/; all but depth/image are made only while somebody listens.

    Attributes
    ----------
    scan : ScanOutput

    """

    def __init__(self, node: LifecycleNode):
        self._node = node
        self._depth = ImageOutput(node, 'depth/image')
        self._millimetres = ImageOutput(node, 'depth/image_raw')
        self._confidence = ImageOutput(node, 'depth/confidence')
        self._floor = ImageOutput(node, 'depth/floor')
        self._color = ImageOutput(node, 'depth/color')
        self.scan = ScanOutput(node, QOS)
        self._camera_info = node.create_lifecycle_publisher(
            CameraInfo, 'depth/camera_info', QOS)

    @property
    def topic(self) -> str:
        """Return the full name of depth/image."""
        return self._depth.publisher.topic_name

    @property
    def has_listeners(self) -> bool:
        """Tell whether somebody subscribes to anything that takes a network to make."""
        return any(each.has_listeners for each in (
            self._depth, self._millimetres, self.scan, self._color, self._confidence,
            self._floor))

    @property
    def wants_confidence(self) -> bool:
        """Tell whether somebody listens to depth/confidence."""
        return self._confidence.has_listeners

    @property
    def wants_floor(self) -> bool:
        """Tell whether somebody listens to depth/floor."""
        return self._floor.has_listeners

    def publish(self, estimate: Estimate, max_depth: float, header: Header,
                camera_info: Optional[CameraInfo]):
        """
        Publish what is known of one image.

        Parameters
        ----------
        estimate : Estimate
        max_depth : float
            Metres at the far end of the colours.
        header : std_msgs.msg.Header
            The image's.
        camera_info : sensor_msgs.msg.CameraInfo, optional
            Of the depth image.

        """
        if camera_info is not None:
            self._camera_info.publish(camera_info)
        self._depth.publish(estimate.depth, '32FC1', header)
        if self._millimetres.has_listeners:
            self._millimetres.publish(
                image_messages.to_millimetres(estimate.depth), '16UC1', header)
        if estimate.confidence is not None and self.wants_confidence:
            self._confidence.publish(estimate.confidence, '32FC1', header)
        if estimate.floor is not None and self.wants_floor:
            self._floor.publish(estimate.floor, '32FC1', header)
        if self._color.has_listeners:
            self._color.publish(colorize(estimate.depth, max_depth), 'bgr8', header)

    def release(self):
        """Take the topics away."""
        for publisher in (*(output.publisher for output in (
                self._depth, self._millimetres, self._confidence, self._floor,
                self._color, self.scan)),
                self._camera_info):
            self._node.destroy_lifecycle_publisher(publisher)
