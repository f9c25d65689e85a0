"""Subscriptions to a camera's images and its camera_info, whatever its driver publishes."""

from functools import partial
from typing import Callable, List, Optional

from rclpy.event_handler import SubscriptionEventCallbacks, UnsupportedEventTypeError
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

# Takes reliable and best effort cameras alike. With room for one message, DDS replaces an image
# that the executor has not taken yet, and nobody counts it.
QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
# What was published before the subscription comes to reliable subscribers only.
LATCHED_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                         durability=DurabilityPolicy.TRANSIENT_LOCAL)

TRANSPORTS = {'raw': Image, 'compressed': CompressedImage}
TYPE_NAMES = {'raw': 'sensor_msgs/msg/Image', 'compressed': 'sensor_msgs/msg/CompressedImage'}


class ImageInput:
    """
    A subscription to the topic 'image' that follows the type of what is published.

    Attributes
    ----------
    topic : str
        The full name of the topic.

    Parameters
    ----------
    node : rclpy.node.Node
    callback : callable
        Called with each sensor_msgs.msg.Image or sensor_msgs.msg.CompressedImage.
    lost : callable
        Called with how many messages the middleware has lost on the way, where it tells.
    transport : str
        'raw', 'compressed', or 'auto': what is published, or else what the topic's name says.

    """

    def __init__(self, node: Node, callback: Callable, lost: Callable[[int], None],
                 transport: str = 'auto'):
        self._node = node
        self._callback = callback
        self._lost = lost
        self._transport = transport
        self.topic = node.resolve_topic_name('image')
        self._uses = self._wanted()
        self._subscription = self._subscribe()

    def follow(self):
        """Subscribe anew where another type is published than was expected."""
        wanted = self._wanted()
        if wanted != self._uses:
            self._node.destroy_subscription(self._subscription)
            self._uses = wanted
            self._subscription = self._subscribe()
            self._node.get_logger().info(f'{self.topic} is of {TYPE_NAMES[wanted]}')

    def why_missing(self) -> str:
        """Say who publishes the topic, or how its type is wrong, and the mend."""
        published = self._published()
        if not published:
            return 'nobody publishes it'
        if TYPE_NAMES[self._uses] in published:
            return f'{published.count(TYPE_NAMES[self._uses])} publish it'
        found = f'{self.topic} is of {" and ".join(sorted(set(published)))}'
        if set(published) & set(TYPE_NAMES.values()):
            return f'{found}, and image_transport is {self._transport}: set it to auto'
        return f'{found}: remap image to a topic of {" or ".join(TYPE_NAMES.values())}'

    def release(self):
        """Take no more images."""
        self._node.destroy_subscription(self._subscription)

    def _published(self) -> List[str]:
        """Return the type of each publisher."""
        return [each.topic_type for each in self._node.get_publishers_info_by_topic(self.topic)]

    def _wanted(self) -> str:
        if self._transport != 'auto':
            return self._transport
        published = self._published()
        for transport, name in TYPE_NAMES.items():
            if name in published:
                return transport
        return 'compressed' if self.topic.endswith('/compressed') else 'raw'

    def _subscribe(self) -> Subscription:
        subscribe = partial(self._node.create_subscription, TRANSPORTS[self._uses], self.topic,
                            self._callback, QOS)
        try:
            return subscribe(
                event_callbacks=SubscriptionEventCallbacks(message_lost=self._count_lost))
        except UnsupportedEventTypeError:
            return subscribe()  # some middlewares don't tell of losses

    def _count_lost(self, event):
        self._lost(event.total_count_change)


class CameraInfoInput:
    """
    Subscriptions to 'camera_info', published with each image or once and kept for late comers.

    A subscription that asks for what was published before it takes none from a publisher that
    keeps nothing, and has that one log an incompatible QoS. So it is there only while somebody
    keeps what was published.

    Parameters
    ----------
    node : rclpy.node.Node
    callback : callable
        Called with each sensor_msgs.msg.CameraInfo.

    """

    def __init__(self, node: Node, callback: Callable):
        self._node = node
        self._callback = callback
        self._topic = node.resolve_topic_name('camera_info')
        self._subscription = self._subscribe(QOS)
        self._latched: Optional[Subscription] = None
        self.follow()

    def follow(self):
        """Ask for what was published before where somebody keeps it."""
        is_kept = any(
            each.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL
            for each in self._node.get_publishers_info_by_topic(self._topic))
        if is_kept and self._latched is None:
            self._latched = self._subscribe(LATCHED_QOS)
        elif not is_kept and self._latched is not None:
            self._node.destroy_subscription(self._latched)
            self._latched = None

    def release(self):
        """Take no more of them."""
        for each in filter(None, (self._subscription, self._latched)):
            self._node.destroy_subscription(each)

    def _subscribe(self, qos: QoSProfile) -> Subscription:
        # Without this, the second would warn of publishers beside the one that keeps.
        quiet = SubscriptionEventCallbacks(incompatible_qos=lambda _: None)
        return self._node.create_subscription(
            CameraInfo, 'camera_info', self._callback, qos, event_callbacks=quiet)
