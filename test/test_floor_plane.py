"""The pose of the camera above the floor, out of depth."""

import csv
from pathlib import Path

from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np
import pytest

SAMPLE = Path(__file__).parents[1] / 'data' / 'sample'
CAMERA = Intrinsics(160, 120, 100.0, 90.0, 78.0, 62.0)


def plane(height: float, pitch: float = 0.0, roll: float = 0.0, farthest: float = 20.0):
    """Return the depth of a flat floor, float32 (H, W), metres; angles in degrees."""
    pose = CameraPose(height, np.radians(pitch), np.radians(roll))
    return np.nan_to_num(pose.floor_depth(CAMERA, farthest), nan=farthest)


@pytest.mark.parametrize('height, pitch, roll', [
    (0.3, 0.0, 0.0), (1.0, -25.0, 0.0), (1.6, 12.0, 8.0), (0.5, -35.0, -10.0)])
def test_the_pose_is_that_of_the_floor_however_the_camera_is_turned(height, pitch, roll):
    found = fit_floor(plane(height, pitch, roll), CAMERA)
    assert found.height == pytest.approx(height, rel=0.01)
    assert np.degrees([found.pitch, found.roll]) == pytest.approx([pitch, roll], abs=0.2)


def test_what_stands_on_the_ground_or_is_wrong_does_not_change_it():
    depth = plane(1.0, -10.0)
    depth[20:90, 10:60] = 2.0  # a wardrobe
    depth[70:110, 90:130] = plane(0.5, -10.0)[70:110, 90:130]  # a table top
    depth *= np.random.default_rng(0).normal(1.0, 0.02, depth.shape).astype(np.float32)
    depth[::7] = np.nan
    depth[::9] = np.inf
    assert fit_floor(depth, CAMERA).height == pytest.approx(1.0, rel=0.02)


@pytest.mark.parametrize('depth', [
    np.full((120, 160), 2.0, np.float32),  # a wall
    np.full((120, 160), np.nan, np.float32),
    plane(1.0)[::-1],  # a ceiling
], ids=['wall', 'nothing', 'ceiling'])
def test_without_ground_there_is_no_height(depth):
    assert fit_floor(depth, CAMERA) is None


def test_rendered_ground_lies_as_far_below_as_the_camera_stood_above_it():
    camera = read_camera_json(SAMPLE / 'camera.json')
    found = []
    with open(SAMPLE / 'pairs.csv', newline='') as file:
        for row in csv.DictReader(file):
            if row['kind'] != 'interior' and row['split'] == 'train':
                depth = np.load(SAMPLE / 'depth' / 'train' / f'{row["name"]}.npy')
                pose = fit_floor(depth, camera)
                found.append(np.nan if pose is None else pose.height / float(row['height']))
    assert np.isfinite(found).mean() > 0.8
    assert np.nanquantile(np.abs(np.log(found)), 0.9) < 0.1
