"""What the networks give, by name: what is learnt, and what a robot is told."""

from typing import NamedTuple, Optional

import torch


class Prediction(NamedTuple):
    """
    What a network predicts, and losses are computed from.

    Attributes
    ----------
    depth : float32 (N, 1, H, W), metres
        Not clipped.
    log_b : float32 (N, 1, H, W) or None
        The aleatoric uncertainty of depth: the logarithm of the scale b of a Laplace
        distribution of log depth (Kendall and Gal 2017, with the Laplace prior of their
        section 2.2).
    floor_logit : float32 (N, 1, H, W) or None
        The logit of the probability that a pixel shows the floor that the camera stands on.

    """

    depth: torch.Tensor
    log_b: Optional[torch.Tensor] = None
    floor_logit: Optional[torch.Tensor] = None


class Maps(NamedTuple):
    """
    What a robot is told; the names are those of an ONNX file's outputs.

    Attributes
    ----------
    depth : float32 (N, 1, H, W), metres
        In (0, max_depth], where the network is bounded.
    confidence : float32 (N, 1, h, w) in [0, 1], or None
        The probability that depth is within 10 % of the truth; of the whole picture in fewer
        pixels, as the network has it.
    floor : float32 (N, 1, h, w) in [0, 1], or None
        The probability that a pixel shows the floor that the camera stands on; so, too.

    """

    depth: torch.Tensor
    confidence: Optional[torch.Tensor] = None
    floor: Optional[torch.Tensor] = None
