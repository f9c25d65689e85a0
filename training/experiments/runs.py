"""Training runs as parts of an experiment: each is trained and scored once, and can go on."""

import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Dict, IO, Optional

import yaml

TRAINING = Path(__file__).parents[1]
CONFIG = TRAINING.parent / 'config'


class StaleRunError(ValueError):
    """A run that is not the one that is asked for; the message says where it is."""


def read_recipe(name: str) -> Dict:
    """Return the settings of a recipe in config/, such as 'train_compact'."""
    return yaml.safe_load((CONFIG / f'{name}.yaml').read_text())


def train(folder: Path, settings: Dict, threads: Optional[int] = None,
          stdout: Optional[IO] = None) -> Path:
    """
    Train a network, or go on with a run that was interrupted.

    Parameters
    ----------
    folder : Path
        Of the run. One that is done is left as it is.
    settings : dict
        As train.py reads them from YAML.
    threads : int, optional
        Of a run beside others. What it prints goes to train.log in its folder, then.
    stdout : file, optional
        Where what it prints goes otherwise; standard output unless given.

    Returns
    -------
    Path
        The model.

    Raises
    ------
    StaleRunError
        Where the folder holds a run with other settings.
    subprocess.CalledProcessError
        Where train.py failed; it has said why.

    """
    model, recipe = folder / 'best.safetensors', folder / 'recipe.yaml'
    if recipe.exists() and yaml.safe_load(recipe.read_text()) != settings:
        raise StaleRunError(f'{folder} holds a run with other settings: name another --out, or '
                            'delete it')
    if (folder / 'done').exists():
        return model
    folder.mkdir(parents=True, exist_ok=True)
    recipe.write_text(yaml.safe_dump(settings, sort_keys=False))
    arguments = ['--resume', folder] if (folder / 'last.pt').exists() else [
        '--config', recipe, '--run-dir', folder]
    command = [sys.executable, str(TRAINING / 'train.py'), *map(str, arguments)]
    if threads is None:
        subprocess.run(command, check=True, stdout=stdout)
    else:
        with open(folder / 'train.log', 'a') as log:
            subprocess.run(command, check=True, stdout=log, stderr=log,
                           env={**os.environ, 'OMP_NUM_THREADS': str(threads)})
    (folder / 'done').touch()
    return model


def score(model: Path, data_dir: Path, split: str, target: Path) -> Dict:
    """
    Return what evaluate.py writes of a model, out of `target` if it stands there already.

    Raises
    ------
    subprocess.CalledProcessError
        Where evaluate.py failed; it has said why.

    """
    if not target.exists():
        subprocess.run([sys.executable, TRAINING / 'evaluate.py', '--model', model, '--data-dir',
                        data_dir, '--split', split, '--no-pose', '--json', target],
                       check=True, stdout=subprocess.DEVNULL)
    return json.loads(target.read_text())
