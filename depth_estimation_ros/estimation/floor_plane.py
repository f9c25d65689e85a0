"""The floor as depth shows it: the plane that most of what lies below the camera is on."""

from dataclasses import dataclass
import math
from typing import Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

# A pixel looks down at the floor where it would meet it within so many times its height.
FARTHEST = 12.0


@dataclass(frozen=True)
class Criteria:
    """
    Which plane is a floor.

    Attributes
    ----------
    pixels, planes : int
        How many of them are tried.
    pitch, roll : float, radians
        Up to how far the camera may be turned from level.
    close : float
        A pixel lies on a plane where its depth differs by at most this share from the plane's.
    beneath : float
        Nothing is seen through a floor: what lies beneath a plane by this share speaks against it.
    of_all, of_downward : float
        What has to lie on it: of all pixels with depth, and of those that look down at it. With
        less, something else that is level is as likely.
    max_beneath : float
        Which share of the pixels may lie beneath it.

    """

    pixels: int = 800
    planes: int = 128
    pitch: float = math.radians(40.0)
    roll: float = math.radians(15.0)
    close: float = 0.08
    beneath: float = 0.16
    of_all: float = 0.15
    of_downward: float = 0.4
    max_beneath: float = 1.0


# A network's floor is neither flat nor smooth, a depth camera's is.
NETWORK_DEPTH = Criteria()
TRUE_DEPTH = Criteria(
    pixels=4000, planes=600, pitch=math.radians(60.0), roll=math.radians(20.0), close=0.02,
    beneath=0.06, of_all=0.12, of_downward=0.0, max_beneath=0.05)


def fit_floor(depth: np.ndarray, camera: Intrinsics, criteria: Criteria = NETWORK_DEPTH
              ) -> Optional[CameraPose]:
    """
    Return how the camera stands above the plane that most of what lies below it is on.

    The plane that most pixels agree with, of those through three of them in the picture's lower
    half (RANSAC, Fischler and Bolles 1981). The same depth gives the same plane.

    Parameters
    ----------
    depth : float32 (H, W), metres
        Unknown where it isn't finite.
    camera : Intrinsics
        Of `depth`.
    criteria : Criteria

    Returns
    -------
    CameraPose, or None
        Its height is in the metres of `depth`. None where no floor is seen, or too little of it
        to be sure.

    """
    random = np.random.default_rng(0)
    known = np.flatnonzero(np.isfinite(depth) & (depth > 0.0))
    if not len(known):
        return None
    chosen = known[random.integers(0, len(known), criteria.pixels)]
    z = depth.ravel()[chosen].astype(np.float64)
    v, u = np.divmod(chosen, depth.shape[1])
    # Where each pixel looks, for a metre of depth: right, down, ahead.
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy,
                     np.ones(len(u))], axis=1)
    points = rays * z[:, None]
    low = np.flatnonzero(v >= depth.shape[0] // 2)
    if len(low) < criteria.of_all * criteria.pixels:
        return None

    corner, one, other = np.moveaxis(points[random.choice(low, (criteria.planes, 3))], 1, 0)
    normals = np.cross(one - corner, other - corner)
    normals *= np.where(normals[:, 1:2] < 0.0, -1.0, 1.0)
    # Three pixels in a line make none.
    lengths = np.linalg.norm(normals, axis=1)
    normals = normals[lengths > 0.0] / lengths[lengths > 0.0, None]
    heights = np.sum(normals * corner[lengths > 0.0], axis=1)
    level = (heights > 0.0) & (np.abs(normals[:, 2]) < math.sin(criteria.pitch)) \
        & (np.abs(normals[:, 0]) < math.sin(criteria.roll))
    if not level.any():
        return None
    # A plane is all points with normal . point = height; each row here is a plane over its height.
    planes = normals[level] / heights[level, None]
    off = points @ planes.T - 1.0
    votes = (np.abs(off) < criteria.close).sum(axis=0) - 2 * (off > criteria.beneath).sum(axis=0)
    plane = _fitted(points[np.abs(off[:, votes.argmax()]) < criteria.close])
    off = points @ plane - 1.0
    on_it = np.count_nonzero(np.abs(off) < criteria.close)
    looking_down = np.count_nonzero(rays @ plane * FARTHEST > np.linalg.norm(plane))
    if on_it < max(criteria.of_all * criteria.pixels, criteria.of_downward * looking_down) \
            or np.mean(off > criteria.beneath) > criteria.max_beneath:
        return None
    return CameraPose.from_down(plane, 1.0 / float(np.linalg.norm(plane)))


def _fitted(points: np.ndarray) -> np.ndarray:
    """Return the plane over its height that fits best; what is twice as far weighs half."""
    weights = 1.0 / points[:, 2]
    return np.linalg.lstsq(points * weights[:, None], weights, rcond=None)[0]
