"""Loss, metrics and learning rate are the paper's, computed here from its formulas."""

import cv2
from depth_estimation_ros.estimation.networks import uncertainty
from learning import calibration, losses
from learning.optimization import OPTIMIZERS, SCHEDULES
from learning.settings import read_settings
from learning.training_data import augmentation_of
import numpy as np
import pytest
from scoring.metrics import abs_rel, delta, Evaluation, rmse, ssim
import torch


@pytest.fixture
def maps():
    """Return two smooth depth maps, float32 (40, 48), metres."""
    random = np.random.default_rng(0)

    def smooth():
        return cv2.resize(random.uniform(0, 20, (5, 6)).astype(np.float32), (48, 40))
    truth = smooth()
    return truth + 0.05 * smooth(), truth


def paper_ssim(x, y):
    """Compute equation 3 in an 11 x 11 Gaussian window, sigma 1.5, over zero padding."""
    axis = np.arange(11) - 5
    line = np.exp(-axis ** 2 / (2 * 1.5 ** 2))
    window = np.outer(line, line) / line.sum() ** 2

    def mean(z):
        patches = np.lib.stride_tricks.sliding_window_view(np.pad(z, 5), (11, 11))
        return (patches * window).sum(axis=(2, 3))

    x, y = x.astype(np.float64), y.astype(np.float64)
    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx ** 2, mean(y * y) - my ** 2, mean(x * y) - mx * my
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return np.mean((2 * mx * my + c1) * (2 * cov + c2)
                   / ((mx ** 2 + my ** 2 + c1) * (vx + vy + c2)))


def test_loss_is_equation_1(maps):
    prediction, truth = (torch.from_numpy(m)[None, None] for m in maps)
    error = np.sqrt(np.mean((maps[0] - maps[1]).astype(np.float64) ** 2))
    similarity = paper_ssim(*maps)
    assert losses.total(prediction, None, truth, losses.Weights()).item() == pytest.approx(
        error + 1 - similarity, abs=2e-3)
    weights = losses.Weights(alpha=0.5, beta=3.0)
    assert losses.total(prediction, None, truth, weights).item() == pytest.approx(
        0.5 * error + 3 * (1 - similarity), abs=6e-3)


def test_added_terms_are_their_formulas(maps):
    prediction, truth = (np.stack([m, m[::-1]])[:, None] + 0.1 for m in maps)
    ratio = np.log(prediction.astype(np.float64) / truth)

    def loss(log_b=None, **weights):
        weights = losses.Weights(**{'alpha': 0.0, 'beta': 0.0, **weights})
        tensors = (torch.from_numpy(m.copy()) for m in (prediction, truth))
        first, second = tensors
        return losses.total(first, log_b, second, weights).item()

    assert loss(l1=2.0) == pytest.approx(2 * np.abs(prediction - truth).mean(), rel=1e-4)
    # Eigen et al. 2014, equation 4, one image at a time.
    expected = np.mean([np.sqrt((r ** 2).mean() - 0.5 * r.mean() ** 2) for r in ratio])
    assert loss(silog=1.0) == pytest.approx(expected, rel=1e-3)
    # MegaDepth, section 5.2.
    expected = sum(np.abs(np.diff(ratio[..., ::k, ::k], axis=axis)).mean()
                   for k in (1, 2, 4, 8) for axis in (-1, -2))
    assert loss(gradients=1.0) == pytest.approx(expected, rel=1e-3)
    # Kendall and Gal 2017, and the cross entropy of being within 10 %.
    expected = (np.abs(ratio) / 0.5 + np.log(0.5)).mean()
    likely, within = 1 - np.exp(-np.log(1.1) / 0.5), np.abs(prediction / truth - 1) <= 0.1
    expected -= np.where(within, np.log(likely), np.log(1 - likely)).mean()
    scale = torch.full(ratio.shape, np.log(0.5), dtype=torch.float32)
    assert loss(scale, confidence=1.0) == pytest.approx(expected, rel=1e-3)


