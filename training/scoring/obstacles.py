"""
What becomes of the pixels that show obstacles: known, right, or hanging in the air.

An obstacle is what is nearer than NEAR along the camera's axis and stands between LOW and HIGH
above the floor. It is thin where it is narrower than THIN: what lies on both sides within that
angle, in the picture's row, is more than STEP_RATIO times as far. So are a pole, a leg, and a
person at a distance.
"""

from dataclasses import asdict, dataclass
import math
from typing import Dict, List, Optional

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

NEAR = 5.0  # metres
LOW, HIGH = 0.3, 1.8  # metres above the floor
THIN = math.radians(5.0)
STEP_RATIO, STEP_METRES = 1.25, 0.4  # a true discontinuity
RIGHT = 0.25  # a depth within this share of the truth is right
IN_PLACE = 0.1  # a point within this share of its true depth is where the thing is
SOME = 0.1  # of a thin thing's pixels in a column: so many points in place, and it is found
RELATIVE, ABSOLUTE = 0.1, 0.2  # a point this near to a surface (share, metres) is on it
WINDOW = math.radians(2.2)  # in which a point may lie on a surface


def _odd(pixels: float) -> int:
    """Return the odd number of pixels nearest to a width, at least 3."""
    return max(3, 2 * round((pixels - 1) / 2) + 1)


def is_thin(truth: np.ndarray, focal: float) -> np.ndarray:
    """
    Return where a thing is thin, bool (H, W).

    Parameters
    ----------
    truth : float32 (H, W), metres
        Where it is unknown (NaN), nothing is thin.
    focal : float
        Focal length in pixels along the picture's width.

    """
    window = np.ones((1, _odd(THIN * focal)), np.uint8)
    # A closing: what lies behind, put in place of all that is narrower than the window. Unknown
    # depth counts as near, so that it makes nothing beside it thin.
    known = np.nan_to_num(truth, nan=0.0)
    behind = cv2.morphologyEx(known, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    return (behind > STEP_RATIO * known) & ~np.isnan(truth)


def is_flying(depth: np.ndarray, truth: np.ndarray, focal: float) -> np.ndarray:
    """
    Return which points belong to no surface and hang between two of them.

    A point flies where its depth is more than 10 % and more than 0.2 m from every true depth in a
    window of 2.2 degrees around it, which holds a true discontinuity (farthest more than 1.25
    times and 0.4 m beyond nearest), and is between the nearest and the farthest of them. What is
    on no surface and not between is a surface at a wrong distance.

    Parameters
    ----------
    depth : float32 (H, W), metres
        What isn't finite is no point.
    truth : float32 (H, W), metres
        Of the same pixels; NaN where it is unknown.
    focal : float
        Focal length in pixels along the picture's width.

    Returns
    -------
    bool (H, W)

    """
    size = _odd(WINDOW * focal)
    window = np.ones((size, size), np.uint8)
    nearest = cv2.erode(np.nan_to_num(truth, nan=np.inf), window)
    farthest = cv2.dilate(np.nan_to_num(truth, nan=-np.inf), window)
    with np.errstate(invalid='ignore', over='ignore'):
        flying = ((farthest > STEP_RATIO * nearest) & (farthest - nearest > STEP_METRES)
                  & (nearest < depth) & (depth < farthest) & np.isfinite(depth))
    row, column = np.nonzero(flying)
    border = size // 2
    padded = cv2.copyMakeBorder(truth, *(border,) * 4, cv2.BORDER_REPLICATE)
    point = depth[row, column]
    on_surface = np.zeros(len(row), bool)
    for top in range(size):
        for left in range(size):
            surface = padded[row + top, column + left]
            # Where the truth is NaN, this is False.
            on_surface |= np.abs(point - surface) <= np.maximum(RELATIVE * surface, ABSOLUTE)
    flying[row[on_surface], column[on_surface]] = False
    return flying


def columns_of(things: np.ndarray) -> np.ndarray:
    """
    Return which column of which thing each pixel is of.

    Parameters
    ----------
    things : bool (H, W)
        Pixels that touch, diagonally too, are one thing.

    Returns
    -------
    int (N,)
        For each pixel of things, in the order of np.nonzero, a number from 0 on.

    """
    _, labels = cv2.connectedComponents(things.astype(np.uint8), connectivity=8)
    _, column = np.nonzero(things)
    return np.unique(labels[things].astype(np.int64) * things.shape[1] + column,
                     return_inverse=True)[1]


@dataclass(frozen=True)
class ObstacleScores:
    """
    Over the pixels of all pairs; a share is None where there is nothing that it is of.

    Attributes
    ----------
    near, near_unknown, near_right : int, float or None, float or None
        Obstacle pixels, the share of them whose depth is unknown (NaN), and the share whose depth
        is within 25 % of the truth.
    thin, thin_unknown, thin_right : int, float or None, float or None
        The same of thin obstacles.
    thin_columns : int
        Columns of the picture in which a thin obstacle is seen, each of its things for itself.
    thin_recall : float or None
        Share of these in which at least a tenth of its pixels have a depth within 10 % of theirs.
    flying : float
        Share of flying points in all pixels whose truth is known.

    """

    near: int
    near_unknown: Optional[float]
    near_right: Optional[float]
    thin: int
    thin_unknown: Optional[float]
    thin_right: Optional[float]
    thin_columns: int
    thin_recall: Optional[float]
    flying: float


class ObstacleEvaluation:
    """What became of the obstacles of a split, gathered pair by pair."""

    def __init__(self):
        self._counts: List[np.ndarray] = []

    def add(self, depth: np.ndarray, truth: np.ndarray, up: np.ndarray,
            camera: Intrinsics) -> None:
        """
        Count the pixels of a pair.

        Parameters
        ----------
        depth : float32 (H, W), metres
            As it is published: NaN where unknown, infinite where out of range.
        truth : float32 (H, W), metres
            NaN where it is unknown.
        up : float (H, W), metres
            Of each true point above the floor.
        camera : Intrinsics
            Of both maps.

        """
        with np.errstate(invalid='ignore'):
            near = (truth < NEAR) & (up > LOW) & (up < HIGH)
            off = np.abs(depth - truth) / truth
        thin = near & is_thin(truth, camera.fx)
        unknown, right = np.isnan(depth), off < RIGHT
        column = columns_of(thin)
        in_place = np.bincount(column, off[thin] < IN_PLACE)
        found = in_place >= SOME * np.bincount(column)
        self._counts.append(np.array([
            near.sum(), (near & unknown).sum(), (near & right).sum(),
            thin.sum(), (thin & unknown).sum(), (thin & right).sum(),
            len(found), found.sum(),
            (~np.isnan(truth)).sum(), is_flying(depth, truth, camera.fx).sum()]))

    def scores(self) -> ObstacleScores:
        """Return the shares over all pixels."""
        (near, near_unknown, near_right, thin, thin_unknown, thin_right, columns, found, pixels,
         flying) = np.sum(self._counts, axis=0).tolist()
        return ObstacleScores(
            near, _share(near_unknown, near), _share(near_right, near),
            thin, _share(thin_unknown, thin), _share(thin_right, thin),
            columns, _share(found, columns), flying / pixels)

    def summary(self) -> Dict:
        """Return what evaluate.py writes as JSON."""
        return asdict(self.scores())


def _share(part: int, whole: int) -> Optional[float]:
    return part / whole if whole else None
