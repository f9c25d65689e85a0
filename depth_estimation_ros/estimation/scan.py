"""
Depth as a horizontal scan: the nearest thing that stands in each direction around a camera.

Per direction, the distance along the ground to the nearest thing that stands between two heights
above the floor. The rule. A floor whose depth is predicted 7 % too small lies 0.1 m too high for a
camera at 1.5 m, and the bare band would call all of it an obstacle. So an obstacle has to stand: a
direction is blocked at the nearest distance r such that its points in the band from r to
r + THICKNESS are at least SHARE of the direction's pixels (noise is fewer) and span at least
UPRIGHT in height (a floor, flat or sloping by up to 18 degrees, spans less). What rises less than
the lower height + UPRIGHT above the floor is therefore no obstacle, be it a kerb.
"""

import math
from typing import NamedTuple, Optional, Tuple

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

LOW, HIGH = 0.1, 1.2  # metres above the floor: what a robot may hit
SHARE = 0.02  # of a direction's pixels
THICKNESS, UPRIGHT = 0.3, 0.1  # metres
# A tilted camera sees little of the outermost directions; those are left out.
LEAST_SEEN = 0.25
# With a larger share of unknown pixels, nobody knows that a direction is free: a person 4 m away
# fills as much of it.
UNKNOWN = 0.2
# Of a larger depth image only so many columns and rows are taken, or up to twice as many: the
# network's own map has no more.
COLUMNS, ROWS = 256, 160


class ScanLimits(NamedTuple):
    """Between which heights above the floor, and from and to which range, in metres."""

    low: float
    high: float
    nearest: float
    farthest: float

    @property
    def plane(self) -> float:
        """Return the height of the scan's plane above the floor, metres."""
        return (self.low + self.high) / 2


