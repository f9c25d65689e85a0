"""The depth map that points make in a picture."""

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.points import visible
import numpy as np


def draw_points(points: np.ndarray, camera: Intrinsics, is_dense: bool = False) -> np.ndarray:
    """
    Return the depth map that points make; float32 (H, W), metres, NaN where there is none.

    Parameters
    ----------
    points : float (N, 3), metres
        In the camera's optical frame.
    camera : Intrinsics
    is_dense : bool
        Whether what is hidden has a nearer point on its pixel, as from a depth camera beside the
        camera. Between the points of a lidar are gaps, and what is seen through them is left out.

    """
    if is_dense:
        x, y, z = points[points[:, 2] > 0.0].T
        u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
        inside = (u > -0.5) & (u < camera.width - 0.5) & (v > -0.5) & (v < camera.height - 0.5)
        u, v, z = u[inside], v[inside], z[inside]
    else:
        u, v, z = visible(points, camera)
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    # Of several points on one pixel, the nearest is seen.
    np.minimum.at(depth, (np.rint(v).astype(int), np.rint(u).astype(int)), z)
    depth[np.isinf(depth)] = np.nan
    return depth
