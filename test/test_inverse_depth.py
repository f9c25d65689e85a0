"""Metres of relative models: factor and shift from the floor, or from a few true depths."""

import math

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.inverse_depth import line_of_floor, line_of_points
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
import described_model
import numpy as np
import pytest

CAMERA = Intrinsics(96, 64, 60.0, 60.0, 47.5, 31.5)
POSE = CameraPose(0.5, math.radians(-10.0))
FACTOR, SHIFT = 0.02, -0.05


@pytest.fixture
def scene() -> np.ndarray:
    """Return the depth of a floor, a wall 6 m away and a box on the floor; float32, metres."""
    depth = np.fmin(POSE.floor_depth(CAMERA), np.float32(6.0))
    depth[30:50, 10:40] = np.fmin(depth[30:50, 10:40], np.float32(1.2))
    return depth


def relative(depth: np.ndarray) -> np.ndarray:
    """Return what a relative model makes of depth."""
    return ((1.0 / depth - SHIFT) / FACTOR).astype(np.float32)


def points_of(depth: np.ndarray, row: int) -> np.ndarray:
    """Return what a 2D lidar measures of a scene: float (N, 3), metres."""
    u = np.arange(CAMERA.width)
    z = depth[row]
    return np.column_stack([(u - CAMERA.cx) / CAMERA.fx * z,
                            (row - CAMERA.cy) / CAMERA.fy * z, z])


def test_the_floor_tells_factor_and_shift(scene):
    line = line_of_floor(relative(scene), POSE, CAMERA)
    assert line.factor == pytest.approx(FACTOR, rel=0.01)
    np.testing.assert_allclose(line.depth(relative(scene), 50.0), scene, rtol=0.02)


def test_a_noisy_floor_tells_them_too(scene):
    noise = np.random.default_rng(0).normal(1.0, 0.03, scene.shape).astype(np.float32)
    depth = line_of_floor(relative(scene * noise), POSE, CAMERA).depth(relative(scene), 50.0)
    assert np.median(np.abs(depth / scene - 1.0)) < 0.05


def test_a_few_true_depths_tell_them_without_a_pose(scene):
    points = points_of(scene, 40)
    points[::7] *= 1.6  # seen past an edge, or on what moves
    line = line_of_points(relative(scene), points, CAMERA)
    np.testing.assert_allclose(line.depth(relative(scene), 50.0), scene, rtol=0.03)


def test_a_wall_is_no_floor():
    wall = np.full((64, 96), 2.0, np.float32)
    assert line_of_floor(relative(wall), POSE, CAMERA) is None
    assert line_of_points(relative(wall), points_of(wall, 40), CAMERA) is None


def test_what_is_farther_than_the_farthest_is_there(scene):
    line = line_of_floor(relative(scene), POSE, CAMERA)
    sky = np.full((2, 2), -100.0, np.float32)
    np.testing.assert_allclose(line.depth(sky, 50.0), 50.0)


def test_the_line_of_earlier_pictures_holds_where_one_tells_nothing(scene):
    tracker = ScaleTracker(POSE)
    assert tracker.follow_inverse(np.ones((64, 96), np.float32), CAMERA) is None
    first = tracker.follow_inverse(relative(scene), CAMERA)
    assert tracker.follow_inverse(np.ones((64, 96), np.float32), CAMERA) == first
    assert (tracker.measured, tracker.missed) == (1, 2)


@pytest.fixture
def estimator(tmp_path) -> DepthEstimator:
    return DepthEstimator(described_model.write_relative(tmp_path / 'relative.onnx'))


def test_the_estimator_gives_metres_by_the_pose_or_by_points(estimator, scene):
    image = described_model.relative_picture(scene)
    by_pose = estimator.estimate(image, CAMERA, POSE).depth
    by_points = estimator.estimate(image, CAMERA, points=points_of(scene, 40)).depth
    for depth in (by_pose, by_points):
        assert np.median(np.abs(depth / scene - 1.0)) < 0.03


def test_a_relative_model_without_anything_is_refused_with_a_sentence(estimator, scene):
    with pytest.raises(ModelFileError, match='up to a factor and a shift.*pose or points'):
        estimator.estimate(described_model.relative_picture(scene), CAMERA)


def test_depth_is_unknown_until_a_floor_was_seen(estimator, scene):
    tracker = ScaleTracker(POSE)
    wall = np.full((64, 96), 2.0, np.float32)
    image = described_model.relative_picture(wall)
    assert np.isnan(estimator.estimate(image, CAMERA, tracker=tracker).depth).all()
    assert tracker.problem
    estimator.estimate(described_model.relative_picture(scene), CAMERA, tracker=tracker)
    depth = estimator.estimate(image, CAMERA, tracker=tracker).depth
    np.testing.assert_allclose(depth, wall, rtol=0.05)
