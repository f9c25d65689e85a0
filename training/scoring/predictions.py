"""Predictions of a split, and the maps that are compared with the truth."""

from typing import Callable, Dict, NamedTuple, Optional, Tuple

from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.scale import ScaleTracker
from learning.dataset import DepthDataset
from learning.pairs import Pair
import numpy as np
from scoring.groups import Group
from scoring.relative_depth import fitted_depth, relative_output

# The group, and one of its pairs -> depth up to the dataset's greatest.
Predict = Callable[[Group, Pair], Estimate]


class ModelPrediction:
    """
    What a model predicts for a pair, from its picture, its camera and its pose.

    Parameters
    ----------
    estimator : DepthEstimator
    with_pose : bool
        Whether the pose that pairs.csv tells sets the scale, for each picture by itself. Of a
        relative model, the true depth sets scale and shift of each picture in any case.

    """

    def __init__(self, estimator: DepthEstimator, with_pose: bool = True):
        self._estimator, self._with_pose = estimator, with_pose

    def __call__(self, group: Group, pair: Pair) -> Estimate:
        """Predict a pair; depth beyond what the model knows is at the greatest depth."""
        camera, max_depth = pair.camera, group.dataset.max_depth
        if self._estimator.metadata.relative:
            truth = pair.read_depth(max_depth)
            output = resize(relative_output(self._estimator, pair.read_rgb()), truth.shape[1],
                            truth.shape[0])
            return Estimate(fitted_depth(output, truth, max_depth), None)
        tracker = ScaleTracker()
        depth, confidence, _ = self._estimator.estimate(
            pair.read_rgb(), camera, group.record(pair).pose_above_plane if self._with_pose else
            None, tracker=tracker, size='network')
        # Training clipped depth: what the model puts there, in metres of this camera, is the sky.
        clipped = (self._estimator.metadata.max_depth * self._estimator.focal_scale(camera)
                   * tracker.scale)
        depth[depth >= 0.999 * clipped] = max_depth
        return Estimate(depth.clip(max=max_depth), confidence)


class MeanPrediction:
    """The mean of a dataset's training depth maps, whatever the picture shows."""

    def __init__(self):
        self._means: Dict[str, np.ndarray] = {}

    def __call__(self, group: Group, pair: Pair) -> Estimate:
        """Return the mean depth map of the pair's dataset."""
        if group.name not in self._means:
            self._means[group.name] = DepthDataset(group.root, 'train').in_metres().mean_depth()
        return Estimate(self._means[group.name], None)


class ComparedMaps(NamedTuple):
    """
    What is compared of a pair, all float32 (H, W).

    Attributes
    ----------
    prediction : metres
    confidence : 0 to 1, or None
    truth : metres, NaN where it is unknown

    """

    prediction: np.ndarray
    confidence: Optional[np.ndarray]
    truth: np.ndarray


def compared_maps(predict: Predict, group: Group, pair: Pair) -> ComparedMaps:
    """Predict a pair, and bring the prediction and the truth to one size."""
    truth = pair.read_depth(group.dataset.max_depth)
    height, width = compared_size(truth, group.dataset.input_size)
    prediction, confidence, _ = predict(group, pair)
    return ComparedMaps(
        resize(prediction, width, height),
        None if confidence is None else resize(confidence, width, height),
        resize(truth, width, height))


def compared_size(truth: np.ndarray, paper_size: Tuple[int, int]) -> Tuple[int, int]:
    """
    Return the height and width at which a pair is compared.

    A truth that is known everywhere, as a renderer's, is compared at the paper's 224 x 224. One
    with gaps, as a depth camera's or a lidar's, is compared at its own pixels: resizing it would
    average depths on both sides of a gap, which nobody measured, or lose single lidar points.
    """
    return truth.shape if np.isnan(truth).any() else paper_size
