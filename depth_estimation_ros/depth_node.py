"""depth_estimation: a lifecycle node that turns a camera's images into metric depth."""

from dataclasses import dataclass
import sys
import time
import traceback
from typing import List, Optional, Tuple, Union

from depth_estimation_ros import image_messages, node_process, node_settings
from depth_estimation_ros.backends import DEVICES
from depth_estimation_ros.depth_colors import colorize
from depth_estimation_ros.estimator import DepthEstimator
from depth_estimation_ros.frame_statistics import FrameStatistics, Summary
from depth_estimation_ros.frame_worker import FrameWorker
from depth_estimation_ros.geometry import from_camera_info, IntrinsicsError
from depth_estimation_ros.image_messages import ImageMessageError
from depth_estimation_ros.node_settings import AT_CONFIGURE, AT_ONCE, AT_START, Setting
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

# Takes reliable and best effort cameras alike, and never queues an old image.
INPUT_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
# Serves reliable and best effort subscribers alike: depth_image_proc and RViz ask for reliable.
OUTPUT_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)

LOG_PERIOD = 5.0  # seconds between two reports of the same trouble


SETTINGS = {
    'model': Setting(
        'compact', 'Path of a model file (.onnx, .safetensors, .pth), or the name of a shipped '
        'model.', AT_CONFIGURE),
    'device': Setting(
        'auto', 'What runs the network: auto takes CUDA where PyTorch can use it, else the CPU.',
        AT_CONFIGURE, choices=DEVICES),
    'image_transport': Setting(
        'raw', "Type of the topic 'image': sensor_msgs/Image (raw) or "
        'sensor_msgs/CompressedImage (compressed).',
        AT_CONFIGURE, choices=('raw', 'compressed')),
    'focal_scaling': Setting(
        'auto', "Whether depth is corrected for the camera's focal length, from camera_info.",
        AT_ONCE, choices=('auto', 'off')),
    'autostart': Setting(
        True, 'Whether the node configures and activates itself when it starts.', AT_START),
}

MESSAGE_TYPES = {'raw': Image, 'compressed': CompressedImage}


@dataclass(frozen=True)
class Frame:
    """An image that came in, and when (time.monotonic)."""

    message: Union[Image, CompressedImage]
    arrived: float


class ImageOutput:
    """A topic of images, and the message that is filled anew for each of them."""

    def __init__(self, publisher: Publisher):
        self.publisher = publisher
        self._message: Optional[Image] = None

    def publish(self, pixels: np.ndarray, encoding: str, header: Header):
        """Publish an array; publishing copies it, so the message can be used again."""
        self._message = image_messages.from_array(pixels, encoding, header, self._message)
        self.publisher.publish(self._message)


