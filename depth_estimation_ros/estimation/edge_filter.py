"""
Which pixels lie on a depth discontinuity.

A network draws an edge as a ramp from the foreground to the background. In a point cloud the
pixels of that ramp hang in the air between the two: flying points, a veil around each object.
"""

import cv2
import numpy as np

_NEIGHBOURS = np.ones((3, 3), np.uint8)


def on_edge(depth: np.ndarray, threshold: float) -> np.ndarray:
    """
    Return where depth changes too much from a pixel to the next.

    A pixel is on an edge where the farthest depth among it and its eight neighbours is more than
    1 + `threshold` times the nearest. It is a ratio, so the result is the same for all focal
    lengths, and two pixels that touch and are both kept are never farther apart than that.

    Parameters
    ----------
    depth : float32 (H, W), metres
        As the network gives it, without NaN.
    threshold : float
        0.15 keeps neighbours that are up to 15 % apart.

    Returns
    -------
    bool (H, W)

    """
    nearest, farthest = cv2.erode(depth, _NEIGHBOURS), cv2.dilate(depth, _NEIGHBOURS)
    return farthest > np.float32(1.0 + threshold) * nearest
