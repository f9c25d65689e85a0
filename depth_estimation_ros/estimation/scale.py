"""
The factor between a network's depth and metres, from what a robot knows.

From one picture a network can only guess how large a place is, and in places unlike those that it
was trained on it guesses wrong: by one factor, mostly. Two things tell that factor. A floor whose
pose is known: each pixel's ray meets it at a known depth. And any few true depths, such as those
of a lidar. (Recovering the scale of monocular depth from the camera's height: Song and Chandraker
2014, "Robust Scale Estimation in Real-Time Monocular SFM for Autonomous Driving".)

All factors are natural logarithms here: log(metres / the network's depth).
"""

import math
import time
from typing import Callable, NamedTuple, Optional

import cv2
from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.inverse_depth import (
    InverseLine, line_of_floor, line_of_points)
from depth_estimation_ros.estimation.points import visible
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

# Beyond, the floor covers few pixels, and a pitch that is wrong by a degree moves it by a third.
FARTHEST_FLOOR = 15.0  # metres
# A factor of 1/8 to 8: what is farther off is no matter of scale.
LARGEST = math.log(8.0)
BIN = 0.025
BINS = 2 * round(LARGEST / BIN) + 1
GRID = np.linspace(-LARGEST, LARGEST, BINS)
# The width of the floor's peak in the histogram: how far a network's floor is from flat.
PEAK = 0.06
# What lies this much beneath the floor can't be there; the margin is the network's noise.
BENEATH = 0.15
# How much a pixel beneath the floor speaks against it, in pixels on it.
AGAINST = 0.7
# Change of the log factor from one pixel to the next (of half the network's size) at which a
# surface counts half: on a plane parallel to the floor, near or far, it doesn't change at all.
SLOPE = 0.04
NEIGHBOUR = 3  # pixels, over which that is measured
MIN_PIXELS = 50
# With less certainty, what was found may as well be a table: worse than the network's own scale.
MAX_SIGMA = 0.3
# By how much the scale of the rest of the picture differs from the floor's, as a standard
# deviation: a network errs in more than one factor. Points lie on more than a floor.
BESIDE_FLOOR = 0.1
BESIDE_POINTS = 0.05


class ScaleMeasurement(NamedTuple):
    """
    What one picture, or one scan, tells of the scale.

    Attributes
    ----------
    log_scale : float
        log(metres / the network's depth).
    sigma : float
        Its standard deviation, as found on pictures with known truth.
    share : float
        Of the picture's pixels that agree with it.
    beside : float
        The standard deviation by which the scale of the other pixels differs from it. No
        further picture makes it smaller.

    """

    log_scale: float
    sigma: float
    share: float
    beside: float = BESIDE_FLOOR


def _kernel(sigma: float) -> np.ndarray:
    x = np.arange(-math.ceil(3 * sigma / BIN), math.ceil(3 * sigma / BIN) + 1) * BIN
    # Not a density: a peak of this width that holds all pixels reaches 1.
    return np.exp(-0.5 * (x / sigma) ** 2)


_PEAK = _kernel(PEAK)
# Wide scales are less likely: without it a few far pixels would make a peak at the end.
_PRIOR = np.exp(-0.5 * GRID ** 2)


def measure_floor(depth: np.ndarray, floor_depth: np.ndarray,
                  floor: Optional[np.ndarray] = None) -> Optional[ScaleMeasurement]:
    """
    Return the scale at which the floor that depth shows lies where the floor is.

    Where a pixel shows the floor, log(floor_depth / depth) is the logarithm of the scale; where
    something stands on the floor it is larger; and nothing lies beneath the floor, where it would
    be smaller. So the scale is the mode of these logarithms, less the share of pixels that it
    would put beneath. A pixel counts as far as the surface that it shows is parallel to the
    floor, which the scale doesn't change: there, the logarithm is the same in its neighbours.

    Parameters
    ----------
    depth : float32 (H, W), metres by the network
    floor_depth : float32 (H, W), metres
        CameraPose.floor_depth; NaN where no floor can be.
    floor : float32 (h, w), 0 to 1, optional
        The probability that a pixel shows the floor, where the network tells it, in as many
        pixels as there are.

    Returns
    -------
    ScaleMeasurement, or None
        None where nothing looks down at the floor, or what does is hardly one.

    """
    # Half the size is as good, and takes a quarter of the time.
    ratio = np.log(floor_depth[1::2, 1::2] / depth[1::2, 1::2])
    known = np.isfinite(ratio)
    count = int(np.count_nonzero(known))
    if count < MIN_PIXELS:
        return None
    weight = _parallel(ratio)
    if floor is not None:
        # Where the pose is that above a table, its top isn't floor to the network: the square
        # root leaves it a part. Brought to the size of depth first, each is of its own pixel.
        weight *= np.sqrt(cv2.resize(floor, depth.shape[::-1])[1::2, 1::2])
    ratio, weight = ratio[known], weight[known]
    place = ((ratio.clip(-LARGEST, LARGEST) + LARGEST) / BIN + 0.5).astype(np.intp)
    on = np.convolve(np.bincount(place, weight, BINS) / count, _PEAK, 'same')
    beneath = np.bincount(place, minlength=BINS).cumsum() / count
    margin = round(BENEATH / BIN)
    beneath[margin:] = beneath[:-margin]
    beneath[:margin] = 0.0
    score = on - AGAINST * beneath
    best = int((score * _PRIOR).argmax())
    near = np.abs(ratio - GRID[best]) < 1.5 * PEAK
    total = float(weight[near].sum())
    sigma = sigma_of(float(score[best]))
    if sigma > MAX_SIGMA or total <= 0.0:
        return None
    log_scale = float(ratio[near] @ weight[near]) / total
    return ScaleMeasurement(log_scale, sigma, total / known.size)


