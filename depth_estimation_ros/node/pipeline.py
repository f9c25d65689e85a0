"""A frame's path: message, image, depth, messages."""

from dataclasses import dataclass
import traceback
from typing import Any, Optional, Union

from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.pose_check import PoseCheck
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.scan import ScanLimits
from depth_estimation_ros.images import ImageError, messages
from depth_estimation_ros.node import camera_info, cv_bridge_choice
from depth_estimation_ros.node.camera_tracker import CameraTracker
from depth_estimation_ros.node.depth_settings import Options
from depth_estimation_ros.node.frame_statistics import FrameStatistics
from depth_estimation_ros.node.ground_pose import GroundPose
from depth_estimation_ros.node.outputs import DepthOutputs
from depth_estimation_ros.node.points_input import PointsInput
from depth_estimation_ros.node.reporting import LOG_PERIOD
import numpy as np
from sensor_msgs.msg import CompressedImage, Image


@dataclass
class Frame:
    """An image that came in: on which topic, when (time.monotonic), and if it was given up."""

    message: Union[Image, CompressedImage]
    topic: str
    arrived: float
    is_given_up: bool = False


@dataclass
class Pipeline:
    """
    Makes depth of frames, in the worker's thread; what it uses may be exchanged meanwhile.

    Attributes
    ----------
    estimator : DepthEstimator
    options : Options
    camera : CameraTracker
    tracker : ScaleTracker
    pose_check : PoseCheck
        Looks whether the camera stands as the tracker's pose says.
    outputs : DepthOutputs
    statistics : FrameStatistics
        Told what became of each frame.
    logger
    ground : GroundPose, optional
        Where TF tells the camera's pose.
    points : PointsInput, optional
        Where another sensor tells true depths.

    """

    estimator: DepthEstimator
    options: Options
    camera: CameraTracker
    tracker: ScaleTracker
    pose_check: PoseCheck
    outputs: DepthOutputs
    statistics: FrameStatistics
    logger: Any
    ground: Optional[GroundPose] = None
    points: Optional[PointsInput] = None

    def work(self, frame: Frame):
        """Publish a frame's depth, or count why there is none."""
        try:
            image, is_bgr = messages.to_colour(
                frame.message, self.options.max_image_pixels, cv_bridge_choice.choose().bridge)
        except ImageError as error:
            self.statistics.count_refused(str(error))
            self.logger.warning(f'Image dropped: {error}', throttle_duration_sec=LOG_PERIOD)
            return
        self._publish_depth(image, is_bgr, frame)

    def failed(self, error: BaseException):
        """Count a frame on which the network or the publishing failed."""
        self.statistics.count_failed(repr(error))
        self.logger.error(f'No depth for an image:\n{"".join(traceback.format_exception(error))}',
                          throttle_duration_sec=LOG_PERIOD)

    def _publish_depth(self, image: np.ndarray, is_bgr: bool, frame: Frame):
        """Publish depth and its camera_info, unless the network took too long for that."""
        # Once for the whole frame: a parameter may change meanwhile.
        options, estimator = self.options, self.estimator
        tracker, ground, points = self.tracker, self.ground, self.points
        height, width = image.shape[:2]
        header = frame.message.header
        camera = self.camera.camera_of(width, height, frame.topic, options.fov)
        intrinsics = camera.intrinsics if camera else None
        estimate = estimator.estimate(
            image, intrinsics, ground.pose_of(header) if ground else None,
            tracker=tracker, points=points.points(header) if points else None,
            scale=options.scale, focal_scaling=options.focal_scaling,
            size=options.size, fit=options.fit, validity=options.validity,
            want_confidence=self.outputs.wants_confidence, want_floor=self.outputs.wants_floor,
            is_bgr=is_bgr)
        if frame.is_given_up:
            return  # it is counted, and later images have been answered
        info = seen = None
        if camera is not None:
            seen = estimator.intrinsics(camera.intrinsics, options.size, options.fit)
            info = camera_info.describe(camera.info, seen, header)
            if tracker.pose is not None:
                self.pose_check.look(estimate.depth, seen, tracker.pose, tracker.last)
        self.outputs.publish(estimate, estimator.metadata.max_depth, header, info)
        if self.outputs.scan.has_listeners:
            max_depth = options.scale * tracker.scale * estimator.metadata.max_depth
            if options.focal_scaling:
                max_depth *= estimator.focal_scale(intrinsics, options.fit)
            self.outputs.scan.publish(
                estimate.depth, seen, tracker, ScanLimits(
                    *options.scan_heights, options.validity.min_range,
                    options.validity.farthest(max_depth)), header)
        self.statistics.count_published(
            frame.arrived, is_blank(estimate, options.validity.out_of_range))


def is_blank(estimate: Estimate, out_of_range: str) -> bool:
    """Tell whether no pixel has a depth in range, by every eighth of them."""
    sample = estimate.depth[::8, ::8]
    if out_of_range == 'clamp':
        # What is out of range is one of the limits.
        return not np.isfinite(sample).any() or sample.min() == sample.max()
    return not np.isfinite(sample).any()
