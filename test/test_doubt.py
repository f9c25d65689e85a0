"""Doubt is not free space: what Nav2's voxel layer makes of what the node doesn't know."""

import color_model
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scan import level_rays, ranges_of, ScanLimits, Scanner
from depth_estimation_ros.estimation.validity import Validity
import numpy as np
import pytest
from scoring.costmap import VoxelLayer

LAYER = VoxelLayer.read()
RAYTRACE_RANGE = 6.0  # metres: raytrace_max_range of config/nav2_depth.yaml
CAMERA, POSE = color_model.TRAINED, CameraPose(1.2)
LIMITS = ScanLimits(0.1, 1.2, 0.1, 17.0)
POST = slice(115, 141)  # the columns of something 0.6 m wide at 3.04 m
# What is asked of the costmap: the cells in the middle of its front.
CELLS = slice(90, 91), slice(58, 62)


class Costmap:
    """
    A costmap of Nav2 that points mark and clear.

    As voxel_layer.cpp of Jazzy does: first each point clears the voxels between the sensor and
    two cells before it, as far as raytrace_max_range; then those that LAYER takes mark. What
    isn't a number never gets that far: it fails the test of heights of observation_buffer.cpp.
    """

    def __init__(self):
        self.occupied = np.zeros((120, 120), bool)
        self._voxels = np.zeros((120, 120, LAYER.z_voxels), bool)

    def update(self, points, sensor_height):
        """Take in points, float (3, N): right, ahead and up of the sensor, metres."""
        points = points.reshape(3, -1)
        up = points[2] + sensor_height
        points = points[:, (up >= LAYER.source_heights[0]) & (up <= LAYER.source_heights[1])]
        distance = np.linalg.norm(points, axis=0)
        reach = np.minimum(distance - 2.0 * LAYER.resolution, RAYTRACE_RANGE)
        for along in np.arange(0.0, RAYTRACE_RANGE, LAYER.resolution / 4.0):
            passed = along < reach
            self._set(points[:, passed] / distance[passed] * along, sensor_height, False)
        distance = distance[None]
        up = points[2] + sensor_height
        marks = ((up >= LAYER.min_obstacle_height) & (up <= LAYER.max_obstacle_height)
                 & (distance[0] < LAYER.obstacle_max_range))
        self._set(points[:, marks], sensor_height, True)
        self.occupied = self._voxels.sum(axis=2) > LAYER.mark_threshold

    def _set(self, points, sensor_height, value):
        right, ahead, up = points
        voxel = np.floor([ahead / LAYER.resolution + 60, right / LAYER.resolution + 60,
                          (up + sensor_height) / LAYER.z_resolution]).astype(int)
        inside = ((voxel >= 0) & (voxel < np.array([120, 120, LAYER.z_voxels])[:, None])).all(0)
        self._voxels[tuple(voxel[:, inside])] = value


@pytest.fixture(scope='module')
def estimator(tmp_path_factory):
    return DepthEstimator(color_model.write(tmp_path_factory.mktemp('model') / 'model.onnx'),
                          'cpu')


def scene(post, behind=5.0):
    """Return the depth of a floor, a wall behind and perhaps a post, float32 (144, 256), m."""
    below = (np.arange(144) - CAMERA.cy) / CAMERA.fy
    rows = np.minimum(1.2 / below.clip(min=1e-3), behind)
    depth = np.tile(rows[:, None], (1, 256)).astype(np.float32)
    if post:
        depth[:, POST] = np.minimum(depth[:, POST], 3.04)
    return depth


def published(estimator, depth, doubt=False, **validity):
    """Return what the node publishes where the network sees `depth`, the post perhaps in doubt."""
    sure = np.full(depth.shape, 0.9)
    if doubt:
        sure[:, POST.start - 4:POST.stop + 4] = 0.1
    validity = Validity('sharpen', min_confidence=0.5, min_range=0.1, max_range=20.0, **validity)
    return estimator.estimate(color_model.picture_of(depth, sure), validity=validity).depth


