"""The floor as depth shows it: the plane that most of what lies below the camera is on."""

import math
from typing import Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

PIXELS, PLANES = 800, 128  # how many of them are tried
# Up to how far the camera may be turned from level.
PITCH, ROLL = math.radians(40.0), math.radians(15.0)
# A pixel lies on a plane where its depth differs by at most this share from the plane's there.
CLOSE = 0.08
# Nothing is seen through the ground: what lies beneath a plane by this share speaks against it.
BENEATH = 0.16
# What has to lie on it: of all pixels, and of those that look down at it. With less, something
# else that is level is as likely.
OF_ALL, OF_DOWNWARD = 0.15, 0.4
# A pixel looks down at the ground where it would meet it within so many times its height.
FARTHEST = 12.0


def fit_floor(depth: np.ndarray, camera: Intrinsics) -> Optional[CameraPose]:
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

    Returns
    -------
    CameraPose, or None
        Its height is in the metres of `depth`. None where no floor is seen, or too little of it
        to be sure.

    """
    random = np.random.default_rng(0)
    chosen = random.integers(0, depth.size, PIXELS)
    z = depth.ravel()[chosen].astype(np.float64)
    known = np.isfinite(z) & (z > 0.0)
    v, u = np.divmod(chosen[known], depth.shape[1])
    # Where each pixel looks, for a metre of depth: right, down, ahead.
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy,
                     np.ones(len(u))], axis=1)
    points = rays * z[known, None]
    low = np.flatnonzero(v >= depth.shape[0] // 2)
    if len(low) < OF_ALL * PIXELS:
        return None

    corner, one, other = np.moveaxis(points[random.choice(low, (PLANES, 3))], 1, 0)
    normals = np.cross(one - corner, other - corner)
    normals *= np.where(normals[:, 1:2] < 0.0, -1.0, 1.0)
    # Three pixels in a line make none.
    lengths = np.linalg.norm(normals, axis=1)
    normals = normals[lengths > 0.0] / lengths[lengths > 0.0, None]
    heights = np.sum(normals * corner[lengths > 0.0], axis=1)
    level = (heights > 0.0) & (normals[:, 1] > math.cos(PITCH)) \
        & (np.abs(normals[:, 0]) < math.sin(ROLL))
    if not level.any():
        return None
    # A plane is all points with normal . point = height; each row here is a plane over its height.
    planes = normals[level] / heights[level, None]
    off = points @ planes.T - 1.0
    votes = (np.abs(off) < CLOSE).sum(axis=0) - 2 * (off > BENEATH).sum(axis=0)
    plane = _fitted(points[np.abs(off[:, votes.argmax()]) < CLOSE])
    on_it = np.count_nonzero(np.abs(points @ plane - 1.0) < CLOSE)
    looking_down = np.count_nonzero(rays @ plane * FARTHEST > np.linalg.norm(plane))
    if on_it < max(OF_ALL * PIXELS, OF_DOWNWARD * looking_down):
        return None
    return CameraPose.from_down(plane, 1.0 / float(np.linalg.norm(plane)))


def _fitted(points: np.ndarray) -> np.ndarray:
    """Return the plane over its height that fits best; what is twice as far weighs half."""
    weights = 1.0 / points[:, 2]
    return np.linalg.lstsq(points * weights[:, None], weights, rcond=None)[0]
