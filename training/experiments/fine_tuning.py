r"""
Show how many pairs of one's own a model needs to get used to another kind of place.

    python training/experiment.py fine_tuning --data-dir data/worlds \
        --known street,park --new interior

A network is trained on the known kinds of world alone, then fine-tuned on more and more pairs of
the new kind, and scored on validation pairs of that. It is also trained on the new pairs without
having seen anything else. Runs that are done are not repeated: start the same command again to go
on.
"""

import argparse
import json
import os
from pathlib import Path
import shutil
import subprocess
import sys
from typing import List

from experiments import runs
from learning.dataset_error import DatasetError
from learning.pairs import find_pairs, SPLITS
from matplotlib.figure import Figure
from scoring import figures


def link_kinds(source, target, kinds):
    """Make a dataset of links to the pairs of some kinds of world, in place of an older one."""
    shutil.rmtree(target, ignore_errors=True)
    for split in SPLITS:
        for folder in ('rgb', 'depth'):
            (target / folder / split).mkdir(parents=True, exist_ok=True)
        for pair in find_pairs(source, split)[0]:
            if pair.name.rsplit('_', 2)[0] in kinds:
                for path in (pair.rgb, pair.depth):
                    link = target / path.relative_to(source)
                    link.symlink_to(os.path.relpath(path, link.parent))
    for table in ('camera.json', 'pairs.csv'):
        if (source / table).exists():
            shutil.copy(source / table, target)


def draw(scores, path):
    """Draw RMSE on the new kind against the number of its pairs."""
    figure = Figure(figsize=(7, 4.2), layout='constrained')
    axis = figure.subplots()
    for label, by_count in scores.items():
        counts = sorted(map(int, by_count))
        axis.plot(counts, [by_count[str(c)]['rmse'] for c in counts], 'o-', label=label)
    axis.set_xscale('symlog', linthresh=50)
    ticks = sorted({int(count) for by_count in scores.values() for count in by_count})
    axis.set_xticks(ticks, list(map(str, ticks)))
    axis.set_xticks([], minor=True)
    axis.set_xlabel('pairs of the new kind')
    axis.set_ylabel('RMSE on its unseen worlds (m)')
    axis.set_ylim(bottom=0)
    axis.grid(alpha=0.3)
    axis.legend()
    figures.save(figure, path)


def main(arguments: List[str]) -> int:
    """Train, fine-tune and score; draw the curve after each step."""
    parser = argparse.ArgumentParser(
        prog='experiment.py fine_tuning', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, required=True,
                        help='made by render_worlds.py: names begin with the kind of world')
    parser.add_argument('--val-dir', type=Path,
                        help='dataset on whose val split all are scored (default: --data-dir)')
    parser.add_argument('--known', default='street,park', help='kinds of world')
    parser.add_argument('--new', default='interior', help='kinds of world')
    parser.add_argument('--pairs', default='50,100,200,400', help='how many of the new kind')
    parser.add_argument('--steps', type=int, default=400, help='of each fine-tuning')
    parser.add_argument('--max-epochs', type=int, default=4, help='of the first training')
    parser.add_argument('--out', type=Path, default=Path('runs/fine_tuning'),
                        help='folder of the runs, curve.png and curve.json '
                             '(default: runs/fine_tuning)')
    options = parser.parse_args(arguments)
    known, new, val = (options.out / name for name in ('known', 'new', 'val'))
    counts = [int(count) for count in options.pairs.split(',')]
    try:
        link_kinds(options.data_dir, known, options.known.split(','))
        link_kinds(options.data_dir, new, options.new.split(','))
        link_kinds(options.val_dir or options.data_dir, val, options.new.split(','))
        pairs = len(find_pairs(new, 'train')[0])
        if pairs < max(counts):
            raise DatasetError(options.data_dir, [
                f'it has {pairs} training pairs of {options.new}, fewer than --pairs'])
    except DatasetError as error:
        print(f'fine_tuning: {error}', file=sys.stderr)
        return 1
    recipe = {**runs.read_recipe('train_compact'), 'visualize_every': 1000, 'evaluate_pairs': 100}

    def scored(name, **settings):
        """Train with the recipe and some other settings; return the scores on the new kind."""
        folder = options.out / name
        epochs = settings['max_epochs']
        model = runs.train(folder, {**recipe, 'evaluate_every': epochs, **settings})
        return runs.score(model, val, 'val', folder / 'val.json')['per_image']

    tuned, alone = f'fine-tuned from {options.known}', 'from ImageNet alone'
    try:
        scores = {tuned: {'0': scored('base', data_dir=[str(known)],
                                      max_epochs=options.max_epochs)}, alone: {}}
        for count in counts:
            budget = {'data_dir': [str(new)], 'train_pairs': count,
                      'max_epochs': max(1, options.steps * recipe['batch_size'] // count)}
            scores[tuned][str(count)] = scored(
                f'tuned_{count}', init_from=str(options.out / 'base' / 'best.safetensors'),
                **budget)
            scores[alone][str(count)] = scored(f'alone_{count}', **budget)
            (options.out / 'curve.json').write_text(json.dumps(scores, indent=2) + '\n')
            draw(scores, options.out / 'curve.png')
    except runs.StaleRunError as error:
        print(f'fine_tuning: {error}', file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    print(options.out / 'curve.png')
    return 0
