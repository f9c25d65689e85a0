"""The paper's network: ResNet-34 and five transposed convolutions."""

from typing import List, Optional, Tuple

from depth_estimation_ros.estimation.networks.outputs import Maps, Prediction
import torch
from torch import nn
from torchvision import models


class ResNet34Upsample(nn.Module):
    """
    The paper's network (its Table I), from torchvision's ResNet-34.

    The modules carry the names that the author's checkpoints have. The input is RGB in [0, 1]
    without ImageNet's mean and deviation, and the output is not bounded: both as in the paper's
    code.
    """

    def __init__(self):
        super().__init__()
        # Without the pooling and the classifier, which are the last two.
        self.encoder_layers = nn.Sequential(*list(models.resnet34().children())[:-2])
        # "The first convolutional layers are frozen": in the paper's code, the parameters of
        # the first four children. Their batch statistics still follow the data.
        self.encoder_layers[:4].requires_grad_(False)
        self.decoder = nn.Sequential(
            *_upsample(512, 256), *_upsample(256, 128), nn.Conv2d(128, 128, 1),
            *_upsample(128, 64), *_upsample(64, 32), nn.Conv2d(32, 32, 1),
            nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Conv2d(1, 1, 1))

    def forward(self, image: torch.Tensor, camera: Optional[torch.Tensor] = None) -> Prediction:
        return Prediction(self.decoder(self.encoder_layers(image)))

    def estimate(self, image: torch.Tensor, camera: Optional[torch.Tensor] = None) -> Maps:
        """Return depth; the network tells no confidence, and doesn't look at the camera."""
        return Maps(self(image).depth)

    def encoder_parameters(self) -> List[nn.Parameter]:
        """Return what ImageNet weights are loaded into."""
        return list(self.encoder_layers.parameters())

    def load_encoder(self, encoder: nn.Module) -> None:
        """Take the weights of torchvision's ResNet-34."""
        layers = nn.Sequential(*list(encoder.children())[:-2])
        self.encoder_layers.load_state_dict(layers.state_dict())


def _upsample(inputs: int, outputs: int) -> Tuple[nn.Module, ...]:
    return (nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1),
            nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))
