"""Model files: which one a name means, and the metadata that each carries."""

from dataclasses import asdict, dataclass, field, fields
import json
from pathlib import Path
from typing import Dict, Optional, Tuple

from depth_estimation_ros.estimation.atomic_file import replacing

METADATA_KEY = 'depth_estimation_ros'
MODELS = Path(__file__).parents[1] / 'models'
KINDS = ('.onnx', '.safetensors', '.pth')


class ModelFileError(ValueError):
    """A model file that cannot be used; the message says why and what would be right."""


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
    dataset: Dict = field(default_factory=dict)
    recipe: Dict = field(default_factory=dict)
    metrics: Dict = field(default_factory=dict)
    versions: Dict = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the metadata entry of a model file."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, path: Path) -> 'ModelMetadata':
        """
        Read the metadata entry of a model file.

        Raises
        ------
        ModelFileError
            Where `text` is not such an entry.

        """
        try:
            values = json.loads(text)
            known = {f.name for f in fields(cls)}
            metadata = cls(**{k: v for k, v in values.items() if k in known})
            height, width = metadata.input_size
            if not (height > 0 and width > 0 and metadata.max_depth > 0 and metadata.aspect > 0):
                raise ValueError('input_size, max_depth and aspect must be positive')
            if metadata.focal is not None and not metadata.focal > 0:
                raise ValueError('focal must be positive, or null')
        except (ValueError, TypeError, AttributeError) as error:
            raise ModelFileError(f'{path}: its metadata cannot be read ({error})') from error
        return cls(**{**asdict(metadata), 'input_size': (int(height), int(width))})


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
        return MODELS / f'{model}{".safetensors" if cuda else ".onnx"}'
    path = Path(model).expanduser()
    if not path.is_file():
        raise ModelFileError(
            f'There is no model file {model!r}: give the path of a {", ".join(KINDS)} file, or '
            f'the name of a shipped model ({", ".join(shipped_models())}).')
    if path.suffix not in KINDS:
        raise ModelFileError(f'{path}: a model file ends in {", ".join(KINDS)}.')
    return path


def load_weights(path: Path) -> Tuple[Dict, ModelMetadata]:
    """
    Read a .safetensors or .pth file; nothing in it is executed.

    Returns
    -------
    state_dict : dict of str to torch.Tensor
    metadata : ModelMetadata

    Raises
    ------
    ModelFileError
        Where there is no such file, or it is broken, of another kind or no model of ours.

    """
    if path.suffix not in ('.safetensors', '.pth') or not path.is_file():
        raise ModelFileError(f'{path} is no file of weights: that is a .safetensors or .pth file.')
    if path.suffix == '.pth':
        return _load_pth(path), AUTHORS_CHECKPOINT
    import safetensors
    import safetensors.torch
    try:
        with safetensors.safe_open(path, 'pt') as file:
            metadata = file.metadata() or {}
        state_dict = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        raise ModelFileError(f'{path} is not a safetensors file ({error}).') from error
    if METADATA_KEY not in metadata:
        raise ModelFileError(
            f'{path} has no {METADATA_KEY!r} entry in its header, so its network is unknown: '
            'use a file that training/train.py wrote.')
    return state_dict, ModelMetadata.from_json(metadata[METADATA_KEY], path)


def _load_pth(path: Path) -> Dict:
    import pickle

    import torch
    try:
        state_dict = torch.load(path, map_location='cpu', weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ModelFileError(f'{path} is not a file of PyTorch weights ({error}).') from error
    if not isinstance(state_dict, dict) or not any(
            str(key).startswith('encoder_layers.') for key in state_dict):
        raise ModelFileError(
            f"{path} is not a checkpoint of the paper's network: its keys would begin with "
            "'encoder_layers.' and 'decoder.'.")
    return state_dict


def save_weights(path: Path, state_dict: Dict, metadata: ModelMetadata) -> None:
    """
    Write a .safetensors file; an older one is replaced only when the new one is whole.

    Parameters
    ----------
    path : Path
    state_dict : dict of str to torch.Tensor
    metadata : ModelMetadata

    """
    import safetensors.torch
    tensors = {key: value.detach().cpu().contiguous() for key, value in state_dict.items()}
    with replacing(path) as partial:
        # Not save_file, whose files nobody else may read.
        partial.write_bytes(safetensors.torch.save(tensors, {METADATA_KEY: metadata.to_json()}))
