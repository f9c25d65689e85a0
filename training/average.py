#!/usr/bin/env python3
"""
Average the weights of models that began with the same one.

    python training/average.py --model new.safetensors --model old.safetensors --out m.safetensors

A network that is trained on with other pictures gets better at them and forgets some of what it
knew; halfway between the two it may do better than either (Wortsman et al. 2022, Robust
fine-tuning of zero-shot models). Only models of one lineage can be averaged so: those that
were trained apart from the start agree in nothing. Which mean is good is for evaluate.py to tell.

The mean's confidence is not calibrated to its own errors yet: `train.py --learn confidence` does
that.
"""

import argparse
from pathlib import Path
import sys
from typing import Dict, List, Optional, Sequence, Tuple

from depth_estimation_ros.estimation import weights_file
from depth_estimation_ros.estimation.model_file import ModelFileError, ModelMetadata
import torch

# What two models have to share for their weights to mean the same.
SHARED = ('architecture', 'input_size', 'max_depth', 'focal', 'aspect', 'headroom', 'confidence',
          'log_head', 'floor', 'rays', 'detail')


class AverageError(ValueError):
    """Models that cannot be averaged; the message says why."""


def mean_of(models: Sequence[Tuple[Dict[str, torch.Tensor], ModelMetadata]], names: List[str]
            ) -> Tuple[Dict[str, torch.Tensor], ModelMetadata]:
    """
    Return the mean of models' weights, in float32, and its metadata.

    Parameters
    ----------
    models : sequence of (state_dict, ModelMetadata)
        As from `weights_file.load_weights`.
    names : list of str
        What to call them where they don't go together.

    Raises
    ------
    AverageError
        Where they are not of one network and one camera.

    """
    weights, metadata = models[0]
    for (other, other_metadata), name in zip(models[1:], names[1:]):
        for key in SHARED:
            ours, theirs = getattr(metadata, key), getattr(other_metadata, key)
            if ours != theirs:
                raise AverageError(f'{names[0]} and {name} cannot be averaged: {key} is {ours} '
                                   f'and {theirs}')
        if {key: value.shape for key, value in other.items()} != {
                key: value.shape for key, value in weights.items()}:
            raise AverageError(f'{names[0]} and {name} cannot be averaged: their weights differ '
                               'in name or shape')
    mean = {key: torch.stack([state[key].float() for state, _ in models]).mean(0)
            if value.is_floating_point() else value for key, value in weights.items()}
    made_of = [{'recipe': other.recipe, 'dataset': other.dataset} for _, other in models]
    return mean, ModelMetadata(
        **{key: getattr(metadata, key) for key in SHARED}, dataset=metadata.dataset,
        recipe={'mean_of': made_of}, versions=metadata.versions)


def main(arguments: Optional[List[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, action='append', required=True,
                        help='a .safetensors or .pth file; once for each')
    parser.add_argument('--out', type=Path, required=True, help='the .safetensors file to write')
    options = parser.parse_args(arguments)
    try:
        if len(options.model) < 2:
            raise AverageError('a mean needs two models at least: give --model more than once')
        if options.out.suffix != '.safetensors':
            raise AverageError(f'{options.out}: the mean is a .safetensors file')
        mean, metadata = mean_of([weights_file.load_weights(path) for path in options.model],
                                 [str(path) for path in options.model])
        options.out.parent.mkdir(parents=True, exist_ok=True)
        weights_file.save_weights(options.out, mean, metadata)
    except (AverageError, ModelFileError, OSError) as error:
        print(f'average: {error}', file=sys.stderr)
        return 1
    print(f'{options.out}: the mean of {len(options.model)} models')
    return 0


if __name__ == '__main__':
    sys.exit(main())
