"""The camera's height above the ground, out of depth, and the scale that follows from it."""

import csv
from pathlib import Path

from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.ground import GroundScale, height_above_ground
import numpy as np
import pytest

SAMPLE = Path(__file__).parents[1] / 'data' / 'sample'
CAMERA = Intrinsics(160, 120, 100.0, 90.0, 78.0, 62.0)


def plane(height: float, pitch: float = 0.0, roll: float = 0.0, farthest: float = 20.0):
    """Return the depth of flat ground, float32 (H, W), metres; pitch in degrees looks up."""
    pitch, roll = np.radians(pitch), np.radians(roll)
    v, u = np.mgrid[:CAMERA.height, :CAMERA.width]
    x, y = (u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy
    down = (y * np.cos(roll) - x * np.sin(roll)) * np.cos(pitch) - np.sin(pitch)
    with np.errstate(divide='ignore'):
        depth = height / down
    return np.where((depth > 0.0) & (depth < farthest), depth, farthest).astype(np.float32)


@pytest.mark.parametrize('height, pitch, roll', [
    (0.3, 0.0, 0.0), (1.0, -25.0, 0.0), (1.6, 12.0, 8.0), (0.5, -35.0, -10.0)])
def test_the_height_is_that_of_the_ground_however_the_camera_is_turned(height, pitch, roll):
    found = height_above_ground(plane(height, pitch, roll), CAMERA)
    assert found == pytest.approx(height, rel=0.01)


def test_what_stands_on_the_ground_or_is_wrong_does_not_change_it():
    depth = plane(1.0, -10.0)
    depth[20:90, 10:60] = 2.0  # a wardrobe
    depth[70:110, 90:130] = plane(0.5, -10.0)[70:110, 90:130]  # a table top
    depth *= np.random.default_rng(0).normal(1.0, 0.02, depth.shape).astype(np.float32)
    depth[::7] = np.nan
    depth[::9] = np.inf
    assert height_above_ground(depth, CAMERA) == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize('depth', [
    np.full((120, 160), 2.0, np.float32),  # a wall
    np.full((120, 160), np.nan, np.float32),
    plane(1.0)[::-1],  # a ceiling
], ids=['wall', 'nothing', 'ceiling'])
def test_without_ground_there_is_no_height(depth):
    assert height_above_ground(depth, CAMERA) is None


def test_rendered_ground_lies_as_far_below_as_the_camera_stood_above_it():
    camera = read_camera_json(SAMPLE / 'camera.json')
    found = []
    with open(SAMPLE / 'pairs.csv', newline='') as file:
        for row in csv.DictReader(file):
            if row['kind'] != 'interior' and row['split'] == 'train':
                depth = np.load(SAMPLE / 'depth' / 'train' / f'{row["name"]}.npy')
                height = height_above_ground(depth, camera)
                found.append(np.nan if height is None else height / float(row['height']))
    assert np.isfinite(found).mean() > 0.8
    assert np.nanquantile(np.abs(np.log(found)), 0.9) < 0.1


def test_the_scale_follows_the_ground_and_outlives_single_errors():
    ground = GroundScale(1.0)
    assert ground.follow(np.full((120, 160), 2.0, np.float32), CAMERA) == 1.0
    assert 'no ground seen in 1 images' in ground.trouble
    for _ in range(3):
        assert ground.follow(plane(2.0, -10.0), CAMERA) == pytest.approx(0.5, rel=0.01)
    assert ground.follow(plane(0.4, -10.0), CAMERA) == pytest.approx(0.5, rel=0.01)
    # Where there is none, or the camera isn't known, it stays.
    assert ground.follow(np.full((120, 160), 2.0, np.float32), CAMERA) == ground.scale
    assert ground.follow(plane(0.4, -10.0), None) == ground.scale == pytest.approx(0.5, rel=0.01)
    assert (ground.seen, ground.missed, ground.trouble) == (4, 3, '')
    for _ in range(GroundScale.MEMORY):
        ground.follow(plane(0.01, -10.0), CAMERA)
    assert ground.scale == GroundScale.LIMITS[1]


def test_without_a_height_nothing_is_followed():
    ground = GroundScale()
    assert ground.follow(plane(2.0, -10.0), CAMERA) == 1.0
    assert (ground.seen, ground.missed, ground.trouble) == (0, 0, '')
