"""The pitch and roll of a camera, by the shape of the floor before it."""

import math
from typing import NamedTuple, Optional, Sequence

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

FEWEST = 5  # pictures with a floor
MOST_WITHOUT = 0.5  # of the pictures


class MountMeasurement(NamedTuple):
    """
    What pictures of a free floor tell of how a camera is mounted.

    Attributes
    ----------
    pitch, roll : float, degrees
        Medians, as in CameraPose.
    pitch_spread, roll_spread : float, degrees
        Half of the range in which the middle half of the pictures is.

    """

    pitch: float
    roll: float
    pitch_spread: float
    roll_spread: float


def seen_floor(estimator: DepthEstimator, image: np.ndarray, camera: Intrinsics
               ) -> Optional[CameraPose]:
    """
    Return how a camera stands above the floor that it sees; None where it sees none.

    Parameters
    ----------
    estimator : DepthEstimator
    image : uint8 (H, W, 3) RGB
    camera : Intrinsics
        Of `image`.

    """
    depth = estimator.estimate(image, camera, size='network', want_confidence=False,
                               want_floor=False).depth
    return fit_floor(depth, estimator.intrinsics(camera, 'network'))


def summarize(seen: Sequence[Optional[CameraPose]]) -> Optional[MountMeasurement]:
    """Return what poses, one for each picture, tell together; None where too few saw a floor."""
    angles = np.degrees([(pose.pitch, pose.roll) for pose in seen if pose is not None])
    if len(angles) < max(FEWEST, math.ceil(MOST_WITHOUT * len(seen))):
        return None
    low, middle, high = np.percentile(angles, (25, 50, 75), axis=0)
    return MountMeasurement(*middle.tolist(), *((high - low) / 2.0).tolist())
