"""
Depth from a map of points whose distance along the camera's axis is known up to a shift (MoGe).

Such a model (Wang et al. 2024) gives x, y and z of each pixel, all by one factor and z by a shift
besides. At the right shift the points lie on their pixels' rays: with the focal length known, one
unknown is fitted, else two, by Gauss-Newton on the distance in pixels between a pixel and its
point's projection.
"""

from typing import Optional, Tuple

from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

SIDE = 64  # of the grid of pixels that the shift is fitted on
STEPS = 10
FEWEST = 10  # pixels


def depth_of_points(points: np.ndarray, mask: Optional[np.ndarray], scale: float,
                    camera: Optional[Intrinsics], max_depth: float) -> np.ndarray:
    """
    Return depth.

    Parameters
    ----------
    points : float32 (H, W, 3)
        In the camera's optical frame, but for a factor and for a shift of z.
    mask : float32 (H, W), 0 to 1, optional
        Where depth is known; elsewhere it is the sky.
    scale : float
        The factor that makes metres of `points`.
    camera : Intrinsics, optional
        Of that size. Without it, square pixels and a camera that looks through the picture's
        centre are presumed, and the focal length is fitted, too.
    max_depth : float, metres
        Of the sky.

    Returns
    -------
    float32 (H, W), metres

    """
    z = points[:, :, 2] + np.float32(_shift(points, mask, camera))
    depth = z * np.float32(scale)
    known = z > 0.0 if mask is None else (z > 0.0) & (mask > 0.5)
    depth[~known | (depth > max_depth)] = max_depth
    return depth


def _shift(points: np.ndarray, mask: Optional[np.ndarray], camera: Optional[Intrinsics]) -> float:
    height, width = points.shape[:2]
    rows = np.arange(0, height, max(1, height // SIDE))
    columns = np.arange(0, width, max(1, width // SIDE))
    x, y, z = np.moveaxis(points[np.ix_(rows, columns)].astype(np.float64), 2, 0)
    known = np.isfinite(x + y + z)
    if mask is not None:
        known &= mask[np.ix_(rows, columns)] > 0.5
    if np.count_nonzero(known) < FEWEST:
        return 0.0
    cx, cy = (camera.cx, camera.cy) if camera else ((width - 1) / 2, (height - 1) / 2)
    u, v = np.meshgrid(columns - cx, rows - cy)
    side = np.concatenate([x[known], y[known]])
    pixel = np.concatenate([u[known], v[known]])
    ahead = np.concatenate([z[known], z[known]])
    if camera is not None:
        side = side * np.repeat([camera.fx, camera.fy], len(side) // 2)
    return _fit(side, pixel, ahead, camera is not None)


def _fit(side: np.ndarray, pixel: np.ndarray, ahead: np.ndarray, knows_focal: bool) -> float:
    """Return the shift at which focal * side / (ahead + shift) is nearest to pixel."""
    focal, shift = _linear(side, pixel, ahead, knows_focal)
    for _ in range(STEPS):
        # Behind the camera there is no projection.
        distance = np.maximum(ahead + shift, 1e-3)
        projected = side / distance
        if not knows_focal:
            focal = projected @ pixel / max(projected @ projected, 1e-12)
        slope = -focal * projected / distance
        shift -= (focal * projected - pixel) @ slope / max(slope @ slope, 1e-12)
    return float(shift)


def _linear(side: np.ndarray, pixel: np.ndarray, ahead: np.ndarray, knows_focal: bool
            ) -> Tuple[float, float]:
    """Return focal and shift at which focal * side is nearest to pixel * (ahead + shift)."""
    if knows_focal:
        return 1.0, float(pixel @ (side - pixel * ahead) / max(pixel @ pixel, 1e-12))
    found = np.linalg.lstsq(np.column_stack([side, -pixel]), pixel * ahead, rcond=None)[0]
    return float(found[0]), float(found[1])
