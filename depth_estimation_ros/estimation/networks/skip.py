"""A timm encoder and a light decoder with skip connections: the network that ships is one."""

import math
from typing import Iterator, List, Optional, Tuple

from depth_estimation_ros.estimation.networks import rays as camera_rays
from depth_estimation_ros.estimation.networks.outputs import Maps, Prediction
from depth_estimation_ros.estimation.networks.uncertainty import calibrated, probability_within
import timm
import torch
from torch import nn
from torch.nn import functional

# The nearest depth that a log head can tell, in metres: nearer than any camera focuses.
MIN_DEPTH = 0.05


class ArchitectureError(ValueError):
    """A network that there is not; the message says which there are."""


class SkipNetwork(nn.Module):
    """
    A timm encoder and a light decoder with skip connections.

    Each decoder stage doubles the size, joins the encoder's map of that size and convolves
    once. The last map is half the input's size: a learned step up to full size would cost more
    than the rest of the decoder, so depth itself is interpolated, and at most gets its detail
    at full size.

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
        Whether it predicts the uncertainty of depth, too, from which confidence comes.
    log_head : bool
        Whether equal steps of the head's output are equal factors of depth, from 0.05 m on,
        rather than equal differences. (Both flatten towards their bounds.)
    floor : bool
        Whether it predicts where the floor is that the camera stands on.
    rays : bool
        Whether it is told the camera: each decoder stage then also sees in which direction its
        pixels look (CAM-Convs, Facil et al. 2019; UniDepth, Piccinelli et al. 2024), and depth
        is that of this camera, the bounds of its own range changing with the focal length
        (`rays.focal_ratio`).
    detail : bool
        Whether it also predicts by how much each pixel of the input differs from the
        interpolated depth: a pole that is one pixel wide in the last map has edges there.

    """

    WIDTHS = (128, 64, 48, 32)
    # From b = 0.7 % of depth to a factor of e: without bounds, one pixel that happens to be
    # exact would make the likelihood infinite.
    LOG_B_RANGE = (-5.0, 1.0)

    def __init__(self, encoder: str, max_depth: float, headroom: float = 1.0,
                 confidence: bool = False, log_head: bool = False, floor: bool = False,
                 rays: bool = False, detail: bool = False):
        super().__init__()
        self.max_depth, self.headroom, self.log_head = max_depth, headroom, log_head
        self.rays = rays
        self._frozen: List[nn.Module] = []
        self.encoder = _features(encoder)
        self.encoder_name = encoder
        for key in ('mean', 'std'):
            values = torch.tensor(self.encoder.pretrained_cfg.get(key))
            self.register_buffer(key, values.view(3, 1, 1), persistent=False)
        # An encoder may start at stride 4 (no map at half size) or be a stage short.
        channels = self.encoder.feature_info.channels()
        widths = self.WIDTHS[:len(channels) - 1]
        self.bottleneck = _convolve(channels[-1], self.WIDTHS[0], 1)
        self.stages = nn.ModuleList(
            _convolve(inputs + skip + 3 * rays, outputs, 3) for inputs, skip, outputs
            in zip((self.WIDTHS[0], *widths), channels[-2::-1], widths))
        self.head = nn.Conv2d(widths[-1], 1, 3, padding=1)
        self.error_head = _ErrorHead(widths[-1]) if confidence else None
        self.floor_head = _FloorHead(widths[-1]) if floor else None
        self.detail_head = _DetailHead(widths[-1], self.encoder.feature_info.reduction()[0]) \
            if detail else None
        # Fitted on the validation split, for `uncertainty.calibrated`.
        if confidence:
            self.register_buffer('calibration', torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def forward(self, image: torch.Tensor, camera: Optional[torch.Tensor] = None) -> Prediction:
        """
        Return depth and its uncertainty.

        Depth lies in (0, max_depth * headroom), times `rays.focal_ratio` with rays.

        Parameters
        ----------
        image : float32 (N, 3, H, W)
            RGB in [0, 1].
        camera : float32 (N, 4), optional
            fx, fy, cx and cy in pixels, which a network with rays needs, and no other looks at.

        """
        x, detail = self._decode(image, camera)
        # In float32 also under autocast: half precision cannot tell 15.00 m from 15.01 m, so
        # even ground would come out in steps.
        logit = self.head(x).float()
        log_b, floor = self._log_b(x, logit), self._floor(x, logit)
        size = image.shape[-2:]
        if log_b is not None:
            log_b = _interpolated(log_b, size).clamp(*self.LOG_B_RANGE)
        if floor is not None:
            floor = _interpolated(floor, size)
        depth = self._depth(self._enlarged(logit, detail, size), camera, size)
        return Prediction(depth, log_b, floor)

    def estimate(self, image: torch.Tensor, camera: Optional[torch.Tensor] = None) -> Maps:
        """
        Return clipped depth and, where the network tells them, confidence and floor.

        These two come as their heads see them, at a quarter of the input's size: to interpolate
        them and to compute on all their pixels would take a fifth of the network's time.

        Parameters are those of `forward`.
        """
        x, detail = self._decode(image, camera)
        logit = _to_one(self.head, x)
        log_b, floor = self._log_b(x, logit), self._floor(x, logit)
        size = image.shape[-2:]
        # Without the channel: OpenVINO computes a single one number by number, in 7 % of the time.
        full = self._enlarged(logit, detail, size).squeeze(1)
        depth = self._depth(full, camera, size).clamp(max=self.max_depth)
        confidence = None
        if log_b is not None:
            coarse = self._depth(functional.avg_pool2d(logit, 2), camera, size)
            fraction = coarse.clamp(max=self.max_depth) / self.max_depth
            log_b = calibrated(log_b.clamp(*self.LOG_B_RANGE), fraction, self.calibration)
            confidence = probability_within(log_b)
        if floor is not None:
            floor = torch.sigmoid(floor)
        return Maps(depth.unsqueeze(1), confidence, floor)

    def _decode(self, image: torch.Tensor, camera: Optional[torch.Tensor]
                ) -> Tuple[torch.Tensor, Optional[torch.Tensor]]:
        """Return the decoder's last map, and what is added to the logit of depth."""
        size = image.shape[-2:]
        normalised = (image - self.mean) / self.std
        *skips, x = self.encoder(normalised)
        x = self.bottleneck(x)
        for stage, skip in zip(self.stages, reversed(skips)):
            x = functional.interpolate(x, size=skip.shape[-2:], mode='nearest')
            maps = [x, skip]
            if self.rays:
                maps.append(camera_rays.directions(camera, x.shape[-2:], size).to(x.dtype))
            x = stage(torch.cat(maps, dim=1))
        detail = None if self.detail_head is None else self.detail_head(x, normalised).float()
        return x, detail

    def _enlarged(self, logit: torch.Tensor, detail: Optional[torch.Tensor], size: torch.Size
                  ) -> torch.Tensor:
        """Return the logit of depth at the input's size, with its detail."""
        if detail is None:
            return _interpolated(logit, size)
        # OpenVINO would interpolate number by number, in 6 % of the time.
        reduction = self.detail_head.reduction
        return functional.pixel_shuffle(detail + _phases(logit, reduction), reduction)

    def _depth(self, logit: torch.Tensor, camera: Optional[torch.Tensor], input_size: torch.Size
               ) -> torch.Tensor:
        fraction = torch.sigmoid(logit)
        farthest = self.max_depth * self.headroom
        if self.log_head:
            # exp, since OpenVINO computes a power number by number: 3 ms of 8.
            depth = farthest * torch.exp(math.log(MIN_DEPTH / farthest) * (1.0 - fraction))
        else:
            depth = farthest * fraction
        if self.rays:
            ratio = camera_rays.focal_ratio(camera, input_size)
            depth = depth * ratio.view(-1, *(1,) * (depth.dim() - 1))
        return depth

    def _log_b(self, features: torch.Tensor, logit: torch.Tensor) -> Optional[torch.Tensor]:
        if self.error_head is None:
            return None
        # Detached: the likelihood of the error would otherwise change depth, too.
        return self.error_head(features.detach(), torch.sigmoid(logit.detach())).float()

    def _floor(self, features: torch.Tensor, logit: torch.Tensor) -> Optional[torch.Tensor]:
        if self.floor_head is None:
            return None
        return self.floor_head(features, torch.sigmoid(logit.detach())).float()

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
    Predicts log b from the decoder's features and depth, at half of the decoder's size.

    Its second convolution is dilated: whether a pixel's depth is right depends on what is around
    it, more than on its own edges.
    """

    def __init__(self, inputs: int, width: int = 32):
        super().__init__()
        self.hidden = nn.Conv2d(inputs + 1, width, 3, padding=1)
        self.output = nn.Conv2d(width, 1, 3, padding=3, dilation=3)

    def forward(self, features: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        return self.output(functional.relu(self.hidden(_halved(features, depth))))


class _DetailHead(nn.Module):
    """
    Predicts what is added to the logit of depth at the input's size.

    From the decoder's features and the picture itself, it computes at the features' size all
    pixels that one of theirs covers (sub-pixel convolution, Shi et al. 2016): a 16th of a
    convolution's cost at the input's size. They are its channels, as pixel_shuffle takes them.
    It begins with nothing added.
    """

    def __init__(self, inputs: int, reduction: int, width: int = 16):
        super().__init__()
        self.pixels = nn.Conv2d(3, 8, 2 * reduction, stride=reduction, padding=reduction // 2)
        self.hidden = nn.Conv2d(inputs + 8, width, 3, padding=1)
        self.output = nn.Conv2d(width, reduction ** 2, 3, padding=1)
        self.reduction = reduction
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, features: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
        pixels = functional.relu(self.pixels(image)).to(features.dtype)
        x = functional.relu(self.hidden(torch.cat((features, pixels), dim=1)))
        return self.output(x)


class _FloorHead(nn.Module):
    """
    Predicts the floor's logit from the decoder's features and depth, at half of their size.

    Its dilated convolutions see a fifth of the picture: a table top and a floor look alike, and
    differ by what is around them.
    """

    def __init__(self, inputs: int, width: int = 16):
        super().__init__()
        self.hidden = nn.Conv2d(inputs + 1, width, 3, padding=1)
        self.around = nn.Conv2d(width, width, 3, padding=4, dilation=4)
        self.output = nn.Conv2d(width, 1, 3, padding=2, dilation=2)

    def forward(self, features: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
        x = functional.relu(self.hidden(_halved(features, depth)))
        return self.output(functional.relu(self.around(x)))


def _halved(features: torch.Tensor, depth: torch.Tensor) -> torch.Tensor:
    """Return features and depth at half of their size, as channels of one map."""
    # Joined after pooling: the join at full size would take longer than all that follows.
    return torch.cat((functional.avg_pool2d(features, 2),
                      functional.avg_pool2d(depth.to(features.dtype), 2)), dim=1)


def _interpolated(maps: torch.Tensor, size: torch.Size) -> torch.Tensor:
    return functional.interpolate(maps, size=size, mode='bilinear')


def _to_one(convolution: nn.Conv2d, maps: torch.Tensor) -> torch.Tensor:
    """
    Return what a convolution to one channel gives, in float32.

    As a sum of one for each channel: OpenVINO computes 16 channels where one is asked for, which
    takes twice the time.
    """
    each = functional.conv2d(maps, convolution.weight.transpose(0, 1),
                             padding=convolution.padding, groups=maps.shape[1])
    # As float32 also where the maps are half precision, as they may be on CUDA.
    return each.float().sum(dim=1, keepdim=True) + convolution.bias.float()


def _phases(maps: torch.Tensor, factor: int) -> torch.Tensor:
    """
    Return maps of one channel bilinearly enlarged, as pixel_shuffle takes them.

    Those of the pixels that one of theirs covers which have the same place in it are a channel:
    (N, 1, h, w) becomes (N, factor ** 2, h, w).
    """
    # Not as a convolution: one with a single channel gives other values in OpenVINO 2026.4.
    padded = functional.pad(maps, (1, 1, 1, 1), mode='replicate')
    return torch.cat([phase for rows in _between(padded, 2, factor)
                      for phase in _between(rows, 3, factor)], dim=1)


def _between(maps: torch.Tensor, axis: int, factor: int) -> Iterator[torch.Tensor]:
    """Interpolate along an axis, for each place within a pixel; the first and last have none."""
    before, here, after = (maps.narrow(axis, first, maps.shape[axis] - 2) for first in range(3))
    for place in range(factor):
        offset = (place + 0.5) / factor - 0.5
        share = abs(offset)
        yield (1.0 - share) * here + share * (before if offset < 0.0 else after)


def _features(name: str) -> nn.Module:
    """Return a timm encoder that gives feature maps."""
    # Only a name of timm's own: 'hf-hub:...' would ask a server for the encoder.
    if not timm.is_model(name):
        raise ArchitectureError(
            f'timm has no encoder {name!r}; timm.list_models() names those there are.')
    try:
        return timm.create_model(name, features_only=True, pretrained=False)
    except Exception as error:  # encoders of some families each have their own
        raise ArchitectureError(
            f"timm's {name} gives no feature maps, which a skip network is built on.") from error


def _convolve(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
