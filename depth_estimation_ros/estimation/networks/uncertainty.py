"""From a predicted Laplace distribution of log depth to a calibrated confidence."""

import math

import torch


def calibrated(log_b: torch.Tensor, depth: torch.Tensor, calibration: torch.Tensor
               ) -> torch.Tensor:
    """
    Return the scale of the error after calibration on a validation split.

    Temperature scaling (Guo et al. 2017) of the Laplace distribution, with a slope of log b and
    terms of depth besides: whether far things are the sky has two answers that lie far apart,
    so the error there isn't Laplace distributed and no temperature of its own fits it.

    Parameters
    ----------
    log_b : float32 tensor
        As a network predicts it.
    depth : float32 tensor
        Divided by max_depth.
    calibration : float32 (4,)
        Slope, offset, and the factors of depth and of its square; (1, 0, 0, 0) changes nothing.

    Returns
    -------
    float32 tensor
        log b, calibrated.

    """
    slope, offset, linear, square = calibration
    return slope * log_b + offset + (linear + square * depth) * depth


def probability_within(log_b: torch.Tensor, share: float = 0.1) -> torch.Tensor:
    """
    Return the probability that depth is off by at most a share of itself.

    For a Laplace distribution of log depth with the scale b it is 1 - exp(-log(1 + share) / b).

    Parameters
    ----------
    log_b : float32 tensor
    share : float

    """
    return 1.0 - torch.exp(-math.log1p(share) * torch.exp(-log_b))
