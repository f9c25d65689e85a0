"""
Show how far a model's depth can be trusted with another camera than that it was trained with.

    python training/experiment.py field_of_view --model compact --data-dir data/fov

The folder holds one dataset for each field of view, of the same places: made by
render_worlds.py with --fov and one --seed. For the same picture depth is proportional to the focal
length, so with the camera's focal length known, the ratio of predicted to true depth should stay
what it is at the training camera's field of view.

A picture of other proportions is stretched to the network's input. Pictures of the training
camera are cut to such proportions, and what the model makes of a part is compared with what it
makes of the same pixels in the whole.
"""

import argparse
import math
from pathlib import Path
import sys
from typing import List

from depth_estimation_ros.estimation.atomic_file import write_json
from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.geometry import centre_crop, IntrinsicsError, VERTICAL
from depth_estimation_ros.estimation.model_file import ModelFileError
from learning.dataset import DepthDataset, resize_depth
from learning.dataset_error import DatasetError
from learning.pairs import SPLITS
import numpy as np

# Metres: nearer than the model's horizon (0.7 x 20 m through a lens of 110 degrees), with room for
# a prediction that is too far.
FARTHEST = 11.0
TOLERANCE = 0.1
ASPECTS = {'1:1': 1.0, '4:3': 4 / 3, '3:2': 3 / 2, '16:9': 16 / 9, '21:9': 21 / 9}


def median_ratio(estimator, dataset, scaled):
    """
    Return the median of predicted over true depth, over the pixels of a dataset.

    Parameters
    ----------
    estimator : DepthEstimator
    dataset : DepthDataset
        With its camera.json.
    scaled : bool
        Whether the estimator is told the focal length.

    """
    height, width = dataset.input_size
    ratios = []
    for pair in dataset.pairs:
        truth = resize_depth(pair.read_depth(dataset.max_depth), width, height)
        depth = estimator.estimate(pair.read_rgb(), pair.camera, size='network',
                                   focal_scaling=scaled).depth
        known = (truth > 0) & (truth < FARTHEST)
        ratios.append((resize(depth, width, height) / np.maximum(truth, 1e-3))[known])
    return float(np.median(np.concatenate(ratios)))


def measure(estimator, folder, split):
    """
    Return the datasets and the median ratio for each field of view.

    Returns
    -------
    roots : dict of float to Path
        By horizontal field of view in degrees.
    found : dict of float to {'scaled': float, 'unscaled': float}
        The same, the narrowest first.

    """
    by_angle, found = {}, {}
    roots = sorted(path for path in Path(folder).glob('*') if path.is_dir())
    if not roots:
        raise DatasetError(folder, ['it holds no dataset: there must be one in it for each field '
                                    'of view'])
    for root in roots:
        dataset = DepthDataset(root, split)
        if dataset.intrinsics is None:
            raise DatasetError(root, ['it has no camera.json, so its field of view is unknown'])
        camera = dataset.intrinsics
        angle = math.degrees(2 * math.atan(camera.width / 2 / camera.fx))
        by_angle[round(angle, 1)] = root
        found[round(angle, 1)] = {name: median_ratio(estimator, dataset, name == 'scaled')
                                  for name in ('scaled', 'unscaled')}
    return by_angle, dict(sorted(found.items()))


def usual(found):
    """Return the field of view nearest 90 degrees."""
    return min(found, key=lambda angle: abs(angle - 90.0))


