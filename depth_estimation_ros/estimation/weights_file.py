"""Files of weights, .safetensors and .pth: what training writes and PyTorch runs."""

import io
import json
from pathlib import Path
from typing import Dict, Tuple

from depth_estimation_ros.estimation import model_file, networks
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.model_file import (
    AUTHORS_CHECKPOINT, METADATA_KEY, ModelFile, ModelFileError, ModelMetadata)
import safetensors.torch
import torch
from torch import nn

StateDict = Dict[str, torch.Tensor]


def load_weights(path: Path) -> Tuple[StateDict, ModelMetadata]:
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
    return _weights(model_file.read(path))


def load_network(file: ModelFile) -> Tuple[nn.Module, ModelMetadata]:
    """
    Build the network of a .safetensors or .pth file, with its weights.

    Raises
    ------
    ModelFileError
        Where the file is broken, or its weights don't fit its network.

    """
    state_dict, metadata = _weights(file)
    try:
        # A name can stand for a network of many gigabytes: its shapes are compared first.
        with torch.device('meta'):
            expected = _network(metadata).state_dict()
    except networks.ArchitectureError as error:
        raise ModelFileError(f'{file.path}: {error}') from error
    except Exception as error:  # an encoder whose maps are none that a decoder can be built on
        raise ModelFileError(
            f'{file.path}: no network can be built on {metadata.architecture!r}.') from error
    refuse_misfits(file.path, state_dict, expected, metadata.architecture)
    module = _network(metadata)
    module.load_state_dict(state_dict)
    return module, metadata


def _network(metadata: ModelMetadata) -> nn.Module:
    return networks.create(metadata.architecture, metadata.max_depth, metadata.headroom,
                           metadata.confidence, metadata.log_head, metadata.floor, metadata.rays,
                           metadata.detail)


def refuse_misfits(path: Path, state_dict: StateDict, expected: StateDict, architecture: str
                   ) -> None:
    """
    Refuse weights that are not a network's.

    Parameters
    ----------
    path : Path
        Where they are from.
    state_dict : dict of str to torch.Tensor
    expected : dict of str to torch.Tensor
        The network's own state_dict(), of which names, shapes and types count.
    architecture : str
        What the network is called.

    Raises
    ------
    ModelFileError
        Where a tensor is missing, unknown, or of another shape or type.

    """
    found = {
        'missing': [key for key in expected if key not in state_dict],
        'unknown to it': [key for key in state_dict if key not in expected],
        'of another shape or type': [
            key for key, value in state_dict.items() if key in expected and (
                value.shape != expected[key].shape
                or value.is_floating_point() != expected[key].is_floating_point())]}
    misfits = [f'{len(keys)} {"is" if len(keys) == 1 else "are"} {what} '
               f'(such as {keys[0]!r:.80})' for what, keys in found.items() if keys]
    if misfits:
        raise ModelFileError(f'{path}: its weights are not those of the network '
                             f'{architecture!r}: {", ".join(misfits)}.')


def _weights(file: ModelFile) -> Tuple[StateDict, ModelMetadata]:
    if file.path.suffix == '.pth':
        return _read_pth(file), AUTHORS_CHECKPOINT
    metadata = _read_metadata(file)
    try:
        return safetensors.torch.load(file.data), metadata
    except Exception as error:  # the library's own, and PyTorch's for types it doesn't know
        raise ModelFileError(f'{file.path} is not a whole safetensors file.') from error


def _read_metadata(file: ModelFile) -> ModelMetadata:
    # The library reads a header's metadata from a file that it maps only: the header is JSON
    # behind its length in 8 bytes.
    end = 8 + int.from_bytes(file.data[:8], 'little')
    try:
        header = json.loads(file.data[8:end])
        entries = header.get('__metadata__') or {}
        text = entries.get(METADATA_KEY)
    except (ValueError, AttributeError, RecursionError) as error:
        raise ModelFileError(f'{file.path} is not a safetensors file.') from error
    if not isinstance(text, str):
        raise ModelFileError(
            f'{file.path} has no {METADATA_KEY!r} entry in its header, so its network is unknown: '
            'use a file that training/train.py wrote.')
    return ModelMetadata.from_json(text, file.path)


def _read_pth(file: ModelFile) -> StateDict:
    try:
        state_dict = torch.load(io.BytesIO(file.data), map_location='cpu', weights_only=True)
    except Exception as error:  # what its unpickler meets in damaged files is not documented
        raise ModelFileError(f'{file.path} is not a file of PyTorch weights.') from error
    if not isinstance(state_dict, dict) or not any(
            str(key).startswith('encoder_layers.') for key in state_dict) or not all(
            isinstance(key, str) and _holds_values(value) for key, value in state_dict.items()):
        raise ModelFileError(
            f"{file.path} is not a checkpoint of the paper's network: that holds tensors whose "
            "names begin with 'encoder_layers.' and 'decoder.'.")
    return dict(state_dict)


def _holds_values(value: object) -> bool:
    """Tell whether a value is a tensor in memory, with nothing left out."""
    return (isinstance(value, torch.Tensor) and value.layout == torch.strided
            and value.device.type == 'cpu' and not value.is_quantized)


def save_weights(path: Path, state_dict: StateDict, metadata: ModelMetadata) -> None:
    """
    Write a .safetensors file; an older one is replaced only when the new one is whole.

    Parameters
    ----------
    path : Path
    state_dict : dict of str to torch.Tensor
    metadata : ModelMetadata

    """
    tensors = {key: value.detach().cpu().contiguous() for key, value in state_dict.items()}
    with replacing(path) as partial:
        # Not save_file, whose files nobody else may read.
        partial.write_bytes(safetensors.torch.save(tensors, {METADATA_KEY: metadata.to_json()}))
