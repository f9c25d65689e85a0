"""
What is made of the edges of things: sharp edges, or none.

A network draws an edge as a ramp from the foreground to the background. In a point cloud the
pixels of that ramp hang in the air between the two: flying points, a veil around each object.
They can be removed, and with them all that is only a few pixels wide. Or each of them is put
where it belongs, to the foreground or to the background, as Kramer and Bruckner's filter does
with grey values (1975, "Iterations of a non-linear transformation for enhancement of digital
images").
"""

from typing import NamedTuple, Optional, Tuple

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
_SECOND_DIFFERENCE = np.zeros((1, 2 * BEND + 1), np.float32)
_SECOND_DIFFERENCE[0, [0, BEND, -1]] = 1.0, -2.0, 1.0
_BENT_NEARBY = np.ones((5, 5), np.uint8)
_UNKNOWN = np.float32(np.nan)


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
    The edges of a network's depth map.

    Attributes
    ----------
    shape : (int, int)
        Of the map, (h, w).
    pixels : int32 (N,)
        Which of the map's pixels are on an edge, counted row by row.
    sides : float32 (4, N), metres
        Of each of them the depths on its near and its far side, up to which depth it belongs to
        the near one, and from which on to the far one.

    """

    shape: Tuple[int, int]
    pixels: np.ndarray
    sides: np.ndarray

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
        width = np.int32(depth.shape[1])
        flat = np.ascontiguousarray(depth).reshape(-1)
        # Few pixels are on edges: to pick them costs less than masks for all of them. A pixel of
        # the map covers a block of the picture's, which is gone through row by row.
        (top, left), (rows, columns) = zip(*map(_blocks, self.shape, depth.shape))
        row, column = self.pixels // self.shape[1], self.pixels % self.shape[1]
        across = np.where(rows.take(row) > 0, columns.take(column), 0)
        before = np.cumsum(across, dtype=np.int32) - across
        first = np.repeat(top.take(row) * width + left.take(column) - before, across)
        first += np.arange(len(first), dtype=np.int32)
        last = np.repeat(rows.take(row) - 1, across)
        near, far, foreground, background = np.repeat(self.sides, across, axis=1)
        for below in range(rows.max()):
            # A block that has ended goes through its last row again, which changes nothing.
            place = first + np.minimum(last, np.int32(below)) * width
            value = flat.take(place)
            flat[place] = np.where(
                value <= foreground, near, np.where(value >= background, far, _UNKNOWN))
        if not depth.flags.c_contiguous:  # a part of a larger array, of which that was a copy
            depth[...] = flat.reshape(depth.shape)


def _blocks(old: int, new: int) -> Tuple[np.ndarray, np.ndarray]:
    """Return which of `new` rows (or columns) have their centres in each of `old`: first, many."""
    many = np.bincount((2 * np.arange(new) + 1) * old // (2 * new), minlength=old)
    many = many.astype(np.int32)
    return np.cumsum(many, dtype=np.int32) - many, many


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
    pixels = np.flatnonzero(
        (highest > np.float32(1.0 + threshold) * lowest) & _is_bent(inverse)).astype(np.int32)
    if not len(pixels):
        return None
    near, far = 1.0 / highest.take(pixels), 1.0 / lowest.take(pixels)
    ratio = far / near
    foreground, background = (
        near * ratio ** np.float32(share) for share in (FOREGROUND, BACKGROUND))
    return Edges(depth.shape, pixels, np.stack([near, far, foreground, background]))


def _is_bent(inverse: np.ndarray) -> np.ndarray:
    """Return where the surfaces around a pixel are no one plane, bool (h, w), by 1 / depth."""
    bent = np.zeros(inverse.shape, bool)
    for axis, second_difference in enumerate((_SECOND_DIFFERENCE.T, _SECOND_DIFFERENCE)):
        change = np.moveaxis(cv2.filter2D(inverse, -1, second_difference), axis, 0)
        change[:BEND] = change[-BEND:] = 0.0  # beyond the border is nothing
        bent |= np.abs(np.moveaxis(change, 0, axis)) > np.float32(BENT) * inverse
    return cv2.dilate(bent.view(np.uint8), _BENT_NEARBY) > 0
