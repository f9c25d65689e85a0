"""depth_estimation: a lifecycle node that turns a camera's images into metric depth."""

from dataclasses import dataclass
import functools
import sys
import time
import traceback
from typing import Callable, List, Optional, Tuple, Union

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.images import ImageError, messages
from depth_estimation_ros.node import camera_info, depth_settings, diagnostics, process, settings
from depth_estimation_ros.node.camera_tracker import CameraTracker
from depth_estimation_ros.node.camera_watchdog import CameraWatchdog
from depth_estimation_ros.node.depth_settings import Options, SETTINGS
from depth_estimation_ros.node.diagnostics import NodeReport
from depth_estimation_ros.node.frame_statistics import FrameStatistics, Summary
from depth_estimation_ros.node.frame_worker import FrameWorker
from depth_estimation_ros.node.model_loader import Loaded, ModelLoader
from depth_estimation_ros.node.outputs import DepthOutputs
from depth_estimation_ros.node.process import NodeError
from depth_estimation_ros.node.settings import AT_ACTIVATION
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool

# Takes reliable and best effort cameras alike, and never queues an old image.
INPUT_QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)

LOG_PERIOD = 5.0  # seconds between two reports of the same trouble

MESSAGE_TYPES = {'raw': Image, 'compressed': CompressedImage}


@dataclass(frozen=True)
class Frame:
    """An image that came in, and when (time.monotonic)."""

    message: Union[Image, CompressedImage]
    arrived: float


def _says_why(transition: Callable) -> Callable:
    """Have a lifecycle callback tell what it raises, which rclpy swallows."""
    @functools.wraps(transition)
    def telling(node: 'DepthNode', state: LifecycleState) -> TransitionCallbackReturn:
        node._failure = ''
        try:
            return transition(node, state)
        except Exception as error:
            node._tell_failure(transition.__name__[len('on_'):], error)
            return TransitionCallbackReturn.ERROR
    return telling


