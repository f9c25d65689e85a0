"""How good a depth map is. NumPy and OpenCV only: scoring a model needs no PyTorch."""

from dataclasses import asdict, dataclass
from typing import Dict, Iterable, List, Tuple

import cv2
import numpy as np

# The window of the paper's code: 11 x 11, Gaussian, sigma 1.5.
_WINDOW = cv2.getGaussianKernel(11, 1.5, cv2.CV_32F)
_C1, _C2 = 0.01 ** 2, 0.03 ** 2


def rmse(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the root mean squared error in metres (the paper's equation 2)."""
    return float(np.sqrt(np.mean(np.square(prediction - truth), dtype=np.float64)))


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

    x, y = prediction.astype(np.float32), truth.astype(np.float32)
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    similarity = ((2 * mx * my + _C1) * (2 * cov + _C2)
                  / ((mx * mx + my * my + _C1) * (vx + vy + _C2)))
    return float(similarity.mean(dtype=np.float64))


def abs_rel(prediction: np.ndarray, truth: np.ndarray) -> float:
    """Return the mean of |prediction - truth| / truth, where truth is not zero."""
    valid = truth > 0
    return float(np.mean(np.abs(prediction[valid] - truth[valid]) / truth[valid],
                         dtype=np.float64))


def delta(prediction: np.ndarray, truth: np.ndarray, threshold: float = 1.25) -> float:
    """Return the share of pixels with max(prediction / truth, truth / prediction) < threshold."""
    valid = truth > 0
    p, t = prediction[valid], truth[valid]
    return float(np.mean((p < t * threshold) & (t < p * threshold)))


@dataclass(frozen=True)
class Scores:
    """What is reported of one depth map, or of many as their mean."""

    rmse: float
    ssim: float
    abs_rel: float
    delta1: float

    @classmethod
    def of(cls, prediction: np.ndarray, truth: np.ndarray) -> 'Scores':
        """Score one prediction; both float32 (H, W), metres."""
        return cls(rmse(prediction, truth), ssim(prediction, truth),
                   abs_rel(prediction, truth), delta(prediction, truth))


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

    """

    def __init__(self, batch_size: int = 32):
        self.batch_size = batch_size
        self.images: List[Scores] = []

    def add(self, prediction: np.ndarray, truth: np.ndarray) -> Scores:
        """Score one prediction; both float32 (H, W), metres."""
        scores = Scores.of(prediction, truth)
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
        # Images of one size: the squared error of a batch is the mean of its images'.
        errors = [np.sqrt(np.mean([image.rmse ** 2 for image in batch])) for batch in batches]
        similarities = [np.mean([image.ssim for image in batch]) for batch in batches]
        return float(np.mean(errors)), float(np.mean(similarities))

    def per_image(self) -> Scores:
        """Return the mean over images."""
        return Scores(*np.mean([list(asdict(image).values()) for image in self.images],
                               axis=0).tolist())

    def summary(self) -> Dict:
        """Return what evaluate.py writes as JSON."""
        error, similarity = self.paper()
        return {'n': len(self.images), 'paper': {'rmse': error, 'ssim': similarity},
                'per_image': asdict(self.per_image())}
