"""The depth map that points make in a picture."""

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.points import in_picture, visible
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
    u, v, z = (in_picture if is_dense else visible)(points, camera)
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    # Of several points on one pixel, the nearest is seen.
    np.minimum.at(depth, (np.rint(v).astype(int), np.rint(u).astype(int)), z)
    depth[np.isinf(depth)] = np.nan
    return depth
