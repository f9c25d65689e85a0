"""What evaluate.py measures is what its formulas say, written out here pixel by pixel."""

import math

import numpy as np
import pytest
from scoring.breakdown import DepthBreakdown, divided, mean_of_means, means
from scoring.confidence import ConfidenceEvaluation
from scoring.metrics import as_json, Evaluation, Scores


@pytest.fixture
def maps():
    """Return a prediction and a truth with some sky, float32 (30, 40), metres."""
    random = np.random.default_rng(0)
    truth = random.uniform(0.3, 25, (30, 40)).astype(np.float32).clip(0, 20)
    return (truth * np.exp(random.normal(0, 0.3, truth.shape))).astype(np.float32), truth


def pixels(prediction, truth):
    return [(float(p), float(t)) for p, t in zip(prediction.ravel(), truth.ravel())]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def test_scores_are_their_formulas(maps):
    pairs = pixels(*maps)
    scores = Scores.of(*maps, max_depth=20.0)
    logs = [math.log(p) - math.log(t) for p, t in pairs]
    assert scores.rmse == pytest.approx(math.sqrt(mean((p - t) ** 2 for p, t in pairs)))
    assert scores.rmse_log == pytest.approx(math.sqrt(mean(e ** 2 for e in logs)))
    # Eigen et al. 2014 with lambda = 1, as KITTI reports it.
    assert scores.silog == pytest.approx(
        100 * math.sqrt(mean(e ** 2 for e in logs) - mean(logs) ** 2))
    assert scores.abs_rel == pytest.approx(mean(abs(p - t) / t for p, t in pairs), rel=1e-5)
    assert scores.abs_rel_near == pytest.approx(
        mean(abs(p - t) / t for p, t in pairs if t < 20), rel=1e-5)
    for power, value in enumerate((scores.delta1, scores.delta2, scores.delta3), 1):
        assert value == mean(max(p / t, t / p) < 1.25 ** power for p, t in pairs)


def test_silog_takes_no_notice_of_scale(maps):
    prediction, truth = maps
    assert Scores.of(2 * truth, truth).silog == pytest.approx(0.0, abs=1e-4)
    assert Scores.of(2 * truth, truth).rmse_log == pytest.approx(math.log(2), rel=1e-5)


def test_a_network_may_predict_nothing_and_less():
    truth = np.full((12, 12), 5.0, np.float32)
    for value in (-1.0, 0.0):
        scores = Scores.of(np.full_like(truth, value), truth)
        assert scores.rmse_log == pytest.approx(math.log(5.0 / 1e-3), rel=1e-5)


def test_pixels_without_a_truth_do_not_count(maps):
    prediction, truth = maps
    with_hole = truth.copy()
    with_hole[:10] = np.nan
    scores, known = Scores.of(prediction, with_hole), Scores.of(prediction[10:], truth[10:])
    for name in set(vars(scores)) - {'ssim'}:
        assert getattr(scores, name) == pytest.approx(getattr(known, name)), name
    assert Scores.of(truth, with_hole).ssim == pytest.approx(1.0)


def test_an_image_of_sky_alone_leaves_its_lack_out_of_the_mean(maps):
    prediction, truth = maps
    evaluation = Evaluation()
    evaluation.add(prediction, truth)
    sky = np.full_like(truth, 20.0)
    assert as_json(evaluation.add(sky, sky))['abs_rel_near'] is None
    assert evaluation.per_image().abs_rel_near == evaluation.images[0].abs_rel_near
    assert evaluation.per_image().abs_rel == pytest.approx(evaluation.images[0].abs_rel / 2)


