"""A model's scores on a split, with the scale left to it and with the camera's pose."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from depth_estimation_ros.estimation.estimator import DepthEstimator
from learning.progress import Progress
from scoring.confidence import ConfidenceEvaluation
from scoring.groups import all_pairs, find_groups
from scoring.metrics import as_json, Scores
from scoring.predictions import compared_maps, ModelPrediction


@dataclass(frozen=True)
class PictureScores:
    """
    How good a model is on one picture.

    Attributes
    ----------
    name : str
    without_pose : Scores
        The scale is the model's alone.
    with_pose : Scores, optional
        The pose that pairs.csv tells sets the scale, where it tells one.

    """

    name: str
    without_pose: Scores
    with_pose: Optional[Scores]

    @property
    def known(self) -> Scores:
        """Return the scores with all that is known, as a robot that knows as much gets depth."""
        return self.with_pose or self.without_pose


@dataclass(frozen=True)
class SplitScores:
    """
    How good a model is on a split.

    Attributes
    ----------
    pictures : sequence of PictureScores
        By name.
    calibration_gap : float, optional
        Of the confidence, with all that is known (ConfidenceScores); None where the model tells
        none.

    """

    pictures: Sequence[PictureScores]
    calibration_gap: Optional[float]

    def without_pose(self) -> Scores:
        """Return the mean over all pictures, the scale left to the model."""
        return Scores.mean([picture.without_pose for picture in self.pictures])

    def with_pose(self) -> Optional[Scores]:
        """Return the mean over the pictures whose pose is known; None where there are none."""
        posed = [picture.with_pose for picture in self.pictures if picture.with_pose]
        return Scores.mean(posed) if posed else None

    def known(self) -> Scores:
        """Return the mean over all pictures, each with all that is known of it."""
        return Scores.mean([picture.known for picture in self.pictures])

    def summary(self) -> Dict:
        """Return the means for JSON."""
        with_pose = self.with_pose()
        return {'n': len(self.pictures),
                'with_pose_n': sum(picture.with_pose is not None for picture in self.pictures),
                'without_pose': as_json(self.without_pose()),
                'with_pose': None if with_pose is None else as_json(with_pose),
                'known': as_json(self.known()), 'calibration_gap': self.calibration_gap}


def score(estimator: DepthEstimator, root: Path, split: str) -> SplitScores:
    """
    Score a model on a split of a dataset.

    Raises
    ------
    DatasetError
        Where the split is empty, or any of its files cannot be used.

    """
    groups = find_groups([root], split)
    max_depth = groups[0].dataset.max_depth
    alone, posed = (ModelPrediction(estimator, with_pose) for with_pose in (False, True))
    confidence: Optional[ConfidenceEvaluation] = None
    pictures: List[PictureScores] = []
    for group, pair in Progress(list(all_pairs(groups)), unit=' pairs', leave=False):
        maps = compared_maps(alone, group, pair)
        without_pose = Scores.of(maps.prediction, maps.truth, max_depth)
        with_pose = None
        if group.record(pair).pose is not None and pair.camera is not None:
            maps = compared_maps(posed, group, pair)
            with_pose = Scores.of(maps.prediction, maps.truth, max_depth)
        pictures.append(PictureScores(pair.name, without_pose, with_pose))
        if maps.confidence is not None:
            confidence = confidence or ConfidenceEvaluation()
            confidence.add(maps.confidence, maps.prediction, maps.truth)
    return SplitScores(pictures, confidence.scores().calibration_gap if confidence else None)
