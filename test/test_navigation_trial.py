"""The robot of the trial: its map, its way, what counts as a collision, and the books."""

import math
from threading import Lock

import color_model
from depth_estimation_ros.estimation.estimator import DepthEstimator
import navigation_trial
import numpy as np
import pytest
from trial.course import CELL, choose_goal, clearance, Course
from trial.drive import AT_GOAL, BLOCKED, Collision, drive, GOAL, Result, STEPS, TURNS
from trial.folder import Folder, TrialError
from trial.renderer import Frame
from trial.robot import distance_to, HALF, RADIUS, Robot, wrapped
from trial.sight import ModelSight, TrueSight
from trial.tally import summary, table, Tally

BEARINGS = np.radians(np.arange(-44.5, 45.0))
SIZE = int(2 * HALF / CELL)
START, AHEAD = (0.0, 0.0, 0.0), (7.0, 0.0)
NOTHING = np.full(len(BEARINGS), np.inf)


def plan_of(*boxes):
    """Return a plan on which something stands in boxes (from x to x, from y to y), metres."""
    middles = (np.arange(SIZE) + 0.5) * CELL - HALF
    plan = np.zeros((SIZE, SIZE), bool)
    for x0, x1, y0, y1 in boxes:
        plan |= np.outer((middles > x0) & (middles < x1), (middles > y0) & (middles < y1))
    return plan


class PlanViews:
    """Stands for the renderer: a view is the place, and what is seen is read off the plan."""

    needs_picture = False

    def __init__(self, course):
        self._course, self.places = course, []

    def render(self, place, seed, only_depth):
        self.places.append(place)
        return Frame(np.array(place))

    def __call__(self, frame):
        x, y, heading = frame.depth
        along = np.arange(0.0, 9.0, CELL / 2)
        row, column = (np.floor((middle + HALF + turn * along) / CELL).astype(int)
                       for middle, turn in ((x, np.cos(heading + BEARINGS)[:, None]),
                                            (y, np.sin(heading + BEARINGS)[:, None])))
        inside = (np.minimum(row, column) >= 0) & (np.maximum(row, column) < SIZE)
        hit = inside & self._course.plan[row.clip(0, SIZE - 1), column.clip(0, SIZE - 1)]
        return BEARINGS, np.where(hit.any(axis=1), along[hit.argmax(axis=1)], np.inf)


class Says(PlanViews):
    """A sight that says the same whatever is there."""

    def __init__(self, course, ranges):
        super().__init__(course)
        self._ranges = ranges

    def __call__(self, frame):
        return BEARINGS, self._ranges


def driven(course, sight=None, steps=60):
    views = sight or PlanViews(course)
    return drive(course, views, views, steps)


def test_the_potential_is_the_length_of_the_way_around():
    blocked = np.zeros((81, 81), bool)
    straight = distance_to((40, 40), blocked)
    y, x = np.mgrid[-40:41, -40:41]
    euclidean = np.hypot(x, y)
    inner = (euclidean > 5) & (euclidean < 40)
    # Octagons about the goal.
    assert (np.abs(straight[inner] / euclidean[inner] - 1.0) < 0.2).all()
    blocked[41, 1:80] = True  # a wall with a gap at both ends
    around = distance_to((40, 40), blocked)
    assert around[42, 40] > 70 and around[39, 40] == 1
    blocked[41, (0, 80)] = True
    assert np.isinf(distance_to((40, 40), blocked)[42:]).all()


def test_a_scan_marks_what_it_hits_and_clears_what_it_sees_past():
    robot = Robot(START, AHEAD)
    robot.look(BEARINGS, np.where(np.abs(BEARINGS) < 0.1, 3.0, np.inf))
    assert robot.knows(3.0, 0.0, 0.1) and not robot.knows(3.0, 2.0)
    robot.look(BEARINGS, np.full(len(BEARINGS), np.nan))
    assert robot.knows(3.0, 0.0, 0.1), 'what nobody knows clears nothing'
    robot.look(BEARINGS, NOTHING)
    assert not robot.marked.any()
    robot.look(BEARINGS, np.full(len(BEARINGS), np.nan))
    assert not robot.marked.any(), 'and marks nothing'
    robot.look(BEARINGS, np.full(len(BEARINGS), 7.0))
    assert not robot.marked.any(), 'too far to be marked'


def test_what_is_at_its_feet_stays_on_the_map_and_so_does_what_it_touched():
    robot = Robot(START, AHEAD)
    robot.look(BEARINGS, np.full(len(BEARINGS), 0.8))
    robot.touch(2.0, 0.0)
    robot.look(BEARINGS, NOTHING)
    assert robot.knows(0.8, 0.0, 0.1) and robot.knows(2.0, 0.0, 0.1)


