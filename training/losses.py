"""The paper's loss, in PyTorch."""

from pytorch_msssim import ssim as windowed_ssim
import torch
from torch.nn import functional


def rmse(prediction: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Return the root mean squared error over all pixels of a batch (equation 2)."""
    return torch.sqrt(functional.mse_loss(prediction, truth))


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
    return windowed_ssim(x, y, data_range=1.0)


def rmse_ssim(prediction: torch.Tensor, truth: torch.Tensor,
              alpha: float = 1.0, beta: float = 1.0) -> torch.Tensor:
    """Return alpha * RMSE + beta * (1 - SSIM) (equation 1)."""
    return alpha * rmse(prediction, truth) + beta * (1.0 - ssim(prediction, truth))
