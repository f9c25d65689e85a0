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
    x, y, z = points.T
    # NaN is not ahead, and where x or y is none, nor are u or v inside.
    ahead = (z > NEAREST) & (z < np.inf)
    x, y, z = x[ahead], y[ahead], z[ahead]
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
    side = max(2, round(WINDOW * camera.width / CELL))
    # With a margin, so that the quarters of each cell lie within.
    nearest = np.full((camera.height // CELL + 1 + 2 * side, camera.width // CELL + 1 + 2 * side),
                      np.inf, np.float32)
    columns = nearest.shape[1]
    cell = (np.rint(v).astype(np.intp) // CELL + side) * columns + (
        np.rint(u).astype(np.intp) // CELL + side)
    np.minimum.at(nearest.reshape(-1), cell, z.astype(np.float32))
    # The nearest in the quarter below and to the right of each cell. The other quarters of a cell
    # are those of cells above and to the left of it.
    quarter = cv2.erode(nearest, np.ones((side, side), np.uint8), anchor=(0, 0)).reshape(-1)
    left, above = side - 1, (side - 1) * columns
    quarters = np.maximum(np.maximum(quarter[cell], quarter[cell - left]),
                          np.maximum(quarter[cell - above], quarter[cell - above - left]))
    seen = z <= BEHIND * quarters
    return u[seen], v[seen], z[seen]
