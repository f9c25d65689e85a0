"""
Score a model on a split of a dataset, or on a rosbag2 that has a depth camera's topic.

For every kind of model file: .onnx, .safetensors, and an author's .pth. A dataset's maps are
compared at 224 x 224, as in the paper, and those whose truth has gaps at their own pixels: over
all images, by kind of world (where pairs.csv tells it), by true depth and, for a folder of
datasets or several, by dataset; and, where the model tells its confidence, how far that can be
trusted. Those of a bag are compared at the depth camera's pixels, where it knows depth, which has
to be registered to the colour image (the driver's aligned topic). A relative model gets scale and
shift of each picture by its true depth, which is said; of a bag by the floor, where an option
tells the camera's pose.
"""

import argparse
from dataclasses import asdict, replace
import functools
from pathlib import Path
import sys
from typing import Dict, Sequence

from depth_estimation_ros.estimation import mount
from depth_estimation_ros.estimation.atomic_file import write_json
from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.edge_filter import EDGE_FILTERS
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.validity import PUBLISHED
from depth_estimation_ros.recordings.bag import Bag, TOLERANCE
from depth_estimation_ros.recordings.recording import RecordingError
from learning.dataset_error import DatasetError
from learning.pairs import SPLITS
from learning.progress import Progress
from scoring import bag
from scoring.groups import all_pairs, find_groups, Group
from scoring.measures import Measures
from scoring.predictions import compared_maps, MeanPrediction, ModelPrediction, Predict
from scoring.published import PublishedPrediction
from scoring.relative_depth import FITTED
from scoring.report import report

# 'mean' in place of a model file.
MEAN = 'mean'


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True,
                        help="a model file, a shipped model's name, or 'mean': the mean of the "
                             'training depth maps, which any model has to beat')
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument('--data-dir', type=Path, action='append', metavar='DIR',
                      help='a dataset, or a folder of datasets, of which those without the '
                           'split are left out; give it several times for several')
    data.add_argument('--bag', type=Path, metavar='FILE',
                      help='a bag: its folder, or its .mcap, .db3 or (ROS 1) .bag file')
    parser.add_argument('--split', choices=SPLITS, default='val')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--json', metavar='FILE', help="write the scores there ('-': print them)")
    parser.add_argument('--figures', type=Path, metavar='DIR',
                        help='draw there the best, median and worst predictions, errors over '
                             'depth, and what else is measured')
    parser.add_argument('--navigation', action='store_true',
                        help='of a dataset: compare horizontal scans of obstacles, too; needs '
                             'camera.json and pairs.csv with height, pitch and roll')
    parser.add_argument('--published', action='store_true',
                        help='of a dataset: measure what the node publishes by its defaults, too: '
                             "obstacles missed, unknown and hanging in the air, and Nav2's "
                             'costmap; needs what --navigation needs')
    parser.add_argument('--edge-filter', choices=EDGE_FILTERS, default=PUBLISHED.edge_filter,
                        help="with --published: as the node's parameter (%(default)s)")
    parser.add_argument('--edge-threshold', type=float, default=PUBLISHED.edge_threshold,
                        metavar='SHARE',
                        help="with --published: as the node's parameter (%(default)g)")
    parser.add_argument('--no-pose', dest='pose', action='store_false',
                        help='of a dataset: leave the scale to the model also where pairs.csv '
                             'tells height, pitch and roll, which set it otherwise')
    for name, what in (('image', 'colour images (raw or compressed)'),
                       ('depth', "the depth camera's images, 16UC1 (mm) or 32FC1 (m)"),
                       ('camera-info', "the colour camera's CameraInfo")):
        parser.add_argument(f'--{name}-topic', default='', metavar='TOPIC',
                            help=f'of a bag: {what}; needed where the bag has several')
    parser.add_argument('--tolerance', type=float, default=TOLERANCE, metavar='SECONDS',
                        help='of a bag: by how much the stamps of a pair may differ (%(default)s)')
    parser.add_argument('--scale', type=float, default=1.0, metavar='FACTOR',
                        help="of a bag: by which depth is multiplied, as by the node's parameter "
                             '(%(default)g)')
    mount.add_options(parser, 'of a bag: ')
    mount.add_ground_frame(parser)
    options = parser.parse_args()
    if options.bag and (options.navigation or options.published):
        parser.error('--navigation and --published need poses, which a bag has not: use them with '
                     '--data-dir')
    if options.model == MEAN and options.published:
        parser.error(f'--published needs a model that the node can run, not {MEAN}')
    if options.data_dir and (options.scale != 1.0 or options.camera_height
                             or options.ground_frame):
        parser.error('--scale, --camera-height and --ground-frame are for a camera, of which a '
                     'bag tells: use them with --bag')
    if not options.scale > 0.0:
        parser.error(f'--scale is a positive factor, not {options.scale:g}')
    options.mount = mount.from_options(parser, options, options.ground_frame)
    return options


