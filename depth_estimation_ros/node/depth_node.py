"""The depth node's lifecycle: what it has in which state, and what it tells of itself."""

import functools
import time
import traceback
from typing import Callable, Optional, Union

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.pose_check import PoseCheck
from depth_estimation_ros.node import (
    cv_bridge_choice, diagnostics, model_loader, process_memory, rclpy_compat)
from depth_estimation_ros.node.camera_tracker import CameraTracker
from depth_estimation_ros.node.camera_watchdog import CameraWatchdog
from depth_estimation_ros.node.depth_parameters import DepthParameters
from depth_estimation_ros.node.depth_settings import Options
from depth_estimation_ros.node.diagnostics import NodeReport
from depth_estimation_ros.node.frame_statistics import FrameStatistics, Summary
from depth_estimation_ros.node.frame_worker import FrameWorker, STOP_PATIENCE
from depth_estimation_ros.node.ground_pose import TransformInput
from depth_estimation_ros.node.inputs import CameraInfoInput, ImageInput
from depth_estimation_ros.node.outputs import DepthOutputs
from depth_estimation_ros.node.pipeline import Frame, Pipeline
from depth_estimation_ros.node.points_input import PointsInput
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool

# Seconds between two looks at the floor, each of which takes 0.3 to 1 ms: images that follow each
# other sooner show the same, and tell the scale no better.
FLOOR_PERIOD = 0.1


def _reported(transition: Callable) -> Callable:
    """Have a lifecycle callback report what it raises, which rclpy swallows."""
    @functools.wraps(transition)
    def reporting(node: 'DepthNode', state: LifecycleState) -> TransitionCallbackReturn:
        node._failure = ''
        try:
            return transition(node, state)
        except Exception as error:
            node._report_failure(transition.__name__[len('on_'):], error)
            return TransitionCallbackReturn.ERROR
    return reporting


