"""What becomes of obstacles in published depth, on maps whose answer is known."""

from dataclasses import replace

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scan import level_rays
import numpy as np
import pytest
from scoring.costmap import CONFIG, CostmapEvaluation, VoxelLayer
from scoring.obstacles import is_flying, is_thin, ObstacleEvaluation

CAMERA = Intrinsics(256, 144, 128.0, 128.0, 127.5, 71.5)
POSE = CameraPose(1.0)
LAYER = VoxelLayer.read()


def wall_and_pole(pole=2.0, wall=6.0):
    """Return a wall and a pole of 8 pixels (3.6 degrees) before it, float32 (H, W), metres."""
    depth = np.full((144, 256), wall, np.float32)
    depth[:, 100:108] = pole
    return depth


def obstacles(depth, truth):
    """Return the scores of one depth map, and the rows and columns of its thin pixels."""
    up = POSE.height + truth * level_rays(CAMERA, POSE)[2]
    evaluation = ObstacleEvaluation()
    evaluation.add(depth, truth, up, CAMERA)
    return evaluation.scores()


def test_what_is_narrow_and_stands_free_is_thin():
    thin = is_thin(wall_and_pole(), CAMERA.fx)
    np.testing.assert_array_equal(np.nonzero(thin.all(axis=0))[0], np.arange(100, 108))
    assert thin.sum() == 144 * 8
    wide = wall_and_pole()
    wide[:, 100:112] = 2.0
    assert not is_thin(wide, CAMERA.fx).any(), '5 degrees are 11 pixels'
    assert not is_thin(wall_and_pole(5.0), CAMERA.fx).any(), 'the wall is close behind'
    assert is_thin(wall_and_pole().repeat(3, axis=1), 3 * CAMERA.fx).sum() == 144 * 24
    gap = wall_and_pole()
    gap[:, 108:120] = np.nan
    assert not is_thin(gap, CAMERA.fx).any(), 'what is behind it is unknown'


def test_points_between_two_surfaces_fly_and_those_on_them_do_not():
    truth = np.full((20, 30), 3.0, np.float32)
    truth[:, 15:] = 12.0
    depth = truth.copy()
    depth[:, 14:17] = (5.0, 7.0, 11.5)
    depth[0] = 18.0  # at a wrong distance, but not between
    depth[1, 14:17] = (np.nan, np.inf, -np.inf)
    flying = is_flying(depth, truth, CAMERA.fx)
    assert flying[2:, 14:16].all() and flying.sum() == 18 * 2
    truth[:, 13:18] = np.nan
    assert not is_flying(depth, truth, CAMERA.fx).any(), 'nobody knows what is there'


def test_what_is_right_has_no_faults():
    truth = wall_and_pole()
    scores = obstacles(truth, truth)
    assert (scores.near_unknown, scores.near_right) == (0.0, 1.0)
    assert (scores.thin_unknown, scores.thin_right, scores.thin_recall) == (0.0, 1.0, 1.0)
    assert scores.flying == 0.0 and scores.thin_columns == 8
    # The wall is too far to be an obstacle, and the pole is one from 0.3 to 1.8 m.
    up = POSE.height + 2.0 * level_rays(CAMERA, POSE)[2][:, 100]
    assert scores.near == scores.thin == 8 * np.sum((up > 0.3) & (up < 1.8))


@pytest.mark.parametrize('change,unknown,right,recall', [
    (np.nan, 1.0, 0.0, 0.0), (np.inf, 0.0, 0.0, 0.0), (2.4, 0.0, 1.0, 0.0), (6.0, 0.0, 0.0, 0.0)])
def test_a_pole_that_is_not_where_it_stands_is_not_found(change, unknown, right, recall):
    truth = wall_and_pole()
    scores = obstacles(np.where(truth == 2.0, np.float32(change), truth), truth)
    assert (scores.thin_unknown, scores.thin_right, scores.thin_recall) == (unknown, right, recall)


def test_a_tenth_of_a_thin_thing_is_enough_and_each_thing_counts():
    truth = wall_and_pole()
    truth[:, 160:164] = 3.0
    depth = truth.copy()
    depth[:, 100:104] = np.nan
    depth[60:72, 100:102] = 2.1  # these two columns have something, two have nothing
    depth[:, 160:164] = 6.0
    scores = obstacles(depth, truth)
    assert scores.thin_columns == 12 and scores.thin_recall == pytest.approx(6 / 12)


def test_the_layer_is_that_of_the_file_that_ships():
    assert CONFIG.is_file()
    assert (LAYER.min_obstacle_height, LAYER.max_obstacle_height) == (0.15, 1.5)
    assert (LAYER.obstacle_max_range, LAYER.mark_threshold, LAYER.z_voxels) == (6.0, 0, 16)


@pytest.mark.parametrize('right,ahead,up,marks', [
    (0.05, 3.05, 0.5, True), (0.05, 3.05, 0.14, False), (0.05, 3.05, 1.51, False),
    (0.05, 5.95, 1.0, True), (0.05, 6.05, 1.0, False), (4.5, 4.5, 1.0, False),
    (-5.5, 0.05, 1.0, True), (np.nan, np.nan, np.nan, False)])
def test_a_point_marks_by_its_height_and_its_distance(right, ahead, up, marks):
    points = np.array([right, ahead, up - POSE.height]).reshape(3, 1, 1)
    cells = LAYER.obstacles(points, POSE.height)
    assert cells.shape == (120, 120) and cells.sum() == marks
    if marks:
        assert cells[60 + int(ahead / 0.1), int((right + 6.0) / 0.1)]


def test_with_a_threshold_a_cell_needs_more_voxels_than_that():
    layer = replace(LAYER, mark_threshold=1)
    column = np.array([[0.05, 0.05, 0.05], [3.05, 3.05, 3.05], [-0.5, -0.49, -0.3]])
    assert not layer.obstacles(column[:, :2], POSE.height).any(), 'both are in one voxel'
    assert layer.obstacles(column, POSE.height).sum() == 1


def test_cells_are_compared_within_a_tolerance():
    def cells(*aheads):
        return np.array([[0.05] * len(aheads), aheads, [-0.5] * len(aheads)])
    for published, wrongly_free, wrongly_blocked in (
            ((3.05,), 0.0, 0.0), ((3.35,), 0.0, 0.0), ((3.45,), 1.0, 1.0),
            ((), 1.0, None), ((3.05, 5.05), 0.0, 0.5)):
        evaluation = CostmapEvaluation(LAYER)
        evaluation.add(cells(*published), cells(3.05), POSE.height)
        scores = evaluation.scores()
        assert (scores.occupied, scores.marked) == (1, len(published))
        assert (scores.wrongly_free, scores.wrongly_blocked) == (wrongly_free, wrongly_blocked)
