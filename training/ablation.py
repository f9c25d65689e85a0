#!/usr/bin/env python3
"""
Show what each ingredient of the recipe brings: one run each, of one budget, scored on val.

    python training/ablation.py --data-dir data/worlds --max-epochs 3

Each line of the table adds one ingredient to those above it, from the paper's recipe to that of
config/train_compact.yaml. Runs that are done are not repeated, and one that was interrupted goes
on: start the same command again.
"""

import argparse
import json
from pathlib import Path
import subprocess
import sys

import yaml

TRAINING = Path(__file__).parent
CONFIG = TRAINING.parent / 'config'

# Which settings of config/train_compact.yaml each line brings.
INGREDIENTS = {
    "the paper's recipe, compact network": ('network',),
    'ImageNet encoder': ('pretrained', 'encoder_lr'),
    'AdamW, cosine': ('optimizer', 'lr', 'weight_decay', 'schedule', 'step_size_up',
                      'batch_size'),
    'flip, crop and zoom, colour': ('flip', 'crop', 'colour'),
    'sky as a clip': ('clip', 'headroom'),
    'log depth in the loss': ('silog', 'gradients'),
    'expected error': ('confidence',),
    'blur, noise, JPEG, cutout': ('camera', 'cutout'),
    'averaged weights': ('average',),
    'input size': ('input_size',),
}
COLUMNS = {'RMSE (m)': 'rmse', 'SSIM': 'ssim', 'AbsRel': 'abs_rel', 'delta1': 'delta1'}


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
    settings = yaml.safe_load((CONFIG / 'train.yaml').read_text())
    target = yaml.safe_load((CONFIG / 'train_compact.yaml').read_text())
    settings['pretrained'] = False
    lines = {}
    for name, keys in INGREDIENTS.items():
        settings = {**settings, **{key: target[key] for key in keys}}
        lines[name] = {**settings, **budget}
    missing = {key for key in target if lines[name].get(key) != {**target, **budget}[key]}
    if missing:
        raise ValueError(f'no line of the ablation brings {", ".join(sorted(missing))}, which '
                         'config/train_compact.yaml has')
    return lines


def train(folder, settings):
    """Train one line, or go on with it."""
    if (folder / 'last.pt').exists():
        arguments = ['--resume', folder]
    else:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / 'recipe.yaml'
        config.write_text(yaml.safe_dump(settings, sort_keys=False))
        arguments = ['--config', config, '--run-dir', folder]
    subprocess.run([sys.executable, TRAINING / 'train.py', *map(str, arguments)], check=True)


def score(folder, data_dir):
    """Score a line's model on val; return what evaluate.py says per image."""
    path = folder / 'val.json'
    if not path.exists():
        subprocess.run([sys.executable, TRAINING / 'evaluate.py', '--model',
                        folder / 'best.safetensors', '--data-dir', data_dir, '--split', 'val',
                        '--json', path], check=True, stdout=subprocess.DEVNULL)
    return json.loads(path.read_text())['per_image']


def table(scores):
    """Return the lines as a table in Markdown."""
    lines = ['| | ' + ' | '.join(COLUMNS) + ' |', '| --- |' + ' --- |' * len(COLUMNS)]
    for index, (name, values) in enumerate(scores.items()):
        cells = ' | '.join(f'{values[key]:.3f}' for key in COLUMNS.values())
        lines.append(f'| {"+ " if index else ""}{name} | {cells} |')
    return '\n'.join(lines) + '\n'


def main():
    """Train and score all lines; write the table after each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, required=True)
    parser.add_argument('--out', type=Path, default=Path('runs/ablation'),
                        help='folder of the runs and of table.md (default: runs/ablation)')
    parser.add_argument('--max-epochs', type=int, default=3,
                        help="each line's budget (default: 3)")
    parser.add_argument('--input-size', default='', help='of all lines, for a quick look')
    options = parser.parse_args()
    budget = {'data_dir': [str(options.data_dir)], 'max_epochs': options.max_epochs,
              'evaluate_every': options.max_epochs, 'visualize_every': 1000,
              'evaluate_pairs': 100}
    if options.input_size:
        budget['input_size'] = options.input_size
    scores = {}
    for index, (name, settings) in enumerate(recipes(budget).items()):
        folder = options.out / f'{index:02d}'
        if not (folder / 'val.json').exists():
            print(f'{index + 1}/{len(INGREDIENTS)}: {name}', flush=True)
            train(folder, settings)
        scores[name] = score(folder, options.data_dir)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / 'table.md').write_text(table(scores))
    print(table(scores))


if __name__ == '__main__':
    main()