def test_kinds_have_scores_of_their_own(maps):
    prediction, truth = maps
    scores = [Scores.of(prediction + i, truth) for i in range(4)]
    parts = divided(scores, ['street', 'park', 'street', None])
    kinds = means(parts)
    assert list(kinds) == ['park', 'street']
    assert kinds['street']['n'] == 2 and kinds['park']['rmse'] == scores[1].rmse
    assert kinds['street']['rmse'] == pytest.approx((scores[0].rmse + scores[2].rmse) / 2)
    # Each kind weighs alike, however many pictures it has.
    both = mean_of_means(parts)
    assert both['n'] == 2
    assert both['rmse'] == pytest.approx((kinds['park']['rmse'] + kinds['street']['rmse']) / 2)
    assert means(divided(scores, [None] * 4)) == {}


def test_alignment_takes_one_factor_away(maps):
    prediction, truth = maps
    plain = Scores.of(truth, truth)
    for factor in (0.4, 0.7):
        # As a model whose scale is wrong: what it knows nothing of stays at the greatest depth.
        wrong = np.where(truth < 20, truth * factor, 20).clip(max=20).astype(np.float32)
        scores = Scores.of(wrong, truth)
        assert scores.bias == pytest.approx(abs(factor - 1), rel=1e-3)
        assert scores.delta1 < 0.5 < plain.delta1 == plain.delta1_aligned == 1.0
        assert scores.delta1_aligned == 1.0
    near = [(p, t) for p, t in pixels(prediction, truth) if t < 20]
    ratios = sorted(t / p for p, t in near)
    middle = (ratios[(len(ratios) - 1) // 2] + ratios[len(ratios) // 2]) / 2
    aligned = [(20.0 if p >= 20 else min(20.0, p * middle), t)
               for p, t in pixels(prediction, truth)]
    scores = Scores.of(prediction, truth)
    assert scores.delta1_aligned == pytest.approx(
        mean(max(p / t, t / p) < 1.25 for p, t in aligned), abs=2e-3)
    assert scores.bias == pytest.approx(abs(np.median([p / t for p, t in near]) - 1), rel=1e-4)


def test_a_picture_of_sky_alone_tells_no_scale(maps):
    sky = np.full_like(maps[1], 20.0)
    scores = as_json(Scores.of(sky, sky))
    assert scores['bias'] is scores['delta1_aligned'] is None and scores['delta1'] == 1.0


def test_errors_by_true_depth_are_their_formulas(maps):
    prediction, truth = maps
    breakdown = DepthBreakdown()
    for part in (slice(0, 10), slice(10, 30)):
        breakdown.add(prediction[part], truth[part])
    rows, pairs = breakdown.rows(), pixels(*maps)
    assert list(rows) == ['0-2', '2-5', '5-10', '10-20', 'sky']
    for name, low, high in (('0-2', 0, 2), ('2-5', 2, 5), ('5-10', 5, 10), ('10-20', 10, 20),
                            ('sky', 20, math.inf)):
        inside = [(p, t) for p, t in pairs if low <= t < high]
        errors = rows[name]
        assert errors.share == pytest.approx(len(inside) / len(pairs))
        assert errors.rmse == pytest.approx(math.sqrt(mean((p - t) ** 2 for p, t in inside)))
        assert errors.mae == pytest.approx(mean(abs(p - t) for p, t in inside))
        assert errors.bias == pytest.approx(mean(p - t for p, t in inside))
        assert errors.abs_rel == pytest.approx(mean(abs(p - t) / t for p, t in inside))
        assert errors.delta1 == pytest.approx(
            mean(max(p / t, t / p) < 1.25 for p, t in inside))
        assert errors.out_of_range == pytest.approx(mean(p > 17.0 for p, _ in inside))


def test_a_range_without_pixels_has_no_errors():
    breakdown = DepthBreakdown()
    breakdown.add(np.full((4, 4), 3.0), np.full((4, 4), 3.0))
    summary = breakdown.summary()
    assert summary['sky'] == {'share': 0.0, 'rmse': None, 'mae': None, 'bias': None,
                              'abs_rel': None, 'delta1': None, 'out_of_range': None}
    assert summary['2-5']['rmse'] == 0.0 and summary['2-5']['share'] == 1.0


def test_quantiles_of_predictions_are_those_of_the_pixels():
    random = np.random.default_rng(1)
    truth = np.full((200, 200), 6.1, np.float32)
    prediction = random.normal(7.0, 1.0, truth.shape).astype(np.float32)
    breakdown = DepthBreakdown()
    breakdown.add(prediction, truth)
    shares = (0.25, 0.5, 0.75)
    np.testing.assert_allclose(breakdown.quantiles(*shares)[:, 24],
                               np.quantile(prediction, shares), atol=0.02)
    assert np.isnan(breakdown.quantiles(0.5)[0, 25])


@pytest.fixture
def stated():
    """Return confidence, prediction and truth, float32 (100, 100): the less sure, the worse."""
    random = np.random.default_rng(2)
    confidence = random.uniform(0, 1, (100, 100)).astype(np.float32)
    truth = random.uniform(1, 15, confidence.shape).astype(np.float32)
    error = random.normal(0, 0.5, truth.shape) * (1.2 - confidence)
    return confidence, (truth * (1 + error)).astype(np.float32), truth


def evaluate(confidence, prediction, truth):
    evaluation = ConfidenceEvaluation()
    for part in (slice(0, 30), slice(30, None)):
        evaluation.add(confidence[part], prediction[part], truth[part])
    return evaluation


def test_risk_is_the_rmse_of_the_most_confident_pixels(stated):
    confidence, prediction, truth = (m.ravel().astype(np.float64) for m in stated)
    squared = (prediction - truth) ** 2
    evaluation = evaluate(*stated)
    coverage = np.array([0.1, 0.5, 0.8, 1.0])
    for order, risk in ((np.argsort(-confidence), evaluation.risk(coverage)),
                        (np.argsort(squared), evaluation.oracle_risk(coverage))):
        expected = [math.sqrt(mean(squared[order[:round(c * len(order))]])) for c in coverage]
        np.testing.assert_allclose(risk, expected, rtol=0.01)
    scores = evaluation.scores()
    assert scores.rmse_ratio_80 == pytest.approx(
        evaluation.risk([0.8])[0] / evaluation.risk([1.0])[0])
    assert scores.oracle_ratio_80 < scores.rmse_ratio_80 < 1.0
    assert scores.mean == pytest.approx(confidence.mean())
    assert scores.within_10_percent == mean(abs(prediction - truth) <= 0.1 * truth)


def test_a_constant_confidence_sorts_nothing(stated):
    confidence, prediction, truth = stated
    assert evaluate(np.full_like(confidence, 0.5), prediction,
                    truth).scores().rmse_ratio_80 == pytest.approx(1.0)


def test_calibration_compares_stated_with_true_probability(stated):
    confidence, prediction, truth = stated
    within = abs(prediction - truth) <= 0.1 * truth
    diagram = evaluate(*stated).reliability_diagram()
    gaps = []
    for index in range(10):
        inside = (confidence >= index / 10) & (confidence < (index + 1) / 10)
        assert diagram.share[index] == pytest.approx(inside.mean(), abs=2e-4)
        gaps.append(abs(within[inside].mean() - confidence[inside].mean()))
    assert diagram.gap == pytest.approx(max(gaps), abs=2e-3)


def test_bins_with_hardly_a_pixel_do_not_count():
    random = np.random.default_rng(3)
    truth = np.full((200, 200), 5.0, np.float32)
    right = random.uniform(size=truth.shape) < 0.7
    confidence = np.full_like(truth, 0.7)
    confidence[0, :100], right[0, :100] = 0.15, True  # 0.25 % of the pixels, and all wrong
    assert evaluate(confidence, np.where(right, 5.0, 8.0), truth).scores().calibration_gap < 0.02
    confidence[:4], right[:4] = 0.15, True  # 2 %
    assert evaluate(confidence, np.where(right, 5.0, 8.0),
                    truth).scores().calibration_gap == pytest.approx(0.85)
