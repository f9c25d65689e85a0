"""Simulated lidars tell what their rings and lines would hit, for the experiment adapt."""

from pathlib import Path

from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scan import level_rays
from experiments import adapt, simulated_lidar
from learning.dataset_error import DatasetError
from learning.pairs import find_pairs
from learning.pairs_table import read_records
import numpy as np
import pytest

DRIVE = Path(__file__).resolve().parents[1] / 'data' / 'drive'
CAMERA = Intrinsics(96, 64, 60.0, 60.0, 47.5, 31.5)
POSE = CameraPose(1.0, -0.1, 0.05)


def test_rings_are_cones_around_the_camera():
    v, u = np.mgrid[:64, :96]
    depth = (2.0 + 0.01 * u + 0.02 * v).astype(np.float32)
    told = simulated_lidar.rings(depth, CAMERA)
    known = ~np.isnan(told)
    np.testing.assert_array_equal(told[known], depth[known])
    assert known[:, 47].sum() == 16
    elevation = np.degrees(np.arctan2(CAMERA.cy - v, np.hypot(60.0, u - CAMERA.cx)))[known]
    # A pixel is half a degree up and half a degree down.
    assert np.abs((elevation + 15.0) % 2.0 - 1.0).min() > 0.5
    depth[known] = np.nan
    assert np.isnan(simulated_lidar.rings(depth, CAMERA)).all()


def test_a_scanner_tells_the_nearest_at_its_height_and_no_floor():
    depth = np.fmin(POSE.floor_depth(CAMERA), 4.0)
    depth[10:60, 20:30] = 1.5
    told = simulated_lidar.line(depth, CAMERA, POSE)
    known = ~np.isnan(told)
    assert known.sum(axis=0).max() == 1 and known.any(axis=0).mean() > 0.9
    height = (POSE.height + told * level_rays(CAMERA, POSE)[2])[known]
    # Half of what a pixel covers 4 m away, and a centimetre.
    assert np.abs(height - 0.3).max() < 0.5 * 4.0 / 60.0 + 0.011
    assert set(told[:, 22:28][known[:, 22:28]]) == {np.float32(1.5)}
    assert set(told[:, 40:][known[:, 40:]]) == {np.float32(4.0)}


@pytest.fixture(scope='module')
def place(tmp_path_factory):
    """Return ten pairs of the rendered drive as a place."""
    root = tmp_path_factory.mktemp('places') / 'town'
    for kind in ('rgb', 'depth'):
        (root / kind / 'val').mkdir(parents=True)
        for path in sorted((DRIVE / kind / 'test').iterdir())[::10]:
            (root / kind / 'val' / path.name).symlink_to(path)
    (root / 'camera.json').write_bytes((DRIVE / 'camera.json').read_bytes())
    (root / 'pairs.csv').write_text((DRIVE / 'pairs.csv').read_text().replace('test,', 'val,'))
    return root


@pytest.mark.parametrize('sensor', adapt.SENSORS)
def test_a_place_is_halved_and_told_as_its_sensor_does(sensor, place, tmp_path):
    points = adapt.write_half(place, tmp_path, sensor)
    assert [len(find_pairs(tmp_path, split)[0]) for split in ('train', 'val', 'test')] == [4, 1, 5]
    whole = find_pairs(place, 'val')[0]
    for split, count in (('train', 0), ('test', 5)):
        pair, = (each for each in find_pairs(tmp_path, split)[0]
                 if each.name == whole[count].name)
        depth, truth = pair.read_depth(60.0), whole[count].read_depth(60.0)
        known = ~np.isnan(depth)
        np.testing.assert_allclose(depth[known], truth[known], atol=6e-4)
        assert {'camera': known.all(), 'rings': 0.02 < known.mean() < 0.2,
                'line': 50 < known.sum() <= depth.shape[1]}[sensor]
        assert read_records(tmp_path, split)[pair.name].pose == read_records(
            place, 'val')[pair.name].pose
    assert points > 50 and read_camera_json(tmp_path / 'camera.json') == read_camera_json(
        place / 'camera.json')


def test_without_a_pose_no_scanner_is_simulated(place, tmp_path):
    root = tmp_path / 'town'
    root.mkdir()
    for name in ('rgb', 'depth', 'camera.json'):
        (root / name).symlink_to(place / name)
    with pytest.raises(DatasetError, match=r'fit_poses\.py'):
        adapt.write_half(root, tmp_path / 'out', 'line')
