"""Depth as a picture for people."""

import cv2
import numpy as np

# No colour of magma, so that a pixel without depth is not taken for a near or a far one.
UNKNOWN = (128, 128, 128)


def colorize(depth: np.ndarray, max_depth: float) -> np.ndarray:
    """
    Draw depth in the colours of magma: black at 0 m, pale yellow at `max_depth` and beyond.

    Parameters
    ----------
    depth : float32 (H, W), metres
        Infinite depth is drawn as the end of the scale that it lies beyond, NaN in grey.
    max_depth : float
        Metres at the far end of the scale.

    Returns
    -------
    uint8 (H, W, 3) BGR

    """
    levels = np.clip(depth, 0.0, max_depth) * np.float32(255.0 / max_depth)
    # cv2 rounds; a cast would truncate, and is undefined for NaN.
    colors = cv2.applyColorMap(cv2.convertScaleAbs(levels), cv2.COLORMAP_MAGMA)
    colors[np.isnan(depth)] = UNKNOWN
    return colors
