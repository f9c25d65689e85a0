"""Whether a camera still stands as its pose says: it may have been knocked."""

from collections import deque
import math
import time
from typing import Callable, Deque, NamedTuple, Optional

from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import FARTHEST_FLOOR, ScaleMeasurement
import numpy as np

PERIOD = 1.0  # seconds between two looks, each of which takes 2 ms
LOOKS = 30  # that are kept
FEWEST = 10  # that tell anything
# Degrees between the pose and the floor that is seen. On the rendered drive and the sample, whose
# poses are known, single looks are off by -5.2 to 2.1 in pitch, and by 3.8 in roll (2 to 98 %).
ANGLE = 6.0
# Of the picture that looks down at the floor within FARTHEST_FLOOR, for it to be missed.
VISIBLE = 0.3
SURE = 0.2  # sigma of a scale that was measured on a floor
MISSED = 0.9  # of the looks


class Look(NamedTuple):
    """What one picture says against the pose: degrees, None where no floor was fitted."""

    pitch: Optional[float]
    roll: Optional[float]
    is_missed: bool


class PoseCheck:
    """
    Compares the floor that depth shows with the camera's pose, once a second.

    Parameters
    ----------
    clock : callable
        Seconds; by default of time.monotonic.

    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._next = -math.inf
        self._looks: Deque[Look] = deque(maxlen=LOOKS)

    def look(self, depth: np.ndarray, camera: Intrinsics, pose: CameraPose,
             measurement: Optional[ScaleMeasurement]):
        """
        Look at a picture, where the time for it has come.

        Parameters
        ----------
        depth : float32 (H, W), by any factor
            Unknown where it isn't finite.
        camera : Intrinsics
            Of `depth`.
        pose : CameraPose
            As it is said to be.
        measurement : ScaleMeasurement or None
            What this picture told of the scale.

        """
        if self._clock() < self._next:
            return
        self._next = self._clock() + PERIOD
        seen = fit_floor(depth, camera)
        if seen is not None:
            self._looks.append(Look(math.degrees(seen.pitch - pose.pitch),
                                    math.degrees(seen.roll - pose.roll), False))
            return
        is_sure = measurement is not None and measurement.sigma < SURE
        floor = pose.floor_depth(camera.resized(64, 64), FARTHEST_FLOOR)
        self._looks.append(Look(
            None, None, not is_sure and np.isfinite(floor).mean() > VISIBLE))

    @property
    def problem(self) -> str:
        """Say how the pose and what is seen contradict each other; empty where they don't."""
        looks = list(self._looks)  # another thread may add one
        if len(looks) < FEWEST:
            return ''
        for name, values in (('pitch', [look.pitch for look in looks if look.pitch is not None]),
                             ('roll', [look.roll for look in looks if look.roll is not None])):
            if len(values) >= FEWEST and abs(np.median(values)) > ANGLE:
                return (f"the floor that is seen contradicts the camera's {name} by "
                        f'{np.median(values):+.0f} degrees: it is not mounted as its pose says')
        if sum(look.is_missed for look in looks) >= MISSED * LOOKS:
            return (f'no floor has been seen for {LOOKS * PERIOD:.0f} s, though by its pose the '
                    'camera looks down at it')
        return ''
