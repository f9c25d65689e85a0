"""
What a robot gets: depth as the node publishes it, and what that is worth against obstacles.

The network's map is brought to the picture's size, and what is unknown or out of range is marked,
as by the node's defaults. Scans (navigation.py), obstacles' pixels (obstacles.py) and Nav2's
costmap (costmap.py) of that are compared with the truth's, at the picture's own pixels.
"""

from dataclasses import asdict
from typing import Dict

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.scan import level_rays, Scanner
from depth_estimation_ros.estimation.validity import Validity
from learning.pairs import Pair
import numpy as np
from scoring.costmap import CostmapEvaluation, VoxelLayer
from scoring.groups import Group
from scoring.metrics import is_far
from scoring.navigation import NavigationEvaluation
from scoring.obstacles import ObstacleEvaluation


class PublishedPrediction:
    """
    What the node would publish for a pair.

    Parameters
    ----------
    estimator : DepthEstimator
    validity : Validity
        What makes a depth known and in range.
    with_pose : bool
        Whether the pose that pairs.csv tells sets the scale, for each picture by itself.

    """

    def __init__(self, estimator: DepthEstimator, validity: Validity, with_pose: bool = True):
        self._estimator, self.validity, self._with_pose = estimator, validity, with_pose

    def __call__(self, group: Group, pair: Pair) -> np.ndarray:
        """Return the depth image, float32 (H, W), metres; NaN: unknown, infinite: out of range."""
        return self._estimator.estimate(
            pair.read_rgb(), pair.camera,
            group.record(pair).pose_above_plane if self._with_pose else None,
            validity=self.validity, want_confidence=False, want_floor=False).depth


class PublishedEvaluation:
    """
    What is published for a split, against the truth.

    Parameters
    ----------
    predict : PublishedPrediction

    Attributes
    ----------
    navigation : NavigationEvaluation
    obstacles : ObstacleEvaluation
    costmap : CostmapEvaluation

    """

    def __init__(self, predict: PublishedPrediction):
        self._predict = predict
        self.navigation = NavigationEvaluation()
        self.obstacles = ObstacleEvaluation()
        self.costmap = CostmapEvaluation(VoxelLayer.read())

    def add(self, group: Group, pair: Pair) -> None:
        """Measure what is published for a pair of a group that check_poses() found complete."""
        truth, depth = pair.read_depth(group.dataset.max_depth), self._predict(group, pair)
        height, width = truth.shape
        pose = group.record(pair).pose
        assert pair.camera is not None and pose is not None
        camera = pair.camera.resized(width, height)
        rays = level_rays(camera, pose)
        # What the truth cannot show, no prediction can be wrong about.
        depth = np.where(np.isnan(truth), truth, depth)
        self.obstacles.add(depth, truth, pose.height + truth * rays[2], camera)
        known = np.where(np.isfinite(depth), depth, np.float32(np.nan))
        self.navigation.add(Scanner(camera, pose, group.dataset.max_depth), known, truth)
        seen = np.where(is_far(truth, group.dataset.max_depth), np.float32(np.nan), truth)
        self.costmap.add(rays * known, rays * seen, pose.height)

    def summary(self) -> Dict:
        """Return what evaluate.py writes as JSON."""
        return {'validity': asdict(self._predict.validity),
                'navigation': self.navigation.summary(),
                'obstacles': self.obstacles.summary(), 'costmap': self.costmap.summary()}