def cloud(depth):
    """Return the points of a depth image, as depth_image_proc makes them: no number, no point."""
    known = np.where(np.isfinite(depth), depth, np.float32(np.nan))
    return known * level_rays(CAMERA, POSE), POSE.height


def scan(depth, inf_is_valid=True):
    """
    Return the points of depth/scan.

    As obstacle_layer.cpp and laser_geometry.cpp make them: +Inf counts as the range's end where
    it is valid; what then isn't within the range is no point.
    """
    scanner = Scanner(CAMERA, POSE, LIMITS.farthest)
    ranges = ranges_of(scanner, depth, LIMITS)
    bearings = scanner.bearings[::-1]
    if inf_is_valid:
        ranges = np.where(np.isposinf(ranges), np.float32(LIMITS.farthest - 1e-4), ranges)
    points = (ranges >= LIMITS.nearest) & (ranges < LIMITS.farthest)
    ranges, bearings = ranges[points], bearings[points]
    return np.stack([ranges * np.sin(bearings), ranges * np.cos(bearings),
                     np.zeros(len(ranges))]), LIMITS.plane


@pytest.mark.parametrize('topic', [cloud, scan])
def test_what_is_seen_marks_and_what_is_seen_to_be_gone_is_cleared(estimator, topic):
    costmap = Costmap()
    costmap.update(*topic(published(estimator, scene(post=True))))
    assert costmap.occupied[CELLS].all()
    costmap.update(*topic(published(estimator, scene(post=False))))
    assert not costmap.occupied[CELLS].any()


@pytest.mark.parametrize('topic', [cloud, scan])
def test_doubt_neither_marks_nor_clears(estimator, topic):
    costmap = Costmap()
    costmap.update(*topic(published(estimator, scene(post=True), doubt=True)))
    assert not costmap.occupied[CELLS].any()
    costmap.update(*topic(published(estimator, scene(post=True))))
    costmap.update(*topic(published(estimator, scene(post=False), doubt=True)))
    assert costmap.occupied[CELLS].all()


@pytest.mark.parametrize('out_of_range', ['rep117', 'nan'])
def test_a_cloud_does_not_clear_by_what_is_out_of_range(estimator, out_of_range):
    costmap, beyond = Costmap(), scene(post=False, behind=20.0)
    beyond[80:] = 20.0  # the floor, too, so that no ray to it clears
    costmap.update(*cloud(published(estimator, scene(post=True))))
    costmap.update(*cloud(published(estimator, beyond, out_of_range=out_of_range)))
    assert costmap.occupied[CELLS].all()


@pytest.mark.parametrize('out_of_range,inf_is_valid,clears', [
    ('rep117', True, True), ('rep117', False, False), ('nan', True, False)])
def test_a_scan_clears_by_a_free_direction_where_that_is_valid(
        estimator, out_of_range, inf_is_valid, clears):
    costmap = Costmap()
    costmap.update(*scan(published(estimator, scene(post=True)), inf_is_valid))
    free = published(estimator, scene(post=False, behind=20.0), out_of_range=out_of_range)
    costmap.update(*scan(free, inf_is_valid))
    assert costmap.occupied[CELLS].any() != clears


@pytest.mark.parametrize('size', ['input', 'network'])
def test_doubt_stays_where_edges_are_sharpened(estimator, size):
    """The pixels of an edge go to one of its sides, but for those with too little confidence."""
    depth, sure = np.full((144, 256), 8.0, np.float32), np.full((144, 256), 0.9)
    depth[:, :128] = 2.0
    sure[:72] = 0.1
    validity = Validity('sharpen', min_confidence=0.5)
    result = estimator.estimate(color_model.picture_of(depth, sure), validity=validity,
                                size=size).depth
    middle = len(result) // 2
    assert np.isnan(result[:middle - 2]).all()
    known = result[middle + 2:]
    assert np.isnan(known).mean() < 0.02
    assert (np.abs(known[np.isfinite(known)][:, None] - (2.0, 8.0)).min(axis=1) < 0.15).all()