def _parallel(ratio: np.ndarray) -> np.ndarray:
    """Return how far each pixel's surface is parallel to the floor, 0 to 1; 0 where unknown."""
    step = NEIGHBOUR
    slope = np.full(ratio.shape, np.inf, np.float32)
    inner = slice(step, -step)
    vertical = ratio[2 * step:, inner] - ratio[:-2 * step, inner]
    horizontal = ratio[inner, 2 * step:] - ratio[inner, :-2 * step]
    slope[inner, inner] = vertical * vertical + horizontal * horizontal
    # Where a neighbour is unknown, so is the slope.
    weight = 1.0 / (1.0 + slope / np.float32(2 * step * SLOPE) ** 2)
    weight[np.isnan(weight)] = 0.0
    return weight


def sigma_of(score: float) -> float:
    """
    Return the standard deviation of a measurement by the height of its peak.

    From 0.02 where half of what looks down is the floor to 0.3 where hardly anything is; fitted
    to pictures of real and rendered places with true depth.
    """
    return float(np.interp(
        score, (0.0, 0.05, 0.1, 0.2, 0.3, 0.5),
        (0.5, 0.3, 0.18, 0.1, 0.06, 0.03)))


def measure_points(depth: np.ndarray, u: np.ndarray, v: np.ndarray, z: np.ndarray
                   ) -> Optional[ScaleMeasurement]:
    """
    Return the scale at which depth agrees with a few true depths, such as a lidar's.

    Parameters
    ----------
    depth : float32 (H, W), metres by the network
    u, v : float (N,), pixels of `depth`
    z : float (N,), metres along the camera's Z axis

    Returns
    -------
    ScaleMeasurement, or None
        None where fewer than ten points lie in the picture.

    """
    column, row = np.rint(u).astype(np.intp), np.rint(v).astype(np.intp)
    inside = ((0 <= column) & (column < depth.shape[1]) & (0 <= row) & (row < depth.shape[0])
              & (z > 0.0) & np.isfinite(z))
    ratio = np.log(z[inside] / depth[row[inside], column[inside]])
    ratio = ratio[np.isfinite(ratio)]
    if len(ratio) < 10:
        return None
    median = float(np.median(ratio))
    spread = 1.4826 * float(np.median(np.abs(ratio - median)))
    # Points of one surface are wrong together: some ten surfaces are what a scan tells of.
    sigma = max(0.02, spread / math.sqrt(min(len(ratio), 100) / 10))
    return ScaleMeasurement(median, sigma, len(ratio) / depth.size, BESIDE_POINTS)


