"""
What a depth map is worth to a robot that must not run into things.

Depth becomes a horizontal scan, as the node publishes it for Nav2 (depth/scan): per direction, the
distance along the ground to the nearest thing that stands between two heights above the floor
under the camera. The scans of prediction and truth, made by one rule
(depth_estimation_ros/estimation/scan.py), are compared.
"""

from dataclasses import asdict, dataclass
from typing import Dict, List, Optional, Tuple

from depth_estimation_ros.estimation.scan import Scanner
from learning.dataset_error import DatasetError
from learning.pairs import Pair
import numpy as np
from scoring.groups import Group

LIMITS = (3.0, 6.0)  # metres: within these an obstacle matters
TOO_FAR = 0.5  # metres behind the truth, and an obstacle counts as missed


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
