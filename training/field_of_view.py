#!/usr/bin/env python3
"""
Show how far a model's depth can be trusted through another lens than that it was trained with.

    python training/field_of_view.py --model compact --data-dir data/fov

The folder holds one dataset for each field of view, of the same places: made by
render_worlds.py with --fov and one --seed. For the same picture depth is proportional to the focal
length, so with the camera's focal length known, the ratio of predicted to true depth should stay
what it is at the training camera's field of view.
"""

import argparse
import math
from pathlib import Path
import sys

from dataset import DatasetError, DepthDataset, SPLITS
from depth_estimation_ros.backends import DeviceError, DEVICES
from depth_estimation_ros.estimator import DepthEstimator, resize
from depth_estimation_ros.geometry import IntrinsicsError
from depth_estimation_ros.model_file import ModelFileError
from evaluate import write_json
import numpy as np

# Metres: nearer than the model's horizon (0.7 x 20 m through a lens of 110 degrees), with room for
# a prediction that is too far.
FARTHEST = 11.0
TOLERANCE = 0.1


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
        truth = resize(pair.read_depth(dataset.max_depth), width, height)
        depth = estimator.estimate(pair.read_rgb(), dataset.intrinsics.fx if scaled else None,
                                   size='network').depth
        known = (truth > 0) & (truth < FARTHEST)
        ratios.append((resize(depth, width, height) / np.maximum(truth, 1e-3))[known])
    return float(np.median(np.concatenate(ratios)))


def measure(estimator, folder, split):
    """
    Return the median ratio for each field of view.

    Returns
    -------
    dict of float to {'scaled': float, 'unscaled': float}
        By horizontal field of view in degrees, the narrowest first.

    """
    found = {}
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
        found[round(angle, 1)] = {name: median_ratio(estimator, dataset, name == 'scaled')
                                  for name in ('scaled', 'unscaled')}
    return dict(sorted(found.items()))


def relative(found):
    """Return the same with each ratio relative to that of the field of view nearest 90 degrees."""
    usual = found[min(found, key=lambda angle: abs(angle - 90.0))]
    return {angle: {name: ratio / usual[name] for name, ratio in ratios.items()}
            for angle, ratios in found.items()}


def draw(found, path):
    """Draw what relative() returns, as a PNG."""
    from matplotlib.figure import Figure

    import figures
    figure = Figure(figsize=(7, 4.2), layout='constrained')
    axis = figure.subplots()
    for name, label in (('scaled', 'depth scaled by the focal length'),
                        ('unscaled', 'as the network gives it')):
        axis.plot(list(found), [ratios[name] for ratios in found.values()], 'o-', label=label)
    axis.axhspan(1 - TOLERANCE, 1 + TOLERANCE, alpha=0.15)
    axis.set_xlabel('horizontal field of view (degrees)')
    axis.set_ylabel('predicted / true depth, relative to 90 degrees')
    axis.grid(alpha=0.3)
    axis.legend()
    figures.save(figure, path)


def main() -> int:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True, help="a model file, or a shipped model's name")
    parser.add_argument('--data-dir', type=Path, required=True,
                        help='a folder with a dataset for each field of view')
    parser.add_argument('--split', choices=SPLITS, default='test')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--json', metavar='FILE', help="write the ratios there ('-': print them)")
    parser.add_argument('--figure', type=Path, metavar='FILE', help='draw the curve there (PNG)')
    options = parser.parse_args()
    try:
        found = measure(DepthEstimator(options.model, options.device), options.data_dir,
                        options.split)
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError) as error:
        print(f'field_of_view: {error}', file=sys.stderr)
        return 1
    if options.json:
        write_json({'median_ratio': found, 'relative': relative(found)}, options.json)
    if options.json != '-':
        print('degrees  predicted / true  relative to 90  without scaling')
        for angle, ratios in relative(found).items():
            print(f'{angle:7.1f}{found[angle]["scaled"]:18.3f}{ratios["scaled"]:16.3f}'
                  f'{ratios["unscaled"]:17.3f}')
    if options.figure:
        draw(relative(found), options.figure)
    return 0


if __name__ == '__main__':
    sys.exit(main())
