"""Points of a lidar or a depth camera in a camera's picture."""

from typing import Sequence, Tuple

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

NEAREST = 0.1  # metres
# A point that lies this much farther than others on all sides of it is seen through them.
BEHIND = 1.15
# How far others are looked for: as far as the rings of a lidar with 16 of them are apart.
WINDOW = 0.03  # of the picture's width
CELL = 2  # pixels


def transformed(points: np.ndarray, translation: Sequence[float],
                quaternion: Sequence[float]) -> np.ndarray:
    """
    Return points in another frame.

    Parameters
    ----------
    points : float (N, 3), metres
    translation : (x, y, z), metres
    quaternion : (x, y, z, w)
        As in geometry_msgs/Transform.

    Returns
    -------
    float64 (N, 3), metres

    """
    x, y, z, w = np.asarray(quaternion, np.float64) / np.linalg.norm(quaternion)
    axis = np.array([x, y, z])
    return points + 2.0 * np.cross(axis, np.cross(axis, points) + w * points) + translation


def in_picture(points: np.ndarray, camera: Intrinsics
               ) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return where points lie in a camera's picture, without those that lie outside of it.

    Parameters
    ----------
    points : float (N, 3), metres
        In the camera's optical frame; NaN where there is none.
    camera : Intrinsics

    Returns
    -------
    u, v, z : float (M,), pixels and metres

    """
    x, y, z = points[np.isfinite(points).all(axis=1) & (points[:, 2] > NEAREST)].T
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    inside = (u > -0.5) & (u < camera.width - 0.5) & (v > -0.5) & (v < camera.height - 0.5)
    return u[inside], v[inside], z[inside]


def visible(points: np.ndarray, camera: Intrinsics) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the points that a camera sees.

    Another sensor sees past the edges of near things what the camera doesn't, and such a point
    would tell the depth of what is in front of it. It lies among the points of the near thing, so
    a point that has nearer ones in all four quarters around it is left out. One of the floor, or
    of a wall along which the camera looks, has nearer ones on one side only, and stays.

    Parameters
    ----------
    points : float (N, 3), metres
        In the camera's optical frame; NaN where there is none.
    camera : Intrinsics

    Returns
    -------
    u, v, z : float (M,), pixels and metres

    """
    u, v, z = in_picture(points, camera)
    nearest = np.full((camera.height // CELL + 1, camera.width // CELL + 1), np.inf, np.float32)
    cell = np.rint(v).astype(int) // CELL, np.rint(u).astype(int) // CELL
    np.minimum.at(nearest, cell, z)
    side = max(2, round(WINDOW * camera.width / CELL))
    quarters = [cv2.erode(nearest, np.ones((side, side), np.uint8), anchor=anchor,
                          borderType=cv2.BORDER_CONSTANT, borderValue=float('inf'))[cell]
                for anchor in ((0, 0), (0, side - 1), (side - 1, 0), (side - 1, side - 1))]
    seen = z <= BEHIND * np.max(quarters, axis=0)
    return u[seen], v[seen], z[seen]