def test_what_is_thin_and_stands_before_something_farther_counts_for_itself():
    truth = torch.full((1, 1, 40, 60), 8.0)
    truth[..., 10:13] = 3.0  # a pole
    truth[..., 30:50] = 3.0  # a cupboard
    truth[..., 55:57] = 7.0  # before a wall, but hardly
    truth[..., 20:23] = torch.nan
    known = (~torch.isnan(truth)).float()
    expected = torch.zeros_like(truth)
    expected[..., 10:13] = 1.0
    assert (losses.is_thin(torch.nan_to_num(truth), known) == expected).all()
    weights = losses.Weights(alpha=0.0, beta=0.0, thin=2.0)
    prediction = torch.where(expected > 0, 6.0, 8.0)
    assert losses.total(prediction, None, truth, weights).item() == pytest.approx(2 * np.log(2))


def test_beyond_the_clip_any_depth_is_right():
    truth = torch.tensor([5.0, 14.0, 14.0]).view(1, 1, 1, 3)
    prediction = torch.tensor([8.0, 17.0, 9.0]).view(1, 1, 1, 3).requires_grad_()
    clip = torch.tensor([14.0])
    known = losses.one_sided_truth(truth, prediction, clip)
    (prediction - known).abs().sum().backward()
    assert known.flatten().tolist() == [5.0, 17.0, 14.0]
    assert prediction.grad.flatten().tolist() == [1.0, 0.0, -1.0]
    assert losses.clipped_at(truth, clip, 20.0).flatten().tolist() == [5.0, 20.0, 20.0]


def test_nothing_is_learnt_where_depth_is_unknown(maps):
    weights = losses.Weights(l1=1.0, silog=1.0, gradients=1.0, confidence=1.0)
    truth = torch.from_numpy(maps[1])[None, None] + 0.1
    truth[..., 16:32] = torch.nan

    def learn(there):
        prediction = torch.from_numpy(maps[0])[None, None].clone()
        log_b = torch.zeros_like(prediction)
        log_b[..., 16:32] = there
        tensors = prediction.requires_grad_(), log_b.requires_grad_()
        loss = losses.total(*tensors, truth, weights)
        loss.backward()
        return loss.item(), [tensor.grad for tensor in tensors]
    loss, gradients = learn(there=0.0)
    assert np.isfinite(loss) and loss == learn(there=3.0)[0]
    for gradient in gradients:
        assert (gradient[..., 16:32] == 0).all() and (gradient[..., :16] != 0).any()


@pytest.mark.parametrize('weights', [
    {'alpha': 1.0}, {'l1': 1.0}, {'silog': 1.0}, {'gradients': 1.0}])
def test_a_loss_is_that_of_the_known_pixels(weights):
    weights = losses.Weights(**{'alpha': 0.0, 'beta': 0.0, **weights})
    random = torch.Generator().manual_seed(0)
    truth = torch.rand((2, 1, 16, 32), generator=random) * 9 + 1
    prediction = truth * (1 + torch.rand(truth.shape, generator=random))
    alone = losses.total(prediction[..., :16], None, truth[..., :16], weights)
    truth[..., 16:] = torch.nan
    assert losses.total(prediction, None, truth, weights).item() == pytest.approx(
        alone.item(), rel=1e-5)


def test_the_border_of_a_hole_is_no_edge():
    truth = torch.full((1, 1, 16, 16), 5.0)
    # One factor off all over: no neighbours differ, wherever depth is known.
    truth[..., 4:7, 3:9] = torch.nan
    loss = losses.total(torch.full_like(truth, 7.0), None, truth,
                        losses.Weights(alpha=0.0, beta=0.0, gradients=1.0))
    assert loss.item() == 0.0


def test_calibrated_confidence_is_the_share_that_is_right():
    random = torch.Generator().manual_seed(0)
    log_b = torch.rand(40000, generator=random) * 3 - 4
    # Errors wider than the network expects, the more so the farther.
    depth = torch.rand(40000, generator=random)
    error = torch.distributions.Exponential(torch.exp(-log_b - depth) / 2).sample()
    close = error < np.log(1.1)
    numbers, sigma = calibration.fit(log_b, depth, close)
    confidence = uncertainty.probability_within(
        uncertainty.calibrated(log_b, depth, numbers))
    for low in np.arange(0.1, 0.9, 0.1):
        chosen = (confidence > low) & (confidence < low + 0.1)
        assert close[chosen].float().mean().item() == pytest.approx(
            confidence[chosen].mean().item(), abs=0.05)


