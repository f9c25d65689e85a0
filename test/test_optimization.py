"""The optimizers that runs use learn what PyTorch's plain ones do."""

from learning.optimization import depthwise_in_float32, OPTIMIZERS
import pytest
import torch
from torch import nn


def losses(optimizer: type, **options) -> list:
    """Return the losses of some steps of a small network, whose learning rate changes."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8), nn.Conv2d(8, 1, 1))
    network.to(memory_format=torch.channels_last)
    chosen = optimizer(network.parameters(), lr=0.001, weight_decay=0.01, **options)
    # Cycles Adam's beta1, too.
    schedule = torch.optim.lr_scheduler.CyclicLR(chosen, 0.001, 0.005, step_size_up=5)
    image, truth = torch.rand(4, 3, 16, 16), torch.rand(4, 1, 16, 16)
    result = []
    for _ in range(30):
        loss = (network(image) - truth).square().mean()
        chosen.zero_grad(set_to_none=True)
        loss.backward()
        chosen.step()
        schedule.step()
        result.append(loss.item())
    return result


@pytest.mark.parametrize('name, plain', [
    ('adam', torch.optim.Adam), ('adamw', torch.optim.AdamW)])
def test_the_loss_is_the_same_after_the_same_steps(name, plain):
    expected = losses(plain, foreach=False)
    assert expected[-1] < 0.8 * expected[0]
    assert losses(OPTIMIZERS[name]) == pytest.approx(expected, rel=1e-4)


def test_depthwise_layers_that_learn_do_so_in_float32_and_frozen_ones_stay():
    torch.manual_seed(0)
    network = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1, groups=8) for _ in range(2))
    network[1].requires_grad_(False)
    image = torch.rand(4, 8, 16, 16)
    expected, _ = torch.autograd.grad(network[0](image).square().sum(), network[0].parameters())
    depthwise_in_float32(network)
    with torch.autocast('cpu', torch.bfloat16):
        learnt, frozen = (layer(image) for layer in network)
    found, _ = torch.autograd.grad(learnt.float().square().sum(), network[0].parameters())
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    assert frozen.dtype == torch.bfloat16
