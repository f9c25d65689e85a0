"""Calibration of the confidence: the share of pixels that are right is what it says."""

import math
from typing import Optional, Tuple

from depth_estimation_ros.estimation.networks.uncertainty import calibrated, probability_within
import torch
from torch.nn import functional

EVERY = 7  # rows and columns: neighbours tell the same
# Of a picture's pixels. Where fewer are known, as by a lidar, none is left out.
SPARSE = 0.1
# Beyond, the error's distribution overflows.
LARGEST_LOG_B = 10.0


def looked_at(truth: torch.Tensor) -> torch.Tensor:
    """
    Return the pixels by which a calibration is fitted, of those whose depth is known.

    Parameters
    ----------
    truth : float32 (N, 1, H, W), metres
        NaN where it is unknown.

    Returns
    -------
    bool (N, 1, H, W)

    """
    known = ~torch.isnan(truth)
    grid = torch.zeros_like(known)
    grid[..., ::EVERY, ::EVERY] = True
    is_sparse = known.float().mean(dim=(1, 2, 3), keepdim=True) < SPARSE
    return known & (grid | is_sparse)


def fit(log_b: torch.Tensor, depth: torch.Tensor, close: torch.Tensor,
        sigma: Optional[torch.Tensor] = None, weight: Optional[torch.Tensor] = None,
        steps: int = 100) -> Tuple[torch.Tensor, float]:
    """
    Fit the four numbers by which a network's expected error becomes a probability.

    They maximise the likelihood of what was seen, after Platt 1999, with the Laplace
    distribution's own formula in place of his logistic curve. Where a few numbers tell right from
    wrong without exception, that has no end: a normal prior around the numbers that change
    nothing weighs as much as one pixel.

    Parameters
    ----------
    log_b : float32 (N,)
        As in outputs.Prediction.log_b.
    depth : float32 (N,)
        As it was predicted, as a share of the greatest.
    close : bool (N,)
        Whether depth was within 10 % of the truth there.
    sigma : float32 (N,), optional
        The standard deviation of the logarithm of the scale that depth was multiplied by; NaN
        where nothing told it, for which one number is fitted, too. Without it, the scale's error
        is a part of log b.
    weight : float32 (N,), optional
        Of each; all alike unless given.
    steps : int
        Of the optimiser.

    Returns
    -------
    numbers : float32 (4,)
        For `uncertainty.calibrated`.
    scale_sigma : float
        The standard deviation where nothing told the scale; 0 without `sigma`.

    """
    with torch.inference_mode(False), torch.enable_grad():
        # Tensors that were made in inference mode cannot be differentiated through.
        log_b, depth, target = log_b.clone(), depth.clone(), close.float()
        unchanged = torch.tensor([1.0, 0.0, 0.0, 0.0])
        numbers = unchanged.clone().requires_grad_()
        log_sigma = torch.tensor(math.log(0.3), requires_grad=sigma is not None)
        optimizer = torch.optim.LBFGS(
            [numbers] if sigma is None else [numbers, log_sigma], max_iter=steps,
            line_search_fn='strong_wolfe')

        def likelihood():
            optimizer.zero_grad()
            spread = calibrated(log_b, depth, numbers).clamp(-LARGEST_LOG_B, LARGEST_LOG_B)
            if sigma is None:
                probability = probability_within(spread)
            else:
                probability = _within(spread, torch.where(
                    torch.isnan(sigma), torch.exp(log_sigma), sigma))
            probability = probability.clamp(1e-6, 1 - 1e-6)
            loss = functional.binary_cross_entropy(probability, target, weight)
            loss = loss + (numbers - unchanged).square().sum() / max(1, len(depth))
            loss.backward()
            return loss
        optimizer.step(likelihood)
    return numbers.detach(), 0.0 if sigma is None else float(torch.exp(log_sigma.detach()))


def _within(log_b: torch.Tensor, sigma: torch.Tensor, share: float = 0.1) -> torch.Tensor:
    """Return confidence.with_scale_error, of log b, in PyTorch."""
    limit = math.log1p(share)
    variance = 2.0 * torch.exp(2.0 * log_b) + sigma.square()
    laplace = -torch.expm1(-limit * torch.sqrt(2.0 / variance))
    normal = torch.sqrt(-torch.expm1(-2.0 / math.pi * limit * limit / variance))
    return laplace + sigma.square() / variance * (normal - laplace)
