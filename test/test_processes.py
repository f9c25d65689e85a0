"""Processes that train together compute what one process does."""

import json
import os
import subprocess
import sys

import pytest

# What a process computes from its rows of one batch: a loss, and gradients through batch
# normalisation.
CODE = """
import json
from timm.layers import BatchNormAct2d
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from learning import losses, processes, torchrun

torch.manual_seed(0)
network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), BatchNormAct2d(8), nn.Conv2d(8, 8, 3),
                        nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 1, 1))
image, truth = torch.rand(4, 3, 34, 42), torch.rand(4, 1, 32, 40) * 9 + 1
truth[0, :, :20] = torch.nan  # the parts hold different numbers of known pixels
share = 4 // torchrun.count()
part = slice(torchrun.rank() * share, (torchrun.rank() + 1) * share)
weights = losses.Weights(alpha=0.5, beta=1.0, l1=1.0, silog=1.0, gradients=1.0)
with processes.connected('cpu'):
    learner = network
    if torchrun.count() > 1:
        processes.normalise_over_processes(network)
        learner = DistributedDataParallel(network)
    prediction = 5 + learner(image[part])[..., 1:-1, 1:-1]
    loss = losses.total(prediction, None, truth[part][..., 1:-1, 1:-1], weights)
    loss.backward()
    values = [loss.item()] + [p.grad.abs().sum().item() for p in network.parameters()]
    values += [buffer.sum().item() for buffer in network.buffers()]
    processes.wait_for_all()
if torchrun.rank() == 0:
    print(json.dumps(values))
torchrun.leave(0)
"""


def test_loss_gradients_and_batch_statistics_are_those_of_the_whole_batch(tmp_path):
    (tmp_path / 'step.py').write_text(CODE)
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path), 'OMP_NUM_THREADS': '1'}

    def values(*launcher):
        result = subprocess.run([sys.executable, *launcher, str(tmp_path / 'step.py')], text=True,
                                capture_output=True, timeout=100, env=environment)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)
    several = values('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2')
    assert several == pytest.approx(values(), rel=1e-5, abs=1e-5)
