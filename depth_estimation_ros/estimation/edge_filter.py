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
    The edges of a network's depth map.

    Attributes
    ----------
    place : uint16 or uint32 (h, w)
        Which row of `sides` tells of a pixel; 0 off the edges.
    sides : float32 (N + 1, 4), metres
        Of each of the N pixels on an edge the depths on its near and its far side, up to which
        depth it belongs to the near one, and from which on to the far one. The first row is
        nobody's.

    """

    place: np.ndarray
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
        width = depth.shape[1]
        rows, columns = (_nearest(old, new) for old, new in zip(self.place.shape, depth.shape))
        pixels = np.ascontiguousarray(depth).reshape(-1)
        # Few pixels are on edges: to pick them costs less than masks for all of them. And what a
        # row of the map says is looked up once for all the rows of the picture that it covers.
        wide = self.place.take(columns, axis=1).ravel()
        on_edges = np.flatnonzero(wide != 0).astype(np.int32)
        near, far, foreground, background = np.ascontiguousarray(
            self.sides.take(wide.take(on_edges), axis=0).T)
        row, column = on_edges // width, on_edges % width
        covered = np.bincount(rows, minlength=len(self.place))
        first = (np.cumsum(covered) - covered)[row] * width + column
        covered = covered[row]
        for below in range(covered.max(initial=0)):
            which = slice(None) if below < covered.min() else np.flatnonzero(covered > below)
            place = first[which] + below * width
            value = pixels.take(place)
            result = np.full(value.shape, np.nan, np.float32)
            np.copyto(result, near[which], where=value <= foreground[which])
            np.copyto(result, far[which], where=value >= background[which])
            pixels[place] = result
        if not depth.flags.c_contiguous:  # a part of a larger array, of which that was a copy
            depth[...] = pixels.reshape(depth.shape)


def _nearest(old: int, new: int) -> np.ndarray:
    """Return for each of `new` rows (or columns) in which of `old` ones its centre is."""
    return (2 * np.arange(new) + 1) * old // (2 * new)


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
    near, far = 1.0 / highest[mask], 1.0 / lowest[mask]
    ratio = far / near
    sides = np.empty((len(near) + 1, 4), np.float32)
    sides[0] = np.nan
    sides[1:] = np.column_stack([
        near, far, near * ratio ** np.float32(FOREGROUND), near * ratio ** np.float32(BACKGROUND)])
    place = np.zeros(mask.shape, np.uint16 if len(sides) <= 2 ** 16 else np.uint32)
    place[mask] = np.arange(1, len(sides))
    return Edges(place, sides)


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
