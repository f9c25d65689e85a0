"""Scans of obstacles are those of scenes whose obstacles are known."""

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scan import Scanner
import numpy as np
import pytest
from scoring.navigation import compare, NavigationEvaluation

CAMERA = Intrinsics(256, 144, 128.0, 128.0, 127.5, 71.5).resized(224, 224)
POSES = [CameraPose(1.5, 0.0, 0.0), CameraPose(1.5, -0.2, 0.0), CameraPose(0.4, 0.1, 0.0),
         CameraPose(1.2, 0.0, 0.1), CameraPose(1.7, -0.15, -0.08), CameraPose(0.25, 0.08, 0.12)]
WALL = ((-9.0, 2.0, 0.0), (9.0, 2.2, 3.0))  # x to the right, y ahead, z up, metres
POST = ((0.9, 2.0, 0.0), (1.1, 2.2, 1.5))


def cast_rays(pose):
    """Return each pixel's ray (224, 224, 3) to the right, ahead and up, 1 m along the axis."""
    ahead = np.array([0.0, np.cos(pose.pitch), np.sin(pose.pitch)])
    level = np.array([1.0, 0.0, 0.0])
    # As in test_render_worlds.py, which holds the renderer to it.
    right = np.cos(pose.roll) * level + np.sin(pose.roll) * np.cross(level, ahead)
    down = np.cross(ahead, right)
    v, u = np.mgrid[:CAMERA.height, :CAMERA.width]
    return (ahead + ((u - CAMERA.cx) / CAMERA.fx)[..., None] * right
            + ((v - CAMERA.cy) / CAMERA.fy)[..., None] * down)


def depth_of(pose, *boxes):
    """Return the depth of boxes on a floor, float32 (224, 224), metres, 20 for the sky."""
    rays = cast_rays(pose)
    with np.errstate(divide='ignore'):
        depth = np.where(rays[..., 2] < 0, -pose.height / rays[..., 2], np.inf)
    for low, high in boxes:
        times = (np.array([low, high]) - (0.0, 0.0, pose.height))[:, None, None] / rays
        enter, leave = times.min(0).max(-1), times.max(0).min(-1)
        depth = np.where((enter < leave) & (enter > 0), np.minimum(depth, enter), depth)
    return np.minimum(depth, 20.0).astype(np.float32)


@pytest.mark.parametrize('pose', POSES)
def test_a_bare_floor_is_free(pose):
    scanner = Scanner(CAMERA, pose)
    ranges = scanner.scan(depth_of(pose))
    assert len(ranges) == 90 and np.isinf(ranges[~np.isnan(ranges)]).all()
    assert np.isnan(ranges).mean() < 0.12


@pytest.mark.parametrize('pose', POSES)
def test_a_floor_at_a_wrong_depth_is_no_obstacle(pose):
    floor = depth_of(pose)
    for scale in (0.7, 0.9, 1.15):
        depth = np.where(floor < 20, scale * floor, floor)
        assert not (Scanner(CAMERA, pose).scan(depth) < 20).any()


@pytest.mark.parametrize('pose', POSES)
def test_a_wall_is_where_it_stands(pose):
    scanner = Scanner(CAMERA, pose)
    ranges = scanner.scan(depth_of(pose, WALL))
    known = ~np.isnan(ranges)
    # A direction is a degree wide, and a range that of its nearest 2 %.
    np.testing.assert_allclose(ranges[known], 2.0 / np.cos(scanner.bearings)[known], rtol=0.02)


@pytest.mark.parametrize('pose', POSES)
def test_a_post_blocks_its_own_directions(pose):
    scanner = Scanner(CAMERA, pose)
    ranges = scanner.scan(depth_of(pose, POST))
    corners = np.arctan2([0.9, 0.9, 1.1], [2.2, 2.0, 2.0])
    bearing, step = scanner.bearings, np.radians(1)
    inside = (bearing > corners.min() + step) & (bearing < corners.max() - step)
    outside = (bearing < corners.min() - step) | (bearing > corners.max() + step)
    assert inside.sum() >= 3 and not (ranges[outside] < 20).any()
    np.testing.assert_allclose(ranges[inside], 2.0 / np.cos(bearing[inside]), atol=0.15)


