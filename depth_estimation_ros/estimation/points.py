"""Points of a lidar or a depth camera in a camera's picture."""

from typing import Sequence, Tuple

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

NEAREST = 0.1  # metres
# A point that lies this much farther than another in the same window, or one beside it, is taken
# for hidden by what that one is on.
BEHIND = 1.15
WINDOWS = 48  # across the picture


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


def visible(points: np.ndarray, camera: Intrinsics) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Return the points that a camera sees.

    Another sensor sees past an edge what the camera doesn't: such points would tell the depth of
    what is in front of them.

    Parameters
    ----------
    points : float (N, 3), metres
        In the camera's optical frame.
    camera : Intrinsics

    Returns
    -------
    u, v, z : float (M,), pixels and metres

    """
    x, y, z = points[np.isfinite(points).all(axis=1) & (points[:, 2] > NEAREST)].T
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    inside = (u > -0.5) & (u < camera.width - 0.5) & (v > -0.5) & (v < camera.height - 0.5)
    u, v, z = u[inside], v[inside], z[inside]
    size = camera.width / WINDOWS
    column, row = ((u + 0.5) / size).astype(int), ((v + 0.5) / size).astype(int)
    nearest = np.full((int(camera.height / size) + 1, WINDOWS + 1), np.inf, np.float32)
    np.minimum.at(nearest, (row, column), z)
    around = cv2.erode(nearest, np.ones((3, 3), np.uint8))
    seen = z <= BEHIND * around[row, column]
    return u[seen], v[seen], z[seen]