def load(options: argparse.Namespace) -> DepthEstimator:
    """Return the model that is to be scored."""
    estimator = DepthEstimator(options.model, options.device)
    if options.published and estimator.metadata.relative:
        raise ModelFileError(f'By its defaults the node refuses {options.model}, which is '
                             'relative: leave --published out.')
    return estimator


def evaluate_dataset(options: argparse.Namespace) -> None:
    """Score a model on a split of datasets, and write what was asked for."""
    groups = find_groups(options.data_dir, options.split)
    estimator = load(options) if options.model != MEAN else None
    predict = ModelPrediction(estimator, options.pose) if estimator else MeanPrediction()
    validity = replace(PUBLISHED, edge_filter=options.edge_filter,
                       edge_threshold=options.edge_threshold)
    measures = Measures(groups, options.navigation, PublishedPrediction(
        estimator, validity, options.pose) if estimator and options.published else None)
    measure(predict, groups, measures)
    is_fitted = estimator is not None and estimator.metadata.relative
    with_pose = sum(group.record(pair).pose is not None for group, pair in all_pairs(groups))
    summary = {**measures.summary(), 'fitted_to_truth': is_fitted,
               'with_pose': with_pose if options.pose and estimator and not is_fitted else 0}
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        folders = ', '.join(map(str, options.data_dir))
        posed = f'; the pose sets the scale of {with_pose}' if summary['with_pose'] else ''
        print(f'{options.model} on {summary["n"]} pairs of {folders}, {options.split}{posed}')
        print(report(summary))
        if is_fitted:
            print(FITTED)
    if options.figures:
        # matplotlib takes a second to import.
        from scoring import split_figures
        split_figures.draw(predict, groups, measures, options.figures)
        print(f'figures: {options.figures}', file=sys.stderr)


def measure(predict: Predict, groups: Sequence[Group], measures: Measures) -> None:
    """
    Measure each pair of a split.

    Parameters
    ----------
    predict : callable
        As predictions.ModelPrediction.
    groups : sequence of Group
    measures : Measures
        To be added to.

    """
    pairs = list(all_pairs(groups))
    for group, pair in Progress(pairs, unit=' pairs', leave=False):
        measures.add(group, pair, compared_maps(predict, group, pair))


def evaluate_bag(options: argparse.Namespace) -> None:
    """Score a model on a bag, and write what was asked for."""
    if options.model == MEAN:
        raise RecordingError(f'A bag has no training depth maps, so --model {MEAN} has no mean.')
    recording = Bag(options.bag, options.image_topic, options.depth_topic,
                    options.camera_info_topic, options.tolerance, options.mount.ground_frame)
    estimator = load(options)
    predict = bag.Predictor(estimator, recording, options.scale, options.mount)
    evaluation = bag.BagEvaluation(estimator.metadata.max_depth, options.scale,
                                   predict.is_fitted)
    bag.evaluate(predict, recording, evaluation)
    is_relative = estimator.metadata.relative
    summary = bag_summary(evaluation, recording, predict.tracker, is_relative)
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        print(f'{options.model} on {summary["n"]} pairs of {options.bag}, {recording.image_topic} '
              f'and {recording.depth_topic}')
        print(bag.table(summary))
        if 'floor' in summary:
            told = ('the floor told scale and shift in {measured} of {images} images'
                    if is_relative else
                    'the floor told the scale in {measured} of {images} images: {scale:.2f} at '
                    'the end, sigma {sigma:.2f}')
            print(told.format(images=predict.tracker.measured + predict.tracker.missed,
                              **summary['floor']))
    for note in recording.notes:
        print(note, file=sys.stderr)
    if options.figures:
        from scoring import figures, plots
        images = evaluation.images
        figures.draw_extremes(
            {number: scores.abs_rel for number, scores in images.items()},
            functools.partial(bag.pair_examples, predict, recording, images),
            evaluation.max_depth, options.figures)
        if predict.tracker.is_active and not is_relative:
            figures.save(plots.scale_over_time(
                predict.followed,
                {number: scores.ratio for number, scores in images.items()}),
                options.figures / 'scale.png')
        print(f'figures: {options.figures}', file=sys.stderr)


def bag_summary(evaluation: bag.BagEvaluation, recording: Bag, tracker: ScaleTracker,
                is_relative: bool = False) -> Dict:
    """Return the scores of a bag, what they are of, and what the floor told, for JSON."""
    summary = {**evaluation.summary(), 'image_topic': recording.image_topic,
               'depth_topic': recording.depth_topic, 'notes': recording.notes}
    if tracker.is_active:
        summary['floor'] = {'camera_height': tracker.camera_height,
                            'pose': tracker.pose and asdict(tracker.pose),
                            'measured': tracker.measured, 'missed': tracker.missed}
        if not is_relative:
            summary['floor'].update(scale=tracker.scale, sigma=tracker.sigma)
    return summary


def main() -> int:
    options = parse()
    try:
        if options.bag:
            evaluate_bag(options)
        else:
            evaluate_dataset(options)
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError,
            RecordingError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