class DepthNode(LifecycleNode):
    """
    ROS around one DepthEstimator.

    Callbacks run in the executor's thread, `_work` and what it calls in the worker's.
    """

    def __init__(self):
        super().__init__('depth_estimation')
        # From configure to cleanup.
        self._estimator: Optional[DepthEstimator] = None
        self._depth: Optional[ImageOutput] = None
        self._color: Optional[ImageOutput] = None
        self._depth_info: Optional[Publisher] = None
        self._statistics = FrameStatistics()
        # From activate to deactivate.
        self._worker: Optional[FrameWorker[Frame]] = None
        self._inputs: List = []
        self._camera_info: Optional[CameraInfo] = None
        # What was last reported, so that it is said once.
        self._configure_error = ''
        self._camera_trouble = ''
        self._reported = Summary()

        self._survive_impossible_transitions()
        self.add_on_set_parameters_callback(self._check_parameters)
        node_settings.declare(self, SETTINGS)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Not the node's clock: with use_sim_time that one stands still while no simulation runs.
        self.create_timer(1.0, self._publish_diagnostics,
                          clock=Clock(clock_type=ClockType.STEADY_TIME))

    def start(self):
        """Configure and activate, unless `autostart` is false."""
        if self._setting('autostart') and \
                self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    # Lifecycle ----------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model; on a wrong one the node stays unconfigured, and says why."""
        try:
            self._estimator = DepthEstimator(self._setting('model'), self._setting('device'))
        except Exception as error:
            # Not only a ModelFileError: rclpy would swallow whatever is raised here.
            self._configure_error = str(error)
            self.get_logger().error(f'Cannot configure: {error}')
            self.get_logger().debug(traceback.format_exc())
            return TransitionCallbackReturn.FAILURE
        self._configure_error = ''
        self._statistics = FrameStatistics()
        self._reported = Summary()
        self._depth = ImageOutput(
            self.create_lifecycle_publisher(Image, 'depth/image', OUTPUT_QOS))
        self._color = ImageOutput(
            self.create_lifecycle_publisher(Image, 'depth/color', OUTPUT_QOS))
        self._depth_info = self.create_lifecycle_publisher(
            CameraInfo, 'depth/camera_info', OUTPUT_QOS)
        backend, converter = self._estimator.backend, image_messages.converter()
        self.get_logger().info(
            f'Configured: {self._setting("model")} with {backend.name} on {backend.device}, '
            f'images by {converter.name}')
        if converter.note:
            self.get_logger().info(converter.note)
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take images."""
        result = super().on_activate(state)
        self._worker = FrameWorker(self._work, self._statistics.count_replaced)
        # camera_info first: the executor then hands it over before an image that came with it.
        self._inputs = [
            self.create_subscription(CameraInfo, 'camera_info', self._on_camera_info, INPUT_QOS),
            self.create_subscription(MESSAGE_TYPES[self._setting('image_transport')], 'image',
                                     self._on_image, INPUT_QOS)]
        self.get_logger().info(
            f'Active: {self._inputs[1].topic_name} -> {self._depth.publisher.topic_name}')
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Finish the image in work, and take no more."""
        self._stop()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of the model."""
        self._release()
        return super().on_cleanup(state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, whatever the state is."""
        self._stop()
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured; rclpy swallows what was raised in a transition."""
        self.get_logger().error(f'A transition from {state.label} failed')
        self._stop()
        self._release()
        return super().on_error(state)

    def destroy_node(self):
        """Stop the worker before what it publishes with is gone."""
        self._stop()
        super().destroy_node()

    def _stop(self):
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs = []
        self._camera_info = None
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _release(self):
        for publisher in (self._depth and self._depth.publisher,
                          self._color and self._color.publisher, self._depth_info):
            if publisher is not None:
                self.destroy_lifecycle_publisher(publisher)
        self._depth = self._color = self._depth_info = self._estimator = None

    def _survive_impossible_transitions(self):
        # In rclpy up to Jazzy, to ask for a transition that the state does not have raises an
        # error out of spin(), which ends the process.
        service = self._service_change_state
        change_state = service.callback

        def refuse(request, response):
            try:
                return change_state(request, response)
            except RuntimeError as error:
                self.get_logger().warning(f'Transition refused: {error}')
                response.success = False
                return response

        service.callback = refuse

    # Parameters ---------------------------------------------------------------------------------

    def _setting(self, name: str):
        return self.get_parameter(name).value

    def _check_parameters(self, parameters: List[Parameter]) -> SetParametersResult:
        for parameter in parameters:
            setting = SETTINGS.get(parameter.name)
            if setting is None:
                continue
            if setting.choices and parameter.value not in setting.choices:
                return SetParametersResult(successful=False, reason=(
                    f'{parameter.name} is one of {", ".join(setting.choices)}, '
                    f'not {parameter.value!r}'))
            if setting.applies == AT_CONFIGURE and self._estimator is not None:
                return SetParametersResult(successful=False, reason=(
                    f'{parameter.name} applies at configure: deactivate and clean up the node '
                    'first'))
        return SetParametersResult(successful=True)

    # Images -------------------------------------------------------------------------------------

    def _on_camera_info(self, message: CameraInfo):
        self._camera_info = message

    def _on_image(self, message: Union[Image, CompressedImage]):
        self._statistics.count_received()
        self._worker.put(Frame(message, time.monotonic()))

    def _work(self, frame: Frame):
        try:
            image = image_messages.to_rgb(frame.message)
        except ImageMessageError as error:
            self._statistics.count_refused(str(error))
            self.get_logger().warning(f'Image dropped: {error}', throttle_duration_sec=LOG_PERIOD)
            return
        try:
            self._publish_depth(image, frame.message.header)
        except Exception as error:
            if not self.context.ok():
                return  # the process is ending; nobody can publish any more
            self._statistics.count_failed(repr(error))
            self.get_logger().error(f'No depth for an image:\n{traceback.format_exc()}',
                                    throttle_duration_sec=LOG_PERIOD)
            return
        self._statistics.count_published(frame.arrived)

    def _publish_depth(self, image: np.ndarray, header: Header):
        camera_info, focal = self._camera(image.shape[1], image.shape[0])
        depth = self._estimator.estimate(
            image, focal if self._setting('focal_scaling') == 'auto' else None)
        if camera_info is not None:
            camera_info.header = header
            self._depth_info.publish(camera_info)
        self._depth.publish(depth, '32FC1', header)
        if self._color.publisher.get_subscription_count():
            self._color.publish(colorize(depth, self._estimator.info.max_depth), 'bgr8', header)

    def _camera(self, width: int, height: int) -> Tuple[Optional[CameraInfo], Optional[float]]:
        """Return the camera_info and the focal length (pixels) of an image, where known."""
        info, focal, trouble = self._camera_info, None, ''
        if info is None:
            trouble = 'no camera_info has come in'
        elif (info.width, info.height) != (width, height):
            trouble = (f'camera_info is for {info.width} x {info.height} pixels, the image has '
                       f'{width} x {height}')
        else:
            try:
                intrinsics = from_camera_info(info)
                trouble = '' if intrinsics else 'camera_info is of an uncalibrated camera'
                focal = intrinsics.fx if intrinsics else None
            except IntrinsicsError as error:
                trouble = f'camera_info is unusable ({error})'
        if trouble != self._camera_trouble:
            self._camera_trouble = trouble
            if trouble:
                self.get_logger().warning(
                    f'Depth without depth/camera_info and focal scaling: {trouble}')
            else:
                self.get_logger().info('camera_info fits the image')
        return (None if trouble else info), focal

    # Diagnostics --------------------------------------------------------------------------------

    def _publish_diagnostics(self):
        message = DiagnosticArray(status=[self._status()])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _status(self) -> DiagnosticStatus:
        now = self._statistics.summary()
        level, text = self._judge(now)
        self._reported = now
        values = {
            'frames in': now.received,
            'frames out': now.published,
            'frames replaced': now.replaced,
            'frames refused': now.refused,
            'frames failed': now.failed,
            'last reason': now.last_reason,
            'rate (Hz)': f'{now.rate:.1f}',
            'latency p50 (ms)': f'{now.latency_p50:.1f}',
            'latency p95 (ms)': f'{now.latency_p95:.1f}',
            'model': self._setting('model'),
        }
        if self._estimator is not None:
            values['backend'] = self._estimator.backend.name
            values['device'] = self._estimator.backend.device
        return DiagnosticStatus(
            level=level, name=f'{self.get_fully_qualified_name().lstrip("/")}: depth',
            message=text, hardware_id=values.get('device', ''),
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])

    def _judge(self, now: Summary) -> Tuple[bytes, str]:
        """Return level and message: what is worst of what happened since the last report."""
        if self._configure_error:
            return DiagnosticStatus.ERROR, self._configure_error
        if now.failed > self._reported.failed:
            return DiagnosticStatus.ERROR, f'images without depth: {now.last_reason}'
        if now.refused > self._reported.refused:
            return DiagnosticStatus.WARN, f'images dropped: {now.last_reason}'
        if self._estimator is None:
            return DiagnosticStatus.OK, 'unconfigured'
        return DiagnosticStatus.OK, 'inactive' if self._worker is None else 'active'


def create() -> DepthNode:
    """Make the node and let it start."""
    node = DepthNode()
    node.start()
    return node


def main(args: Optional[List[str]] = None) -> int:
    """Run the node as a process."""
    return node_process.run(create, args)


if __name__ == '__main__':
    sys.exit(main())