def test_it_drives_only_where_it_has_looked():
    robot = Robot(START, (0.0, 7.0))
    robot.look(BEARINGS, NOTHING)
    for heading in (45.0, 90.0):
        robot.place = robot.next_place()
        assert robot.place == (0.0, 0.0, pytest.approx(math.radians(heading), abs=0.1))
        robot.look(BEARINGS, NOTHING)
    assert robot.next_place()[1] == pytest.approx(0.35, abs=0.01)


def test_it_does_not_drive_into_what_nobody_knows():
    robot = Robot(START, AHEAD)
    robot.look(BEARINGS, np.full(len(BEARINGS), np.nan))
    place = robot.next_place()
    assert place is None or math.hypot(*place[:2]) < 0.2
    robot.look(BEARINGS, NOTHING)
    assert robot.next_place()[0] == pytest.approx(0.35, abs=0.01)


@pytest.mark.parametrize('boxes', [
    (), ((3.0, 3.2, -2.0, 2.0),), ((2.0, 2.1, -0.05, 0.1), (4.0, 4.1, 0.3, 0.4)),
    ((3.0, 3.2, -9.0, -0.5), (3.0, 3.2, 0.5, 9.0)),
    # A dead end, of which a potential of forces would not come out.
    ((3.0, 3.2, -1.5, 1.5), (1.0, 3.2, 1.3, 1.5), (1.0, 3.2, -1.5, -1.3))])
def test_with_true_ranges_it_gets_there_and_touches_nothing(boxes):
    course = Course(START, AHEAD, plan_of(*boxes))
    result, moments = driven(course)
    assert (result.outcome, result.collisions, moments) == (GOAL, [], [])
    assert math.dist(result.path[-1][:2], AHEAD) <= AT_GOAL
    assert result.metres == pytest.approx(sum(
        math.dist(a[:2], b[:2]) for a, b in zip(result.path, result.path[1:])))
    room = clearance(course.plan)
    assert all(room[course._cell(*place[:2])] >= RADIUS for place in result.path)


def test_a_door_is_taken_rather_than_a_long_way_around():
    course = Course(START, AHEAD, plan_of((3.0, 3.2, -6.0, -0.4), (3.0, 3.2, 0.4, 6.0)))
    result, _ = driven(course)
    assert result.outcome == GOAL and result.metres < 7.5 and not result.collisions


def test_a_blind_robot_runs_into_things_and_that_is_counted():
    course = Course(START, AHEAD, plan_of((3.0, 3.2, -0.7, 0.7)))
    result, moments = driven(course, Says(course, NOTHING))
    first = result.collisions[0]
    assert not first.is_on_map and first.place[0] == pytest.approx(3.0 - RADIUS, abs=0.07)
    assert first.touched == (pytest.approx(3.025), pytest.approx(first.place[1], abs=0.05))
    # Back to where it was, and around what its bumper told.
    assert result.path[first.step + 2] == result.path[first.step]
    assert result.outcome == GOAL and 1 < len(result.collisions) < 10
    assert [moment.kind for moment in moments][0] == 'collision unseen'


def test_nobody_gets_through_a_closed_ring():
    ring = plan_of((-2.0, 2.0, -2.0, 2.0)) & ~plan_of((-1.8, 1.8, -1.8, 1.8))
    course = Course(START, AHEAD, ring)
    result, moments = driven(course)
    assert result.outcome == BLOCKED and not result.collisions
    assert result.steps >= TURNS and [moment.kind for moment in moments] == [BLOCKED]


def test_steps_run_out():
    course = Course(START, AHEAD, plan_of())
    result, moments = driven(course, steps=5)
    assert (result.outcome, result.steps) == (STEPS, 5)
    assert result.metres == pytest.approx(5 * 0.35, abs=0.01)
    assert [moment.kind for moment in moments] == [STEPS]


@pytest.mark.parametrize('begin,end,place', [
    ((0.0, 0.0), (1.0, 0.0), 2.0 - RADIUS), ((0.0, RADIUS + 0.2), (3.0, RADIUS + 0.2), None),
    ((0.0, 0.2), (3.0, 0.2), 1.9)])
def test_a_disc_touches_a_post(begin, end, place):
    course = Course(START, AHEAD, plan_of((2.0, 2.1, -0.05, 0.05)))
    end = end[0] + 1.0, end[1]
    found = course.collision((*begin, 0.0), (*end, 0.0))
    if place is None:
        assert found is None
    else:
        assert found[0][0] == pytest.approx(place, abs=0.15) and found[0][1] == begin[1]
        assert math.dist(found[1], (2.05, 0.0)) < 0.05