class DepthNode(LifecycleNode):
    """Takes images and hands them to a Pipeline. Its callbacks run in the executor's thread."""

    def __init__(self):
        super().__init__('depth_estimation')
        # From configure to cleanup.
        self._pipeline: Optional[Pipeline] = None
        # From activate to deactivate.
        self._worker: Optional[FrameWorker[Frame]] = None
        self._image: Optional[ImageInput] = None
        self._camera_info: Optional[CameraInfoInput] = None
        self._transforms: Optional[TransformInput] = None
        self._watchdog = CameraWatchdog()
        self._enabled = True
        self._failure = ''  # why the last transition failed
        self._last_summary = Summary()  # what the last diagnostics told

        rclpy_compat.refuse_impossible_transitions(self)
        self._settings = DepthParameters(self, self._apply)
        self.create_service(SetBool, 'depth/set_enabled', self._set_enabled)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        # Not the node's clock: with use_sim_time that one stands still while no simulation runs.
        self.create_timer(
            1.0, self._publish_diagnostics, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def start(self):
        """Configure and activate, unless `autostart` is false."""
        if self._settings.value('autostart') and \
                self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    # Lifecycle ----------------------------------------------------------------------------------

    @_reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model; on a wrong one the node stays unconfigured, and says why."""
        try:
            options = self._settings.options
            estimator = model_loader.load(
                self._settings.model, options.inference_timeout, options.knows_depths)
        except Exception as error:
            # Not only a ModelFileError: nothing has begun, so there is nothing to recover from.
            self._report_failure('configure', error)
            return TransitionCallbackReturn.FAILURE
        self._pipeline = Pipeline(
            estimator, options, CameraTracker(self.get_logger(), self._missing_camera_info),
            options.mount.new_tracker(period=FLOOR_PERIOD), PoseCheck(), DepthOutputs(self),
            FrameStatistics(), self.get_logger())
        self._last_summary = Summary()
        self._settings.has_model = True
        self.get_logger().info(f'Configured: {self._what_runs()}')
        self.get_logger().info(cv_bridge_choice.choose().sentence)
        return super().on_configure(state)

    @_reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Take images."""
        result = super().on_activate(state)
        pipeline = self._pipeline
        pipeline.statistics.begin()
        self._follow_scale(self._settings.options)
        self._worker = self._new_worker()
        self._settings.is_active = True
        self._watchdog = CameraWatchdog()
        self._enabled = True
        # camera_info first: the executor then hands it over before an image that came with it.
        self._camera_info = CameraInfoInput(self, pipeline.camera.take)
        self._image = ImageInput(
            self, self._on_image, pipeline.statistics.count_lost,
            self._settings.value('image_transport'))
        self.get_logger().info(f'Active: {self._image.topic} -> {pipeline.outputs.topic}')
        return result

    @_reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Finish the image in work, and take no more."""
        self._stop()
        return super().on_deactivate(state)

    @_reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of the model."""
        self._release()
        return super().on_cleanup(state)

    @_reported
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

    def _report_failure(self, transition: str, error: Exception):
        self._failure = str(error) or repr(error)
        self.get_logger().error(f'Cannot {transition}: {self._failure}')
        self.get_logger().debug(traceback.format_exc())

    def destroy_node(self):
        """Stop the worker before what it publishes with is gone."""
        self._stop()
        super().destroy_node()

    def _stop(self):
        if self._camera_info is not None:
            self._camera_info.release()
            self._camera_info = None
        if self._image is not None:
            self._image.release()
            self._image = None
        if self._worker is not None:
            self._stop_worker()
            self._worker = None
            self._settings.is_active = False
        self._release_transforms()

    def _release(self):
        if self._pipeline is not None:
            self._pipeline.outputs.release()
            self._pipeline = None
            self._settings.has_model = False
            process_memory.give_back_freed()

    # What comes in ------------------------------------------------------------------------------

    def _on_image(self, message: Union[Image, CompressedImage]):
        self._watchdog.note_image()
        self._pipeline.statistics.count_received()
        if self._enabled and not self._is_idle():
            self._worker.put(Frame(message, self._image.topic, time.monotonic()))
        else:
            self._pipeline.statistics.count_paused()

    def _is_idle(self) -> bool:
        return self._settings.options.lazy and not self._pipeline.outputs.has_listeners

    def _new_worker(self) -> FrameWorker[Frame]:
        return FrameWorker(
            self._pipeline.work, self._pipeline.statistics.count_replaced, self._work_failed,
            self._settings.options.period)

    def _stop_worker(self, patience: float = STOP_PATIENCE):
        frame = self._worker.stop(patience)
        if frame is not None:
            frame.is_given_up = True
            self._work_failed(TimeoutError('the network did not end'))

    def _work_failed(self, error: BaseException):
        # Nobody can publish any more when the process is ending.
        if self.context.ok():
            self._pipeline.failed(error)

    def _apply(self, options: Options, estimator: Optional[DepthEstimator]):
        """Have the pipeline take new parameters with its next frame."""
        if self._pipeline is None:
            return
        before = self._pipeline.options
        if self._worker is not None and (
                options.mount != before.mount or options.scale_from != before.scale_from):
            self._follow_scale(options)
        self._pipeline.options = options
        if estimator is not None:
            self._pipeline.estimator = estimator
            self.get_logger().info(f'Now runs {self._what_runs()}')
        if self._worker is None:
            return
        self._worker.set_period(options.period)
        if estimator is not None and self._worker.busy > options.inference_timeout:
            # It may never come back from the old model.
            self._stop_worker(patience=0.0)
            self._worker = self._new_worker()

    def _follow_scale(self, options: Options):
        """Have the scale follow from what the parameters tell, from nothing on."""
        pipeline, mount = self._pipeline, options.mount
        self._release_transforms()
        if mount.ground_frame or options.scale_from:
            transforms = self._transforms = TransformInput(self)
            if mount.ground_frame:
                pipeline.ground = transforms.above(mount.ground_frame)
            if options.scale_from:
                pipeline.points = PointsInput(self, options.scale_from, transforms)
        pipeline.tracker = mount.new_tracker(period=FLOOR_PERIOD)
        pipeline.pose_check = PoseCheck()

    def _release_transforms(self):
        if self._transforms is not None:
            self._pipeline.ground = None
            if self._pipeline.points is not None:
                self._pipeline.points.release()
                self._pipeline.points = None
            self._transforms.release()
            self._transforms = None

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

    # Diagnostics --------------------------------------------------------------------------------

    def _publish_diagnostics(self):
        """Once a second: is the camera there, and what is there to tell."""
        silence = self._check_camera() if self._image is not None else ''
        message = DiagnosticArray(status=[self._status(silence)])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _check_camera(self) -> str:
        self._image.follow()
        self._camera_info.follow()
        if self._pipeline.points is not None:
            self._pipeline.points.follow()
        changed = self._watchdog.check(
            self._settings.options.stale_after, self._image.why_missing())
        silence = self._watchdog.silence(self._image.topic)
        if changed and silence:
            self.get_logger().warning(f'Waiting for the camera: {silence}')
        elif changed:
            self.get_logger().info(f'The camera is back: images on {self._image.topic}')
        return silence

    def _missing_camera_info(self) -> str:
        topic = self.resolve_topic_name('camera_info')
        publishers = self.count_publishers(topic)
        return f'no camera_info has come in on {topic} ({publishers or "nobody"} ' \
            f'publish{"" if publishers > 1 else "es"} it)'

    def _status(self, silence: str = '') -> DiagnosticStatus:
        report = NodeReport(
            self._state(), self._failure, silence, model=self._settings.model.model,
            **self._pipeline_report(self._pipeline) if self._pipeline else {})
        before, now = self._last_summary, self._last_summary
        if self._pipeline:
            now = self._last_summary = self._pipeline.statistics.summary()
        return diagnostics.diagnostic_status(
            f'{self.get_fully_qualified_name().lstrip("/")}: depth', report, now, before)

    def _pipeline_report(self, pipeline: Pipeline) -> dict:
        backend, options = pipeline.estimator.backend, pipeline.options
        result = {
            'rate_limit': options.rate, 'stale_after': options.stale_after,
            'inference_timeout': options.inference_timeout,
            'digest': backend.digest, 'backend': backend.name, 'device': backend.device,
            'precision': backend.precision}
        if self._worker is not None:
            result.update(
                camera_problem=pipeline.camera.problem,
                intrinsics_source=pipeline.camera.source,
                pose_source=options.mount.source,
                pose_problem=pipeline.pose_check.problem,
                scale_problem=options.mount.problem or (
                    pipeline.ground.problem if pipeline.ground else '') or (
                    pipeline.points.problem if pipeline.points else '') or (
                    pipeline.tracker.problem),
                floor_scale=pipeline.tracker.scale, floor_sigma=pipeline.tracker.sigma,
                busy=self._worker.busy)
        return result

    def _state(self) -> str:
        state = rclpy_compat.lifecycle_state(self)
        if state != 'active' or self._enabled and not self._is_idle():
            return state
        return 'idle' if self._enabled else 'paused'

    def _what_runs(self) -> str:
        backend = self._pipeline.estimator.backend
        return (f'{self._settings.model.model} with {backend.name} on {backend.device} '
                f'({backend.precision})')
