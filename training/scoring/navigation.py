"""
What a depth map is worth to a robot that must not run into things.

Depth becomes a horizontal scan, as depthimage_to_laserscan and pointcloud_to_laserscan make one
for Nav2: per direction, the distance along the ground to the nearest thing that stands between
LOW and HIGH above the floor under the camera. The scans of prediction and truth, made by one
rule, are compared.

The rule. A floor whose depth is predicted 7 % too small lies 0.1 m too high for a camera at
1.5 m, and the bare band would call all of it an obstacle. So an obstacle has to stand: a direction
is blocked at the nearest distance r such that its points in the band from r to r + THICKNESS are
at least SHARE of the direction's pixels (noise is fewer) and span at least UPRIGHT in height (a
floor, flat or sloping by up to 18 degrees, spans less). What rises less than LOW + UPRIGHT above
the floor is therefore no obstacle, be it a kerb.
"""

from dataclasses import asdict, dataclass
import math
from typing import Dict, List, Optional, Tuple

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from learning.dataset_error import DatasetError
from learning.pairs import Pair
import numpy as np
from scoring.groups import Group
from scoring.metrics import is_far

LOW, HIGH = 0.1, 1.2  # metres above the floor: what a robot may hit
LIMITS = (3.0, 6.0)  # metres: within these an obstacle matters
TOO_FAR = 0.5  # metres behind the truth, and an obstacle counts as missed
SHARE = 0.02  # of a direction's pixels
THICKNESS, UPRIGHT = 0.3, 0.1  # metres
# A tilted camera sees little of the outermost directions; those are left out.
LEAST_SEEN = 0.25


def check_poses(group: Group) -> None:
    """
    Check that a group tells what scans are made with.

    Raises
    ------
    DatasetError
        Where camera.json is missing, or pairs.csv doesn't tell a pair's height, pitch or roll.

    """
    pairs = group.dataset.pairs
    if any(pair.camera is None for pair in pairs):
        raise DatasetError(group.root, [
            'navigation needs camera.json with width, height, fx, fy, cx and cy in pixels'])
    missing = [pair.name for pair in pairs if group.record(pair).pose is None]
    if missing:
        raise DatasetError(group.root, [
            'navigation needs pairs.csv with the columns split, name, height (metres above the '
            f'ground), pitch and roll (radians); it lacks {len(missing)} of {len(pairs)} pairs, '
            f'the first is {missing[0]}'])


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
    Makes scans of one camera's depth maps: of the truth and of a prediction.

    Parameters
    ----------
    intrinsics : Intrinsics
        At the depth maps' size.
    pose : CameraPose
    max_depth : float
        Where depth is clipped, metres: there is nothing, or nothing is known.

    Attributes
    ----------
    bearings : float (N,), radians
        The middle of each direction, about a degree wide; 0 is ahead, positive to the right.
    floor_range : float (H, W), metres
        Along the floor for each metre of depth.

    """

    def __init__(self, intrinsics: Intrinsics, pose: CameraPose, max_depth: float = 20.0):
        right, ahead, up = level_rays(intrinsics, pose)
        self.pose, self.max_depth = pose, max_depth
        left_edge, right_edge = np.arctan(
            (np.array([0, intrinsics.width]) - 0.5 - intrinsics.cx) / intrinsics.fx)
        count = max(1, round(math.degrees(right_edge - left_edge)))
        edges = np.linspace(left_edge, right_edge, count + 1)
        self.bearings = (edges[:-1] + edges[1:]) / 2
        self.floor_range, self._up = np.hypot(right, ahead), up
        # What is outside of all directions gets -1 or `count`.
        self._direction = np.searchsorted(edges, np.arctan2(right, ahead), side='right') - 1
        inside = (self._direction >= 0) & (self._direction < count)
        self._inside, pixels = inside, np.bincount(self._direction[inside], minlength=count)
        self._needed = np.maximum(1, np.ceil(SHARE * pixels)).astype(int)
        self._seen = pixels >= LEAST_SEEN * pixels.mean()

    def scan(self, depth: np.ndarray) -> np.ndarray:
        """
        Return the distance to the nearest obstacle in each direction.

        Parameters
        ----------
        depth : float32 (H, W), metres
            Zero, less and NaN mean that it is unknown.

        Returns
        -------
        float64 (N,), metres
            Along the floor; inf where the direction is free, NaN where it is hardly seen.

        """
        height = self.pose.height + depth * self._up
        band = (self._inside & (height > LOW) & (height < HIGH)
                & (depth > 0) & ~is_far(depth, self.max_depth))
        direction, distance = self._direction[band], (depth * self.floor_range)[band]
        order = np.lexsort((distance, direction))
        direction, distance, height = direction[order], distance[order], height[band][order]
        # One number that sorts by direction, then by distance: a far step between directions
        # keeps a window from reaching into the next one.
        place = direction * (2 * distance.max(initial=0.0) + 2 * THICKNESS) + distance
        begin, end = np.arange(len(place)), np.searchsorted(place, place + THICKNESS, 'right')
        enough = end - begin >= self._needed[direction]
        begin, end = begin[enough], end[enough]
        stands = begin[_span(height, begin, end) >= UPRIGHT]
        ranges = np.full(len(self.bearings), np.inf)
        blocked, nearest = np.unique(direction[stands], return_index=True)
        ranges[blocked] = distance[stands[nearest]]
        ranges[~self._seen] = np.nan
        return ranges


def _span(values: np.ndarray, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Return max - min of each values[begin[i]:end[i]], float (N,); none of them is empty."""
    if not len(begin):
        return np.zeros(0)
    # reduceat also reduces from each end to the next begin, which is dropped, and cannot begin
    # past the last value.
    padded, bounds = np.append(values, 0.0), np.stack([begin, end], axis=1).ravel()
    return (np.maximum.reduceat(padded, bounds) - np.minimum.reduceat(padded, bounds))[::2]


