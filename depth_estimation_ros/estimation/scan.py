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


def level_rays(intrinsics: Intrinsics, pose: CameraPose) -> np.ndarray:
    """
    Return where each pixel looks, in a level frame under which the floor is flat.

    Returns
    -------
    float64 (3, H, W)
        To the right, ahead and up, in metres for each metre of depth along the camera's axis.

    """
    i = intrinsics
    v, u = np.mgrid[:i.height, :i.width]
    x, y = (u - i.cx) / i.fx, (v - i.cy) / i.fy  # right and down in the picture
    # As worlds/cycles.py turns its camera: roll about its axis, then pitch.
    right = x * np.cos(pose.roll) + y * np.sin(pose.roll)
    above = x * np.sin(pose.roll) - y * np.cos(pose.roll)
    return np.stack([right, np.cos(pose.pitch) - above * np.sin(pose.pitch),
                     np.sin(pose.pitch) + above * np.cos(pose.pitch)])


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
    floor_range : float (H, W), metres
        Along the floor for each metre of depth.

    """

    def __init__(self, intrinsics: Intrinsics, pose: CameraPose, max_depth: float = 20.0,
                 low: float = LOW, high: float = HIGH):
        right, ahead, up = level_rays(intrinsics, pose)
        self.pose, self.max_depth, self.low, self.high = pose, max_depth, low, high
        left_edge, right_edge = np.arctan(
            (np.array([0, intrinsics.width]) - 0.5 - intrinsics.cx) / intrinsics.fx)
        count = max(1, round(math.degrees(right_edge - left_edge)))
        edges = np.linspace(left_edge, right_edge, count + 1)
        self.bearings = (edges[:-1] + edges[1:]) / 2
        self.floor_range, self._up = np.hypot(right, ahead), up
        # What is outside of all directions gets -1 or `count`.
        self._direction = np.searchsorted(edges, np.arctan2(right, ahead), side='right') - 1
        inside = (self._direction >= 0) & (self._direction < count)
        self._inside, self._pixels = inside, np.bincount(
            self._direction[inside], minlength=count)
        self._needed = np.maximum(1, np.ceil(SHARE * self._pixels)).astype(int)
        self._seen = self._pixels >= LEAST_SEEN * self._pixels.mean()

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
            height = self.pose.height + depth * self._up
            band = np.flatnonzero(self._inside & (height > self.low) & (height < self.high)
                                  & (depth > 0) & (depth < self.max_depth - 1e-3))
        direction = self._direction.take(band)
        distance = depth.take(band) * self.floor_range.take(band)
        # One number that sorts by direction, then by distance: a far step between directions
        # keeps a window from reaching into the next one.
        place = direction * (2.0 * float(distance.max(initial=0.0)) + 2 * THICKNESS) + distance
        order = np.argsort(place)
        place, direction, distance = place[order], direction[order], distance[order]
        height = height.take(band[order])
        begin, end = np.arange(len(place)), np.searchsorted(place, place + THICKNESS, 'right')
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
        unknown = np.bincount(self._direction[self._inside & np.isnan(depth)],
                              minlength=len(self.bearings))
        return unknown > UNKNOWN * self._pixels


def _span(values: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return max - min of each values[begin[i]:end[i]], float (N,); none of them is empty."""
    if not len(begin):
        return np.zeros(0)
    # reduceat also reduces from each end to the next begin, which is dropped, and cannot begin
    # past the last value.
    padded, bounds = np.append(values, 0.0), np.stack([begin, end], axis=1).ravel()
    return (np.maximum.reduceat(padded, bounds) - np.minimum.reduceat(padded, bounds))[::2]
