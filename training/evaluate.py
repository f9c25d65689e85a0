"""
Score a model on a split of a dataset, or on a rosbag2 that has a depth camera's topic.

For every kind of model file: .onnx, .safetensors, and an author's .pth. All maps of a dataset are
compared at 224 x 224, as in the paper: over all images, by kind of world (where pairs.csv tells
it) and by true depth; and, where the model tells its confidence, how far that can be trusted.
Those of a bag are compared at the depth camera's pixels, where it knows depth, which has to be
registered to the colour image (the driver's aligned topic).
"""

import argparse
import functools
from pathlib import Path
import sys
from typing import Callable, Dict, Optional, Set

from depth_estimation_ros.estimation.backends import DeviceError, DEVICES, Estimate
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.recordings.bag import BagRecording, TOLERANCE
from depth_estimation_ros.recordings.recording import RecordingError
from learning.dataset import DatasetError, DepthDataset, SPLITS
import numpy as np
from scoring import bag
from scoring.measures import Measures
from scoring.metrics import Evaluation
from scoring.navigation import NavigationEvaluation
from scoring.report import report, write_json

# 'mean' in place of a model file.
MEAN = 'mean'


def evaluate(predict: Callable, dataset: DepthDataset, measures: Measures,
             progress: bool = True) -> None:
    """
    Measure each pair of a split.

    Parameters
    ----------
    predict : callable
        As predictor() returns it.
    dataset : DepthDataset
    measures : Measures
        To be added to.
    progress : bool
        Whether to count on a terminal.

    """
    for index, pair in enumerate(dataset.pairs):
        truth = pair.read_depth(dataset.max_depth)
        prediction, confidence = predict(pair.read_rgb())
        measures.add(pair.name, _resized(prediction, dataset), _resized(confidence, dataset),
                     _resized(truth, dataset))
        if progress:
            print(f'\r{index + 1}/{len(dataset)}', end='', file=sys.stderr, flush=True)
    if progress:
        print('\r', end='', file=sys.stderr)


def _resized(depth: Optional[np.ndarray], dataset: DepthDataset) -> Optional[np.ndarray]:
    """Return a map at the size at which all are compared."""
    height, width = dataset.input_size
    return None if depth is None else resize(depth, width, height)


def predictor(model: str, device: str, dataset: DepthDataset) -> Callable:
    """
    Return what predicts depth from a picture: a model, or the mean training depth map.

    Returns
    -------
    callable
        uint8 (H, W, 3) RGB at the stored size -> Estimate.

    """
    if model == MEAN:
        mean = DepthDataset(dataset.roots, 'train').mean_depth()
        return lambda rgb: Estimate(mean, None)
    estimator = DepthEstimator(model, device)
    camera = dataset.intrinsics

    def predict(rgb):
        # The model's horizon through this lens: what it sees there, it sees as sky.
        horizon = estimator.metadata.max_depth * estimator.focal_scale(camera)
        depth, confidence = estimator.estimate(rgb, camera, size='network')
        depth[depth >= 0.999 * horizon] = dataset.max_depth
        return Estimate(depth.clip(max=dataset.max_depth), confidence)
    return predict


def draw_extremes(errors: Dict[int, float], examples: Callable, max_depth: float, folder: Path,
                  count: int = 4) -> None:
    """
    Draw the best, median and worst predictions, one PNG each.

    Parameters
    ----------
    errors : dict
        By which they are ordered, by the number of the pair.
    examples : callable
        A set of numbers of pairs -> {number: figures.Example}.
    max_depth : float
        At which the scale of depth ends, metres.
    folder : Path
    count : int
        How many of each are drawn, at most.

    """
    from scoring import figures
    order = sorted(errors, key=errors.get)
    count = min(count, len(order))
    middle = (len(order) - count) // 2
    chosen = {'best': order[:count], 'median': order[middle:middle + count],
              'worst': order[::-1][:count]}
    drawn = examples(set().union(*chosen.values()))
    for name, numbers in chosen.items():
        figures.save(figures.draw([drawn[number] for number in numbers], max_depth),
                     folder / f'{name}.png')


def pair_examples(predict: Callable, dataset: DepthDataset, images: Evaluation,
                  numbers: Set[int]) -> Dict:
    """Return the figures.Example of pairs of a split, by their numbers."""
    from scoring import figures
    found = {}
    for number in numbers:
        rgb, truth, _ = dataset[number]
        pair, error = dataset.pairs[number], images.images[number].rmse
        found[number] = figures.Example(rgb, truth, predict(pair.read_rgb())[0],
                                        f'{pair.name}\nRMSE {error:.2f} m')
    return found


def draw_measures(measures: Measures, folder: Path) -> None:
    """Draw errors over depth and, where the model tells it, confidence; one PNG each."""
    from scoring import figures, plots
    drawn = {'error_over_depth': plots.error_over_depth(measures.depths),
             'reliability': plots.reliability(measures.depths)}
    if measures.confidence:
        drawn['risk_coverage'] = plots.risk_coverage(measures.confidence)
        drawn['calibration'] = plots.calibration(measures.confidence)
    for name, figure in drawn.items():
        figures.save(figure, folder / f'{name}.png')