def test_goals_can_be_reached_and_something_is_in_the_way():
    plan = plan_of((3.0, 3.2, -1.0, 1.0), (-9.0, 9.0, 5.0, 5.2))
    for seed in range(10):
        goal = choose_goal(START, plan, np.random.default_rng(seed))
        assert 6.0 <= math.hypot(*goal) <= 8.0 and goal[1] < 4.5
        assert abs(3.1 / goal[0] * goal[1]) < 1.5, 'the wall is in the way'
    closed = plan_of((-2.0, 2.0, -2.0, 2.0)) & ~plan_of((-1.8, 1.8, -1.8, 1.8))
    assert choose_goal(START, closed, np.random.default_rng(0)) is None
    assert choose_goal(START, plan_of((0.1, 0.3, 0.1, 0.3)), np.random.default_rng(0)) is None


def results():
    touched = Collision(3, (1.0, 2.0, 0.5), (1.2, 2.0), False)
    seen = Collision(5, (1.5, 2.0, 0.5), (1.7, 2.0), True)
    return [Result(GOAL, 20, 7.0, [START, (1.0, 2.0, 0.5)], [touched, seen]),
            Result(BLOCKED, 30, 2.0, [START], []), Result(STEPS, 40, 11.0, [START], [touched])]


def test_the_tally_is_the_sum_of_the_drives():
    tally = Tally.of(results())
    assert tally == Tally(3, 1, 1, 1, 20.0, 3, 2, 2, 15.0)
    assert Tally.of([]).per_100_m is None
    line = table({'truth': tally, 'model': Tally.of([])}).splitlines()[1].split()
    assert line == ['truth', '1/3', '1', '1', '2', '20.0', '3', '2', '15.0']
    assert summary({'truth': tally})['truth']['goals'] == 1


def test_a_trial_goes_on_with_what_it_was_begun_with(tmp_path):
    folder, course = Folder(tmp_path, {'seed': 1}), Course(START, AHEAD, plan_of((1, 2, 3, 4)))
    assert folder.course('park_1') is None and folder.result('park_1', 'truth', '') is None
    folder.keep_course('park_1', course)
    for number, result in enumerate(results()):
        folder.keep_result('park_1', f'model{number}', 'ab', result)
    again = Folder(tmp_path, {'seed': 1})
    assert (again.course('park_1').start, again.course('park_1').goal) == (START, AHEAD)
    np.testing.assert_array_equal(again.course('park_1').plan, course.plan)
    assert [again.result('park_1', f'model{n}', 'ab') for n in range(3)] == results()
    with pytest.raises(TrialError, match='another model that is called model0'):
        again.result('park_1', 'model0', 'cd')
    with pytest.raises(TrialError, match='begun with another seed: pass'):
        Folder(tmp_path, {'seed': 2})


def floor_and_wall(mount, distance):
    """Return the depth of a floor and of a wall ahead, float32 (H, W), metres."""
    floor = mount.pose.floor_depth(mount.intrinsics)
    v = (np.arange(144) - mount.intrinsics.cy)[:, None] / mount.intrinsics.fy
    pitch = mount.pose.pitch
    wall = distance / (np.cos(pitch) + v * np.sin(pitch))
    return np.fmin(floor, wall).astype(np.float32)


def test_both_sights_are_scans_in_the_robots_frame(monkeypatch, tmp_path):
    monkeypatch.setattr('sys.argv', ['navigation_trial.py', '--out', 'nowhere'])
    mount = navigation_trial.mount_of(navigation_trial.settings_of(navigation_trial.parse()))
    depth = floor_and_wall(mount, 3.0)
    depth[:, 128:] = floor_and_wall(mount, np.inf)[:, 128:]
    depth[np.isnan(depth)] = np.inf
    picture = color_model.picture_of(np.minimum(depth, 20.0))
    model = DepthEstimator(color_model.write(tmp_path / 'model.onnx'), 'cpu')
    for sight, tolerance in ((TrueSight(mount), 0.02), (ModelSight(mount, model, Lock()), 0.1)):
        bearings, ranges = sight(Frame(depth, picture))
        assert (np.diff(bearings) > 0).all() and len(bearings) == len(ranges) == 90
        left = (bearings > math.radians(2.0)) & (bearings < 0.7)
        np.testing.assert_allclose(ranges[left], 3.0 / np.cos(bearings[left]), rtol=tolerance)
        right = (bearings < -math.radians(2.0)) & (bearings > -0.7)
        assert np.isinf(ranges[right]).all()


def test_angles_are_wrapped():
    assert wrapped(3.5 * math.pi) == pytest.approx(-0.5 * math.pi)
    assert wrapped(-3.5 * math.pi) == pytest.approx(0.5 * math.pi)