def measure_aspects(estimator, root, split):
    """
    Return how depth changes with the proportions of a picture.

    Returns
    -------
    dict of str to {'scaled': float, 'unscaled': float}
        By width : height, the median of the ratio of what is predicted for a part that is cut
        out to what is predicted for it in the whole picture: with the estimator's correction, and
        with that for the focal length alone; of a model with rays, told the part's camera, and
        not told it.

    """
    dataset = DepthDataset(root, split)
    rays = estimator.metadata.rays
    ratios = {name: {'scaled': [], 'unscaled': []} for name in ASPECTS}
    for pair in dataset.pairs:
        rgb, truth = pair.read_rgb(), pair.read_depth(dataset.max_depth)
        whole = estimator.estimate(rgb, pair.camera).depth
        for name, aspect in ASPECTS.items():
            left, top, width, height = centre_crop(rgb.shape[1], rgb.shape[0], aspect)
            part = slice(top, top + height), slice(left, left + width)
            known = truth[part] < FARTHEST
            for told in ('scaled', 'unscaled'):
                depth = estimator.estimate(
                    rgb[part], pair.camera.cropped(left, top, width, height),
                    focal_scaling=told == 'scaled' or not rays).depth
                ratios[name][told].append((depth / whole[part])[known])
    found = {name: {told: float(np.median(np.concatenate(values)))
                    for told, values in each.items()} for name, each in ratios.items()}
    if not rays:
        for name, aspect in ASPECTS.items():
            found[name]['unscaled'] /= (aspect / estimator.metadata.aspect) ** VERTICAL
    return found


def relative(found):
    """Return the same with each ratio relative to that of the field of view nearest 90 degrees."""
    reference = found[usual(found)]
    return {angle: {name: ratio / reference[name] for name, ratio in ratios.items()}
            for angle, ratios in found.items()}


def draw(found, aspects, path):
    """Draw what relative() and measure_aspects() return, as a PNG."""
    from matplotlib.figure import Figure
    from scoring import figures
    figure = Figure(figsize=(10, 4.2), layout='constrained')
    lenses, shapes = figure.subplots(1, 2, sharey=True)
    for name, label in (('scaled', 'the camera known'), ('unscaled', 'the camera not known')):
        lenses.plot(list(found), [ratios[name] for ratios in found.values()], 'o-', label=label)
    for name, label in (('scaled', 'the camera known'),
                        ('unscaled', 'how it is stretched not known')):
        shapes.plot(list(aspects), [ratios[name] for ratios in aspects.values()], 'o-',
                    label=label)
    for axis in (lenses, shapes):
        axis.axhspan(1 - TOLERANCE, 1 + TOLERANCE, alpha=0.15)
        axis.grid(alpha=0.3)
        axis.legend()
    lenses.set_xlabel('horizontal field of view (degrees)')
    lenses.set_ylabel('predicted / true depth, relative to 90 degrees')
    shapes.set_xlabel('proportions of the picture')
    shapes.set_ylabel('predicted depth, relative to the whole picture')
    figures.save(figure, path)


def main(arguments: List[str]) -> int:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(
        prog='experiment.py field_of_view', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True, help="a model file, or a shipped model's name")
    parser.add_argument('--data-dir', type=Path, required=True,
                        help='a folder with a dataset for each field of view')
    parser.add_argument('--split', choices=SPLITS, default='test')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--json', metavar='FILE', help="write the ratios there ('-': print them)")
    parser.add_argument('--figure', type=Path, metavar='FILE', help='draw the curve there (PNG)')
    options = parser.parse_args(arguments)
    try:
        estimator = DepthEstimator(options.model, options.device)
        roots, found = measure(estimator, options.data_dir, options.split)
        aspects = measure_aspects(estimator, roots[usual(found)], options.split)
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError) as error:
        print(f'field_of_view: {error}', file=sys.stderr)
        return 1
    if options.json:
        write_json({'median_ratio': found, 'relative': relative(found), 'aspect': aspects},
                   options.json)
    if options.json != '-':
        print('degrees  predicted / true  relative to 90  camera unknown')
        for angle, ratios in relative(found).items():
            print(f'{angle:7.1f}{found[angle]["scaled"]:18.3f}{ratios["scaled"]:16.3f}'
                  f'{ratios["unscaled"]:17.3f}')
        print('\n  shape  relative to the whole  camera unknown')
        for name, ratios in aspects.items():
            print(f'{name:>7}{ratios["scaled"]:23.3f}{ratios["unscaled"]:20.3f}')
    if options.figure:
        draw(relative(found), aspects, options.figure)
    return 0
