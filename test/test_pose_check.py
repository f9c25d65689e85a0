"""A camera that no longer stands as its pose says is told, and one that does isn't."""

from dataclasses import replace
import math
from pathlib import Path
import re

from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.pose_check import FEWEST, LOOKS, PERIOD, PoseCheck
from depth_estimation_ros.estimation.scale import FARTHEST_FLOOR, measure_floor
import numpy as np
import pytest

DRIVE = Path(__file__).parents[1] / 'data' / 'drive'
CAMERA = Intrinsics(256, 144, 128.0, 128.0, 127.5, 71.5)
POSE = CameraPose(1.0, -0.2)


class Clock:
    """Goes on by a second each time that it is looked at."""

    now = 0.0

    def __call__(self):
        """Return the time in seconds."""
        self.now += PERIOD
        return self.now


def look(check: PoseCheck, depth, camera, pose, times=1):
    measurement = measure_floor(depth, pose.floor_depth(camera, FARTHEST_FLOOR))
    for _ in range(times):
        check.look(depth, camera, pose, measurement)


@pytest.fixture
def drive():
    """Return the depths of a rendered drive, its camera and its poses."""
    rows = [line.split(',') for line in (DRIVE / 'pairs.csv').read_text().splitlines()[1::6]]
    return [(np.load(DRIVE / 'depth' / row[0] / f'{row[1]}.npy').astype(np.float32),
             CameraPose(*map(float, row[4:7]))) for row in rows]


def test_a_drive_gives_no_cause_for_a_warning(drive):
    camera, check = read_camera_json(DRIVE / 'camera.json'), PoseCheck(Clock())
    for depth, pose in drive:
        look(check, depth, camera, pose)
        assert check.problem == ''


@pytest.mark.parametrize('turn, sentence', [
    ({'pitch': math.radians(-10.0)}, "the camera's pitch by [+]1[0-9] degrees"),
    ({'roll': math.radians(12.0)}, "the camera's roll by -1[0-9] degrees")])
def test_a_camera_that_was_knocked_is_told(drive, turn, sentence):
    camera, check = read_camera_json(DRIVE / 'camera.json'), PoseCheck(Clock())
    for depth, pose in drive:
        look(check, depth, camera, replace(
            pose, **{name: getattr(pose, name) + value for name, value in turn.items()}))
    assert re.search(sentence, check.problem), check.problem


def test_a_camera_that_looks_elsewhere_than_at_its_floor_is_told():
    check = PoseCheck(Clock())
    wall = np.full((144, 256), 0.4, np.float32)
    look(check, wall, CAMERA, POSE, LOOKS - 5)
    assert check.problem == ''
    look(check, wall, CAMERA, POSE, 5)
    assert 'no floor has been seen for 30 s' in check.problem


def test_it_looks_once_a_second_and_a_single_picture_tells_nothing():
    check = PoseCheck(lambda: 5.0)
    floor = np.nan_to_num(POSE.floor_depth(CAMERA, 15.0), nan=15.0)
    look(check, floor, CAMERA, replace(POSE, pitch=0.3), 2 * FEWEST)
    assert check.problem == ''
