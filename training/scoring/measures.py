"""All that is measured of a model on a split, gathered pair by pair."""

from typing import Dict, List, Optional, Sequence

from learning.pairs import Pair
from scoring.breakdown import DepthBreakdown, divided, mean_of_means, means
from scoring.confidence import ConfidenceEvaluation
from scoring.groups import Group
from scoring.metrics import Evaluation
from scoring.navigation import check_poses, NavigationEvaluation, scanner_of
from scoring.predictions import ComparedMaps
from scoring.published import PublishedEvaluation, PublishedPrediction


class Measures:
    """
    All that is measured of a model on the groups of a split.

    Parameters
    ----------
    groups : sequence of Group
    navigation : bool
        Whether to compare scans of obstacles, too.
    published : PublishedPrediction, optional
        What the node would publish, to be measured, too.

    Attributes
    ----------
    images : metrics.Evaluation
        The scores of each image.
    depths : breakdown.DepthBreakdown
    confidence : confidence.ConfidenceEvaluation or None
        Where the model tells it.
    navigation : navigation.NavigationEvaluation or None
        Where it is asked for.
    published : published.PublishedEvaluation or None
        Where it is asked for.

    Raises
    ------
    DatasetError
        Where a dataset lacks what navigation needs.

    """

    def __init__(self, groups: Sequence[Group], navigation: bool = False,
                 published: Optional[PublishedPrediction] = None):
        max_depth = groups[0].dataset.max_depth
        self._kinds: List[Optional[str]] = []
        self._groups: List[str] = []
        self.images = Evaluation(max_depth=max_depth)
        self.depths = DepthBreakdown(max_depth)
        self.confidence: Optional[ConfidenceEvaluation] = None
        self.navigation = NavigationEvaluation() if navigation else None
        self.published = PublishedEvaluation(published) if published else None
        if navigation or published:
            for group in groups:
                check_poses(group)

    def add(self, group: Group, pair: Pair, maps: ComparedMaps) -> None:
        """Measure the prediction of one pair."""
        prediction, confidence, truth = maps
        self._kinds.append(group.record(pair).kind)
        self._groups.append(group.name)
        self.images.add(prediction, truth)
        self.depths.add(prediction, truth)
        if confidence is not None:
            self.confidence = self.confidence or ConfidenceEvaluation()
            self.confidence.add(confidence, prediction, truth)
        if self.navigation:
            self.navigation.add(scanner_of(group, pair, truth.shape), prediction, truth)
        if self.published:
            self.published.add(group, pair)

    def summary(self) -> Dict:
        """
        Return what evaluate.py writes as JSON.

        `places` is the mean over groups of their means, so that each place counts alike.
        """
        groups = divided(self.images.images, self._groups)
        summary = {**self.images.summary(),
                   'by_kind': means(divided(self.images.images, self._kinds)),
                   'by_group': means(groups), 'places': mean_of_means(groups),
                   'by_depth': self.depths.summary()}
        if self.confidence:
            summary['confidence'] = self.confidence.summary()
        if self.navigation:
            summary['navigation'] = self.navigation.summary()
        if self.published:
            summary['published'] = self.published.summary()
        return summary
