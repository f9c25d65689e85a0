"""
The processes of one training run, as torchrun starts them; alone without it.

They compute what one process would with the same global batch: what is a mean over the batch, in
the loss and in batch normalisation, is one over the parts of all processes.
"""

from contextlib import contextmanager
from datetime import timedelta
from typing import Iterator

from learning import torchrun
import torch
from torch import distributed, nn

# While the first process evaluates, the others wait.
TIMEOUT = timedelta(hours=3)


@contextmanager
def connected(device: str) -> Iterator[None]:
    """Connect the processes: by NCCL on GPUs, by gloo on CPUs."""
    if torchrun.count() == 1:
        yield
        return
    if device == 'cuda':
        torch.cuda.set_device(torchrun.local_rank())
    distributed.init_process_group('nccl' if device == 'cuda' else 'gloo', timeout=TIMEOUT)
    try:
        yield
    finally:
        distributed.destroy_process_group()


def wait_for_all() -> None:
    """Wait until all processes are here: none may leave while another still talks to it."""
    if distributed.is_initialized():
        distributed.barrier()


def total(values: torch.Tensor) -> torch.Tensor:
    """
    Return the sum of a tensor over all processes, through which gradients flow.

    Each process computes the same loss from such sums. The gradient of the sum of all of these
    losses is as many times that of one as there are processes, by which DistributedDataParallel
    divides.
    """
    return _Total.apply(values) if distributed.is_initialized() else values


class _Total(torch.autograd.Function):
    """The sum over all processes, and that of its gradients."""

    @staticmethod
    def forward(context, values):
        return _summed(values)

    @staticmethod
    def backward(context, gradient):
        return _summed(gradient)


def _summed(values: torch.Tensor) -> torch.Tensor:
    values = values.clone()
    distributed.all_reduce(values)
    return values


def normalise_over_processes(network: nn.Module) -> None:
    """
    Let batch normalisation take its statistics from the batches of all processes.

    nn.SyncBatchNorm does so on GPUs only, and not in timm's layers, which activate, too.
    """
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.forward = _normalisation(layer)


def _normalisation(layer: nn.BatchNorm2d):
    alone = layer.forward

    def forward(x: torch.Tensor) -> torch.Tensor:
        if not (layer.training and distributed.is_initialized()):
            return alone(x)
        wide = x.float()
        pixels = wide.numel() / wide.shape[1] * torchrun.count()  # in all processes
        mean = total(wide.sum(dim=(0, 2, 3))) / pixels
        centred = wide - mean[:, None, None]
        variance = total(centred.square().sum(dim=(0, 2, 3))) / pixels
        with torch.no_grad():
            layer.num_batches_tracked.add_(1)
            layer.running_mean.lerp_(mean, layer.momentum)
            layer.running_var.lerp_(variance * pixels / (pixels - 1), layer.momentum)
        factor = layer.weight * torch.rsqrt(variance + layer.eps)
        y = (centred * factor[:, None, None] + layer.bias[:, None, None]).to(x.dtype)
        # timm's BatchNormAct2d goes on with these.
        return layer.act(layer.drop(y)) if hasattr(layer, 'act') else y
    return forward
