"""The scale of depth, from the floor, from a camera's height and from true depths."""

import csv
from pathlib import Path

import cv2
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import (
    BESIDE_POINTS, FARTHEST_FLOOR, measure_floor, measure_points, ScaleMeasurement, ScaleTracker)
import numpy as np
import pytest

DRIVE = Path(__file__).parents[1] / 'data' / 'drive'
CAMERA = Intrinsics(160, 120, 100.0, 100.0, 79.5, 59.5)
POSE = CameraPose(1.0, np.radians(-15.0), np.radians(3.0))
FLOOR = POSE.floor_depth(CAMERA, FARTHEST_FLOOR)


def room() -> np.ndarray:
    """Return a room's depth: a floor, a wall behind it, a wardrobe and a table top."""
    depth = np.minimum(np.nan_to_num(FLOOR, nan=5.0), 5.0)
    depth[20:90, 10:50] = 2.0
    table = CameraPose(0.4, POSE.pitch, POSE.roll).floor_depth(CAMERA)
    depth[80:105, 100:140] = table[80:105, 100:140]
    return depth * np.random.default_rng(0).normal(1.0, 0.02, depth.shape).astype(np.float32)


@pytest.mark.parametrize('factor', [0.3, 0.8, 1.0, 2.5])
def test_the_floor_tells_the_scale_whatever_stands_on_it(factor):
    found = measure_floor(room() / np.float32(factor), FLOOR)
    assert np.exp(found.log_scale) == pytest.approx(factor, rel=0.03)
    assert found.sigma < 0.1 and found.share > 0.1


def test_a_table_is_taken_for_the_floor_only_where_the_network_says_so():
    table = np.zeros_like(FLOOR)
    table[80:105, 100:140] = 1.0
    assert measure_floor(room(), FLOOR, table) is None or \
        measure_floor(room(), FLOOR, table).sigma > 0.2
    assert measure_floor(room(), FLOOR, 1.0 - table).log_scale == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize('depth', [
    np.full((120, 160), 2.0, np.float32), np.full((120, 160), np.nan, np.float32)],
    ids=['wall', 'nothing'])
def test_without_a_floor_the_scale_is_unknown_or_doubtful(depth):
    found = measure_floor(depth, FLOOR)
    assert found is None or found.sigma > 0.15


def test_a_camera_that_looks_up_sees_no_floor():
    assert measure_floor(room(), CameraPose(1.0, 1.2).floor_depth(CAMERA, FARTHEST_FLOOR)) is None


def test_a_few_true_depths_tell_the_scale():
    random = np.random.default_rng(1)
    u, v = random.uniform(-10, 170, 60), random.uniform(-10, 130, 60)
    inside = (np.abs(u - 79.5) < 79) & (np.abs(v - 59.5) < 59)
    z = np.full(60, np.inf)
    z[inside] = room()[v[inside].round().astype(int), u[inside].round().astype(int)]
    z[::9] = 30.0  # what the network doesn't see
    found = measure_points(room() / np.float32(0.5), u, v, z)
    assert np.exp(found.log_scale) == pytest.approx(0.5, rel=0.05)
    assert measure_points(room(), u[:5], v[:5], z[:5]) is None


class Clock:
    """A clock that is set by hand."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_the_tracker_follows_a_new_place_within_two_seconds_and_no_single_error():
    clock = Clock()
    tracker = ScaleTracker(POSE, clock=clock)

    def look(factor, seconds):
        for _ in range(round(10 * seconds)):
            clock.seconds += 0.1
            tracker.follow(room() / np.float32(factor), CAMERA)
        return tracker.scale
    assert look(0.5, 0.1) == pytest.approx(0.5, rel=0.05)
    assert look(0.5, 3.0) == pytest.approx(0.5, rel=0.05)
    assert look(2.0, 0.1) == pytest.approx(0.5, rel=0.15)
    assert look(0.5, 1.0) == pytest.approx(0.5, rel=0.05)
    assert look(1.5, 2.0) == pytest.approx(1.5, rel=0.1)
    # Where no floor is in view, or the camera isn't known, the last one holds.
    clock.seconds += 0.1
    kept = tracker.scale
    assert tracker.follow(np.full((120, 160), np.nan, np.float32), CAMERA) == kept
    assert tracker.follow(room(), None) == kept
    assert tracker.missed == 2 and not tracker.problem


def test_a_settled_scale_is_measured_no_more_often_than_asked():
    clock = Clock()
    tracker = ScaleTracker(POSE, clock=clock, period=0.1)
    for _ in range(90):
        clock.seconds += 1.0 / 30.0
        tracker.follow(room() / np.float32(0.5), CAMERA)
    assert tracker.scale == pytest.approx(0.5, rel=0.05)
    assert 22 <= tracker.measured <= 45
    for _ in range(60):
        clock.seconds += 1.0 / 30.0
        tracker.follow(room() / np.float32(1.5), CAMERA)
    assert tracker.scale == pytest.approx(1.5, rel=0.1)


def test_a_scale_near_one_is_left_to_the_network():
    tracker = ScaleTracker(POSE)
    assert tracker.scale == 1.0
    tracker.update(ScaleMeasurement(np.log(1.05), 0.05, 0.3))
    assert 1.0 < tracker.scale < 1.02


def test_floor_and_lidar_add_up_by_their_certainties():
    tracker = ScaleTracker(POSE, clock=Clock())
    tracker.update(ScaleMeasurement(np.log(0.6), 0.2, 0.1))
    tracker.update(ScaleMeasurement(np.log(0.5), 0.02, 0.01, BESIDE_POINTS))
    assert tracker.scale == pytest.approx(0.5, rel=0.02) and tracker.sigma < 0.02


def test_the_height_alone_takes_the_plane_that_depth_shows():
    tracker = ScaleTracker(camera_height=0.5)
    assert tracker.follow(room(), CAMERA) == pytest.approx(0.5, rel=0.1)
    assert ScaleTracker().follow(room(), CAMERA) == 1.0
    blind = ScaleTracker(camera_height=0.5)
    assert blind.follow(np.full((120, 160), 2.0, np.float32), CAMERA) == 1.0
    assert blind.problem == 'no floor seen in 1 images'


def test_the_pose_brings_a_wrong_scale_into_metres():
    estimator = DepthEstimator('compact', 'cpu')
    camera = read_camera_json(DRIVE / 'camera.json')
    with open(DRIVE / 'pairs.csv', newline='') as file:
        row = next(csv.DictReader(file))
    image = cv2.imread(str(DRIVE / 'rgb' / 'test' / f'{row["name"]}.jpeg'))[:, :, ::-1].copy()
    pose = CameraPose(*(float(row[key]) for key in ('height', 'pitch', 'roll')))
    right = estimator.estimate(image, camera, size='network').depth
    # A camera that stands half as high sees the same picture of a world half as large.
    half = CameraPose(pose.height / 2, pose.pitch, pose.roll)
    small = estimator.estimate(image, camera, half, size='network').depth
    assert np.median(small / right) == pytest.approx(0.5, rel=0.15)
