"""Which depths a consumer may trust, and how the others are marked (REP 117, REP 118)."""

from dataclasses import dataclass
import math
from typing import Optional

import cv2
from depth_estimation_ros.estimation.edge_filter import Edges, find_edges, on_edge
import numpy as np

# In the training data everything beyond max_depth, the sky too, lies at max_depth. What comes
# this close to it is as likely sky: on data/worlds, val, 86 % of the sky and 19 % of what is 10 to
# 20 m away (evaluate.py, too far). A sky that hangs in a cloud as a wall is worse.
HORIZON = 0.85

# What stands in place of a depth that is (nearer than min_range, beyond max_range).
OUT_OF_RANGE = {
    'rep117': lambda nearest, farthest: (-np.inf, np.inf),
    'clamp': lambda nearest, farthest: (nearest, farthest),
    'nan': lambda nearest, farthest: (np.nan, np.nan),
}


@dataclass(frozen=True)
class Validity:
    """
    What makes a pixel's depth known and in range.

    Attributes
    ----------
    edge_filter : str
        What becomes of the pixels on an edge, one of EDGE_FILTERS: 'sharpen' puts each to the
        foreground or the background, 'remove' makes them unknown, 'off' leaves them as they are.
    edge_threshold : float
        Share by which depths near each other differ where there is an edge between them.
    min_confidence : float
        Pixels with less confidence are unknown; 0 for none. It has no effect with a model that
        tells no confidence.
    min_range, max_range : float
        Metres. Beyond HORIZON of the training depths the model can't tell, so there the range
        ends in any case.
    out_of_range : str
        What stands for a depth that is out of range, one of OUT_OF_RANGE: 'rep117' for -Inf
        (too near) and +Inf (too far), 'clamp' for the limit itself, 'nan' for NaN.

    """

    edge_filter: str = 'off'
    edge_threshold: float = 0.15
    min_confidence: float = 0.0
    min_range: float = 0.0
    max_range: float = math.inf
    out_of_range: str = 'rep117'

    def unknown(self, depth: np.ndarray, confidence: Optional[np.ndarray]) -> Optional[np.ndarray]:
        """
        Return which pixels have no depth.

        Parameters
        ----------
        depth : float32 (H, W), metres, as the network gives it
        confidence : float32 (h, w), 0 to 1, or None
            Of the same picture, in as many pixels as there are.

        Returns
        -------
        bool (H, W), or None where every pixel has one

        """
        masks = []
        if self.edge_filter == 'remove':
            masks.append(on_edge(depth, self.edge_threshold))
        if self.min_confidence and confidence is not None:
            confidence = cv2.resize(confidence, depth.shape[::-1])
            masks.append(confidence < np.float32(self.min_confidence))
        if not masks:
            return None
        mask = masks[0] if len(masks) == 1 else masks[0] | masks[1]
        return mask if mask.any() else None

    def edges(self, depth: np.ndarray) -> Optional[Edges]:
        """
        Return the edges that are to be sharpened.

        Parameters
        ----------
        depth : float32 (H, W), metres, as the network gives it

        Returns
        -------
        Edges, or None where there are none

        """
        return (find_edges(depth, self.edge_threshold) if self.edge_filter == 'sharpen'
                else None)

    def farthest(self, max_depth: float) -> float:
        """Return where the range ends, for training depths that end at `max_depth`; metres."""
        return min(self.max_range, HORIZON * max_depth)

    def mark_range(self, depth: np.ndarray, max_depth: float) -> None:
        """
        Mark, in place, what is nearer than the range and beyond it.

        Parameters
        ----------
        depth : float32 (H, W), metres; NaN stays
        max_depth : float
            Where the training depths ended, in metres of this camera.

        """
        nearest, farthest = self.min_range, self.farthest(max_depth)
        near, far = OUT_OF_RANGE[self.out_of_range](nearest, farthest)
        # Both before either is written: -Inf is nearer than the range, too.
        too_near, too_far = depth < np.float32(nearest), depth > np.float32(farthest)
        for mask, value in ((too_near, near), (too_far, far)):
            if mask.any():  # to look costs a fifth of writing where nothing is to be written
                np.copyto(depth, np.float32(value), where=mask)


# What the node publishes by its defaults.
PUBLISHED = Validity(edge_filter='sharpen', min_range=0.1, max_range=20.0)


def enlarge(depth: np.ndarray, unknown: Optional[np.ndarray], target: np.ndarray) -> None:
    """
    Interpolate depth to another size, from known pixels only.

    NaN in a common interpolation would spread, and the depth of an unknown pixel would get into
    its neighbours. Here each pixel is the mean of the known among those that it lies between,
    and it is NaN where these have less than half of the weight.

    Parameters
    ----------
    depth : float32 (h, w), metres
    unknown : bool (h, w), or None
    target : float32 (H, W)
        Where the result is written; it may be a part of a larger array.

    """
    size = target.shape[1::-1]
    if unknown is None:
        cv2.resize(depth, size, dst=target, interpolation=cv2.INTER_LINEAR)
        return
    known = 1.0 - unknown.astype(np.float32)
    cv2.resize(depth * known, size, dst=target, interpolation=cv2.INTER_LINEAR)
    weight = cv2.resize(known, size, interpolation=cv2.INTER_LINEAR)
    # Where too little is known, a NaN as the divisor saves a pass over the picture.
    weight[weight < 0.5] = np.nan
    np.divide(target, weight, out=target)
