"""
What is made of the edges of things: sharp edges, or none.

A network draws an edge as a ramp from the foreground to the background. In a point cloud the
pixels of that ramp hang in the air between the two: flying points, a veil around each object.
They can be removed, and with them all that is only a few pixels wide. Or each of them is put
where it belongs, to the foreground or to the background, as Kramer and Bruckner's filter does
with grey values (1975, "Iterations of a non-linear transformation for enhancement of digital
images").
"""

from typing import NamedTuple, Optional

import cv2
import numpy as np

EDGE_FILTERS = ('sharpen', 'remove', 'off')

_NEIGHBOURS = np.ones((3, 3), np.uint8)
# Pixels of the network's map within which both sides of an edge lie: a ramp is 4 to 6 wide.
_WINDOW = np.ones((7, 7), np.uint8)
# On the way from the foreground to the background, in the logarithm of depth: up to here a pixel
# is put to the foreground, which a robot may hit, and from there on to the background. Between, it
# is unknown. (Flying points and obstacles found over both numbers: doc/robot.md, "Edges".)
FOREGROUND, BACKGROUND = 0.65, 0.85
# A floor that is seen at a flat angle also changes much from pixel to pixel, but evenly: along any
# plane, 1 / depth grows by the same from each pixel to the next. A ramp has an edge where, within
# BEND pixels to both sides, that growth changes by more than BENT of 1 / depth itself.
BEND, BENT = 2, 0.1
_BENT_NEARBY = np.ones((5, 5), np.uint8)


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


class Edges(NamedTuple):
    """
    The edges of a network's depth map, all arrays (h, w).

    Attributes
    ----------
    mask : uint8
        1 where a pixel lies on an edge.
    near, far : float32, metres
        The depths on both sides of it.
    foreground, background : float32, metres
        Up to the first a pixel belongs to the near side, from the second on to the far one; off
        the edges, below and beyond every depth.

    """

    mask: np.ndarray
    near: np.ndarray
    far: np.ndarray
    foreground: np.ndarray
    background: np.ndarray

    def sharpen(self, depth: np.ndarray) -> None:
        """
        Put each pixel on an edge to the side that it belongs to, in place.

        Where depth has more pixels than the network's map, each of them is decided for itself by
        its interpolated depth, so that the edge is as fine as the picture.

        Parameters
        ----------
        depth : float32 (H, W), metres
            The map itself, or interpolated from it; NaN stays. What belongs to neither side
            becomes NaN.

        """
        mask, near, far, foreground, background = (
            cv2.resize(each, depth.shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT)
            for each in self)
        # OpenCV's masks, as they take a quarter of the time of NumPy's.
        is_near = cv2.compare(depth, foreground, cv2.CMP_LE)
        is_far = cv2.compare(depth, background, cv2.CMP_GE)
        cv2.copyTo(np.full(depth.shape, np.nan, np.float32), mask, depth)
        cv2.copyTo(near, is_near, depth)
        cv2.copyTo(far, is_far, depth)


def find_edges(depth: np.ndarray, threshold: float) -> Optional[Edges]:
    """
    Return the edges of a depth map.

    A pixel is on an edge where, in the 7 x 7 pixels around it, the farthest depth is more than
    1 + `threshold` times the nearest, and these don't lie in one plane.

    Parameters
    ----------
    depth : float32 (h, w), metres
        As the network gives it, without NaN.
    threshold : float

    Returns
    -------
    Edges, or None
        None where there are none.

    """
    # The network of the paper may give zero, and less.
    inverse = 1.0 / np.maximum(depth, np.float32(1e-3))
    highest, lowest = cv2.dilate(inverse, _WINDOW), cv2.erode(inverse, _WINDOW)
    mask = (highest > np.float32(1.0 + threshold) * lowest) & _is_bent(inverse)
    if not mask.any():
        return None
    near, far = 1.0 / highest, 1.0 / lowest
    foreground, background = np.full_like(depth, -np.inf), np.full_like(depth, np.inf)
    low, ratio = near[mask], highest[mask] / lowest[mask]
    foreground[mask] = low * ratio ** np.float32(FOREGROUND)
    background[mask] = low * ratio ** np.float32(BACKGROUND)
    return Edges(mask.view(np.uint8), near, far, foreground, background)


def _is_bent(inverse: np.ndarray) -> np.ndarray:
    """Return where the surfaces around a pixel are no one plane, bool (h, w), by 1 / depth."""
    bent = np.zeros(inverse.shape, np.uint8)
    limit = np.float32(BENT) * inverse
    for axis in (0, 1):
        # Views of the same array, so that each axis is the first of its own.
        value, most, found = (np.moveaxis(each, axis, 0) for each in (inverse, limit, bent))
        if len(value) > 2 * BEND:
            middle = value[BEND:-BEND]
            change = np.abs(value[:-2 * BEND] + value[2 * BEND:] - 2.0 * middle)
            found[BEND:-BEND][change > most[BEND:-BEND]] = 1
    return cv2.dilate(bent, _BENT_NEARBY) > 0
