"""All that is measured of a model on a split, gathered pair by pair."""

from typing import Dict, List, Optional

from learning.dataset import DatasetError, DepthDataset
from learning.pairs_table import read_records, Record
import numpy as np
from scoring.breakdown import by_kind, DepthBreakdown
from scoring.confidence import ConfidenceEvaluation
from scoring.metrics import Evaluation
from scoring.navigation import NavigationEvaluation, poses


class Measures:
    """
    All that is measured of a model on a split.

    Parameters
    ----------
    dataset : DepthDataset
    navigation : bool
        Whether to compare scans of obstacles, too.

    Attributes
    ----------
    images : metrics.Evaluation
        The scores of each image.
    depths : breakdown.DepthBreakdown
    confidence : confidence.ConfidenceEvaluation or None
        Where the model tells it.
    navigation : navigation.NavigationEvaluation or None
        Where it is asked for.

    Raises
    ------
    DatasetError
        Where the dataset lacks what navigation needs, or its pairs.csv cannot be used.

    """

    def __init__(self, dataset: DepthDataset, navigation: bool = False):
        self._records = read_records(dataset.roots[0], dataset.split)
        self._kinds: List[Optional[str]] = []
        self.images = Evaluation(max_depth=dataset.max_depth)
        self.depths = DepthBreakdown(dataset.max_depth)
        self.confidence: Optional[ConfidenceEvaluation] = None
        self.navigation = _navigation(dataset, self._records) if navigation else None

    def add(self, name: str, prediction: np.ndarray, confidence: Optional[np.ndarray],
            truth: np.ndarray) -> None:
        """Measure one prediction, of the pair `name`; all float32 (H, W), depths in metres."""
        self._kinds.append(self._records.get(name, Record()).kind)
        self.images.add(prediction, truth)
        self.depths.add(prediction, truth)
        if confidence is not None:
            self.confidence = self.confidence or ConfidenceEvaluation()
            self.confidence.add(confidence, prediction, truth)
        if self.navigation:
            self.navigation.add(name, prediction, truth)

    def summary(self) -> Dict:
        """Return what evaluate.py writes as JSON."""
        summary = {**self.images.summary(),
                   'by_kind': by_kind(self.images.images, self._kinds),
                   'by_depth': self.depths.summary()}
        if self.confidence:
            summary['confidence'] = self.confidence.summary()
        if self.navigation:
            summary['navigation'] = self.navigation.summary()
        return summary


def _navigation(dataset: DepthDataset, records: Dict[str, Record]) -> NavigationEvaluation:
    if dataset.intrinsics is None:
        raise DatasetError(dataset.roots[0], [
            'navigation needs camera.json with width, height, fx, fy, cx and cy in pixels'])
    height, width = dataset.input_size
    return NavigationEvaluation(
        dataset.intrinsics.resized(width, height),
        poses(dataset.roots[0], [pair.name for pair in dataset.pairs], records), dataset.max_depth)