class DepthNode(LifecycleNode):
    """
    ROS around one DepthEstimator.

    Callbacks run in the executor's thread, `_work` and what it calls in the worker's.
    """

    def __init__(self):
        super().__init__('depth_estimation')
        # From configure to cleanup.
        self._estimator: Optional[DepthEstimator] = None
        self._outputs: Optional[DepthOutputs] = None
        self._statistics = FrameStatistics()
        # From activate to deactivate.
        self._worker: Optional[FrameWorker[Frame]] = None
        self._inputs: List[Subscription] = []
        self._image_topic = ''
        self._camera = CameraTracker(self.get_logger())
        self._watchdog = CameraWatchdog()
        self._tracker = ScaleTracker()
        self._enabled = True
        self._failure = ''  # why the last transition failed
        self._reported = Summary()  # what the last diagnostics told

        self._survive_impossible_transitions()
        self._loader = ModelLoader()
        self._loader.load_before_setting(self, self._other_model)
        self._next: Optional[Loaded] = None
        self.add_on_set_parameters_callback(self._check_parameters)
        settings.declare(self, SETTINGS)
        if depth_settings.problem(self._setting):
            raise NodeError(depth_settings.problem(self._setting))
        self._options = Options.read(self._setting)
        self.add_post_set_parameters_callback(self._apply_parameters)

        self.create_service(SetBool, 'depth/set_enabled', self._set_enabled)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Not the node's clock: with use_sim_time that one stands still while no simulation runs.
        self.create_timer(
            1.0, self._look_around, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def start(self):
        """Configure and activate, unless `autostart` is false."""
        if self._setting('autostart') and \
                self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    # Lifecycle ----------------------------------------------------------------------------------

    @_says_why
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model; on a wrong one the node stays unconfigured, and says why."""
        try:
            self._estimator = self._loader.load(*self._model()).estimator
        except Exception as error:
            # Not only a ModelFileError: nothing has begun, so there is nothing to recover from.
            self._tell_failure('configure', error)
            return TransitionCallbackReturn.FAILURE
        self._statistics = FrameStatistics()
        self._reported = Summary()
        self._outputs = DepthOutputs(self)
        self.get_logger().info(f'Configured: {self._what_runs()}')
        return super().on_configure(state)

    @_says_why
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take images."""
        result = super().on_activate(state)
        self._worker = FrameWorker(self._work, self._statistics.count_replaced, self._period())
        self._camera = CameraTracker(self.get_logger())
        self._watchdog = CameraWatchdog()
        self._tracker = ScaleTracker(camera_height=self._options.camera_height)
        self._enabled = True
        # camera_info first: the executor then hands it over before an image that came with it.
        kinds = {'camera_info': (CameraInfo, self._on_camera_info),
                 'image': (MESSAGE_TYPES[self._setting('image_transport')], self._on_image)}
        for topic, (kind, callback) in kinds.items():
            self._inputs.append(self.create_subscription(kind, topic, callback, INPUT_QOS))
        self._image_topic = self._inputs[-1].topic_name
        self.get_logger().info(f'Active: {self._image_topic} -> {self._outputs.topic}')
        return result

    @_says_why
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Finish the image in work, and take no more."""
        self._stop()
        return super().on_deactivate(state)

    @_says_why
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of the model."""
        self._release()
        return super().on_cleanup(state)

    @_says_why
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop, whatever the state is."""
        self._stop()
        self._release()
        return super().on_shutdown(state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to unconfigured."""
        self.get_logger().error(f'A transition from {state.label} failed')
        self._stop()
        self._release()
        return super().on_error(state)

    def _tell_failure(self, transition: str, error: Exception):
        self._failure = str(error) or repr(error)
        self.get_logger().error(f'Cannot {transition}: {self._failure}')
        self.get_logger().debug(traceback.format_exc())

    def destroy_node(self):
        """Stop the worker before what it publishes with is gone."""
        self._stop()
        super().destroy_node()

    def _stop(self):
        for subscription in self._inputs:
            self.destroy_subscription(subscription)
        self._inputs = []
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    def _release(self):
        if self._outputs is not None:
            self._outputs.release()
        self._outputs = self._estimator = None

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

    # Parameters and the service -----------------------------------------------------------------

    def _setting(self, name: str):
        return self.get_parameter(name).value

    def _model(self) -> Tuple[str, str]:
        return self._setting('model'), self._setting('device')

    def _period(self) -> float:
        rate = self._setting('rate')
        return 1.0 / rate if rate else 0.0

    def _other_model(self, parameters: List[Parameter]) -> Optional[Tuple[str, str]]:
        """Return the model and device that parameters ask for in place of those that run."""
        if self._estimator is None:
            return None
        new = {parameter.name: parameter.value for parameter in parameters}
        now = self._model()
        wanted = new.get('model', now[0]), new.get('device', now[1])
        return wanted if wanted != now else None

    def _check_parameters(self, parameters: List[Parameter]) -> SetParametersResult:
        known = [parameter for parameter in parameters if parameter.name in SETTINGS]
        problems = [SETTINGS[each.name].problem(each.name, each.value) for each in known]
        problems += [f'{each.name} applies at activation: deactivate the node first'
                     for each in known if self._worker is not None
                     and SETTINGS[each.name].applies == AT_ACTIVATION
                     and each.value != self._setting(each.name)]
        if all(map(self.has_parameter, SETTINGS)):  # else they are being declared
            new = {each.name: each.value for each in known}
            problems.append(depth_settings.problem(
                lambda name: new[name] if name in new else self._setting(name)))
        reason = next(filter(None, problems), '')
        if not reason:
            reason = self._prepare_model(known)
        return SetParametersResult(successful=not reason, reason=reason)

    def _prepare_model(self, parameters: List[Parameter]) -> str:
        """Load the model that parameters ask for; return why that cannot be."""
        wanted = self._other_model(parameters)
        try:
            self._next = wanted and self._loader.load(*wanted)
        except Exception as error:
            self.get_logger().error(f'{self._setting("model")} stays: {error}')
            return str(error)
        return ''

    def _apply_parameters(self, parameters: List[Parameter]):
        self._options = Options.read(self._setting)
        if self._options.camera_height != self._tracker.camera_height:
            self._tracker = ScaleTracker(camera_height=self._options.camera_height)
        # Where a request sets model and device one by one, it is for the last of them.
        if self._next is not None and (self._next.model, self._next.device) == self._model():
            # The worker takes it with its next frame.
            self._estimator, self._next = self._next.estimator, None
            self.get_logger().info(f'Now runs {self._what_runs()}')
        if self._worker is not None:
            self._worker.set_period(self._period())

    def _set_enabled(self, request: SetBool.Request,
                     response: SetBool.Response) -> SetBool.Response:
        response.success = self._worker is not None
        if response.success:
            self._enabled = request.data
            response.message = 'enabled' if request.data else 'paused'
            self.get_logger().info(f'Inference is {response.message}')
        else:
            response.message = 'the node is not active: activate it first'
        return response

    # Images -------------------------------------------------------------------------------------

    def _on_camera_info(self, message: CameraInfo):
        self._camera.info = message

    def _on_image(self, message: Union[Image, CompressedImage]):
        self._watchdog.feed()
        self._statistics.count_received()
        if self._enabled:
            self._worker.put(Frame(message, time.monotonic()))
        else:
            self._statistics.count_paused()

    def _work(self, frame: Frame):
        try:
            image = messages.to_rgb(frame.message, self._options.max_image_pixels)
            self._publish_depth(image, frame.message.header)
        except ImageError as error:
            self._statistics.count_refused(str(error))
            self.get_logger().warning(f'Image dropped: {error}', throttle_duration_sec=LOG_PERIOD)
            return
        except Exception as error:
            if not self.context.ok():
                return  # the process is ending; nobody can publish any more
            self._statistics.count_failed(repr(error))
            self.get_logger().error(f'No depth for an image:\n{traceback.format_exc()}',
                                    throttle_duration_sec=LOG_PERIOD)
            return
        self._statistics.count_published(frame.arrived)

    def _publish_depth(self, image: np.ndarray, header: Header):
        # Once for the whole frame: a parameter may change meanwhile.
        options, estimator, info = self._options, self._estimator, self._camera.info
        camera = self._camera.intrinsics(info, *image.shape[1::-1], self._image_topic)
        estimate = estimator.estimate(
            image, camera, tracker=self._tracker, scale=options.scale,
            focal_scaling=options.focal_scaling, size=options.size, fit=options.fit,
            validity=options.validity, want_confidence=self._outputs.wants_confidence)
        self._outputs.publish(
            estimate, estimator.metadata.max_depth, header,
            camera_info.describe(
                info, estimator.intrinsics(camera, options.size, options.fit), header)
            if camera else None)

    # Diagnostics --------------------------------------------------------------------------------

    def _look_around(self):
        """Once a second: is the camera there, and what is there to tell."""
        silence = self._listen_for_camera() if self._worker is not None else ''
        message = DiagnosticArray(status=[self._status(silence)])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _listen_for_camera(self) -> str:
        changed = self._watchdog.check(self._setting('stale_after'))
        silence = self._watchdog.sentence(
            self._image_topic, self.count_publishers(self._image_topic))
        if changed and silence:
            self.get_logger().warning(f'Waiting for the camera: {silence}')
        elif changed:
            self.get_logger().info(f'The camera is back: images on {self._image_topic}')
        return silence

    def _status(self, silence: str = '') -> DiagnosticStatus:
        before, self._reported = self._reported, self._statistics.summary()
        backend = self._estimator.backend if self._estimator else None
        return diagnostics.status(
            f'{self.get_fully_qualified_name().lstrip("/")}: depth',
            NodeReport(
                self._state(), self._failure, silence,
                self._camera.trouble if self._worker is not None else '',
                self._tracker.problem if self._worker is not None else '', self._tracker.scale,
                self._setting('rate'), self._setting('model'),
                *((backend.name, backend.device, backend.precision) if backend else ())),
            self._reported, before)

    def _state(self) -> str:
        _, state = self._state_machine.current_state
        return 'paused' if state == 'active' and not self._enabled else state

    def _what_runs(self) -> str:
        backend = self._estimator.backend
        return (f'{self._setting("model")} with {backend.name} on {backend.device} '
                f'({backend.precision})')


def create() -> DepthNode:
    """Make the node and let it start."""
    node = DepthNode()
    node.start()
    return node


def main(args: Optional[List[str]] = None) -> int:
    """Run the node as a process."""
    return process.run(create, args)


if __name__ == '__main__':
    sys.exit(main())