def test_a_nearer_bound_does_not_tell_an_error():
    truth = torch.tensor([[5.0, 14.0], [5.0, 20.0]]).view(2, 1, 1, 2)
    clip = torch.tensor([14.0, 20.0])
    nearer = losses.is_clipped_nearer(truth, clip, 20.0)
    assert nearer.flatten().tolist() == [False, True, False, False]
    prediction, log_b = torch.full_like(truth, 15.0), torch.zeros_like(truth).requires_grad_()
    losses.total(prediction, log_b, truth, losses.Weights(confidence=1.0), nearer).backward()
    assert (log_b.grad != 0).flatten().tolist() == [True, False, True, True]


def test_rmse_of_a_batch_is_over_all_of_its_pixels():
    prediction = torch.tensor([0.0, 0.0]).view(2, 1, 1, 1)
    truth = torch.tensor([3.0, 4.0]).view(2, 1, 1, 1)
    assert losses.rmse(prediction, truth, torch.ones_like(truth)).item() == pytest.approx(
        np.sqrt(12.5))


def test_ssim_of_a_score_is_that_of_the_loss(maps):
    tensors = (torch.from_numpy(m)[None, None] for m in maps)
    assert ssim(*maps) == pytest.approx(paper_ssim(*maps), abs=2e-3)
    assert losses.ssim(*tensors).item() == pytest.approx(ssim(*maps), abs=2e-3)


def test_scores_are_their_formulas(maps):
    prediction, truth = (m.astype(np.float64) for m in maps)
    assert rmse(*maps) == pytest.approx(np.sqrt(((prediction - truth) ** 2).mean()))
    assert abs_rel(*maps) == pytest.approx((abs(prediction - truth) / truth).mean())
    ratio = np.maximum(prediction / truth, truth / prediction)
    for threshold in (1.05, 1.25):
        assert delta(*maps, threshold) == pytest.approx((ratio < threshold).mean())


def test_paper_averages_over_batches():
    evaluation = Evaluation(batch_size=2)
    truth = np.ones((12, 12), np.float32)
    evaluation.extend([truth + 3, truth + 4, truth + 6], [truth] * 3)
    assert evaluation.paper()[0] == pytest.approx((np.sqrt(12.5) + 6) / 2)
    assert evaluation.summary()['per_image']['rmse'] == pytest.approx(13 / 3)
    assert evaluation.summary()['n'] == 3


def test_learning_rate_is_triangular2():
    settings = read_settings(arguments=['--data-dir', 'anywhere'])
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = OPTIMIZERS[settings.optimizer](
        [parameter], lr=settings.lr, weight_decay=settings.weight_decay)
    schedule = SCHEDULES[settings.schedule](optimizer, settings, 0)
    for step in range(7000):
        cycle, position = divmod(step, 3000)
        rising = position / 1000 if position <= 1000 else (3000 - position) / 2000
        expected = 0.001 + 0.004 / 2 ** cycle * rising
        assert optimizer.param_groups[0]['lr'] == pytest.approx(expected), step
        optimizer.step()
        schedule.step()


def test_defaults_are_the_papers():
    settings = read_settings(arguments=['--data-dir', 'anywhere'])
    assert (settings.network, settings.pretrained) == ('resnet34_upsample', True)
    assert (settings.size, settings.max_depth) == ((224, 224), 20.0)
    assert losses.weights_of(settings) == losses.Weights(alpha=1.0, beta=1.0)
    assert (settings.clip, settings.headroom, settings.average) == (False, 1.0, 0.0)
    assert (settings.optimizer, settings.lr, settings.weight_decay) == ('adam', 1e-3, 1e-5)
    assert (settings.schedule, settings.max_lr) == ('triangular2', 5e-3)
    assert (settings.batch_size, settings.max_epochs) == (32, 100)
    assert (settings.evaluate_every, settings.visualize_every) == (2, 100)
    assert augmentation_of(settings) is None and settings.encoder_lr == 1.0
