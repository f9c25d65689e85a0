#!/usr/bin/env python3
"""
Calibrate a model's confidence on pictures that it hasn't learnt from, such as a real camera's.

    python training/calibrate.py --model best.safetensors --data-dir data/real --out m.safetensors

What is fitted is how far depth can be trusted when its scale is known, by the pictures whose pose
pairs.csv tells and whose floor sets the scale; and how uncertain the scale is when nothing tells
it, by all of them. Depth stays what it is. Each dataset counts alike, however many pictures it
has. Pictures that calibrate a model choose nothing else of it, and don't test it.
"""

import argparse
from dataclasses import replace
from pathlib import Path
import sys
from typing import Dict, List

from depth_estimation_ros.estimation import model_file, weights_file
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError, ModelMetadata
from depth_estimation_ros.estimation.scale import ScaleTracker
from learning import calibration
from learning.dataset import DepthDataset
from learning.dataset_error import DatasetError
from learning.pairs import find_datasets, SPLITS
from learning.progress import Progress
import numpy as np
import torch


class CalibrationError(ValueError):
    """A model that cannot be calibrated; the message says why."""


def errors(module: torch.nn.Module, metadata: ModelMetadata, data: DepthDataset
           ) -> Dict[str, np.ndarray]:
    """
    Return what a model predicts of a dataset, and whether that is right.

    Each picture counts once with the scale as the model has it and, where the pose is known and
    the floor told it, once with that scale.

    Returns
    -------
    dict of str to ndarray (N,)
        log_b, depth, close, sigma: as of calibration.fit.

    """
    found: Dict[str, List[np.ndarray]] = {'log_b': [], 'depth': [], 'close': [], 'sigma': []}
    height, width = metadata.input_size
    for pair, sample in zip(data.pairs, Progress(data, total=len(data), unit=' pairs',
                                                 leave=False)):
        with torch.inference_mode():
            rgb = torch.from_numpy(sample.rgb).permute(2, 0, 1)[None].float() / 255.0
            prediction = module(rgb, torch.from_numpy(sample.camera)[None])
            depth = prediction.depth[0, 0].clamp(max=metadata.max_depth).numpy()
            log_b = prediction.log_b[0, 0].numpy()
            floor = None if prediction.floor_logit is None else torch.sigmoid(
                prediction.floor_logit)[0, 0].numpy()
        # Without rays, a dataset's depth is that of the model's camera.
        own = np.float32(1.0 / pair.scale)
        scales = {1.0: np.nan}
        if pair.pose is not None and pair.camera is not None:
            tracker = ScaleTracker(pair.pose)
            scale = tracker.follow(depth * own, pair.camera.resized(width, height), floor)
            if tracker.measured:
                scales[scale] = tracker.sigma
        known = calibration.looked_at(torch.from_numpy(sample.depth)[None, None])[0, 0].numpy()
        for scale, sigma in scales.items():
            metres = (depth * np.float32(scale)).clip(max=metadata.max_depth)
            close = np.abs(metres - sample.depth) <= 0.1 * sample.depth
            for name, values in (('log_b', log_b), ('depth', depth / metadata.max_depth),
                                 ('close', close), ('sigma', np.full_like(depth, sigma))):
                found[name].append(values[known])
    return {name: np.concatenate(values) for name, values in found.items()}


def calibrate(source: Path, folders: List[str], split: str, target: Path) -> float:
    """
    Calibrate a model and write it; return the standard deviation of a scale that nothing tells.

    Raises
    ------
    CalibrationError, DatasetError, IntrinsicsError, ModelFileError

    """
    if source.suffix != '.safetensors':
        raise CalibrationError(f'{source} is no .safetensors file, whose weights can be changed.')
    module, metadata = weights_file.load_network(model_file.read(source))
    if not metadata.confidence:
        raise CalibrationError(f'{source} tells no confidence: train.py --learn confidence '
                               'teaches it one.')
    module = module.float().eval()
    height, width = metadata.input_size
    usual = metadata.usual_camera(width, round(width / metadata.aspect))
    parts = []
    for root in [root for folder in folders for root in find_datasets(folder, split)]:
        data = DepthDataset(root, split, metadata.input_size, metadata.max_depth, camera=usual,
                            rays=metadata.rays)
        found = errors(module, metadata, data)
        parts.append({**found, 'weight': np.full(len(found['close']), 1.0 / len(found['close']),
                                                 np.float32)})
    if not parts:
        raise DatasetError(Path(folders[0]), [f'none of its datasets has a split {split!r}'])
    arrays = {name: torch.from_numpy(np.concatenate([part[name] for part in parts]))
              for name in parts[0]}
    arrays['weight'] *= len(arrays['weight']) / len(parts)
    numbers, sigma = calibration.fit(arrays['log_b'], arrays['depth'], arrays['close'],
                                     arrays['sigma'], arrays['weight'])
    state = {**module.state_dict(), 'calibration': numbers}
    weights_file.save_weights(target, state, replace(metadata, scale_sigma=sigma))
    return sigma


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, required=True, help='a .safetensors file')
    parser.add_argument('--data-dir', action='append', required=True, metavar='DIR',
                        help='a dataset, or a folder of datasets; several times for several')
    parser.add_argument('--split', choices=SPLITS, default='val')
    parser.add_argument('--out', type=Path, required=True,
                        help='the .safetensors file to write')
    options = parser.parse_args()
    try:
        sigma = calibrate(options.model, options.data_dir, options.split, options.out)
    except (CalibrationError, DatasetError, IntrinsicsError, ModelFileError) as error:
        print(f'calibrate: {error}', file=sys.stderr)
        return 1
    print(f'{options.out}: where nothing tells the scale, its sigma is {sigma:.2f}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
