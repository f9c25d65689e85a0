"""Calibration of the confidence: the share of pixels that are right is what it says."""

from depth_estimation_ros.estimation.networks.uncertainty import calibrated, probability_within
import torch
from torch.nn import functional


def fit(log_b: torch.Tensor, depth: torch.Tensor, close: torch.Tensor, steps: int = 100
        ) -> torch.Tensor:
    """
    Fit the four numbers by which a network's expected error becomes a probability.

    They maximise the likelihood of what was seen, after Platt 1999, with the Laplace
    distribution's own formula in place of his logistic curve.

    Parameters
    ----------
    log_b : float32 (N,)
        As in outputs.Prediction.log_b.
    depth : float32 (N,)
        As it was predicted, as a share of the greatest.
    close : bool (N,)
        Whether depth was within 10 % of the truth there.
    steps : int
        Of the optimiser.

    Returns
    -------
    float32 (4,)
        For `uncertainty.calibrated`.

    """
    with torch.inference_mode(False), torch.enable_grad():
        # Tensors that were made in inference mode cannot be differentiated through.
        log_b, depth, target = log_b.clone(), depth.clone(), close.float()
        numbers = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)
        optimizer = torch.optim.LBFGS([numbers], max_iter=steps, line_search_fn='strong_wolfe')

        def likelihood():
            optimizer.zero_grad()
            probability = probability_within(
                calibrated(log_b, depth, numbers)).clamp(1e-6, 1 - 1e-6)
            loss = functional.binary_cross_entropy(probability, target)
            loss.backward()
            return loss
        optimizer.step(likelihood)
    return numbers.detach()
