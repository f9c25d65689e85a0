"""A lidar's points, brought into the frame of an image."""

from functools import partial
from typing import Callable, Dict, Optional, Union

from depth_estimation_ros.estimation.point_messages import of_cloud, of_scan, PointsError
from depth_estimation_ros.estimation.points import transformed
from depth_estimation_ros.node.ground_pose import TransformInput
from depth_estimation_ros.node.inputs import QOS
import numpy as np
from rclpy.node import Node
from rclpy.subscription import Subscription
from rclpy.time import Time
from sensor_msgs.msg import LaserScan, PointCloud2
from std_msgs.msg import Header

# Seconds between an image and a scan: a robot that turns by 1 rad/s turns by 6 degrees meanwhile.
TOLERANCE = 0.1
MOST = 20000  # points, which take 2 ms

READERS: Dict[str, tuple] = {
    'sensor_msgs/msg/LaserScan': (LaserScan, of_scan),
    'sensor_msgs/msg/PointCloud2': (PointCloud2, partial(of_cloud, most=MOST))}


class PointsInput:
    """
    A subscription to a LaserScan or PointCloud2, whichever is published.

    Parameters
    ----------
    node : rclpy.node.Node
    topic : str
    transforms : TransformInput

    Attributes
    ----------
    problem : str
        Why the last image got no points; empty where it did.

    """

    def __init__(self, node: Node, topic: str, transforms: TransformInput):
        self._node, self._transforms = node, transforms
        self._topic = node.resolve_topic_name(topic)
        self._subscription: Optional[Subscription] = None
        self._read: Callable[..., np.ndarray] = of_scan
        self._newest: Union[LaserScan, PointCloud2, None] = None
        self.problem = ''
        self.follow()

    def follow(self):
        """Subscribe, once the topic is published."""
        published = {each.topic_type
                     for each in self._node.get_publishers_info_by_topic(self._topic)}
        known = sorted(published & set(READERS))
        if self._subscription is None and known:
            kind, self._read = READERS[known[0]]
            self._subscription = self._node.create_subscription(
                kind, self._topic, self._take, QOS)
        elif self._subscription is None:
            self.problem = f'nobody publishes {self._topic}' if not published else (
                f'{self._topic} is of {" and ".join(sorted(published))}, and must be of '
                f'{" or ".join(READERS)}')

    def points(self, header: Header) -> Optional[np.ndarray]:
        """
        Return the newest points in an image's frame, each scan once; None where there are none.

        Returns
        -------
        float64 (N, 3), metres

        """
        message, self._newest = self._newest, None
        if message is None:
            return None
        apart = 1e-9 * abs(Time.from_msg(message.header.stamp).nanoseconds
                           - Time.from_msg(header.stamp).nanoseconds)
        if apart > TOLERANCE:
            self.problem = (f'the images and {self._topic} are {apart:.1f} s apart by their '
                            'stamps')
            return None
        try:
            transform = self._transforms.lookup(header.frame_id, message.header)
            result = transformed(
                self._read(message),
                [getattr(transform.translation, axis) for axis in 'xyz'],
                [getattr(transform.rotation, axis) for axis in 'xyzw'])
        except (self._transforms.error, PointsError) as error:
            self.problem = f'{self._topic} cannot be brought into the image ({error})'
            return None
        self.problem = ''
        return result

    def release(self):
        """Take no more points."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)

    def _take(self, message: Union[LaserScan, PointCloud2]):
        self._newest = message