def thinned(depth: np.ndarray, camera: Optional[Intrinsics]
            ) -> Tuple[np.ndarray, Optional[Intrinsics]]:
    """Return a depth map without so many pixels as no scan needs, and its intrinsics."""
    across, down = (max(1, size // enough)
                    for size, enough in zip(depth.shape[::-1], (COLUMNS, ROWS)))
    depth = np.ascontiguousarray(depth[::down, ::across])
    if camera is not None:
        height, width = depth.shape
        camera = Intrinsics(width, height, camera.fx / across, camera.fy / down,
                            camera.cx / across, camera.cy / down)
    return depth, camera


def level_rays(intrinsics: Intrinsics, pose: CameraPose) -> np.ndarray:
    """
    Return where each pixel looks, in a level frame under which the floor is flat.

    Returns
    -------
    float32 (3, H, W)
        To the right, ahead and up, in metres for each metre of depth along the camera's axis.

    """
    i = intrinsics
    # Right and down in the picture.
    x = ((np.arange(i.width) - i.cx) / i.fx).astype(np.float32)
    y = ((np.arange(i.height) - i.cy) / i.fy).astype(np.float32)[:, None]
    (sin_roll, cos_roll), (sin_pitch, cos_pitch) = (
        (np.float32(math.sin(angle)), np.float32(math.cos(angle)))
        for angle in (pose.roll, pose.pitch))
    rays = np.empty((3, i.height, i.width), np.float32)
    # As worlds/cycles.py turns its camera: roll about its axis, then pitch. Each is a sum of what
    # depends on the column and of what depends on the row.
    np.add(cos_roll * x, sin_roll * y, out=rays[0])
    np.add(cos_pitch - sin_roll * sin_pitch * x, cos_roll * sin_pitch * y, out=rays[1])
    np.add(sin_pitch + sin_roll * cos_pitch * x, -cos_roll * cos_pitch * y, out=rays[2])
    return rays


class Scanner:
    """
    Makes scans of one camera's depth maps.

    Parameters
    ----------
    intrinsics : Intrinsics
        At the depth maps' size.
    pose : CameraPose
    max_depth : float
        Where depth is clipped, metres: there is nothing, or nothing is known.
    low, high : float
        Metres above the floor between which a thing is an obstacle.

    Attributes
    ----------
    bearings : float (N,), radians
        The middle of each direction, about a degree wide; 0 is ahead, positive to the right.

    """

    def __init__(self, intrinsics: Intrinsics, pose: CameraPose, max_depth: float = 20.0,
                 low: float = LOW, high: float = HIGH):
        right, ahead, self._up = level_rays(intrinsics, pose)
        self.pose, self.max_depth, self.low, self.high = pose, max_depth, low, high
        left_edge, right_edge = np.arctan(
            (np.array([0, intrinsics.width]) - 0.5 - intrinsics.cx) / intrinsics.fx)
        count = max(1, round(math.degrees(right_edge - left_edge)))
        edges = np.linspace(left_edge, right_edge, count + 1)
        self.bearings = (edges[:-1] + edges[1:]) / 2
        # From 1 on; what is outside of all directions gets 0 or `count` + 1.
        place = np.arctan2(right, ahead)
        place -= np.float32(2.0 * edges[0] - edges[1])
        place *= np.float32(1.0 / (edges[1] - edges[0]))
        self._direction = np.clip(place, 0, count + 1, out=place).astype(np.int32)
        self._pixels = self._count(self._direction.ravel())
        self._floor_range = np.sqrt(right * right + ahead * ahead)
        self._needed = np.maximum(1, np.ceil(SHARE * self._pixels)).astype(int)
        self._seen = self._pixels >= LEAST_SEEN * self._pixels.mean()

    def _count(self, directions: np.ndarray) -> np.ndarray:
        """Return how many pixels of `directions`, int (M,), are of each direction, int (N,)."""
        count = len(self.bearings)
        return np.bincount(directions, minlength=count + 2)[1:count + 1]

    def scan(self, depth: np.ndarray) -> np.ndarray:
        """
        Return the distance to the nearest obstacle in each direction.

        Parameters
        ----------
        depth : float32 (H, W), metres
            Zero, less, NaN and infinity mean that there is no point.

        Returns
        -------
        float64 (N,), metres
            Along the floor; inf where no obstacle is seen, NaN where the direction hardly is.

        """
        # 1e-3: interpolation between two pixels of the sky may round below it.
        with np.errstate(invalid='ignore'):
            height = np.float32(self.pose.height) + depth * self._up
            band = np.flatnonzero((height > self.low) & (height < self.high)
                                  & (depth > 0) & (depth < self.max_depth - 1e-3))
        direction = self._direction.take(band) - 1
        inside = (direction >= 0) & (direction < len(self.bearings))
        if not inside.all():
            band, direction = band[inside], direction[inside]
        distance = depth.take(band) * self._floor_range.take(band)
        # One number that sorts by direction, then by distance: a far step between directions
        # keeps a window from reaching into the next one.
        place = direction * np.float32(2.0 * distance.max(initial=0.0) + 2 * THICKNESS) + distance
        order = np.argsort(place)
        place, direction, distance = place[order], direction[order], distance[order]
        height = height.take(band[order])
        begin, end = np.arange(len(place)), np.searchsorted(
            place, place + np.float32(THICKNESS), 'right')
        enough = end - begin >= self._needed[direction]
        begin, end = begin[enough], end[enough]
        stands = begin[_span(height, begin, end) >= UPRIGHT]
        ranges = np.full(len(self.bearings), np.inf)
        blocked, nearest = np.unique(direction[stands], return_index=True)
        ranges[blocked] = distance[stands[nearest]]
        ranges[~self._seen] = np.nan
        return ranges

    def is_unknown(self, depth: np.ndarray) -> np.ndarray:
        """
        Return in which directions too much is unknown to say that there is no obstacle.

        Parameters
        ----------
        depth : float32 (H, W), metres
            NaN where it is unknown.

        Returns
        -------
        bool (N,)

        """
        return self._count(self._direction[np.isnan(depth)]) > UNKNOWN * self._pixels


def ranges_of(scanner: Scanner, depth: np.ndarray, limits: ScanLimits) -> np.ndarray:
    """
    Return the range of each direction, from the right to the left as a LaserScan has them.

    Parameters
    ----------
    scanner : Scanner
    depth : float32 (H, W), metres
        As it is published: NaN where unknown, infinite where out of range.
    limits : ScanLimits

    Returns
    -------
    float32 (N,), metres along the floor
        +Inf where the direction is free up to the farthest range, NaN where that isn't known.

    """
    ranges = scanner.scan(depth)
    ranges[ranges > limits.farthest] = np.inf
    ranges[np.isinf(ranges) & scanner.is_unknown(depth)] = np.nan
    return ranges[::-1].astype(np.float32)


def _span(values: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """
    Return max - min of each values[begin[i]:end[i]], float (N,); none of them is empty.

    Each is made of two windows, perhaps overlapping, whose length is a power of two.
    """
    spans = np.zeros(len(begin), values.dtype)
    length = end - begin
    highest, lowest, size = values, values, 1
    while len(begin) and size <= length.max():
        of_this_size = np.flatnonzero((length >= size) & (length < 2 * size))
        first, last = begin[of_this_size], end[of_this_size] - size
        spans[of_this_size] = (np.maximum(highest[first], highest[last])
                               - np.minimum(lowest[first], lowest[last]))
        highest = np.maximum(highest[:-size], highest[size:])
        lowest = np.minimum(lowest[:-size], lowest[size:])
        size *= 2
    return spans