class ScaleTracker:
    """
    Follows the scale over time: measurements are weighted by their certainties.

    A Kalman filter of the log scale, whose state is one number. A scale that holds for a room
    doesn't hold for the hall behind its door, so the state's uncertainty grows with time. A
    measurement that doesn't fit the state counts less (as of Student's t distribution), so that
    single pictures in which something else was taken for the floor change little; where they keep
    coming, the state follows within a second or two.

    Parameters
    ----------
    pose : CameraPose, optional
        May be set anew before each picture.
    camera_height : float, metres
        Where it alone is known, a plane is fitted to depth, and its height tells the scale.
        0: unknown.
    clock : callable
        Seconds; by default of time.monotonic.
    period : float
        Seconds from one look at the floor to the next, once the scale is settled; 0 looks at each
        picture.

    Attributes
    ----------
    scale : float
        The factor for depth; 1 before anything was measured.
    sigma : float
        The standard deviation of its logarithm; infinite before anything was measured.
    measured, missed : int
        Floors and scans that told the scale, and pictures whose floor told nothing.
    last : ScaleMeasurement or None
        What the last picture told.
    line : InverseLine or None
        For a relative model, what makes metres of its output; None before anything told it.

    """

    DRIFT = 0.1  # of the log scale, in a second
    FREEDOM = 3.0  # of Student's t distribution
    SETTLED = 0.1  # sigma below which pictures may be left out

    def __init__(self, pose: Optional[CameraPose] = None, camera_height: float = 0.0,
                 clock: Callable[[], float] = time.monotonic, period: float = 0.0):
        self.pose, self.camera_height, self.period = pose, camera_height, period
        self.measured = self.missed = 0
        self.last: Optional[ScaleMeasurement] = None
        self.line: Optional[InverseLine] = None
        self._clock = clock
        self._log_scale, self._variance, self._beside = 0.0, math.inf, 0.0
        self._time: Optional[float] = None
        self._looked = -math.inf
        self._floor_depth: Optional[np.ndarray] = None
        self._floor_of: Optional[tuple] = None

    @property
    def is_active(self) -> bool:
        """Tell whether anything is known that tells the scale."""
        return self.pose is not None or self.camera_height > 0.0

    @property
    def problem(self) -> str:
        """Say why what is known has told no scale yet; empty where it has, or nothing is known."""
        if self.measured or not self.missed:
            return ''
        return f'no floor seen in {self.missed} images'

    @property
    def scale(self) -> float:
        """Return the factor for depth."""
        return math.exp(shrunk(self._log_scale, self._variance + self._beside ** 2))

    @property
    def sigma(self) -> float:
        """Return the standard deviation of the factor's logarithm."""
        return math.sqrt(self._variance)

    def follow(self, depth: np.ndarray, camera: Optional[Intrinsics],
               floor: Optional[np.ndarray] = None,
               points: Optional[np.ndarray] = None) -> float:
        """
        Look at one more picture; return the factor for its depth.

        Parameters
        ----------
        depth : float32 (H, W), metres by the network
        camera : Intrinsics or None
            Of `depth`. Where they aren't known, neither is the floor; the factor stays.
        floor : float32 (h, w), 0 to 1, optional
            The probability that a pixel shows the floor, in as many pixels as there are.
        points : float (N, 3), metres, optional
            In the camera's optical frame: true depths that another sensor measured.

        """
        if points is not None and camera is not None:
            told = measure_points(depth, *visible(points, camera))
            if told is not None:
                self.measured += 1
                self.update(told)
        if not self.is_active or not self._is_due():
            return self.scale
        measurement = self._measure(depth, camera, floor) if camera is not None else None
        self.last = measurement
        if measurement is None:
            self.missed += 1
        else:
            self.measured += 1
            self.update(measurement)
        return self.scale

    def follow_inverse(self, output: np.ndarray, camera: Optional[Intrinsics],
                       points: Optional[np.ndarray] = None) -> Optional[InverseLine]:
        """
        Look at one more picture of a relative model; return what makes metres of its output.

        A picture that tells nothing leaves the line of those before it.

        Parameters
        ----------
        output : float32 (H, W)
        camera, points
            As in `follow`.

        Returns
        -------
        InverseLine, or None
            None before anything told it.

        """
        line = None
        if points is not None and camera is not None:
            line = line_of_points(output, points, camera)
        if line is None and self.pose is not None and camera is not None:
            line = line_of_floor(output, self.pose, camera)
        if line is None:
            self.missed += 1
            self.last = None
            return self.line
        self.measured += 1
        self.last = ScaleMeasurement(0.0, sigma_of(line.share), line.share)
        self.update(self.last)
        before = self.line or line
        # Single pictures are off by some percent, which would make the whole depth image flicker.
        self.line = InverseLine((before.factor + line.factor) / 2,
                                (before.shift + line.shift) / 2, line.share)
        return self.line

    def _is_due(self) -> bool:
        """Tell whether to look at this picture's floor, and note the time where it is."""
        now = self._clock()
        if self.sigma < self.SETTLED and now - self._looked < self.period:
            return False
        self._looked = now
        return True

    def _measure(self, depth: np.ndarray, camera: Intrinsics, floor: Optional[np.ndarray]
                 ) -> Optional[ScaleMeasurement]:
        if self.pose is None:
            plane = fit_floor(depth, camera)
            if plane is None:
                return None
            # Each picture alone tells it to within some 15 %.
            return ScaleMeasurement(math.log(self.camera_height / plane.height), 0.15, 0.0)
        if self._floor_depth is None or self._floor_of != (self.pose, camera):
            self._floor_depth = self.pose.floor_depth(camera, FARTHEST_FLOOR)
            self._floor_of = self.pose, camera
        return measure_floor(depth, self._floor_depth, floor)

    def update(self, measurement: ScaleMeasurement) -> None:
        """Take in what a picture or a scan tells."""
        now = self._clock()
        noise = measurement.sigma ** 2
        if self._time is None:
            self._log_scale, self._variance = measurement.log_scale, noise
            self._beside = measurement.beside
        else:
            self._variance += self.DRIFT ** 2 * max(0.0, now - self._time)
            misfit = (measurement.log_scale - self._log_scale) ** 2 / (self._variance + noise)
            noise *= (self.FREEDOM + misfit) / (self.FREEDOM + 1.0)
            gain = self._variance / (self._variance + noise)
            self._log_scale += gain * (measurement.log_scale - self._log_scale)
            self._variance *= 1.0 - gain
            self._beside += gain * (measurement.beside - self._beside)
        self._time = now


def shrunk(log_scale: float, variance: float) -> float:
    """
    Return a log scale that leaves alone what the network may have right.

    Where the scale that is measured is within its errors, of this variance, the network's own is
    as good; where it is far from 1, it is taken as it is.
    """
    if not math.isfinite(variance) or not log_scale:
        return 0.0
    square = log_scale * log_scale
    return log_scale * square / (square + variance)
