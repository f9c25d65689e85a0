r"""
Show what each ingredient of the recipe brings: one run each, of one budget, scored on val.

    python training/experiment.py ablation --data-dir data/worlds --train-pairs 1000 \
        --max-epochs 4 --jobs 2

Each line of the table adds one ingredient to those above it, from the paper's recipe to that of
config/train_compact.yaml. A line that begins with "but" tries something else on top of all the
ingredients above it. Runs that are done are not repeated, and one that was interrupted goes on:
start the same command again.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import subprocess
import sys
from typing import List

from experiments import runs

# Which settings of config/train_compact.yaml each line brings.
INGREDIENTS = {
    "the paper's network and recipe": (),
    'EfficientNet-Lite0, skip decoder': ('network',),
    'ImageNet encoder': ('pretrained', 'encoder_lr'),
    'AdamW, cosine, batches of 16': ('optimizer', 'lr', 'weight_decay', 'schedule',
                                     'step_size_up', 'batch_size'),
    'input of 160 x 256': ('input_size',),
    'flip, crop and zoom, colour': ('flip', 'crop', 'colour'),
    'sky as a clip': ('clip', 'headroom'),
    'log depth in the loss': ('beta', 'silog', 'gradients'),
    'expected error': ('confidence',),
    'blur, sharpening, noise, JPEG, cutout': ('camera', 'cutout'),
    'fine patterns': ('texture',),
    'averaged weights': ('average',),
    "encoder's first stages frozen": ('freeze',),
    'L1 in place of RMSE': ('alpha', 'l1'),
}
# What the lines from this one on have, until a later one brings the recipe's value.
UNTIL_LATER = {'log depth in the loss': {'alpha': 0.5}}
# What one might do otherwise, each tried on top of the ingredients up to VARIED.
VARIED = "encoder's first stages frozen"
VARIATIONS = {
    'a log head': {'log_head': True},
    'no SSIM in the loss': {'beta': 0.0},
    'no SILog in the loss': {'silog': 0.0},
    'no gradients in the loss': {'gradients': 0.0},
}
# Length and looks of a run.
NO_INGREDIENTS = ('max_epochs', 'evaluate_every', 'evaluate_pairs', 'visualize_every')
COLUMNS = {'RMSE (m)': 'rmse', 'SSIM': 'ssim', 'AbsRel': 'abs_rel_near', 'delta1': 'delta1'}


def recipes(budget):
    """
    Return each line's settings.

    Parameters
    ----------
    budget : dict
        Settings that all lines share.

    Returns
    -------
    dict of str to dict

    """
    settings = {**runs.read_recipe('train'), 'pretrained': False}
    target = runs.read_recipe('train_compact')
    lines = {}
    for name, keys in INGREDIENTS.items():
        settings = {**settings, **{key: target[key] for key in keys}, **UNTIL_LATER.get(name, {})}
        lines[name] = {**settings, **budget}
        if name == VARIED:
            lines.update({other: {**settings, **changes, **budget}
                          for other, changes in VARIATIONS.items()})
    missing = {key for key in target if key not in NO_INGREDIENTS
               and settings.get(key) != target[key]}
    if missing:
        raise ValueError(f'no line of the ablation brings {", ".join(sorted(missing))}, which '
                         'config/train_compact.yaml has')
    return lines


def table(scores):
    """Return the lines as a table in Markdown."""
    lines = ['| | ' + ' | '.join(COLUMNS) + ' |', '| --- |' + ' --- |' * len(COLUMNS)]
    for index, (name, values) in enumerate(scores.items()):
        cells = ' | '.join(f'{values[key]:.3f}' for key in COLUMNS.values())
        sign = '' if not index else '+ ' if name in INGREDIENTS else 'but '
        lines.append(f'| {sign}{name} | {cells} |')
    return '\n'.join(lines) + '\n'


def main(arguments: List[str]) -> int:
    """Train and score all lines; write the table after each."""
    parser = argparse.ArgumentParser(
        prog='experiment.py ablation', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, required=True)
    parser.add_argument('--val-dir', type=Path,
                        help='dataset on whose val split all are scored (default: --data-dir)')
    parser.add_argument('--out', type=Path, default=Path('runs/ablation'),
                        help='folder of the runs and of table.md (default: runs/ablation)')
    parser.add_argument('--max-epochs', type=int, default=3,
                        help="each line's budget (default: 3)")
    parser.add_argument('--train-pairs', type=int, default=0,
                        help='of all lines (default: all of the training split)')
    parser.add_argument('--jobs', type=int, default=1,
                        help='runs at a time, which share the cores; on two cores, two runs take '
                             'three quarters of the time (default: 1)')
    options = parser.parse_args(arguments)
    val_dir = options.val_dir or options.data_dir
    budget = {'data_dir': [str(options.data_dir)], 'val_dir': str(val_dir),
              'max_epochs': options.max_epochs, 'evaluate_every': options.max_epochs,
              'train_pairs': options.train_pairs, 'visualize_every': 1000, 'evaluate_pairs': 100}
    threads = max(1, os.cpu_count() // options.jobs) if options.jobs > 1 else None
    scores = {}

    def run(index, name, settings):
        folder = options.out / f'{index:02d}'
        print(f'{index + 1}/{len(INGREDIENTS) + len(VARIATIONS)}: {name}', flush=True)
        model = runs.train(folder, settings, threads)
        return runs.score(model, val_dir, 'val', folder / 'val.json')['per_image']

    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            started = {name: pool.submit(run, index, name, settings)
                       for index, (name, settings) in enumerate(recipes(budget).items())}
            try:
                for name, line in started.items():
                    scores[name] = line.result()
                    (options.out / 'table.md').write_text(table(scores))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
    except runs.StaleRunError as error:
        print(f'ablation: {error}', file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f'ablation: a run ended with {error.returncode}'
              + (f'; why stands in its train.log in {options.out}' if threads else ''),
              file=sys.stderr)
        return 1
    print(table(scores))
    return 0
