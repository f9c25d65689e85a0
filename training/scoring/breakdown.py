"""Where the errors are: by kind of world, by group of pairs, and by true depth."""

from dataclasses import dataclass
import math
from typing import Dict, List, Optional, Sequence

from depth_estimation_ros.estimation.validity import HORIZON
import numpy as np
from scoring.metrics import as_json, is_far, is_within, Scores

# Where the table's rows begin and end, metres; the sky, at the greatest depth, has its own.
ROW_EDGES = (0.0, 2.0, 5.0, 10.0)
BIN_WIDTH = 0.25  # metres; divides each of the row edges
SKY = 'sky'


def divided(images: Sequence[Scores],
            names: Sequence[Optional[str]]) -> Dict[str, List[Scores]]:
    """
    Return the scores of images by what each belongs to, in the order of the names.

    Parameters
    ----------
    images : sequence of Scores
    names : sequence of str or None
        Of the kind or group of each image; those without one are left out.

    """
    parts: Dict[str, List[Scores]] = {}
    for scores, name in zip(images, names):
        if name is not None:
            parts.setdefault(name, []).append(scores)
    return {name: parts[name] for name in sorted(parts)}


def means(parts: Dict[str, List[Scores]]) -> Dict[str, Dict]:
    """Return the mean scores of each part, with their number, for JSON."""
    return {name: {'n': len(scores), **as_json(Scores.mean(scores))}
            for name, scores in parts.items()}


def mean_of_means(parts: Dict[str, List[Scores]]) -> Dict:
    """
    Return the mean of the parts' means, with the number of parts, for JSON.

    Where parts are places, one with many pictures weighs no more than one with few.
    """
    return {'n': len(parts),
            **as_json(Scores.mean([Scores.mean(scores) for scores in parts.values()]))}


@dataclass(frozen=True)
class DepthErrors:
    """
    The errors over all pixels whose true depth lies in one range; NaN where there are none.

    Attributes
    ----------
    share : float
        Of all pixels.
    rmse, mae, bias : float, metres
        Root mean squared, mean absolute and mean signed (prediction - truth) error.
    abs_rel, delta1 : float
    out_of_range : float
        Share of them whose depth the node calls too far to be told from the sky.

    """

    share: float
    rmse: float
    mae: float
    bias: float
    abs_rel: float
    delta1: float
    out_of_range: float


class DepthBreakdown:
    """
    Sums of errors over bins of true depth, so that a split of any size fits into memory.

    Parameters
    ----------
    max_depth : float
        Where true depth is clipped, metres: what lies there is the last bin, the sky.

    Attributes
    ----------
    edges : float (N + 1,), metres
        Of the bins below the sky.
    pixels : float (N + 1,)
        How many pixels each bin has; the last is the sky.
    joint : float (N + 1, N + 1)
        How many pixels have a true depth in bin i and a predicted depth in bin j. The last bin
        of a prediction is `max_depth` and beyond.

    """

    def __init__(self, max_depth: float = 20.0):
        self.max_depth = max_depth
        self.bins = math.ceil(max_depth / BIN_WIDTH)
        self.edges = np.minimum(np.arange(self.bins + 1) * BIN_WIDTH, max_depth)
        self.joint = np.zeros((self.bins + 1, self.bins + 1))
        self._sums = np.zeros((6, self.bins + 1))

    @property
    def pixels(self) -> np.ndarray:
        """Return how many pixels each bin has, float (N + 1,)."""
        return self.joint.sum(axis=1)

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Add one depth map; both float32 (H, W), metres. Pixels without a truth are left out."""
        valid = truth > 0
        p, t = prediction[valid].astype(np.float64), truth[valid].astype(np.float64)
        row, column = self._bin(t), self._bin(p)
        self.joint += np.bincount(row * (self.bins + 1) + column,
                                  minlength=self.joint.size).reshape(self.joint.shape)
        error = p - t
        measures = (np.square(error), np.abs(error), error, np.abs(error) / t,
                    is_within(p, t), p > HORIZON * self.max_depth)
        self._sums += [np.bincount(row, measure, self.bins + 1) for measure in measures]

    def _bin(self, depth: np.ndarray) -> np.ndarray:
        below = np.clip(depth / BIN_WIDTH, 0, self.bins - 1).astype(int)
        return np.where(is_far(depth, self.max_depth), self.bins, below)

    def errors(self, chosen: slice) -> DepthErrors:
        """Return the errors over some of the bins."""
        pixels = self.joint[chosen].sum()
        if not pixels:
            return DepthErrors(0.0, *[math.nan] * 6)
        squared, *means = self._sums[:, chosen].sum(axis=1) / pixels
        return DepthErrors(*map(float, (pixels / self.joint.sum(), np.sqrt(squared), *means)))

    def per_bin(self) -> List[DepthErrors]:
        """Return the errors of each bin below the sky."""
        return [self.errors(slice(index, index + 1)) for index in range(self.bins)]

    def rows(self) -> Dict[str, DepthErrors]:
        """Return the errors from 0 to 2, 2 to 5, 5 to 10 and 10 to 20 m, and of the sky."""
        edges = [edge for edge in ROW_EDGES if edge < self.max_depth] + [self.max_depth]
        begins = [int(edge / BIN_WIDTH) for edge in edges[:-1]] + [self.bins]
        rows = {f'{edges[i]:g}-{edges[i + 1]:g}': self.errors(slice(*begins[i:i + 2]))
                for i in range(len(edges) - 1)}
        return {**rows, SKY: self.errors(slice(self.bins, None))}

    def summary(self) -> Dict[str, Dict]:
        """Return what evaluate.py writes as JSON."""
        return {name: as_json(errors) for name, errors in self.rows().items()}

    def quantiles(self, *shares: float) -> np.ndarray:
        """
        Return quantiles of predicted depth over true depth, float (len(shares), N), metres.

        A quantile is interpolated within its bin of predicted depth; it is NaN where no pixel
        has such a true depth.
        """
        counts = self.joint[:self.bins]
        total = counts.sum(axis=1, keepdims=True)
        with np.errstate(invalid='ignore'):
            cumulative = np.c_[np.zeros(self.bins), np.cumsum(counts, axis=1) / total]
        # Predictions at or beyond the greatest depth count as just there.
        edges = np.append(self.edges, self.max_depth)
        return np.array([[np.interp(share, line, edges) for line in cumulative]
                         for share in shares])
