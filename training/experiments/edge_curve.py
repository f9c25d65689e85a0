"""
What the edge filter removes and what it costs, from which its default was chosen.

Both maps are compared at the network's input size. Depth that lies beyond the model's range is
no point, and isn't counted. A predicted point is

- flying where it belongs to no surface: its depth is more than 10 % and more than 0.2 m from
  every true depth in its 5 x 5 neighbourhood, which holds a true discontinuity (farthest more
  than 1.25 times and 0.4 m beyond nearest), and it hangs between the nearest and the farthest of
  them;
- good where it lies on a surface: within 10 % or 0.2 m of a true depth in its 5 x 5
  neighbourhood.

What is neither is a surface at a wrong distance, which no edge filter can find. The curve shows,
for each threshold, the share of the flying points that the filter removes and the share of the
good points that it removes with them. A good point counts as two flying ones: an obstacle that is
not seen is worse than one that is not there. The threshold with the largest difference is marked.
"""

import argparse
from pathlib import Path
import sys
from typing import List, NamedTuple, Tuple

import cv2
from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.edge_filter import on_edge
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.validity import HORIZON
from learning.dataset import DepthDataset
from learning.dataset_error import DatasetError
from learning.pairs import SPLITS
from matplotlib.figure import Figure
import numpy as np
from scoring import figures

THRESHOLDS = (0.03, 0.05, 0.07, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1.0)
WINDOW = 5
RELATIVE, ABSOLUTE = 0.1, 0.2  # a point this near to a surface (share, metres) is on it
STEP_RATIO, STEP_METRES = 1.25, 0.4  # a true discontinuity
GOOD_POINT = 2.0  # worth of a good point in flying ones


class Points(NamedTuple):
    """Which pixels of a depth map are good points and which fly; bool (H, W) each."""

    good: np.ndarray
    flying: np.ndarray


class Removed(NamedTuple):
    """Shares of points that a threshold removes."""

    threshold: float
    flying: float
    good: float


def classify(prediction: np.ndarray, truth: np.ndarray, horizon: float) -> Points:
    """
    Tell good points from flying ones, as the module's docstring defines them.

    Parameters
    ----------
    prediction, truth : float32 (H, W), metres
    horizon : float
        Metres beyond which a prediction is no point.

    """
    window = np.ones((WINDOW, WINDOW), np.uint8)
    nearest, farthest = cv2.erode(truth, window), cv2.dilate(truth, window)
    border = WINDOW // 2
    padded = cv2.copyMakeBorder(truth, *(border,) * 4, cv2.BORDER_REPLICATE)
    height, width = truth.shape
    on_surface = np.zeros(truth.shape, bool)
    for top in range(WINDOW):
        for left in range(WINDOW):
            near = padded[top:top + height, left:left + width]
            on_surface |= np.abs(prediction - near) <= np.maximum(RELATIVE * near, ABSOLUTE)
    steps = (farthest > STEP_RATIO * nearest) & (farthest - nearest > STEP_METRES)
    between = (nearest < prediction) & (prediction < farthest)
    points = prediction <= horizon
    return Points(points & on_surface, points & steps & between & ~on_surface)


def curve(estimator: DepthEstimator, dataset: DepthDataset) -> Tuple[List[Removed], Points]:
    """Return what each threshold removes, and the shares of all pixels that are points."""
    height, width = estimator.metadata.input_size
    counts = np.zeros((len(THRESHOLDS), 2))
    shares = np.zeros(2)
    for pair in dataset.pairs:
        rgb = pair.read_rgb()
        prediction = estimator.estimate(rgb, pair.camera, size='network').depth
        ratio = estimator.focal_scale(pair.camera)
        # Not interpolated: that would make flying points of the truth.
        truth = cv2.resize(pair.read_depth(dataset.max_depth), (width, height),
                           interpolation=cv2.INTER_NEAREST)
        points = classify(prediction, truth, ratio * HORIZON * estimator.metadata.max_depth)
        shares += [each.mean() / len(dataset) for each in points]
        for index, threshold in enumerate(THRESHOLDS):
            edge = on_edge(prediction, threshold)
            counts[index] += [np.mean(edge & each) / len(dataset) for each in points]
    return [Removed(threshold, flying, good) for threshold, (good, flying)
            in zip(THRESHOLDS, (counts / shares).tolist())], Points(*shares)


def best(removed: List[Removed]) -> Removed:
    """Return the threshold that removes most flying points for the good ones that it costs."""
    return max(removed, key=lambda each: each.flying - GOOD_POINT * each.good)


def draw(removed: List[Removed], title: str) -> Figure:
    """Draw the curve, in per cent."""
    figure = Figure(figsize=(5.6, 4.0), layout='constrained')
    axis = figure.subplots()
    axis.plot([100 * each.good for each in removed], [100 * each.flying for each in removed],
              'o-', color='0.4', markersize=4)
    for each in removed:
        axis.annotate(f'{each.threshold:g}', (100 * each.good, 100 * each.flying),
                      (6, -9), textcoords='offset points', fontsize='small')
    chosen = best(removed)
    axis.plot(100 * chosen.good, 100 * chosen.flying, 'o', color='tab:red', markersize=9)
    axis.set_xlabel('good points removed (%)')
    axis.set_ylabel('flying points removed (%)')
    axis.set_xlim(left=0)
    axis.set_ylim(0, 100)
    axis.grid(alpha=0.3)
    axis.set_title(title, fontsize='medium')
    return figure


def main(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(
        prog='experiment.py edge_curve', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='compact',
                        help='a model file, or the name of a shipped model')
    parser.add_argument('--data-dir', type=Path, required=True)
    parser.add_argument('--split', choices=SPLITS, default='val',
                        help='val to choose by; never choose by test')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--out', type=Path, required=True, help='the PNG to write')
    options = parser.parse_args(arguments)
    try:
        dataset = DepthDataset(options.data_dir, options.split).in_metres()
        removed, shares = curve(DepthEstimator(options.model, options.device), dataset)
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError) as error:
        print(f'edge_curve: {error}', file=sys.stderr)
        return 1
    print(f'{options.model} on {len(dataset)} pairs of {options.data_dir}, {options.split}: '
          f'{shares.flying:.1%} of the pixels fly, {shares.good:.1%} are good points')
    print(f'{"edge_filter":>12}{"flying removed":>16}{"good removed":>14}')
    for each in removed:
        mark = '  <- best' if each == best(removed) else ''
        print(f'{each.threshold:>12g}{each.flying:>16.1%}{each.good:>14.1%}{mark}')
    figures.save(draw(removed, f'edge_filter, {Path(options.model).stem}'), options.out)
    print(options.out)
    return 0
