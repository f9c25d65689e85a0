"""
The models of others that this package knows: models.yaml, and where their files lie.

Getting them needs a connection, and is no matter of the robot's: published_models does it.
"""

from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any, Dict, Optional, Tuple

from depth_estimation_ros.estimation import model_file
from depth_estimation_ros.estimation.model_file import ModelFile, ModelFileError, MODELS

CATALOGUE = MODELS / 'models.yaml'


@dataclass(frozen=True)
class PublishedModel:
    """
    A model of others.

    Attributes
    ----------
    name, about, licence, reported : str
        For people; `reported` is what its authors say of its accuracy.
    megabytes : int
    sources : tuple of str
        Where all this was read.
    repository, revision, file, sha256 : str
        On the Hugging Face Hub, as far as they are known; else empty.
    convert : bool
        Whether its repository holds PyTorch weights that are to be converted.
    make : str
        A command line that makes the file, where it isn't published; else empty.
    description : dict, optional
        What model_description.py reads. A model that is converted tells its own.

    """

    name: str
    about: str
    licence: str
    reported: str
    megabytes: int
    sources: Tuple[str, ...]
    repository: str = ''
    revision: str = ''
    file: str = ''
    sha256: str = ''
    convert: bool = False
    make: str = ''
    description: Optional[Dict[str, Any]] = None

    @property
    def path(self) -> Path:
        """Return where its file lies, once it is there."""
        return cache_folder() / f'{self.name}.onnx'

    @property
    def is_here(self) -> bool:
        """Tell whether it can be run."""
        return self.path.is_file() and self.path.with_suffix('.yaml').is_file()


def cache_folder() -> Path:
    """Return the folder of the models that were fetched, in the user's cache."""
    cache = os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'
    return Path(cache) / 'depth_estimation_ros' / 'models'


def published_models() -> Dict[str, PublishedModel]:
    """Return the models of models.yaml, by name."""
    import yaml
    entries = yaml.safe_load(CATALOGUE.read_text())
    return {name: PublishedModel(name, sources=tuple(entry.pop('sources')), **entry)
            for name, entry in entries.items()}


def find(model: str, cuda: bool) -> Path:
    """
    Return the file that `model` means; `model_file.find` says more.

    Raises
    ------
    ModelFileError
        Where there is no such file, or the model has not been fetched.

    """
    if model in model_file.shipped_models() or not model_file.PLAIN_NAME.fullmatch(
            model.replace('-', '_')) or Path(model).exists():
        return model_file.find(model, cuda)
    published = published_models()
    if model not in published:
        kinds, shipped = ', '.join(model_file.KINDS), ', '.join(model_file.shipped_models())
        raise ModelFileError(
            f'There is no model file {model!r}: give the path of a {kinds} file, the name of a '
            f'shipped model ({shipped}), or that of one of others ({", ".join(published)}).')
    found = published[model]
    if not found.is_here:
        raise ModelFileError(
            f'The model {model} has not been fetched: ros2 run depth_estimation_ros models fetch '
            f'{model} gets it, or says which file to put where.')
    return found.path


def refuse_altered(file: ModelFile) -> None:
    """
    Hold a file against the sha256 that was kept beside it, if one was.

    Raises
    ------
    ModelFileError
        Where it is another file now.

    """
    kept = file.path.with_suffix('.sha256')
    if not kept.is_file():
        return
    words = kept.read_text(errors='replace').split()
    if not words or words[0] != file.sha256:
        raise ModelFileError(f'{file.path} is not the file that was fetched: its sha256 is not '
                             f'that of {kept}. Delete both, and fetch it again.')
