"""viewer: a node that hands a camera's images, their depth and its confidence to a scene."""

from typing import Dict, Optional, Protocol, Tuple, Union

from depth_estimation_ros.estimation.geometry import from_camera_info, Intrinsics, IntrinsicsError
from depth_estimation_ros.images import ImageError, messages
from depth_estimation_ros.node.camera_info import CameraInfoError, image_intrinsics
from depth_estimation_ros.node.inputs import ImageInput
from depth_estimation_ros.node.reporting import LOG_PERIOD
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

# Takes reliable and best effort publishers alike.
QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)

# Images and depth that wait for each other: depth comes some images after its image.
WAITING = 30

Stamp = Tuple[int, int]


class Scene(Protocol):
    """What shows it; see rerun_scene.Scene."""

    def show(self, stamp: float, image: np.ndarray, depth: np.ndarray,
             camera: Optional[Intrinsics] = None, image_camera: Optional[Intrinsics] = None):
        """Show an image and its depth; the cameras are the depth's and the image's."""

    def show_confidence(self, stamp: float, confidence: np.ndarray):
        """Show the confidence of a depth image."""


class ViewerNode(Node):
    """
    Pairs images and depth by their stamps, and shows them.

    Parameters
    ----------
    scene : Scene

    """

    def __init__(self, scene: Scene):
        super().__init__('depth_viewer')
        self._scene = scene
        self._images: Dict[Stamp, Union[Image, CompressedImage]] = {}
        self._depths: Dict[Stamp, Image] = {}
        self._camera_info: Optional[CameraInfo] = None
        self._image_info: Optional[CameraInfo] = None
        self._shown = 0
        self._image = ImageInput(self, self._on_image, self._report_lost)
        self.create_timer(1.0, self._image.follow)
        subscriptions = [
            self.create_subscription(CameraInfo, 'camera_info', self._on_image_info, QOS),
            self.create_subscription(CameraInfo, 'depth/camera_info', self._on_camera_info, QOS),
            self.create_subscription(Image, 'depth/image', self._on_depth, QOS),
            self.create_subscription(Image, 'depth/confidence', self._on_confidence, QOS)]
        self.get_logger().info(
            'Waiting for '
            f'{", ".join([self._image.topic, *(each.topic_name for each in subscriptions)])}')

    def _on_camera_info(self, message: CameraInfo):
        self._camera_info = message

    def _on_image_info(self, message: CameraInfo):
        self._image_info = message

    def _on_image(self, message: Union[Image, CompressedImage]):
        self._images[_stamp(message)] = message
        self._show_pair(_stamp(message))

    def _on_depth(self, message: Image):
        self._depths[_stamp(message)] = message
        self._show_pair(_stamp(message))

    def _on_confidence(self, message: Image):
        try:
            confidence = messages.to_depth(message)
        except ImageError as error:
            self._report('depth/confidence', error)
            return
        self._scene.show_confidence(_seconds(_stamp(message)), confidence)

    def _show_pair(self, stamp: Stamp):
        if stamp in self._images and stamp in self._depths:
            try:
                image = messages.to_rgb(self._images[stamp])
                depth = messages.to_depth(self._depths[stamp])
            except ImageError as error:
                self._report('image or depth/image', error)
            else:
                camera = self._camera(depth.shape)
                height, width = image.shape[:2]
                self._scene.show(_seconds(stamp), image, depth, camera,
                                 camera and self._image_camera(height, width, camera))
                self._shown += 1
                if self._shown == 1:
                    self.get_logger().info('Showing')
            # What is older has no partner to come: images are replaced in the depth node, and
            # either may be lost on the way.
            self._images = {key: each for key, each in self._images.items() if key > stamp}
            self._depths = {key: each for key, each in self._depths.items() if key > stamp}
        for waiting in (self._images, self._depths):
            while len(waiting) > WAITING:
                del waiting[next(iter(waiting))]
        if len(self._depths) == WAITING:
            self.get_logger().warning(
                'Depth comes without its image: image has to be the topic that the depth node '
                'subscribes to, with the same stamps', throttle_duration_sec=LOG_PERIOD)

    def _camera(self, shape: Tuple[int, int]) -> Optional[Intrinsics]:
        info = self._camera_info
        if info is None or (info.height, info.width) != shape:
            return None
        try:
            return from_camera_info(info)
        except IntrinsicsError as error:
            self._report('depth/camera_info', error)
            return None

    def _image_camera(self, height: int, width: int, camera: Intrinsics) -> Optional[Intrinsics]:
        """Return the intrinsics of an image, where known; its depth's are `camera`."""
        try:
            return image_intrinsics(self._image_info, width, height)
        except CameraInfoError as error:
            if (camera.height, camera.width) == (height, width):
                return camera  # depth is on the image's pixels
            self.get_logger().warning(
                'The cloud has no colours: depth has another size than the image, and which part '
                f'of it is not known: {error} ({self.resolve_topic_name("camera_info")})',
                throttle_duration_sec=LOG_PERIOD)
            return None

    def _report_lost(self, count: int):
        self.get_logger().warning(
            f'DDS has lost {count} images on their way: give it room for them '
            '(config/fastdds.xml)', throttle_duration_sec=LOG_PERIOD)

    def _report(self, topic: str, error: Exception):
        self.get_logger().warning(f'A message on {topic} cannot be shown: {error}',
                                  throttle_duration_sec=LOG_PERIOD)


def _stamp(message: Union[Image, CompressedImage]) -> Stamp:
    return message.header.stamp.sec, message.header.stamp.nanosec


def _seconds(stamp: Stamp) -> float:
    return stamp[0] + 1e-9 * stamp[1]
