"""Confidence is the share of pixels that are right, also where the scale is uncertain."""

from pathlib import Path
import subprocess
import sys

from depth_estimation_ros.estimation.confidence import with_scale_error
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.model_file import MODELS
from depth_estimation_ros.estimation.networks.uncertainty import calibrated, probability_within
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleMeasurement, ScaleTracker
from depth_estimation_ros.estimation.weights_file import load_weights
from learning import calibration
import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'


@pytest.mark.parametrize('sigma', [0.0, 0.05, 0.2, 0.6])
@pytest.mark.parametrize('b', [0.03, 0.1, 0.4])
def test_confidence_is_the_share_that_is_right_with_the_scale_wrong_too(b, sigma):
    random = np.random.default_rng(0)
    alone = np.array([[1.0 - np.exp(-np.log(1.1) / b)]], np.float32)
    error = random.laplace(0.0, b, 100_000) + random.normal(0.0, sigma, 100_000)
    right = (np.abs(error) < np.log(1.1)).mean()
    assert with_scale_error(alone, sigma)[0, 0] == pytest.approx(right, abs=0.09)


def test_a_fit_finds_how_uncertain_an_unknown_scale_is():
    random = np.random.default_rng(0)
    count = 40_000
    log_b = random.uniform(-3.5, -1.0, count)
    # Half of the scales are known to within 3 %.
    sigma = np.where(random.random(count) < 0.5, 0.03, np.nan)
    scale = random.normal(0.0, np.nan_to_num(sigma, nan=0.4))
    error = random.laplace(0.0, np.exp(0.8 * log_b + 0.2)) + scale
    numbers, unknown = calibration.fit(
        *(torch.from_numpy(each.astype(np.float32)) for each in (log_b, np.full(count, 0.5))),
        torch.from_numpy(np.abs(error) < np.log(1.1)),
        torch.from_numpy(sigma.astype(np.float32)))
    assert unknown == pytest.approx(0.4, rel=0.2)
    middle = numbers[0] * -2.0 + numbers[1] + 0.5 * numbers[2] + 0.25 * numbers[3]
    assert float(middle) == pytest.approx(0.8 * -2.0 + 0.2, abs=0.15)


def test_pixels_of_which_the_nearest_alone_are_wrong_are_no_end_of_it():
    random = np.random.default_rng(0)
    log_b, depth = (torch.from_numpy(random.uniform(*limits, 400).astype(np.float32))
                    for limits in ((-2.5, -2.0), (0.1, 0.2)))
    close = depth > depth.sort()[0][30]
    numbers, _ = calibration.fit(log_b, depth, close)
    assert numbers.abs().max() < 30.0
    confidence = probability_within(calibrated(log_b, depth, numbers))
    assert confidence[close].mean() > confidence[~close].mean()


def test_all_points_of_a_lidar_count_and_neighbours_of_a_depth_camera_do_not():
    truth = torch.full((2, 1, 70, 140), torch.nan)
    truth[0] = 2.0
    truth[1, 0, 33, ::3] = 2.0  # a line on none of the rows that are looked at
    looked_at = calibration.looked_at(truth)
    assert looked_at.sum(dim=(1, 2, 3)).tolist() == [10 * 20, 47]
    assert not looked_at[torch.isnan(truth)].any()


def test_a_model_is_calibrated_and_keeps_its_depth(tmp_path):
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'calibrate.py', '--model',
         MODELS / 'compact.safetensors', '--data-dir', SAMPLE,
         '--out', tmp_path / 'm.safetensors'],
        capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    (before, _), (after, metadata) = map(load_weights, (
        MODELS / 'compact.safetensors', tmp_path / 'm.safetensors'))
    assert {key for key in before if not torch.equal(before[key].float(), after[key].float())
            } == {'calibration'}
    assert 0.01 < metadata.scale_sigma < 1.0

    estimator = DepthEstimator(str(tmp_path / 'm.safetensors'), 'cpu')
    image = np.full((90, 160, 3), 127, np.uint8)
    assert {each.shape for each in estimator.estimate(image)} == {(90, 160)}
    assert {each.shape for each in estimator.estimate(image, size='network')} == {(160, 256)}
    free = estimator.estimate(image).confidence
    # Less where the scale is unknown than where a floor has told it.
    tracker = ScaleTracker(CameraPose(1.0))
    tracker.update(ScaleMeasurement(0.0, 0.01, 0.5))
    assert (estimator.estimate(image, tracker=tracker).confidence > free).mean() > 0.9


def test_a_model_that_cannot_be_calibrated_is_refused_with_a_sentence(tmp_path):
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'calibrate.py', '--model', MODELS / 'compact.onnx',
         '--data-dir', SAMPLE, '--out', tmp_path / 'm.safetensors'],
        capture_output=True, text=True)
    assert result.returncode == 1 and 'is no .safetensors file' in result.stderr
    assert 'Traceback' not in result.stderr