@pytest.mark.parametrize('pose', POSES)
def test_a_scan_follows_its_rule(pose):
    random = np.random.default_rng(0)
    depth = depth_of(pose, POST, ((-3, 3, 0), (-1, 4, 0.5)), ((2, 4, 0.3), (4, 5, 2)))
    depth *= np.exp(random.normal(0, 0.05, depth.shape)).astype(np.float32)
    points = cast_rays(pose) * depth[..., None]
    bearing = np.degrees(np.arctan2(points[..., 0], points[..., 1]))
    distance, height = np.hypot(points[..., 0], points[..., 1]), points[..., 2] + pose.height
    scanner = Scanner(CAMERA, pose)
    for index, found in enumerate(scanner.scan(depth)):
        inside = (bearing >= index - 45) & (bearing < index - 44)
        band = inside & (height > 0.1) & (height < 1.2) & (depth < 19.99)
        d, h = distance[band], height[band]
        fits = [r for r in d if np.sum((d >= r) & (d <= r + 0.3)) >= 0.02 * inside.sum()
                and np.ptp(h[(d >= r) & (d <= r + 0.3)]) >= 0.1]
        expected = min(fits, default=np.inf)
        assert np.isnan(found) or found == pytest.approx(expected)


def test_bearings_count_from_ahead_to_the_right():
    scanner = Scanner(CAMERA, POSES[0])
    np.testing.assert_allclose(np.degrees(scanner.bearings), np.arange(-44.5, 45), atol=1e-6)


@pytest.mark.parametrize('low,high,stands', [
    (0.0, 1.0, True), (0.0, 0.3, True), (0.0, 0.18, False), (1.3, 2.0, False), (0.8, 2.0, True)])
def test_only_what_a_robot_may_hit_is_an_obstacle(low, high, stands):
    pose = CameraPose(1.0, 0.0, 0.0)
    ranges = Scanner(CAMERA, pose).scan(depth_of(pose, ((-9, 2, low), (9, 2.2, high))))
    assert (ranges < 20).all() if stands else not (ranges < 20).any()


def test_single_wrong_pixels_are_no_obstacle():
    pose, random = POSES[1], np.random.default_rng(0)
    depth = depth_of(pose, WALL)
    noisy = np.where(random.uniform(size=depth.shape) < 0.005, 1.0, depth).astype(np.float32)
    np.testing.assert_allclose(Scanner(CAMERA, pose).scan(noisy),
                               Scanner(CAMERA, pose).scan(depth), atol=0.05)


def test_depth_that_is_not_known_is_no_obstacle():
    pose = POSES[0]
    for value in (-1.0, 0.0, 20.0):
        depth = np.full((224, 224), value, np.float32)
        assert np.isinf(Scanner(CAMERA, pose).scan(depth)).all()


def test_shares_are_over_directions():
    inf, nan = np.inf, np.nan
    true = np.array([2.0, 2.0, 2.0, 2.0, 5.0, 5.0, inf, inf, 9.0, nan])
    predicted = np.array([2.4, 2.6, inf, 1.0, 5.0, 2.0, inf, 4.0, 2.0, 2.0])
    near, far = compare(predicted, true, 3.0), compare(predicted, true, 6.0)
    assert (near.obstacles, near.missed, near.free, near.blocked) == (4, 2 / 4, 5, 2 / 5)
    assert (far.obstacles, far.missed, far.free, far.blocked) == (6, 2 / 6, 3, 2 / 3)
    assert compare(predicted[:4], true[:4], 3.0).blocked is None


def test_a_removed_post_is_missed_and_an_added_one_blocks():
    pose = POSES[4]
    bare, post = depth_of(pose), depth_of(pose, POST)
    scores = {}
    for name, prediction, truth in (('right', post, post), ('removed', bare, post),
                                    ('added', post, bare)):
        evaluation = NavigationEvaluation()
        evaluation.add(Scanner(CAMERA, pose), prediction, truth)
        scores[name] = evaluation.scores(3.0)
    assert scores['right'].missed == 0.0 and scores['right'].blocked == 0.0
    assert scores['removed'].missed == 1.0 and scores['removed'].blocked == 0.0
    assert scores['added'].missed is None
    assert scores['added'].blocked * scores['added'].free == scores['right'].obstacles


def test_where_truth_is_unknown_nothing_is_blocked():
    pose = POSES[4]
    truth = depth_of(pose, POST)
    evaluation = NavigationEvaluation()
    evaluation.add(Scanner(CAMERA, pose), truth,
                   np.where(truth == depth_of(pose), truth, np.float32(np.nan)))
    scores = evaluation.scores(3.0)
    assert scores.obstacles == 0 and scores.blocked == 0.0
