"""DepthEstimator: image in, metric depth out, without ROS and without torch."""

import subprocess
import sys

import cv2
from depth_estimation_ros.estimation import backends
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.validity import Validity
import numpy as np
import pytest


@pytest.fixture(scope='module')
def estimator():
    return DepthEstimator('compact', 'cpu')


def camera(width: int, height: int, focal: float) -> Intrinsics:
    """Return a camera with square pixels that looks through the middle of its pictures."""
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


@pytest.fixture
def image():
    random = np.random.default_rng(0)
    return random.integers(0, 256, (90, 160, 3), np.uint8)


def test_depth_has_the_size_that_was_asked_for(estimator, image):
    depth = estimator.estimate(image).depth
    assert depth.shape == (90, 160) and depth.dtype == np.float32
    assert (depth > 0).all() and (depth <= estimator.metadata.max_depth).all()
    assert estimator.estimate(image, size='network').depth.shape == estimator.metadata.input_size


def test_result_stays_when_the_next_image_is_estimated(estimator, image):
    first = estimator.estimate(image, size='network').depth
    kept = first.copy()
    estimator.estimate(255 - image, size='network')
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize('bad', [
    np.zeros((90, 160), np.uint8), np.zeros((90, 160, 3), np.float32),
    np.zeros((0, 160, 3), np.uint8)])
def test_what_is_no_image_is_refused_with_a_sentence(estimator, bad):
    with pytest.raises(ValueError, match=r'image must be uint8 \(H, W, 3\) RGB'):
        estimator.estimate(bad)


def test_a_scale_multiplies_depth_and_its_range(estimator, image):
    depth = estimator.estimate(image).depth
    np.testing.assert_allclose(estimator.estimate(image, scale=0.5).depth, depth / 2, rtol=1e-6)
    horizon = 0.85 * estimator.metadata.max_depth
    far = np.isinf(estimator.estimate(image, validity=Validity()).depth)
    np.testing.assert_array_equal(far, depth > horizon)
    np.testing.assert_array_equal(
        np.isinf(estimator.estimate(image, validity=Validity(), scale=0.5).depth), far)
    with pytest.raises(ValueError, match='scale must be'):
        estimator.estimate(image, scale=0.0)


def test_the_tracker_sees_metres_and_a_scale_comes_on_top(estimator, image):
    focal = 2.0 * estimator.metadata.focal * image.shape[1] / estimator.metadata.input_size[1]
    lens = camera(160, 90, focal)
    seen = []

    class Tracker(ScaleTracker):

        def follow(self, depth, camera, floor=None, points=None):
            seen.append((depth, camera))
            return 3.0
    depth = estimator.estimate(image, lens, tracker=Tracker(), scale=0.5, size='network').depth
    np.testing.assert_allclose(seen[0][0], estimator.estimate(image, lens, size='network').depth)
    assert seen[0][1] == estimator.intrinsics(lens, 'network')
    np.testing.assert_allclose(depth, 1.5 * seen[0][0], rtol=1e-5)


def test_a_camera_of_another_size_is_refused(estimator, image):
    with pytest.raises(ValueError, match='camera is for 320 x 180 pixels, the image has 160 x 90'):
        estimator.estimate(image, camera(320, 180, 160.0))


@pytest.mark.parametrize('fit', ['stretch', 'crop'])
def test_depth_of_bgr_is_that_of_rgb(estimator, fit):
    image = np.random.default_rng(0).integers(0, 256, (360, 700, 3), np.uint8)
    np.testing.assert_array_equal(
        estimator.estimate(image[:, :, ::-1].copy(), fit=fit, is_bgr=True).depth,
        estimator.estimate(image, fit=fit).depth)


def test_unknown_model_is_refused_with_the_shipped_names():
    with pytest.raises(ModelFileError, match='no model file .*compact'):
        DepthEstimator('colossal')


@pytest.mark.skipif(backends.has_cuda(), reason='asks what happens without an NVIDIA device')
def test_cuda_without_a_device_is_refused_with_a_sentence():
    with pytest.raises(backends.DeviceError, match="use 'auto' or 'cpu'"):
        DepthEstimator('compact', 'cuda')


def test_onnx_model_on_the_cpu_never_imports_torch():
    code = ('import sys, numpy\n'
            'from depth_estimation_ros.estimation.estimator import DepthEstimator\n'
            'DepthEstimator(device="cpu").estimate(numpy.zeros((9, 16, 3), numpy.uint8))\n'
            'sys.exit("torch" in sys.modules)')
    subprocess.run([sys.executable, '-c', code], check=True)


def test_resize_of_a_large_image_does_not_skip_pixels():
    stripes = np.zeros((448, 448, 3), np.uint8)
    stripes[:, ::2] = 200
    assert np.ptp(resize(stripes, 224, 224)) == 0


@pytest.mark.parametrize('size', [
    (3840, 2160), (1280, 720), (641, 361), (640, 480), (2560, 360), (300, 200)])
def test_resize_is_the_mean_over_each_area(size):
    # Noise shows what is left out, and a ramp what is displaced.
    random = np.random.default_rng(0)
    image = random.normal(128.0, 20.0, (size[1], size[0], 3))
    ramp = np.linspace(0.0, 80.0, size[0])[:, None] + np.linspace(-20.0, 20.0, size[1])[
        :, None, None]
    image = np.clip(image + ramp - 30.0, 0, 255).astype(np.uint8)
    expected = cv2.resize(image.astype(np.float32), (256, 160), interpolation=cv2.INTER_AREA)
    difference = resize(image, 256, 160) - expected
    assert np.sqrt(np.mean(difference ** 2)) < 5.0
    blurred = cv2.blur(difference, (31, 31))[20:-20, 20:-20]
    assert np.abs(blurred).max() < 0.8


def test_intrinsics_follow_the_picture():
    camera = Intrinsics(640, 360, 320.0, 320.0, 319.5, 179.5)
    half = camera.resized(320, 180)
    assert (half.fx, half.cx, half.cy) == (160.0, 159.5, 89.5)
    part = camera.cropped(100, 50, 200, 100)
    assert (part.fx, part.cx, part.cy) == (320.0, 219.5, 129.5)
