"""Models that give points (MoGe): the shift of depth follows from the camera, known or not."""

from depth_estimation_ros.estimation import backends
from depth_estimation_ros.estimation.described_backend import DescribedBackend
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_description import read_description
from depth_estimation_ros.estimation.model_file import ModelFileError, read
from depth_estimation_ros.estimation.onnx_engine import ONNXRuntimeEngine
import described_model
import numpy as np
import pytest

CAMERA = Intrinsics(96, 64, 70.0, 70.0, 47.5, 31.5)
SCALE, SHIFT = 2.5, 0.7
IMAGE = np.zeros((64, 96, 3), np.uint8)


@pytest.fixture
def truth() -> np.ndarray:
    """Return the depth of a floor, a wall and a box; float32, metres."""
    depth = np.minimum(0.8 * 70.0 / np.maximum(np.arange(64) - 25.0, 1.0), 6.0)[:, None]
    depth = np.tile(depth, (1, 96)).astype(np.float32)
    depth[30:50, 10:40] = 1.2
    return depth


def points_of(depth: np.ndarray, camera: Intrinsics) -> np.ndarray:
    """Return what such a model makes of a scene; float32 (H, W, 3)."""
    v, u = np.mgrid[:depth.shape[0], :depth.shape[1]]
    points = np.stack([(u - camera.cx) / camera.fx * depth, (v - camera.cy) / camera.fy * depth,
                       depth], axis=-1) / SCALE
    points[:, :, 2] -= SHIFT
    return points


def test_the_camera_tells_the_shift(tmp_path, truth):
    off_centre = Intrinsics(96, 64, 60.0, 75.0, 40.0, 20.0)
    for name, camera in (('centre', CAMERA), ('off', off_centre)):
        estimator = DepthEstimator(described_model.write_points(
            tmp_path / f'{name}.onnx', points_of(truth, camera), np.ones((64, 96)), SCALE))
        np.testing.assert_allclose(estimator.estimate(IMAGE, camera).depth, truth, rtol=1e-3)


def test_without_a_camera_its_focal_length_is_fitted_too(tmp_path, truth):
    estimator = DepthEstimator(described_model.write_points(
        tmp_path / 'model.onnx', points_of(truth, CAMERA), np.ones((64, 96)), SCALE))
    np.testing.assert_allclose(estimator.estimate(IMAGE).depth, truth, rtol=1e-3)


def test_noise_moves_it_little_and_what_is_unknown_is_far(tmp_path, truth):
    points = points_of(truth, CAMERA)
    points *= np.random.default_rng(0).normal(1.0, 0.02, points.shape)
    mask = np.ones((64, 96))
    mask[:10] = 0.2
    points[:10] = 100.0
    estimator = DepthEstimator(described_model.write_points(
        tmp_path / 'model.onnx', points, mask, SCALE, max_depth=50.0))
    depth = estimator.estimate(IMAGE, CAMERA).depth
    np.testing.assert_array_equal(depth[:10], 50.0)
    assert np.median(np.abs(depth / truth - 1.0)[10:]) < 0.03


def test_onnx_runtime_takes_the_further_input_too(tmp_path, truth):
    path = tmp_path / 'model.onnx'
    described_model.write_points(path, points_of(truth, CAMERA), np.ones((64, 96)), SCALE)
    file = read(path)
    backend = DescribedBackend(
        file, read_description(path.with_suffix('.yaml')), ONNXRuntimeEngine(file))
    np.testing.assert_allclose(backend.run(IMAGE, CAMERA).depth, truth, rtol=1e-3)


@pytest.mark.parametrize('change, words', [
    ({'input__constants': {'tokens': 5}}, 'has the inputs image, num_tokens'),
    ({'output__mask': 'sky'}, 'has no output sky'),
    ({'input__constants': {'num_tokens': 'many'}}, 'constants must be numbers'),
    ({'output__kind': 'depth'}, 'scale and mask are beside points only')])
def test_a_description_of_other_points_is_refused(tmp_path, truth, change, words):
    path = tmp_path / 'model.onnx'
    described_model.write_points(path, points_of(truth, CAMERA), np.ones((64, 96)), SCALE)
    text = described_model.describe(
        input__name='image', input__multiple=1, input__resize='stretch', **{
            'input__constants': {'num_tokens': 1564}, 'output__name': 'points',
            'output__kind': 'points', 'output__scale': 'scale', 'output__mask': 'mask',
            **change})
    described_model.write_description(path, text)
    with pytest.raises(ModelFileError, match=words):
        backends.load(str(path), 'cpu')
