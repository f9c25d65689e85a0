"""
What each edge filter leaves of thin obstacles and of flying points, which chose the default.

For each `edge_filter` and `edge_threshold`, over what the node would publish for a split: the
share of thin obstacles' columns that have some points in their place, and the share of all pixels
that are flying points (both as evaluate.py --published has them). A pole that is lost costs the
robot; a flying point blocks a free way.
"""

import argparse
from dataclasses import replace
from pathlib import Path
import sys
from typing import Dict, List, NamedTuple, Sequence

from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.edge_filter import EDGE_FILTERS
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.scan import level_rays
from depth_estimation_ros.estimation.validity import PUBLISHED
from learning.dataset_error import DatasetError
from learning.pairs import SPLITS
from learning.progress import Progress
from matplotlib.figure import Figure
from scoring import figures
from scoring.groups import all_pairs, find_groups, Group
from scoring.navigation import check_poses
from scoring.obstacles import ObstacleEvaluation, ObstacleScores
from scoring.published import PublishedPrediction

# Below 0.25 that of sharpen changes hardly anything.
THRESHOLDS = {'sharpen': (0.15, 0.5, 1.0), 'remove': (0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
              'off': (PUBLISHED.edge_threshold,)}
COLOURS = {'sharpen': 'tab:red', 'remove': 'tab:blue', 'off': '0.4'}


class Setting(NamedTuple):
    """An edge filter and its threshold."""

    edge_filter: str
    threshold: float


SETTINGS = [Setting(edge_filter, threshold) for edge_filter in EDGE_FILTERS
            for threshold in THRESHOLDS[edge_filter]]


def curve(estimator: DepthEstimator, groups: Sequence[Group]) -> Dict[Setting, ObstacleScores]:
    """Return what each setting leaves of the obstacles of a split."""
    evaluations = {setting: ObstacleEvaluation() for setting in SETTINGS}
    for group, pair in Progress(list(all_pairs(groups)), unit=' pairs', leave=False):
        truth, pose = pair.read_depth(group.dataset.max_depth), group.record(pair).pose
        assert pair.camera is not None and pose is not None
        camera = pair.camera.resized(*truth.shape[::-1])
        up = pose.height + truth * level_rays(camera, pose)[2]
        for setting, evaluation in evaluations.items():
            predict = PublishedPrediction(estimator, replace(
                PUBLISHED, edge_filter=setting.edge_filter, edge_threshold=setting.threshold))
            evaluation.add(predict(group, pair), truth, up, camera)
    return {setting: evaluation.scores() for setting, evaluation in evaluations.items()}


def draw(scores: Dict[Setting, ObstacleScores], title: str) -> Figure:
    """Draw the curves, in per cent; the default is ringed."""
    figure = Figure(figsize=(5.6, 4.0), layout='constrained')
    axis = figure.subplots()
    for edge_filter in EDGE_FILTERS:
        points = {setting.threshold: (100 * each.flying, 100 * (each.thin_recall or 0.0))
                  for setting, each in scores.items() if setting.edge_filter == edge_filter}
        axis.plot(*zip(*points.values()), 'o-', color=COLOURS[edge_filter], markersize=4,
                  label=edge_filter)
        for threshold, point in points.items():
            if edge_filter != 'off':
                axis.annotate(f'{threshold:g}', point, (6, -9), textcoords='offset points',
                              fontsize='small')
    chosen = scores[Setting(PUBLISHED.edge_filter, PUBLISHED.edge_threshold)]
    axis.plot(100 * chosen.flying, 100 * (chosen.thin_recall or 0.0), 'o', markersize=11,
              markerfacecolor='none', markeredgecolor='black')
    axis.set(xlabel='flying points (% of all pixels)', xlim=(0, None), ylim=(0, None),
             ylabel='columns of thin obstacles found (%)')
    axis.legend(title='edge_filter', loc='best')
    axis.grid(alpha=0.3)
    axis.set_title(title, fontsize='medium')
    return figure


def main(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(
        prog='experiment.py edge_curve', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='compact',
                        help='a model file, or the name of a shipped model')
    parser.add_argument('--data-dir', type=Path, action='append', required=True, metavar='DIR',
                        help='a dataset with camera.json, and pairs.csv with height, pitch and '
                             'roll; several times for several')
    parser.add_argument('--split', choices=SPLITS, default='val',
                        help='val to choose by; never choose by test')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--out', type=Path, required=True, help='the PNG to write')
    options = parser.parse_args(arguments)
    try:
        groups = find_groups(options.data_dir, options.split)
        for group in groups:
            check_poses(group)
        scores = curve(DepthEstimator(options.model, options.device), groups)
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError) as error:
        print(f'edge_curve: {error}', file=sys.stderr)
        return 1
    print(f'{"edge_filter":<12}{"threshold":>10}{"flying":>9}{"thin found":>12}'
          f'{"thin unknown":>14}')
    for setting, each in scores.items():
        print(f'{setting.edge_filter:<12}{setting.threshold:>10g}{each.flying:>9.1%}'
              f'{each.thin_recall or 0.0:>12.1%}{each.thin_unknown or 0.0:>14.1%}')
    count = sum(len(group.dataset) for group in groups)
    figures.save(draw(scores, f'{Path(options.model).stem}, {count} pictures'), options.out)
    print(options.out)
    return 0
