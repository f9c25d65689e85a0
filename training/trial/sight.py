"""What tells the robot how far things are: true depth, or a model's, as the node's depth/scan."""

from dataclasses import dataclass
from threading import Lock
from typing import Tuple, Union

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.scan import HIGH, LOW, ranges_of, ScanLimits, Scanner, thinned
from depth_estimation_ros.estimation.validity import PUBLISHED
import numpy as np
from trial.renderer import Frame

TRUTH = 'truth'
MAX_DEPTH = 20.0  # metres, that of the models of the paper's data
# Between two pictures, as the robot's clock has it: STEP at 0.35 m/s.
SECONDS = 1.0

Scan = Tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Mount:
    """
    The robot's camera.

    Attributes
    ----------
    intrinsics : Intrinsics
    pose : CameraPose

    """

    intrinsics: Intrinsics
    pose: CameraPose

    def scan(self, depth: np.ndarray, farthest: float) -> Scan:
        """
        Return bearings (radians, counter-clockwise) and ranges (metres), both float (N,).

        As the node makes depth/scan of a depth image, float32 (H, W), metres, whose range ends
        at `farthest`.
        """
        depth, camera = thinned(depth, self.intrinsics)
        assert camera is not None
        limits = ScanLimits(LOW, HIGH, PUBLISHED.min_range, farthest)
        scanner = Scanner(camera, self.pose, farthest, limits.low, limits.high)
        return -scanner.bearings[::-1], ranges_of(scanner, depth, limits)


class TrueSight:
    """The renderer's own depth; it needs no picture."""

    needs_picture = False

    def __init__(self, mount: Mount):
        self._mount = mount

    def __call__(self, frame: Frame) -> Scan:
        """Return the scan of what truly is there."""
        depth = frame.depth.copy()
        PUBLISHED.mark_range(depth, MAX_DEPTH)
        return self._mount.scan(depth, PUBLISHED.farthest(MAX_DEPTH))


class ModelSight:
    """
    A model's depth of one drive: what the node publishes by its defaults where it knows the pose.

    Parameters
    ----------
    mount : Mount
    estimator : DepthEstimator
    lock : threading.Lock
        Held while the estimator works, which several drives share.

    """

    needs_picture = True

    def __init__(self, mount: Mount, estimator: DepthEstimator, lock: Lock):
        self._mount, self._estimator, self._lock = mount, estimator, lock
        self._seconds = 0.0
        self._tracker = ScaleTracker(mount.pose, clock=lambda: self._seconds)

    def __call__(self, frame: Frame) -> Scan:
        """Return the scan of what the model sees in the picture."""
        assert frame.picture is not None
        self._seconds += SECONDS
        estimator, tracker = self._estimator, self._tracker
        with self._lock:
            depth = estimator.estimate(
                frame.picture, self._mount.intrinsics, tracker=tracker, validity=PUBLISHED,
                want_confidence=False, want_floor=False).depth
        max_depth = (tracker.scale * estimator.metadata.max_depth
                     * estimator.focal_scale(self._mount.intrinsics))
        return self._mount.scan(depth, PUBLISHED.farthest(max_depth))


Sight = Union[TrueSight, ModelSight]
