"""
Score a model on a split of a dataset.

For every kind of model file: .onnx, .safetensors, and an author's .pth. All maps are compared at
224 x 224, as in the paper.
"""

import argparse
import json
import os
from pathlib import Path
import sys
from typing import Callable, Dict, List, Tuple

from dataset import DatasetError, DepthDataset, SPLITS
from depth_estimation_ros.backends import DeviceError, DEVICES
from depth_estimation_ros.estimator import DepthEstimator, resize
from depth_estimation_ros.geometry import IntrinsicsError
from depth_estimation_ros.model_file import ModelFileError
from metrics import Evaluation, Scores
import numpy as np

# 'mean' in place of a model file.
MEAN = 'mean'


def evaluate(predict: Callable, dataset: DepthDataset, progress: bool = True) -> Evaluation:
    """
    Score each pair of a split.

    Parameters
    ----------
    predict : callable
        uint8 (H, W, 3) RGB at the stored size -> float32 (h, w) metres.
    dataset : DepthDataset
    progress : bool
        Whether to count on a terminal.

    """
    evaluation = Evaluation()
    height, width = dataset.input_size
    for index, pair in enumerate(dataset.pairs):
        truth = resize(pair.read_depth(dataset.max_depth), width, height)
        evaluation.add(resize(predict(pair.read_rgb()), width, height), truth)
        if progress:
            print(f'\r{index + 1}/{len(dataset)}', end='', file=sys.stderr, flush=True)
    if progress:
        print('\r', end='', file=sys.stderr)
    return evaluation


def predictor(model: str, device: str, dataset: DepthDataset) -> Callable:
    """Return what predicts depth from a picture: a model, or the mean training depth map."""
    if model == MEAN:
        mean = DepthDataset(dataset.root, 'train').mean_depth()
        return lambda rgb: mean
    estimator = DepthEstimator(model, device)
    focal = dataset.intrinsics.fx if dataset.intrinsics else None
    return lambda rgb: estimator.estimate(rgb, focal, size='network').depth


def draw_extremes(predict: Callable, dataset: DepthDataset, images: List[Scores],
                  folder: Path, count: int = 4) -> None:
    """Draw the best, median and worst predictions by RMSE, one PNG each."""
    import figures
    order = np.argsort([scores.rmse for scores in images])
    count = min(count, len(order))
    middle = (len(order) - count) // 2
    chosen = {'best': order[:count], 'median': order[middle:middle + count],
              'worst': order[::-1][:count]}
    for name, indices in chosen.items():
        examples = []
        for index in indices:
            rgb, truth = dataset[index]
            prediction = predict(dataset.pairs[index].read_rgb())
            label = f'{dataset.pairs[index].name}\nRMSE {images[index].rmse:.2f} m'
            examples.append(figures.Example(rgb, truth, prediction, label))
        figures.save(figures.draw(examples, dataset.max_depth), folder / f'{name}.png')


def write_json(summary: Dict, target: str) -> None:
    """Write the summary to a file, replaced only when whole, or to standard output for '-'."""
    text = json.dumps(summary, indent=2)
    if target == '-':
        print(text)
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + '.partial')
    partial.write_text(text + '\n')
    os.replace(partial, path)


def table(summary: Dict) -> str:
    """Return the summary for people."""
    paper, image = summary['paper'], summary['per_image']
    rows: List[Tuple[str, ...]] = [
        ('', 'RMSE (m)', 'SSIM', 'AbsRel', 'delta1'),
        ("the paper's averaging", f'{paper["rmse"]:.3f}', f'{paper["ssim"]:.3f}', '', ''),
        ('per image', f'{image["rmse"]:.3f}', f'{image["ssim"]:.3f}',
         f'{image["abs_rel"]:.3f}', f'{image["delta1"]:.3f}')]
    return '\n'.join('{:<22}{:>10}{:>8}{:>8}{:>8}'.format(*row) for row in rows)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', required=True,
                        help="a model file, a shipped model's name, or 'mean': the mean of the "
                             'training depth maps, which any model has to beat')
    parser.add_argument('--data-dir', type=Path, required=True)
    parser.add_argument('--split', choices=SPLITS, default='val')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--json', metavar='FILE', help="write the scores there ('-': print them)")
    parser.add_argument('--figures', type=Path, metavar='DIR',
                        help='draw the best, median and worst predictions there')
    options = parser.parse_args()
    try:
        dataset = DepthDataset(options.data_dir, options.split)
        predict = predictor(options.model, options.device, dataset)
        evaluation = evaluate(predict, dataset, progress=sys.stderr.isatty())
    except (DatasetError, DeviceError, IntrinsicsError, ModelFileError) as error:
        print(f'evaluate: {error}', file=sys.stderr)
        return 1
    summary = evaluation.summary()
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        print(f'{options.model} on {summary["n"]} pairs of {options.data_dir}, {options.split}')
        print(table(summary))
    if options.figures:
        draw_extremes(predict, dataset, evaluation.images, options.figures)
        print(f'figures: {options.figures}', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
