"""
How good a depth map is. NumPy and OpenCV only: scoring a model needs no PyTorch.

Where true depth is NaN it is unknown, and isn't scored.
"""

from dataclasses import asdict, dataclass, fields
import math
from typing import Any, Dict, Iterable, List, Sequence, Tuple

import cv2
import numpy as np

# The window of the paper's code: 11 x 11, Gaussian, sigma 1.5.
_WINDOW = cv2.getGaussianKernel(11, 1.5, cv2.CV_32F)
_C1, _C2 = 0.01 ** 2, 0.03 ** 2
# Metres. The paper's network has no activation at its end, and a logarithm needs a positive
# depth; the usual evaluations on KITTI clip at the same value.
_LEAST_DEPTH = 1e-3
# Interpolation between two pixels of the sky may round below it.
_ROUNDING = 1e-3


def rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the root mean squared error in metres (the paper's equation 2)."""
    return float(np.sqrt(np.nanmean(np.square(prediction - truth), dtype=np.float64)))


def ssim(prediction: np.ndarray, truth: np.ndarray) -> float:
    """
    Return the structural similarity as the paper's code computes it (its equation 3).

    The window runs over zero padding and the data range is 1, although depth runs to 20 m:
    values with another range cannot be compared with the paper's.

    Parameters
    ----------
    prediction, truth : float32 (H, W), metres

    """
    def mean(x):
        return cv2.sepFilter2D(x, cv2.CV_32F, _WINDOW, _WINDOW, borderType=cv2.BORDER_CONSTANT)

    known = ~np.isnan(truth)
    x, y = (np.where(known, depth, 0.0).astype(np.float32) for depth in (prediction, truth))
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    similarity = ((2 * mx * my + _C1) * (2 * cov + _C2)
                  / ((mx * mx + my * my + _C1) * (vx + vy + _C2)))
    return float(similarity[known].mean(dtype=np.float64))


def abs_rel(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean of |prediction - truth| / truth, where truth is not zero."""
    valid = truth > 0
    return float(np.mean(np.abs(prediction[valid] - truth[valid]) / truth[valid],
                         dtype=np.float64))


def is_within(prediction: np.ndarray, truth: np.ndarray, threshold: float = 1.25) -> np.ndarray:
    """Return where max(prediction / truth, truth / prediction) < threshold, bool, as `truth`."""
    return (prediction < truth * threshold) & (truth < prediction * threshold)


def delta(prediction: np.ndarray, truth: np.ndarray, threshold: float = 1.25) -> float:
    """Return the share of pixels with max(prediction / truth, truth / prediction) < threshold."""
    valid = truth > 0
    return float(np.mean(is_within(prediction[valid], truth[valid], threshold)))


def is_far(truth: np.ndarray, max_depth: float) -> np.ndarray:
    """Return where true depth is clipped, bool (H, W): the sky, and all beyond `max_depth`."""
    return truth >= max_depth - _ROUNDING


def abs_rel_near(prediction: np.ndarray, truth: np.ndarray, max_depth: float) -> float:
    """Return abs_rel() where truth is under `max_depth`; NaN where it is nowhere."""
    near = (truth > 0) & ~is_far(truth, max_depth)
    return abs_rel(prediction[near], truth[near]) if near.any() else math.nan


def log_error(prediction: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return ln(prediction) - ln(truth) of each pixel whose truth is not zero, float64 (N,)."""
    valid = truth > 0
    p, t = prediction[valid].astype(np.float64), truth[valid].astype(np.float64)
    return np.log(np.maximum(p, _LEAST_DEPTH)) - np.log(np.maximum(t, _LEAST_DEPTH))


def rmse_log(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the root mean squared difference of the natural logarithms."""
    return float(np.sqrt(np.mean(np.square(log_error(prediction, truth)))))


def silog(prediction: np.ndarray, truth: np.ndarray) -> float:
    """
    Return the scale-invariant logarithmic error.

    As KITTI's depth benchmark reports it: the standard deviation of ln(prediction) - ln(truth),
    times 100, which is the root of the scale-invariant error of Eigen et al. 2014. A prediction
    that is wrong by one factor all over scores 0. (That paper's training loss, with lambda = 0.5,
    is another quantity.)
    """
    return float(100.0 * np.std(log_error(prediction, truth)))


def scale_to_truth(prediction: np.ndarray, truth: np.ndarray, max_depth: float) -> float:
    """
    Return the median of truth / prediction: the one factor that the scale of a picture is off by.

    Where truth is clipped at `max_depth` it is only known to be at least that, which tells no
    ratio. NaN where truth is nowhere nearer.
    """
    near = (truth > 0) & ~is_far(truth, max_depth)
    if not near.any():
        return math.nan
    return float(np.median(truth[near] / np.maximum(prediction[near], _LEAST_DEPTH)))


def delta1_aligned(prediction: np.ndarray, truth: np.ndarray, max_depth: float) -> float:
    """
    Return delta1 after the prediction is multiplied by scale_to_truth(): how good its shape is.

    What is predicted at `max_depth`, the sky, stays there, and nothing gets beyond: the truth
    is clipped so. NaN where no scale is known.
    """
    scale = scale_to_truth(prediction, truth, max_depth)
    if math.isnan(scale):
        return math.nan
    aligned = np.where(is_far(prediction, max_depth), prediction, prediction * np.float32(scale))
    return delta(aligned.clip(max=max_depth), truth)


def bias(prediction: np.ndarray, truth: np.ndarray, max_depth: float) -> float:
    """
    Return how far off a picture's scale is: |median(prediction / truth) - 1|.

    Over the pixels of scale_to_truth(); NaN where there are none.
    """
    near = (truth > 0) & ~is_far(truth, max_depth)
    return abs(float(np.median(prediction[near] / truth[near])) - 1.0) if near.any() else math.nan


@dataclass(frozen=True)
class Scores:
    """
    What is reported of one depth map, or of many as their mean.

    Attributes
    ----------
    rmse : float, metres
    ssim : float
    abs_rel : float
    delta1, delta2, delta3 : float
        Shares of pixels within a factor of 1.25, 1.25 ** 2 and 1.25 ** 3.
    abs_rel_near : float
        `abs_rel` where truth is under the dataset's greatest depth; NaN where it is nowhere.
    rmse_log, silog : float
    delta1_aligned : float
        `delta1` after one factor for the whole image, the median of truth / prediction.
    bias : float
        |median(prediction / truth) - 1|: 0.7 where depth is 70 % too far, or too near.

    """

    rmse: float
    ssim: float
    abs_rel: float
    delta1: float
    delta2: float
    delta3: float
    abs_rel_near: float
    rmse_log: float
    silog: float
    delta1_aligned: float
    bias: float

    @classmethod
    def of(cls, prediction: np.ndarray, truth: np.ndarray, max_depth: float = 20.0) -> 'Scores':
        """Score one prediction; both float32 (H, W), metres."""
        return cls(rmse(prediction, truth), ssim(prediction, truth), abs_rel(prediction, truth),
                   delta(prediction, truth), delta(prediction, truth, 1.25 ** 2),
                   delta(prediction, truth, 1.25 ** 3),
                   abs_rel_near(prediction, truth, max_depth), rmse_log(prediction, truth),
                   silog(prediction, truth), delta1_aligned(prediction, truth, max_depth),
                   bias(prediction, truth, max_depth))

    @classmethod
    def mean(cls, scores: Sequence['Scores']) -> 'Scores':
        """Return the mean of the scores of several images; what an image lacks is left out."""
        columns = np.array([list(asdict(image).values()) for image in scores])
        known = ~np.isnan(columns)
        with np.errstate(invalid='ignore'):
            return cls(*(np.where(known, columns, 0.0).sum(axis=0) / known.sum(axis=0)).tolist())


def as_json(record: Any) -> Dict:
    """Return the fields of a flat dataclass for JSON, which has no NaN: None stands for it."""
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in values.items()}


class Evaluation:
    """
    Scores of a split.

    The paper averages RMSE and SSIM over batches of 32: the RMSE of a batch is taken over all
    of its pixels, so a few bad images weigh more than in the mean of the images' RMSE. Both are
    kept.

    Parameters
    ----------
    batch_size : int
        Of the paper's averaging.
    max_depth : float
        Where true depth is clipped, metres.

    """

    def __init__(self, batch_size: int = 32, max_depth: float = 20.0):
        self.batch_size, self.max_depth = batch_size, max_depth
        self.images: List[Scores] = []

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> Scores:
        """Score one prediction; both float32 (H, W), metres."""
        scores = Scores.of(prediction, truth, self.max_depth)
        self.images.append(scores)
        return scores

    def extend(self, predictions: Iterable[np.ndarray], truths: Iterable[np.ndarray]) -> None:
        """Score several predictions."""
        for prediction, truth in zip(predictions, truths):
            self.add(prediction, truth)

    def paper(self) -> Tuple[float, float]:
        """Return RMSE (metres) and SSIM, averaged over batches."""
        batches = [self.images[i:i + self.batch_size]
                   for i in range(0, len(self.images), self.batch_size)]
        # The squared error of a batch is the mean of its images', which are mostly of one size;
        # where truth has gaps, images weigh alike all the same.
        errors = [np.sqrt(np.mean([image.rmse ** 2 for image in batch])) for batch in batches]
        similarities = [np.mean([image.ssim for image in batch]) for batch in batches]
        return float(np.mean(errors)), float(np.mean(similarities))

    def per_image(self) -> Scores:
        """Return the mean over images."""
        return Scores.mean(self.images)

    def summary(self) -> Dict:
        """Return what evaluate.py writes as JSON."""
        error, similarity = self.paper()
        return {'n': len(self.images), 'paper': {'rmse': error, 'ssim': similarity},
                'per_image': as_json(self.per_image())}
