r"""
Show what each ingredient of the recipe brings: one run each, of one budget, scored on val.

    python training/experiment.py ablation --data-dir data/worlds --real-dir data/real \
        --train-pairs 1000 --max-epochs 4 --jobs 2

Each line of the table adds one ingredient to those above it, from the paper's recipe to that of
config/train_compact.yaml. A line that begins with "but" tries something else on top of all the
ingredients above it. With real pictures (--real-dir), two more lines learn from them, and all
are scored on their val split, too. Runs that are done are not repeated, and one that was
interrupted goes on: start the same command again.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
import os
from pathlib import Path
import subprocess
import sys
from typing import List

from experiments import runs
from learning.dataset_error import DatasetError
from learning.pairs import find_datasets, find_pairs

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
    'a log head': ('log_head', 'headroom'),
    'rays, and other proportions': ('rays', 'squeeze'),
    'where the floor is': ('floor',),
    "detail at the input's size, thin things in the loss": ('detail', 'thin'),
}
# What the lines from this one on have, until a later one brings the recipe's value.
UNTIL_LATER = {'log depth in the loss': {'alpha': 0.5}, 'sky as a clip': {'headroom': 1.25}}
# What one might do otherwise, each tried on top of the ingredients up to VARIED.
VARIED = "encoder's first stages frozen"
VARIATIONS = {
    'no SSIM in the loss': {'beta': 0.0},
    'no SILog in the loss': {'silog': 0.0},
    'no gradients in the loss': {'gradients': 0.0},
}
# Length and looks of a run.
NO_INGREDIENTS = ('data_dir', 'val_dir', 'max_epochs', 'evaluate_every', 'evaluate_pairs',
                  'visualize_every')
# The lines that real pictures bring: they are learnt from, or lend their colours to rendered ones.
COLOURS, REAL = 'the colours of real pictures', 'real pictures, one in five'
COLUMNS = {'RMSE (m)': 'rmse', 'SSIM': 'ssim', 'AbsRel': 'abs_rel_near', 'delta1': 'delta1'}
REAL_COLUMNS = {'real: AbsRel': 'abs_rel', 'delta1 ': 'delta1',
                'delta1 after one factor': 'delta1_aligned'}


def recipes(budget, real=None):
    """
    Return each line's settings.

    Parameters
    ----------
    budget : dict
        Settings that all lines share.
    real : (str, float), optional
        A folder of datasets of real pictures, and how often each of them is drawn in an epoch of
        the line that learns from them; of rendered ones, it draws four in five.

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
    if real:
        folder, weight = real
        lines[COLOURS] = {**settings, **budget, 'fda': 0.3, 'style_dir': [folder]}
        rendered, = budget['data_dir']
        lines[REAL] = {**settings, **budget,
                       'data_dir': [f'{rendered}:0.8', f'{folder}:{weight:.4g}']}
    return lines


def table(scores):
    """
    Return the lines as a table in Markdown.

    Parameters
    ----------
    scores : dict of str to (dict, dict or None)
        By line: what it scores on rendered pictures and, where there are such, on real ones.

    """
    has_real = any(real for _, real in scores.values())
    headings = [*COLUMNS, *(REAL_COLUMNS if has_real else ())]
    lines = ['| | ' + ' | '.join(map(str.strip, headings)) + ' |',
             '| --- |' + ' --- |' * len(headings)]
    for index, (name, (rendered, real)) in enumerate(scores.items()):
        values = [rendered[key] for key in COLUMNS.values()]
        values += [real[key] for key in REAL_COLUMNS.values()] if real else []
        cells = ' | '.join(f'{value:.3f}' for value in values)
        sign = '' if not index else '+ ' if name in INGREDIENTS or name == REAL else 'but '
        lines.append(f'| {sign}{name} | {cells} |')
    return '\n'.join(lines) + '\n'


def real_pictures(options):
    """Return the folder of real pictures, and the weight that makes every fifth one real."""
    rendered = len(find_pairs(options.data_dir, 'train')[0])
    real = sum(len(find_pairs(root, 'train')[0])
               for root in find_datasets(options.real_dir, 'train'))
    if not real:
        raise DatasetError(options.real_dir, ["it has no dataset with a split 'train'"])
    return str(options.real_dir), 0.2 * rendered / real


def main(arguments: List[str]) -> int:
    """Train and score all lines; write the table after each."""
    parser = argparse.ArgumentParser(
        prog='experiment.py ablation', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, required=True)
    parser.add_argument('--val-dir', type=Path,
                        help='dataset on whose val split all are scored (default: --data-dir)')
    parser.add_argument('--real-dir', type=Path,
                        help='a folder of datasets of real pictures with train and val splits')
    parser.add_argument('--from', dest='first', metavar='LINE', choices=list(INGREDIENTS),
                        help='leave out the lines before this one')
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
    budget = {'data_dir': [str(options.data_dir)], 'val_dir': [str(val_dir)],
              'max_epochs': options.max_epochs, 'evaluate_every': options.max_epochs,
              'train_pairs': options.train_pairs, 'visualize_every': 1000, 'evaluate_pairs': 100}
    threads = max(1, os.cpu_count() // options.jobs) if options.jobs > 1 else None
    scores = {}
    try:
        lines = recipes(budget, options.real_dir and real_pictures(options))
    except DatasetError as error:
        print(f'ablation: {error}', file=sys.stderr)
        return 1
    numbered = list(enumerate(lines.items()))
    if options.first:
        numbered = numbered[list(lines).index(options.first):]

    def run(index, name, settings):
        folder = options.out / f'{index:02d}'
        print(f'{index + 1}/{len(lines)}: {name}', flush=True)
        model = runs.train(folder, settings, threads)
        rendered = runs.score(model, val_dir, 'val', folder / 'val.json')['per_image']
        # The means over places: some have few pictures, and some many.
        real = options.real_dir and runs.score(
            model, options.real_dir, 'val', folder / 'real.json')['places']
        return rendered, real

    try:
        with ThreadPoolExecutor(options.jobs) as pool:
            started = {name: pool.submit(run, index, name, settings)
                       for index, (name, settings) in numbered}
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