def draw_scans(predict: Callable, dataset: DepthDataset, navigation: NavigationEvaluation,
               folder: Path, count: int = 4) -> None:
    """Draw the scans of a few pairs from all over the split, as scans.png."""
    from scoring import figures, plots
    examples = []
    for index in np.unique(np.linspace(0, len(dataset) - 1, count).round().astype(int)):
        pair = dataset.pairs[index]
        rgb, (_, truth, _) = pair.read_rgb(), dataset[index]
        scanner = navigation.scanner(pair.name)
        prediction = _resized(predict(rgb)[0], dataset)
        examples.append(plots.ScanExample(rgb, scanner.bearings, scanner.scan(truth),
                                          scanner.scan(prediction), pair.name))
    figures.save(plots.scans(examples), folder / 'scans.png')


def evaluate_bag(options: argparse.Namespace) -> None:
    """Score a model on a bag, and write what was asked for."""
    if options.model == MEAN:
        raise RecordingError(f'A bag has no training depth maps, so --model {MEAN} has no mean.')
    recording = BagRecording(options.bag, options.image_topic, options.depth_topic,
                             options.camera_info_topic, options.tolerance)
    estimator = DepthEstimator(options.model, options.device)
    predict = bag.Predictor(estimator, recording, options.scale, options.camera_height)
    evaluation = bag.BagEvaluation(estimator.metadata.max_depth, options.scale)
    bag.evaluate(predict, recording, evaluation, progress=sys.stderr.isatty())
    ground = predict.ground
    summary = {**evaluation.summary(), 'image_topic': recording.image_topic,
               'depth_topic': recording.depth_topic, 'notes': recording.notes}
    if ground.camera_height:
        summary['ground'] = {'camera_height': ground.camera_height, 'scale': ground.scale,
                             'seen': ground.seen, 'missed': ground.missed}
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        print(f'{options.model} on {summary["n"]} pairs of {options.bag}, {recording.image_topic} '
              f'and {recording.depth_topic}')
        print(bag.table(summary))
        if ground.camera_height:
            print(f'the ground was seen in {ground.seen} of {ground.seen + ground.missed} images, '
                  f'and at the end said {ground.scale:.2f}')
    for note in recording.notes:
        print(note, file=sys.stderr)
    if options.figures:
        images = evaluation.images
        draw_extremes({number: scores.abs_rel for number, scores in images.items()},
                      functools.partial(bag.pair_examples, predict, recording, images),
                      evaluation.max_depth, options.figures)
        print(f'figures: {options.figures}', file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True,
                        help="a model file, a shipped model's name, or 'mean': the mean of the "
                             'training depth maps, which any model has to beat')
    data = parser.add_mutually_exclusive_group(required=True)
    data.add_argument('--data-dir', type=Path)
    data.add_argument('--bag', type=Path, metavar='FILE',
                      help='a rosbag2: its folder, or its .mcap or .db3 file')
    parser.add_argument('--split', choices=SPLITS, default='val')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--json', metavar='FILE', help="write the scores there ('-': print them)")
    parser.add_argument('--figures', type=Path, metavar='DIR',
                        help='draw there the best, median and worst predictions, errors over '
                             'depth, and what else is measured')
    parser.add_argument('--navigation', action='store_true',
                        help='of a dataset: compare horizontal scans of obstacles, too; needs '
                             'camera.json and pairs.csv with height, pitch and roll')
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
    parser.add_argument('--camera-height', type=float, default=0.0, metavar='METRES',
                        help='of a bag: of the camera above the ground, by which depth is '
                             "corrected as by the node's parameter (0: unknown)")
    options = parser.parse_args()
    if options.bag and options.navigation:
        parser.error('--navigation needs poses, which a bag has not: use it with --data-dir')
    if options.data_dir and (options.scale != 1.0 or options.camera_height):
        parser.error('--scale and --camera-height are for a camera, of which a bag tells: use '
                     'them with --bag')
    if not options.scale > 0.0:
        parser.error(f'--scale is a positive factor, not {options.scale:g}')
    if options.camera_height < 0.0:
        parser.error(f'--camera-height is in metres, not {options.camera_height:g}')
    try:
        if options.bag:
            evaluate_bag(options)
            return 0
        dataset = DepthDataset(options.data_dir, options.split)
        measures = Measures(dataset, options.navigation)
        predict = predictor(options.model, options.device, dataset)
        evaluate(predict, dataset, measures, progress=sys.stderr.isatty())
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError,
            RecordingError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 1
    summary = measures.summary()
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        print(f'{options.model} on {summary["n"]} pairs of {options.data_dir}, {options.split}')
        print(report(summary))
    if options.figures:
        errors = {number: scores.rmse for number, scores in enumerate(measures.images.images)}
        draw_extremes(errors, functools.partial(pair_examples, predict, dataset, measures.images),
                      dataset.max_depth, options.figures)
        draw_measures(measures, options.figures)
        if measures.navigation:
            draw_scans(predict, dataset, measures.navigation, options.figures)
        print(f'figures: {options.figures}', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
