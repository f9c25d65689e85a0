"""Whether confidence tells good depth from bad: risk over coverage, and how it is calibrated."""

from dataclasses import asdict, dataclass
from typing import Dict

import numpy as np

TOLERANCE = 0.1  # confidence is the probability that depth is within 10 % of the truth
COVERAGE = 0.8  # of the pixels are kept for the one number that is reported
BINS = 10  # of the reliability diagram
LEAST_SHARE = 0.01  # of all pixels: emptier bins say little
_LEVELS = 1000  # of confidence; a multiple of BINS
_ERROR_STEP, _ERROR_LEVELS = 0.01, 2001  # metres; the last level takes all larger errors


@dataclass(frozen=True)
class ReliabilityDiagram:
    """
    Stated and true probability in each bin of confidence, all float (BINS,).

    Attributes
    ----------
    share : of all pixels that are in the bin
    stated : mean confidence in the bin, NaN where it is empty
    true : share of the bin's pixels within 10 % of the truth, NaN where it is empty

    """

    share: np.ndarray
    stated: np.ndarray
    true: np.ndarray

    @property
    def gap(self) -> float:
        """Return the largest |true - stated| of the bins with at least 1 % of the pixels."""
        return float(np.max(np.abs(self.true - self.stated)[self.share >= LEAST_SHARE]))


@dataclass(frozen=True)
class ConfidenceScores:
    """
    What is reported of the confidence of a split, over all of its pixels.

    Attributes
    ----------
    rmse_ratio_80 : float
        RMSE over the 80 % most confident pixels / RMSE over all.
    oracle_ratio_80 : float
        The same if confidence ordered the pixels by their true error: nothing can be lower.
    calibration_gap : float
        The maximum calibration error of Guo et al. 2017: the largest |share within 10 % of the
        truth - mean confidence| of ten equal bins of confidence, those with under 1 % of the
        pixels left out.
    mean : float
        Of confidence.
    within_10_percent : float
        Share of the pixels whose depth is within 10 % of the truth.

    """

    rmse_ratio_80: float
    oracle_ratio_80: float
    calibration_gap: float
    mean: float
    within_10_percent: float


class ConfidenceEvaluation:
    """
    Sums over fine levels of confidence, so that a split of any size fits into memory.

    Levels are a thousandth wide. Within one level the order is unknown, and taken as random: a
    constant confidence has the same risk at each coverage.
    """

    def __init__(self):
        self._pixels, self._squared, self._confidence, self._within = np.zeros((4, _LEVELS))
        self._oracle_pixels, self._oracle_squared = np.zeros((2, _ERROR_LEVELS))

    def add(self, confidence: np.ndarray, prediction: np.ndarray, truth: np.ndarray) -> None:
        """Add one depth map: confidence in [0, 1], depths in metres; all float32 (H, W)."""
        valid = truth > 0
        c = np.clip(confidence[valid], 0.0, 1.0).astype(np.float64)
        t = truth[valid].astype(np.float64)
        error = np.abs(prediction[valid] - t)
        level = np.minimum(c * _LEVELS, _LEVELS - 1).astype(int)
        self._pixels += np.bincount(level, minlength=_LEVELS)
        self._confidence += np.bincount(level, c, _LEVELS)
        self._squared += np.bincount(level, error ** 2, _LEVELS)
        self._within += np.bincount(level, error <= TOLERANCE * t, _LEVELS)
        worst = np.minimum(error / _ERROR_STEP, _ERROR_LEVELS - 1).astype(int)
        self._oracle_pixels += np.bincount(worst, minlength=_ERROR_LEVELS)
        self._oracle_squared += np.bincount(worst, error ** 2, _ERROR_LEVELS)

    def risk(self, coverage: np.ndarray) -> np.ndarray:
        """
        Return the RMSE over the most confident pixels, metres.

        Parameters
        ----------
        coverage : float (N,)
            Shares of the pixels, in (0, 1].

        Returns
        -------
        float (N,)

        """
        return _risk(self._pixels[::-1], self._squared[::-1], coverage)

    def oracle_risk(self, coverage: np.ndarray) -> np.ndarray:
        """Return the RMSE over the pixels of the smallest error, metres; as `risk`."""
        return _risk(self._oracle_pixels, self._oracle_squared, coverage)

    def reliability_diagram(self) -> ReliabilityDiagram:
        """Return the reliability diagram, in equal bins of confidence (Guo et al. 2017)."""
        pixels, confidence, within = (
            sums.reshape(BINS, -1).sum(axis=1)
            for sums in (self._pixels, self._confidence, self._within))
        with np.errstate(invalid='ignore'):
            return ReliabilityDiagram(pixels / pixels.sum(), confidence / pixels, within / pixels)

    def scores(self) -> ConfidenceScores:
        """Return the numbers."""
        some_and_all = np.array([COVERAGE, 1.0])
        some, everything = self.risk(some_and_all)
        oracle, _ = self.oracle_risk(some_and_all)
        scale = everything or 1.0  # without any error, none of the pixels is worth dropping
        pixels = self._pixels.sum()
        return ConfidenceScores(*map(float, (
            some / scale, oracle / scale, self.reliability_diagram().gap,
            self._confidence.sum() / pixels, self._within.sum() / pixels)))

    def summary(self) -> Dict[str, float]:
        """Return what evaluate.py writes as JSON."""
        return asdict(self.scores())


def _risk(pixels: np.ndarray, squared: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    """Return the RMSE over the first pixels; `pixels` and `squared` are sums by level, (L,)."""
    kept = np.asarray(coverage) * pixels.sum()
    counts = np.concatenate(([0.0], np.cumsum(pixels)))
    sums = np.concatenate(([0.0], np.cumsum(squared)))
    return np.sqrt(np.interp(kept, counts, sums) / kept)
