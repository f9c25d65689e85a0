"""Whether a quantised model is as good as the model in float32 that it comes from."""

from dataclasses import asdict, dataclass
from typing import Dict, List, Optional, Sequence

import cv2
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.validity import PUBLISHED
from learning.dataset_error import DatasetError
from learning.progress import Progress
import numpy as np
from scoring.groups import all_pairs, Group
from scoring.metrics import Evaluation
from scoring.navigation import check_poses
from scoring.predictions import compared_maps, ModelPrediction
from scoring.published import PublishedEvaluation, PublishedPrediction

# Of a measure's value: what may be lost.
TOLERANCE = 0.01
FAR_GROUND = (8.0, 15.0)  # metres


@dataclass(frozen=True)
class Accuracy:
    """
    What a model must not lose; a robot's scale is left to the model alone.

    Attributes
    ----------
    rmse : float, metres
    delta1 : float
        Both means over images.
    thin_recall : float or None
        As of obstacles.ObstacleScores, of the datasets that tell poses; None without any.

    """

    rmse: float
    delta1: float
    thin_recall: Optional[float]

    def losses(self, reference: 'Accuracy') -> Dict[str, float]:
        """Return by which share each measure is worse than a reference's; negative: better."""
        found = {'rmse': self.rmse / reference.rmse - 1.0,
                 'delta1': 1.0 - self.delta1 / max(reference.delta1, 1e-9)}
        if self.thin_recall is not None and reference.thin_recall:
            found['thin_recall'] = 1.0 - self.thin_recall / reference.thin_recall
        return found


@dataclass(frozen=True)
class GroundSteps:
    """
    How depth changes from one of the network's rows to the next, on the floor 8 to 15 m away.

    Attributes
    ----------
    added : float, metres
        By how much the difference of two models changes: the 95th percentile.
    own : float, metres
        By how much the ground's depth changes: the median.

    """

    added: float
    own: float


def measure(estimator: DepthEstimator, groups: Sequence[Group]) -> Accuracy:
    """Measure a model on the pairs of groups."""
    predict = ModelPrediction(estimator, with_pose=False)
    images = Evaluation(max_depth=groups[0].dataset.max_depth)
    published = PublishedEvaluation(PublishedPrediction(estimator, PUBLISHED, with_pose=False))
    with_poses = [group for group in groups if _tells_poses(group)]
    for group, pair in Progress(list(all_pairs(groups)), unit=' pairs', leave=False):
        maps = compared_maps(predict, group, pair)
        images.add(maps.prediction, maps.truth)
        if group in with_poses:
            published.add(group, pair)
    scores = images.per_image()
    thin = published.obstacles.scores().thin_recall if with_poses else None
    return Accuracy(scores.rmse, scores.delta1, thin)


def ground_steps(reference: DepthEstimator, candidate: DepthEstimator, groups: Sequence[Group]
                 ) -> Optional[GroundSteps]:
    """Measure the steps that a candidate lays over far ground; None where no pair shows any."""
    changes: List[np.ndarray] = []
    slopes: List[np.ndarray] = []
    for group, pair in all_pairs(groups):
        if pair.pose is None or pair.camera is None:
            continue
        max_depth = group.dataset.max_depth
        floor = pair.find_floor(pair.read_depth(max_depth), max_depth) == 1.0
        image = pair.read_rgb()
        first, second = (each.estimate(image, pair.camera, size='network').depth
                         for each in (reference, candidate))
        height, width = first.shape
        far = cv2.resize(floor.astype(np.uint8), (width, height),
                         interpolation=cv2.INTER_NEAREST).astype(bool)
        far &= (first > FAR_GROUND[0]) & (first < FAR_GROUND[1])
        both = far[1:] & far[:-1]
        changes.append(np.abs(np.diff(second - first, axis=0))[both])
        slopes.append(np.abs(np.diff(first, axis=0))[both])
    if not sum(map(len, changes)):
        return None
    return GroundSteps(float(np.percentile(np.concatenate(changes), 95)),
                       float(np.median(np.concatenate(slopes))))


def table(columns: Dict[str, Accuracy], steps: Optional[GroundSteps]) -> str:
    """Return the measures of models, the first of which is the reference, for people."""
    reference = next(iter(columns.values()))
    lines = [f'{"":<28}' + ''.join(f'{name:>16}' for name in columns)]
    for key, name in (('rmse', 'RMSE (m)'), ('delta1', 'delta1'),
                      ('thin_recall', 'thin obstacles found')):
        cells = []
        for accuracy in columns.values():
            value, loss = asdict(accuracy)[key], accuracy.losses(reference).get(key)
            cells.append('' if value is None else f'{value:.3f}' + (
                '' if accuracy is reference or loss is None else f' {-100 * loss:+.1f} %'))
        lines.append(f'{name:<28}' + ''.join(f'{cell:>16}' for cell in cells))
    if steps is not None:
        lines.append(f'steps in far ground: {1000 * steps.added:.0f} mm (95th percentile), where '
                     f'rows are {1000 * steps.own:.0f} mm apart (median)')
    return '\n'.join(lines)


def _tells_poses(group: Group) -> bool:
    try:
        check_poses(group)
    except DatasetError:
        return False
    return True
