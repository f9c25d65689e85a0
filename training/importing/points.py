"""The depth map that points make in a picture."""

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

NEAREST = 0.1  # metres
# A point that lies this much farther than others on all sides of it is seen through them.
BEHIND = 1.15
# How far others are looked for: as far as the rings of a lidar with 16 of them are apart.
WINDOW = 0.03  # of the picture's width
CELL = 2  # pixels


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
    x, y, z = points[np.isfinite(points).all(axis=1) & (points[:, 2] > NEAREST)].T
    u, v = camera.fx * x / z + camera.cx, camera.fy * y / z + camera.cy
    inside = (u > -0.5) & (u < camera.width - 0.5) & (v > -0.5) & (v < camera.height - 0.5)
    column, row, z = np.rint(u[inside]).astype(int), np.rint(v[inside]).astype(int), z[inside]
    if not is_dense:
        seen = ~_hidden(column, row, z, camera)
        column, row, z = column[seen], row[seen], z[seen]
    depth = np.full((camera.height, camera.width), np.inf, np.float32)
    # Of several points on one pixel, the nearest is seen.
    np.minimum.at(depth, (row, column), z)
    depth[np.isinf(depth)] = np.nan
    return depth


def _hidden(column: np.ndarray, row: np.ndarray, z: np.ndarray, camera: Intrinsics) -> np.ndarray:
    """
    Return which points have nearer ones in all four quarters around them, bool (N,).

    A lidar beside the camera sees past the edges of near things what the camera doesn't: such a
    point lies among those of the near thing. A point of the floor, or of a wall along which the
    camera looks, has nearer ones on one side only.
    """
    cells = camera.height // CELL + 1, camera.width // CELL + 1
    nearest = np.full(cells, np.inf, np.float32)
    at = row // CELL, column // CELL
    np.minimum.at(nearest, at, z)
    side = max(2, round(WINDOW * camera.width / CELL))
    quarters = [cv2.erode(nearest, np.ones((side, side), np.uint8), anchor=anchor,
                          borderType=cv2.BORDER_CONSTANT, borderValue=float('inf'))[at]
                for anchor in ((0, 0), (0, side - 1), (side - 1, 0), (side - 1, side - 1))]
    return z > BEHIND * np.max(quarters, axis=0)
