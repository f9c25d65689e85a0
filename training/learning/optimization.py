"""
How a network is optimized: optimizers, schedules of the learning rate, precisions.

A schedule is a function of the optimizer, of the run's Settings and of its number of steps.
"""

from functools import partial
import math
from pathlib import Path

import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

# Fused: one pass over the weights in place of ten.
OPTIMIZERS = {'adam': partial(torch.optim.Adam, fused=True),
              'adamw': partial(torch.optim.AdamW, fused=True)}
PRECISIONS = {'fp32': torch.float32, 'bf16': torch.bfloat16, 'fp16': torch.float16}


def triangular2(optimizer, settings, total_steps: int):
    """Return the paper's schedule (Smith 2017); it cycles Adam's beta1 the other way."""
    base = [group['lr'] for group in optimizer.param_groups]
    return torch.optim.lr_scheduler.CyclicLR(
        optimizer, base_lr=base, max_lr=[lr * settings.max_lr / settings.lr for lr in base],
        mode='triangular2',
        step_size_up=settings.step_size_up, step_size_down=settings.step_size_down)


def cosine(optimizer, settings, total_steps: int):
    """Return a linear warm-up and a half cosine to zero (Loshchilov and Hutter 2017)."""
    warm_up = min(settings.step_size_up, total_steps // 10)

    def factor(step):
        if step < warm_up:
            return (step + 1) / warm_up
        done = (step - warm_up) / max(1, total_steps - warm_up)
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def moving_average(network: torch.nn.Module, decay: float) -> AveragedModel:
    """
    Return the exponential moving average of a network's weights and batch statistics.

    It keeps little of the first steps, when there is nothing worth remembering: the decay begins
    at 2/11 and rises to its own with the number of steps.
    """
    def update(averaged, current, count):
        get_ema_multi_avg_fn(min(decay, (1 + int(count)) / (10 + int(count))))(
            averaged, current, count)
    return AveragedModel(network, multi_avg_fn=update, use_buffers=True)


SCHEDULES = {'triangular2': triangular2, 'cosine': cosine}


def fastest_precision(device: str) -> str:
    """Return the precision that multiplies fastest on a device without spoiling training."""
    if device == 'cuda':
        return 'bf16' if torch.cuda.is_bf16_supported() else 'fp16'
    try:
        flags = Path('/proc/cpuinfo').read_text().split()
    except OSError:
        return 'fp32'
    # x86 with AVX-512 BF16 or AMX, Arm with BF16; others only emulate it.
    return 'bf16' if {'avx512_bf16', 'amx_bf16', 'bf16'} & set(flags) else 'fp32'


def depthwise_in_float32(module: torch.nn.Module) -> None:
    """
    Keep depthwise convolutions that learn out of bfloat16 autocast.

    On CPUs, oneDNN's bfloat16 gradients of depthwise weights take four times as long as its
    float32 ones, and take most of an EfficientNet's step with them; so the step is 1.4 times as
    fast.
    """
    def in_float32(forward):
        def run(x):
            with torch.autocast('cpu', enabled=False):
                return forward(x.float()).to(x.dtype)
        return run
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d) and layer.groups == layer.in_channels > 1 \
                and layer.weight.requires_grad:
            layer.forward = in_float32(layer.forward)
