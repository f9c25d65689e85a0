"""Depth of one camera on the pixels of another at the same place."""

from typing import Optional, Tuple

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np


def register(depth: np.ndarray, camera: Optional[Intrinsics], other: Optional[Intrinsics],
             size: Tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """
    Return a depth map on the pixels of another camera at the same place.

    Parameters
    ----------
    depth : float32 (H, W), metres
    camera, other : Intrinsics or None
        Of `depth`, and of the camera that is asked for, each for any size of its pictures.
        Without either, both are presumed to see the same picture, stretched.
    size : (int, int)
        Height and width that are asked for.
    interpolation : int
        cv2.INTER_LINEAR or cv2.INTER_NEAREST.

    Returns
    -------
    float32 (`size`), metres
        NaN where `depth` does not reach.

    """
    height, width = depth.shape
    if camera is None or other is None:
        camera = other = Intrinsics(1, 1, 1.0, 1.0, 0.0, 0.0)
    camera, other = camera.resized(width, height), other.resized(size[1], size[0])
    x = (np.arange(size[1]) - other.cx) * (camera.fx / other.fx) + camera.cx
    y = (np.arange(size[0]) - other.cy) * (camera.fy / other.fy) + camera.cy
    # Half a pixel around the outermost centres still belongs to the picture (and rounding).
    inside = (np.abs(y - (height - 1) / 2) <= height / 2 + 1e-3)[:, None] & (
        np.abs(x - (width - 1) / 2) <= width / 2 + 1e-3)
    x_map, y_map = np.meshgrid(x.clip(0, width - 1).astype(np.float32),
                               y.clip(0, height - 1).astype(np.float32))
    seen = cv2.remap(depth, x_map, y_map, interpolation)
    seen[~inside] = np.nan
    return seen
