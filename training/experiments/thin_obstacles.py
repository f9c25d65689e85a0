"""
What finding thin obstacles costs: how many each model finds, over its network's time.

For each model, what the node would publish for a split with its defaults: the share of thin
obstacles' columns that have some points in their place (as evaluate.py --published has it), over
the milliseconds of the network alone. Models take turns, so that their times compare. `export.py
--input-size` makes models of one network at several sizes.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
import sys
from typing import Dict, List, Sequence

from benchmarking.timing import take_turns
from depth_estimation_ros.estimation.backends import DeviceError
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.validity import PUBLISHED
from learning.dataset_error import DatasetError
from learning.pairs import SPLITS
from learning.progress import Progress
from matplotlib.figure import Figure
import numpy as np
from scoring import figures
from scoring.groups import all_pairs, find_groups, Group
from scoring.navigation import check_poses
from scoring.obstacles import ObstacleScores
from scoring.published import PublishedEvaluation, PublishedPrediction


@dataclass(frozen=True)
class Row:
    """What a model finds, and what it takes."""

    name: str
    ms: float
    obstacles: ObstacleScores
    missed: float


def measure(estimator: DepthEstimator, groups: Sequence[Group]) -> PublishedEvaluation:
    """Return what is published for all pairs of groups whose poses are known."""
    evaluation = PublishedEvaluation(PublishedPrediction(estimator, PUBLISHED))
    for group, pair in Progress(list(all_pairs(groups)), unit=' pairs', leave=False):
        evaluation.add(group, pair)
    return evaluation


def times(estimators: Dict[str, DepthEstimator], rounds: int) -> Dict[str, float]:
    """Return the median milliseconds of each model's network, which take turns."""
    calls = {}
    for name, estimator in estimators.items():
        image = np.zeros((*estimator.metadata.input_size, 3), np.uint8)
        calls[name] = lambda run=estimator.backend.run, image=image: run(image)
    return {name: each.p50 for name, each in take_turns(calls, rounds).items()}


def draw(rows: Sequence[Row], title: str) -> Figure:
    """Draw each model as a point, in milliseconds and per cent."""
    figure = Figure(figsize=(5.6, 4.0), layout='constrained')
    axis = figure.subplots()
    for row in rows:
        point = row.ms, 100 * (row.obstacles.thin_recall or 0.0)
        axis.plot(*point, 'o', color='tab:red', markersize=5)
        axis.annotate(row.name, point, (2, 7), textcoords='offset points', fontsize='small',
                      rotation=30)
    # Room for the names.
    axis.set(xlabel='the network alone (ms)', xlim=(0, 1.4 * max(row.ms for row in rows)),
             ylim=(0, 150 * max(row.obstacles.thin_recall or 0.01 for row in rows)),
             ylabel='columns of thin obstacles found (%)')
    axis.grid(alpha=0.3)
    axis.set_title(title, fontsize='medium')
    return figure


def main(arguments: List[str]) -> int:
    parser = argparse.ArgumentParser(
        prog='experiment.py thin_obstacles', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', action='append', required=True,
                        help='a model file, or the name of a shipped model; several times for '
                             'several')
    parser.add_argument('--data-dir', type=Path, action='append', required=True, metavar='DIR',
                        help='a dataset with camera.json, and pairs.csv with height, pitch and '
                             'roll; several times for several')
    parser.add_argument('--split', choices=SPLITS, default='val',
                        help='val to choose by; never choose by test')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=200, help='of timing (%(default)s)')
    parser.add_argument('--out', type=Path, required=True, help='the PNG to write')
    options = parser.parse_args(arguments)
    try:
        groups = find_groups(options.data_dir, options.split)
        for group in groups:
            check_poses(group)
        estimators = {Path(model).stem: DepthEstimator(model, 'cpu', threads=options.threads)
                      for model in options.model}
        found = {name: measure(estimator, groups) for name, estimator in estimators.items()}
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError) as error:
        print(f'thin_obstacles: {error}', file=sys.stderr)
        return 1
    milliseconds = times(estimators, options.rounds)
    rows = [Row(name, milliseconds[name], each.obstacles.scores(),
                each.navigation.summary()['within_3m']['missed'] or 0.0)
            for name, each in found.items()]
    print(f'{"model":<28}{"network":>10}{"thin found":>12}{"thin right":>12}{"near right":>12}'
          f'{"missed":>9}{"flying":>9}')
    for row in rows:
        each = row.obstacles
        print(f'{row.name:<28}{row.ms:>7.1f} ms{each.thin_recall or 0.0:>12.1%}'
              f'{each.thin_right or 0.0:>12.1%}{each.near_right or 0.0:>12.1%}'
              f'{row.missed:>9.1%}{each.flying:>9.1%}')
    count = sum(len(group.dataset) for group in groups)
    figures.save(draw(rows, f'{count} pictures'), options.out)
    print(options.out)
    return 0
