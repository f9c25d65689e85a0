"""Training runs as parts of an experiment: each is trained and scored once, and can go on."""

import json
from pathlib import Path
import subprocess
import sys
from typing import Dict

import yaml

TRAINING = Path(__file__).parent
CONFIG = TRAINING.parent / 'config'


def read_recipe(name: str) -> Dict:
    """Return the settings of a recipe in config/, such as 'train_compact'."""
    return yaml.safe_load((CONFIG / f'{name}.yaml').read_text())


def train(folder: Path, settings: Dict) -> Path:
    """
    Train a network, or go on with a run that was interrupted.

    Parameters
    ----------
    folder : Path
        Of the run. One that is done is left as it is.
    settings : dict
        As train.py reads them from YAML.

    Returns
    -------
    Path
        The model.

    Raises
    ------
    subprocess.CalledProcessError
        Where train.py failed; it has said why.

    """
    model = folder / 'best.safetensors'
    if (folder / 'done').exists():
        return model
    if (folder / 'last.pt').exists():
        arguments = ['--resume', folder]
    else:
        folder.mkdir(parents=True, exist_ok=True)
        recipe = folder / 'recipe.yaml'
        recipe.write_text(yaml.safe_dump(settings, sort_keys=False))
        arguments = ['--config', recipe, '--run-dir', folder]
    subprocess.run([sys.executable, TRAINING / 'train.py', *map(str, arguments)], check=True)
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
                        data_dir, '--split', split, '--json', target],
                       check=True, stdout=subprocess.DEVNULL)
    return json.loads(target.read_text())