@dataclass(frozen=True)
class NavigationScores:
    """
    What is reported for obstacles within one limit, over the directions of all pairs.

    Attributes
    ----------
    obstacles : int
        Directions with a true obstacle within the limit.
    missed : float or None
        Share of these that are called free, or whose obstacle is placed over 0.5 m too far.
    free : int
        Directions without a true obstacle within the limit.
    blocked : float or None
        Share of these that are called blocked within the limit.

    """

    obstacles: int
    missed: Optional[float]
    free: int
    blocked: Optional[float]


def scanner_of(group: Group, pair: Pair, shape: Tuple[int, int]) -> Scanner:
    """
    Return what scans the depth maps of a pair.

    Parameters
    ----------
    group : Group
        Which check_poses() found to be complete.
    pair : Pair
    shape : (int, int)
        Height and width of the depth maps.

    """
    height, width = shape
    camera, pose = pair.camera, group.record(pair).pose
    assert camera is not None and pose is not None
    return Scanner(camera.resized(width, height), pose, group.dataset.max_depth)


class NavigationEvaluation:
    """Scans of a split, compared."""

    def __init__(self):
        self._predicted: List[np.ndarray] = []
        self._true: List[np.ndarray] = []

    def add(self, scanner: Scanner, prediction: np.ndarray, truth: np.ndarray) -> None:
        """
        Scan and add the depth maps of a pair; both float32 (H, W), metres.

        Where truth is unknown (NaN), the prediction is left out as well: an obstacle that the
        truth cannot show would count as a wrong one.
        """
        self._predicted.append(scanner.scan(np.where(np.isnan(truth), truth, prediction)))
        self._true.append(scanner.scan(truth))

    def scores(self, limit: float) -> NavigationScores:
        """Return the shares for obstacles within `limit` metres."""
        return compare(np.concatenate(self._predicted), np.concatenate(self._true), limit)

    def summary(self) -> Dict[str, Dict]:
        """Return what evaluate.py writes as JSON."""
        return {f'within_{limit:g}m': asdict(self.scores(limit)) for limit in LIMITS}


def compare(predicted: np.ndarray, true: np.ndarray, limit: float) -> NavigationScores:
    """Compare two scans, float (N,), metres; directions that either lacks (NaN) don't count."""
    known = ~np.isnan(predicted) & ~np.isnan(true)
    predicted, true = predicted[known], true[known]
    near = true <= limit
    missed, blocked = predicted[near] > true[near] + TOO_FAR, predicted[~near] <= limit
    return NavigationScores(
        obstacles=int(near.sum()), missed=float(missed.mean()) if missed.size else None,
        free=int((~near).sum()), blocked=float(blocked.mean()) if blocked.size else None)
