"""Losses, in PyTorch: the paper's, and what a better recipe adds to it."""

from dataclasses import dataclass
from typing import Optional

from depth_estimation_ros.estimation.networks.skip import MIN_DEPTH
from depth_estimation_ros.estimation.networks.uncertainty import probability_within
from learning import processes
from pytorch_msssim import ssim as windowed_ssim
import torch
from torch.nn import functional


@dataclass(frozen=True)
class Weights:
    """
    How much each term of the loss counts; what is 0 isn't computed.

    Attributes
    ----------
    alpha, beta : float
        Of RMSE (metres) and of 1 - SSIM: the paper's equation 1.
    l1 : float
        Of the mean absolute error (metres).
    silog : float
        Of the scale-invariant error of log depth.
    gradients : float
        Of the differences between neighbours' log depth, over four scales.
    thin : float
        Of the error of log depth where something thin stands before something farther.
    confidence : float
        Of the likelihood of the error that the network expects, and of confidence.
    floor : float
        Of the cross entropy of where the floor is.

    """

    alpha: float = 1.0
    beta: float = 1.0
    l1: float = 0.0
    silog: float = 0.0
    gradients: float = 0.0
    thin: float = 0.0
    confidence: float = 0.0
    floor: float = 0.0


def mean_of(values: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """
    Return the mean of the values that are known, 0 where none is; over all processes.

    Weighted: to pick pixels out of maps, and to put gradients back, takes a twentieth of a whole
    training step.

    Parameters
    ----------
    values : float32 tensor
        Finite also where they are unknown.
    known : float32 tensor of that shape
        1 where a value counts, 0 where it doesn't.

    """
    return processes.total((values * known).sum()) / processes.total(known.sum()).clamp_min(1.0)


def weights_of(settings) -> Weights:
    """Return the weights that a run's Settings ask for."""
    if settings.learn != 'all':
        return Weights(alpha=0.0, beta=0.0, **{settings.learn: getattr(settings, settings.learn)})
    return Weights(settings.alpha, settings.beta, settings.l1, settings.silog, settings.gradients,
                   settings.thin, settings.confidence, settings.floor)


def rmse(prediction: torch.Tensor, truth: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    """Return the root mean squared error over all known pixels of a batch (equation 2)."""
    return torch.sqrt(mean_of((prediction - truth).square(), known))


def ssim(prediction: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """
    Return the mean structural similarity of a batch (equation 3).

    The paper's code filters zero-padded maps with a data range of 1.

    Parameters
    ----------
    prediction, truth : float32 (N, 1, H, W), metres

    """
    # As the channels of one image: the same mean, and on a CPU a 25th of the time, which would
    # otherwise be that of the network.
    x, y = (functional.pad(depth.transpose(0, 1), (5,) * 4) for depth in (prediction, truth))
    mean = windowed_ssim(x, y, data_range=1.0)
    return mean_of(mean, torch.ones_like(mean))


def silog(log_ratio: torch.Tensor, known: torch.Tensor, invariance: float = 0.5
          ) -> torch.Tensor:
    """
    Return the root of the scale-invariant error of each image, averaged.

    Eigen et al. 2014, equation 4; their lambda of 0.5 keeps half of the error in scale.

    Parameters
    ----------
    log_ratio : float32 (N, 1, H, W)
        log(prediction / truth).
    known : float32 (N, 1, H, W)
        1 where it is known, 0 elsewhere.
    invariance : float
        Their lambda.

    """
    pixels = known.sum(dim=(1, 2, 3)).clamp_min(1.0)
    mean_square = (log_ratio.square() * known).sum(dim=(1, 2, 3)) / pixels
    mean = (log_ratio * known).sum(dim=(1, 2, 3)) / pixels
    error = torch.sqrt((mean_square - invariance * mean.square()).clamp_min(1e-8))
    return mean_of(error, torch.ones_like(error))


def gradients(log_ratio: torch.Tensor, known: torch.Tensor, scales: int = 4) -> torch.Tensor:
    """
    Return how much neighbours' errors differ, at several scales.

    Li and Snavely 2018 (MegaDepth), section 5.2: edges where the truth has them, none elsewhere.
    Only neighbours that are both known are compared: at the border of a hole the difference would
    be the whole error of one of them.

    Parameters
    ----------
    log_ratio : float32 (N, 1, H, W)
        log(prediction / truth).
    known : float32 (N, 1, H, W)
        1 where it is known, 0 elsewhere.
    scales : int
        Each has half the size of the one before.

    """
    total = log_ratio.new_zeros(())
    for _ in range(scales):
        for dim in (-1, -2):
            pairs = log_ratio.shape[dim] - 1
            both = known.narrow(dim, 0, pairs) * known.narrow(dim, 1, pairs)
            total = total + mean_of(log_ratio.diff(dim=dim).abs(), both)
        log_ratio, known = log_ratio[..., ::2, ::2], known[..., ::2, ::2]
    return total


def is_thin(truth: torch.Tensor, known: torch.Tensor, width: int = 9, step: float = 1.25
            ) -> torch.Tensor:
    """
    Return where something thin stands before something farther: a pole, a leg, a branch.

    What the morphological closing of the depth map fills with the depth around it. An unknown
    pixel counts as near when the farthest of a window is taken, so that it makes nothing thin.

    Parameters
    ----------
    truth : float32 (N, 1, H, W), metres
        Finite also where it is unknown.
    known : float32 (N, 1, H, W)
        1 where it is known, 0 elsewhere.
    width : int
        Of the closing's window in pixels; what is as wide is not thin.
    step : float
        By which factor what is behind is farther.

    Returns
    -------
    float32 (N, 1, H, W)
        1 where it is so, 0 elsewhere.

    """
    closed = -_largest(-_largest(truth * known, width), width)
    return (closed > step * truth).float() * known


def _largest(maps: torch.Tensor, width: int) -> torch.Tensor:
    """
    Return the largest value in the window around each pixel.

    Along one axis after the other, and from windows of half the width: PyTorch's max_pool2d looks
    at each pixel of the window, and takes ten times as long on a CPU.
    """
    for dim in (-1, -2):
        before = width // 2
        pad = (before, width - 1 - before) if dim == -1 else (0, 0, before, width - 1 - before)
        maps, seen = functional.pad(maps, pad, value=-torch.inf), 1
        while seen < width:
            shift = min(seen, width - seen)
            pixels = maps.shape[dim] - shift
            maps = torch.maximum(maps.narrow(dim, 0, pixels), maps.narrow(dim, shift, pixels))
            seen += shift
    return maps


def thin(log_ratio: torch.Tensor, thin_pixels: torch.Tensor, known: torch.Tensor,
         share: float = 0.02) -> torch.Tensor:
    """
    Return the mean error of log depth on thin things.

    They are few of all pixels, and nearly nothing in a mean over all of them.

    Parameters
    ----------
    log_ratio : float32 (N, 1, H, W)
        log(prediction / truth).
    thin_pixels, known : float32 (N, 1, H, W)
        1 where it is so, 0 elsewhere.
    share : float
        Of the known pixels; a batch in which fewer are thin counts less.

    """
    error = processes.total((log_ratio.abs() * thin_pixels).sum())
    pixels = processes.total(torch.stack((thin_pixels.sum(), share * known.sum())))
    return error / pixels.max().clamp_min(1.0)


def laplace_nll(log_ratio: torch.Tensor, log_b: torch.Tensor) -> torch.Tensor:
    """
    Return each pixel's negative log-likelihood of its error under the predicted distribution.

    Kendall and Gal 2017, section 2.2, for a Laplace distribution of log depth. Depth gets no
    gradient from it: large errors where a large b is predicted must not cost less.

    Parameters
    ----------
    log_ratio : float32 tensor
        log(prediction / truth) of each pixel.
    log_b : float32 tensor of that shape
        The logarithm of the distribution's scale b.

    """
    return log_ratio.detach().abs() * torch.exp(-log_b) + log_b


def within_cross_entropy(log_ratio: torch.Tensor, log_b: torch.Tensor, share: float = 0.1
                         ) -> torch.Tensor:
    """
    Return each pixel's cross entropy of whether depth is within a share of the truth.

    This is what a robot is told; `laplace_nll` alone is dominated by the largest errors, whose
    size doesn't matter to it.

    Parameters
    ----------
    log_ratio : float32 tensor
        log(prediction / truth) of each pixel.
    log_b : float32 tensor of that shape
        The logarithm of the Laplace distribution's scale b.
    share : float

    """
    probability = probability_within(log_b, share).clamp(1e-4, 1.0 - 1e-4)
    within = (torch.exp(log_ratio.detach()) - 1.0).abs() <= share
    # Not binary_cross_entropy: it refuses NaN with an assertion, where a run that diverges must
    # be told so by its loss.
    return -torch.log(torch.where(within, probability, 1.0 - probability))


def floor_cross_entropy(logit: torch.Tensor, floor: torch.Tensor) -> torch.Tensor:
    """
    Return the mean cross entropy of where the floor is.

    Parameters
    ----------
    logit : float32 (N, 1, H, W)
        As in outputs.Prediction.floor_logit.
    floor : float32 (N, 1, H, W)
        1 where a pixel shows the floor, 0 where it doesn't; NaN where that isn't known.

    """
    known = ~torch.isnan(floor)
    entropy = functional.binary_cross_entropy_with_logits(
        logit, torch.nan_to_num(floor), reduction='none')
    return mean_of(entropy, known.float())


def one_sided_truth(truth: torch.Tensor, prediction: torch.Tensor, clip: torch.Tensor
                    ) -> torch.Tensor:
    """
    Return the truth for a one-sided loss: where it was clipped, any farther prediction is right.

    There (censored regression, Tobin 1958) the truth is the prediction itself if that is farther
    than the clip, and the clip if it is nearer.

    Parameters
    ----------
    truth, prediction : float32 (N, 1, H, W), metres
    clip : float32 (N,), metres
        At which depth the truth was clipped.

    """
    return torch.where(_is_clipped(truth, clip), torch.maximum(truth, prediction.detach()), truth)


def clipped_at(truth: torch.Tensor, clip: torch.Tensor, max_depth: float) -> torch.Tensor:
    """
    Return the truth with what was clipped, at whatever depth, set to max_depth.

    Parameters
    ----------
    truth : float32 (N, 1, H, W), metres
    clip : float32 (N,), metres
        At which depth the truth was clipped.
    max_depth : float, metres

    """
    return torch.where(_is_clipped(truth, clip), max_depth, truth)


def _is_clipped(truth: torch.Tensor, clip: torch.Tensor) -> torch.Tensor:
    # Zooming multiplies in float32, so that a clipped depth may be a rounding below its bound.
    return truth >= clip.view(-1, 1, 1, 1) * 0.9999


def is_clipped_nearer(truth: torch.Tensor, clip: torch.Tensor, max_depth: float) -> torch.Tensor:
    """
    Return where the truth was clipped nearer than max_depth, so that errors are not known.

    What is clipped at max_depth is known: the network's output ends there, too. A clip that a zoom
    brought nearer tells only that depth lies somewhere behind it. Parameters as of `clipped_at`.

    Returns
    -------
    bool (N, 1, H, W)

    """
    return _is_clipped(truth, clip) & (clip < 0.9999 * max_depth).view(-1, 1, 1, 1)


def total(prediction: torch.Tensor, log_b: Optional[torch.Tensor], truth: torch.Tensor,
          weights: Weights, error_unknown: Optional[torch.Tensor] = None) -> torch.Tensor:
    """
    Return the weighted sum of the terms; by default the paper's equation 1.

    Parameters
    ----------
    prediction, truth : float32 (N, 1, H, W), metres
        Where the truth is NaN it is unknown, and nothing is learnt.
    log_b : float32 (N, 1, H, W) or None
        As in outputs.Prediction.log_b.
    weights : Weights
    error_unknown : bool (N, 1, H, W), optional
        Where confidence is not learnt either, as of `is_clipped_nearer`.

    """
    unknown = torch.isnan(truth)
    known = (~unknown).float()
    # SSIM compares windows, which may lie partly in the unknown: equal there, they differ only by
    # what is known. The other terms count known pixels only, and must not meet a NaN.
    prediction = torch.where(unknown, prediction.detach(), prediction)
    truth = torch.where(unknown, prediction.detach(), truth)
    loss = prediction.new_zeros(())
    if weights.alpha:
        loss = loss + weights.alpha * rmse(prediction, truth, known)
    if weights.beta:
        loss = loss + weights.beta * (1.0 - ssim(prediction, truth))
    if weights.l1:
        loss = loss + weights.l1 * mean_of((prediction - truth).abs(), known)
    if weights.silog or weights.gradients or weights.thin or weights.confidence:
        log_ratio = torch.log(prediction.clamp_min(MIN_DEPTH) / truth.clamp_min(MIN_DEPTH))
        if weights.silog:
            loss = loss + weights.silog * silog(log_ratio, known)
        if weights.gradients:
            loss = loss + weights.gradients * gradients(log_ratio, known)
        if weights.thin:
            loss = loss + weights.thin * thin(log_ratio, is_thin(truth, known), known)
        if weights.confidence:
            scored = known if error_unknown is None else known * (~error_unknown).float()
            terms = laplace_nll(log_ratio, log_b) + within_cross_entropy(log_ratio, log_b)
            loss = loss + weights.confidence * mean_of(terms, scored)
    return loss
