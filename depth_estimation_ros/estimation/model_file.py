"""
Model files: which one a name means, its bytes, and the metadata that each carries.

A file is data from anywhere: it is read once, into memory, and what it says of itself is checked
before anything is built from it.
"""

from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
import hashlib
import json
from pathlib import Path
import re
from typing import Dict, Optional, Tuple

from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

METADATA_KEY = 'depth_estimation_ros'
MODELS = Path(__file__).parents[1] / 'models'
KINDS = ('.onnx', '.safetensors', '.pth')
MAX_BYTES = 2 * 1024 ** 3
# Names of timm's without 'hf-hub:', 'local-dir:' or a path, by which timm would ask a server or
# another folder.
PLAIN_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9_.]{0,99}')
INPUT_SIDES = (32, 2048)
# What numbers may be, both bounds included, and what they are.
RANGES = {'max_depth': (0.1, 1000.0, 'metres'), 'focal': (1.0, 1e5, 'pixels'),
          'aspect': (0.1, 10.0, 'width over height'), 'headroom': (1.0, 4.0, 'a factor'),
          'scale_sigma': (0.0, 3.0, 'of a logarithm')}
# A recipe holds that of the model that it began with, and so on.
MAX_NESTING = 100


class ModelFileError(ValueError):
    """A model file that cannot be used; the message says why and what would be right."""


