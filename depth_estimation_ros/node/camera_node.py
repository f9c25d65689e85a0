"""A node that stands in for a camera and plays recorded frames."""

import itertools
from typing import Iterator, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.node import image_messages, settings
from depth_estimation_ros.node.camera_info import fill_camera_info
from depth_estimation_ros.node.camera_settings import SETTINGS
from depth_estimation_ros.node.process import NodeError
from depth_estimation_ros.recordings.recording import RecordedFrame, RecordingError
from depth_estimation_ros.recordings.sources import open_recording
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

# A camera driver's depth, but reliable, which serves reliable and best effort subscribers alike.
QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)


class CameraNode(Node):
    """Publishes recorded frames at a rate."""

    def __init__(self):
        super().__init__('camera')
        settings.declare(self, SETTINGS)
        try:
            recording = open_recording(*map(self._setting, ('source', 'split', 'image_topic')))
        except RecordingError as error:
            raise NodeError(str(error)) from error
        self._frames: Iterator[RecordedFrame] = itertools.chain.from_iterable(
            itertools.repeat(recording) if self._setting('loop') else (recording,))
        self._next = self._read_next()
        self._started = False
        height, width = self._next.image.shape[:2]
        self._image = self.create_publisher(Image, 'image', QOS)
        self._camera_info = self.create_publisher(CameraInfo, 'camera_info', QOS)
        self._depth = self.create_publisher(Image, 'ground_truth/depth/image', QOS)
        self._timer = self.create_timer(1.0 / self._setting('rate'), self._tick)
        with_camera = 'with' if self._camera_of(self._next) else 'without'
        self.get_logger().info(
            f'Playing {self._setting("source")}, {width} x {height} at '
            f'{self._setting("rate"):g} Hz, {with_camera} camera_info')

    def _camera_of(self, frame: RecordedFrame) -> Optional[Intrinsics]:
        fov = self._setting('fov')
        if frame.camera is None and fov:
            return Intrinsics.of_fov(fov, *frame.image.shape[1::-1])
        return frame.camera

    def _setting(self, name: str):
        return self.get_parameter(name).value

    def _read_next(self) -> Optional[RecordedFrame]:
        try:
            return next(self._frames, None)
        except RecordingError as error:
            raise NodeError(str(error)) from error

    def _tick(self):
        subscribers = self._image.get_subscription_count()
        if not self._started and subscribers < self._setting('wait_for_subscribers'):
            return
        self._started = True
        self._publish(self._next)
        # Read now, so that the next frame is ready when its time has come.
        self._next = self._read_next()
        if self._next is None:
            self._end()

    def _end(self):
        for publisher in (self._image, self._camera_info, self._depth):
            publisher.wait_for_all_acked(Duration(seconds=2))
        self.get_logger().info('Played to the end')
        self.context.try_shutdown()

    def _publish(self, frame: RecordedFrame):
        header = Header(frame_id=self._setting('frame_id'),
                        stamp=self.get_clock().now().to_msg())
        camera = self._camera_of(frame)
        if camera:
            self._camera_info.publish(fill_camera_info(CameraInfo(header=header), camera))
        self._image.publish(image_messages.from_array(frame.image, 'bgr8', header))
        if frame.depth is not None:
            self._depth.publish(image_messages.from_array(frame.depth, '32FC1', header))