@dataclass(frozen=True)
class ModelFile:
    """
    The bytes of a model file: what is written to it later has no effect on them.

    Attributes
    ----------
    path : Path
    data : bytes

    """

    path: Path
    data: bytes

    @cached_property
    def sha256(self) -> str:
        """Which data it is, in 64 hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def digest(self) -> str:
        """Which data it is: the first 8 hexadecimal digits of its SHA-256."""
        return self.sha256[:8]


@dataclass(frozen=True)
class ModelMetadata:
    """
    What a model file says about itself.

    Attributes
    ----------
    architecture : str
        A name that `networks.create` understands.
    input_size : (int, int)
        Height and width of the network's input in pixels.
    max_depth : float
        Depth in metres at which the training data was clipped (the sky).
    focal : float or None
        Horizontal focal length, in pixels at the network's input, of the camera that it was
        trained with; None where the training data did not say.
    aspect : float
        Width over height of the training pictures, before they were stretched to the input.
        The paper's, 16 : 9, where a file does not say.
    headroom : float
        How far beyond max_depth the network's own range goes, as a factor (`networks.create`).
    confidence : bool
        Whether the network also estimates how sure it is of each pixel.
    log_head : bool
        Whether its output counts factors of depth rather than metres (`networks.create`).
    floor : bool
        Whether the network also tells which pixels show the floor.
    rays : bool
        Whether the network is told the camera that each picture is from. Its depth is then that
        camera's, and `focal` and `aspect` are those of a usual one.
    detail : bool
        Whether depth gets its detail at the input's size (`networks.create`).
    scale_sigma : float
        The standard deviation of the logarithm of depth's scale where nothing tells it, which
        makes confidence less (confidence.with_scale_error); 0 where the network's own confidence
        contains it.
    relative : bool
        Whether its output is inverse depth up to a factor and a shift, which only true depths
        tell (inverse_depth.py).
    dataset, recipe, metrics, versions : dict
        What it was trained on and how (train.py's settings), how it scored, and the software
        that made it.

    """

    architecture: str
    input_size: Tuple[int, int] = (224, 224)
    max_depth: float = 20.0
    focal: Optional[float] = None
    aspect: float = 16.0 / 9.0
    headroom: float = 1.0
    confidence: bool = False
    log_head: bool = False
    floor: bool = False
    rays: bool = False
    detail: bool = False
    scale_sigma: float = 0.0
    relative: bool = False
    dataset: Dict = field(default_factory=dict)
    recipe: Dict = field(default_factory=dict)
    metrics: Dict = field(default_factory=dict)
    versions: Dict = field(default_factory=dict)

    def usual_camera(self, width: int, height: int) -> Optional[Intrinsics]:
        """
        Return a camera of the training camera's horizontal field of view, with square pixels.

        Parameters
        ----------
        width, height : int
            Of its pictures, in pixels.

        Returns
        -------
        Intrinsics or None
            None where the training camera isn't known.

        """
        if self.focal is None:
            return None
        focal = self.focal * width / self.input_size[1]
        return Intrinsics(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)

    def camera_vector(self, camera: Optional[Intrinsics]) -> np.ndarray:
        """
        Return what a network with rays is told of a camera.

        Parameters
        ----------
        camera : Intrinsics, optional
            At the network's input size; the model's usual one unless given.

        Returns
        -------
        float32 (1, 4), pixels
            fx, fy, cx and cy.

        """
        if camera is None:
            height, width = self.input_size
            whole = self.usual_camera(width, round(width / self.aspect))
            assert whole is not None  # _problem refuses rays without a focal length
            camera = whole.resized(width, height)
        return np.array([[camera.fx, camera.fy, camera.cx, camera.cy]], np.float32)

    def to_json(self) -> str:
        """Return the metadata entry of a model file."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, path: Path) -> 'ModelMetadata':
        """
        Read and check the metadata entry of a model file.

        Raises
        ------
        ModelFileError
            Where `text` is not such an entry, or has values that no model has.

        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ModelFileError(f'{path}: its metadata is not JSON.') from error
        problem = _problem(values)
        if problem:
            raise ModelFileError(f'{path}: its metadata cannot be used: {problem}.')
        known = {key: values[key] for key in (f.name for f in fields(cls)) if key in values}
        if 'input_size' in known:
            known['input_size'] = tuple(known['input_size'])
        return cls(**known)


def _problem(values: object) -> str:
    """Return what is wrong with the values of a metadata entry; nothing where all is right."""
    if not isinstance(values, dict):
        return 'it is no object of names and values'
    name = values.get('architecture')
    if not isinstance(name, str) or not PLAIN_NAME.fullmatch(name):
        return 'architecture must be a plain name of letters, digits, _ and .'
    size, (shortest, longest) = values.get('input_size', [*INPUT_SIDES]), INPUT_SIDES
    if not isinstance(size, list) or len(size) != 2 or not all(
            type(side) is int and shortest <= side <= longest for side in size):
        return f'input_size must be two whole numbers from {shortest} to {longest}'
    for name, (low, high, unit) in RANGES.items():
        value = values.get(name)
        if name not in values or name == 'focal' and value is None:
            continue
        # Not a number (NaN) is in no range.
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not (
                low <= value <= high):
            return f'{name} must be a number from {low:g} to {high:g} ({unit})'
    for name in ('confidence', 'log_head', 'floor', 'rays', 'detail', 'relative'):
        if not isinstance(values.get(name, False), bool):
            return f'{name} must be true or false'
    if values.get('rays') and not values.get('focal'):
        return 'focal must be a number where rays is true'
    for name in ('dataset', 'recipe', 'metrics', 'versions'):
        if not isinstance(values.get(name, {}), dict):
            return f'{name} must be an object'
    # Python's own functions for nested values call themselves at each level.
    return '' if _is_flat(values, MAX_NESTING) else f'it is nested more than {MAX_NESTING} deep'


def _is_flat(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    return not isinstance(value, list) or levels > 0 and all(
        _is_flat(each, levels - 1) for each in value)


# The author's checkpoints are bare state dicts; there is only one network they can be.
AUTHORS_CHECKPOINT = ModelMetadata(architecture='resnet34_upsample')


def shipped_models() -> Tuple[str, ...]:
    """Return the names of the models that come with the package."""
    return tuple(sorted({path.stem for path in MODELS.glob('*.onnx')}))


def find(model: str, cuda: bool) -> Path:
    """
    Return the file that `model` means.

    Parameters
    ----------
    model : str
        The path of a model file, or the name of a shipped model.
    cuda : bool
        Whether it is to run on CUDA: a name then means its .safetensors file, else its .onnx.

    Raises
    ------
    ModelFileError
        Where there is no such file, or it is of a kind that cannot be run.

    """
    if model in shipped_models():
        # PyTorch has one file for a network in int8 and in float32.
        return MODELS / (f'{model.replace("_fp32", "")}.safetensors' if cuda else f'{model}.onnx')
    try:
        path = Path(model).expanduser()
        found = path.is_file()
    except (OSError, RuntimeError, ValueError):  # too long a name, nobody's ~home, a zero in it
        found = False
    if not found:
        raise ModelFileError(
            f'There is no model file {model!r}: give the path of a {", ".join(KINDS)} file, or '
            f'the name of a shipped model ({", ".join(shipped_models())}).')
    if path.suffix not in KINDS:
        raise ModelFileError(f'{path}: a model file ends in {", ".join(KINDS)}.')
    return path


def read(path: Path) -> ModelFile:
    """
    Read a model file into memory.

    Not mapped: a process that has mapped a file is killed (SIGBUS) when it reads where another
    process has just made that file shorter.

    Raises
    ------
    ModelFileError
        Where it cannot be read.

    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelFileError(f'{path} holds more than {MAX_BYTES} bytes: it is no model file.')
        return ModelFile(path, path.read_bytes())
    except OSError as error:
        raise ModelFileError(f'{path} cannot be read ({error.strerror}).') from error
