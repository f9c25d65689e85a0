"""Bags become datasets: depth cameras, and lidars that are brought into the picture by TF."""

from dataclasses import replace
import json
from pathlib import Path

from bag_writer import (
    camera_info, cloud, compressed, image, odometry, scan, transforms, write_bag, write_ros1_bag)
import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
import import_dataset
from importing.points import draw_points
from learning.pairs import find_pairs
from learning.pairs_table import read_records
import numpy as np
import pytest

DRIVE = Path(__file__).resolve().parents[1] / 'data' / 'drive'
COLOR, INFO = '/camera/color/image_raw', '/camera/color/camera_info'
DEPTH, POINTS = '/camera/depth/image_rect_raw', '/lidar/points'
# From the optical frame to a frame with x ahead and z up, and none at all.
OPTICAL, NONE = (-0.5, 0.5, -0.5, 0.5), (0.0, 0.0, 0.0, 1.0)


def run(*arguments) -> int:
    """Run the command in this process; return its exit code."""
    return import_dataset.main(list(map(str, arguments)))


def turned(degrees: float) -> tuple:
    """Return the quaternion of a turn to the left."""
    half = np.radians(degrees) / 2.0
    return (0.0, 0.0, float(np.sin(half)), float(np.cos(half)))


@pytest.fixture(scope='module')
def camera() -> Intrinsics:
    """Return the camera of the drive, at the size of its depth."""
    return read_camera_json(DRIVE / 'camera.json')


@pytest.fixture(scope='module')
def views() -> list:
    """Return some pictures (RGB) and their true depth, metres."""
    pictures = sorted((DRIVE / 'rgb' / 'test').iterdir())[::25]
    return [(np.ascontiguousarray(cv2.imread(str(path))[:, :, ::-1]), cv2.resize(
        np.load(DRIVE / 'depth' / 'test' / f'{path.stem}.npy').astype(np.float32), (640, 360),
        interpolation=cv2.INTER_NEAREST)) for path in pictures]


def depths(out: Path) -> list:
    """Return the imported depth maps in the order of the recording, metres."""
    pairs, problems = find_pairs(out, 'train')
    assert not problems
    return [pair.read_depth(60.0) for pair in pairs]


def compressed_depth(seconds: float, depth: np.ndarray):
    """Return what compressed_depth_image_transport makes of 16UC1."""
    data = bytes(12) + cv2.imencode('.png', np.round(1000.0 * depth).astype(np.uint16)
                                    )[1].tobytes()
    return compressed(f'{DEPTH}/compressedDepth', seconds, data, '16UC1; compressedDepth png')


@pytest.mark.parametrize('kind', ['16UC1', '32FC1', 'compressedDepth', 'ROS 1'])
def test_a_depth_camera_tells_the_depth(kind, camera, views, tmp_path):
    messages = []
    for number, (rgb, depth) in enumerate(views):
        seconds = 100.0 + number
        messages += [camera_info(INFO, seconds, camera), image(COLOR, seconds, rgb, 'rgb8')]
        if kind == 'compressedDepth':
            messages.append(compressed_depth(seconds + 0.01, depth))
        elif kind == '32FC1':
            messages.append(image(DEPTH, seconds + 0.01, depth, '32FC1'))
        else:
            messages.append(image(DEPTH, seconds + 0.01, np.round(1000.0 * depth).astype(
                np.uint16), '16UC1'))
    # An image that has no depth, and depth that has no image.
    messages += [image(COLOR, 200.0, views[0][0], 'rgb8'),
                 image(DEPTH, 300.0, views[0][1], '32FC1')][:1 if kind == 'compressedDepth' else 2]
    bag = (write_ros1_bag(tmp_path / 'a.bag', messages) if kind == 'ROS 1' else
           write_bag(tmp_path / 'a', 'mcap', messages))
    out = tmp_path / 'out'
    assert run('bag', bag, '--out', out, '--split', 1, 0, 0) == 0
    assert len(depths(out)) == len(views)
    for depth, (_, truth) in zip(depths(out), views):
        np.testing.assert_allclose(depth, truth, atol=6e-4)
    assert read_camera_json(out / 'camera.json') == camera


def lidar_bag(path: Path, camera: Intrinsics, views: list, odometry_topic: bool = True,
              ros1: bool = False) -> Path:
    """
    Write what a robot records that turns to the left by half a turn a second.

    Its camera stands 1 m above the floor. Its lidar, 0.3 m above the camera and 0.2 m behind it,
    looks to the left, and measures 40 ms before the picture is taken.
    """
    messages = [transforms('/tf_static', 0.0,
                           ('base_footprint', 'base_link', (0.0, 0.0, 0.1), NONE),
                           ('base_link', 'camera', (0.2, 0.0, 0.9), OPTICAL),
                           ('base_link', 'lidar', (0.0, 0.0, 1.2), turned(90.0)))]
    for number, (rgb, depth) in enumerate(views):
        seconds, before = 100.0 + number, 99.96 + number
        v, u = np.mgrid[0:camera.height:2, 0:camera.width:2].reshape(2, -1)
        z = depth[v, u]
        right, down = (u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z
        # In the frame of the robot at the time of the picture, then of the points.
        x, y, up = z + 0.2, -right, 1.0 - down
        angle = np.radians(180.0 * 0.04)
        x, y = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
        points = np.stack([y, -x, up - 1.3], axis=1)[z < 19.0]
        for time in (before, seconds):
            turn = turned(180.0 * (time - 100.0))
            if odometry_topic:
                messages.append(odometry('/odom', time, 'base_footprint', (0.0, 0.0, 0.0), turn))
            else:
                messages.append(transforms('/tf', time, (
                    'odom', 'base_footprint', (0.0, 0.0, 0.0), turn)))
        messages += [camera_info(INFO, seconds, camera), cloud(POINTS, before, points, 'lidar'),
                     image(COLOR, seconds, rgb, 'rgb8')]
    return write_ros1_bag(path.with_suffix('.bag'), messages) if ros1 else write_bag(
        path, 'sqlite3', messages)


def hits(depth: np.ndarray, truth: np.ndarray) -> float:
    """Return which share of the points lies where the picture shows their depth."""
    known = np.isfinite(depth)
    assert known.sum() > 10000
    return float(np.mean(np.abs(depth[known] / truth[known] - 1.0) < 0.02))


@pytest.mark.parametrize('odometry_topic, ros1', [(True, False), (False, False), (True, True)])
def test_a_lidar_is_brought_into_the_picture_of_a_robot_that_turns(odometry_topic, ros1, camera,
                                                                   views, tmp_path):
    bag = lidar_bag(tmp_path / 'a', camera, views, odometry_topic, ros1)
    out = tmp_path / 'out'
    assert run('bag', bag, '--out', out, '--split', 1, 0, 0, '--tolerance', 0.06) == 0
    found = depths(out)
    assert len(found) == len(views)
    for depth, (_, truth) in zip(found, views):
        assert hits(depth, truth) > 0.97
    for record in read_records(out, 'train').values():
        assert record.pose == CameraPose(1.0, 0.0, 0.0)


def test_where_nothing_tells_the_motion_points_are_taken_as_of_the_pictures_time(
        camera, views, tmp_path):
    out = tmp_path / 'out'
    messages = [transforms('/tf_static', 0.0, ('base', 'camera', (0.0, 0.0, 1.0), OPTICAL),
                           ('base', 'laser', (0.0, 0.0, 0.7), NONE)),
                camera_info(INFO, 1.0, camera), image(COLOR, 1.0, views[0][0], 'rgb8'),
                scan('/scan', 1.02, np.full(901, 4.0), 'laser')]
    assert run('bag', write_bag(tmp_path / 'a', 'mcap', messages), '--out', out,
               '--split', 1, 0, 0) == 0
    depth, = depths(out)
    # An arc of 4 m, 0.3 m below the camera.
    v, u = np.nonzero(np.isfinite(depth))
    z = depth[v, u]
    x = (u - camera.cx) / camera.fx * z
    assert len(z) > 500
    np.testing.assert_allclose(np.hypot(x, z), 4.0, atol=0.02)
    np.testing.assert_allclose((v - camera.cy) / camera.fy * z, 0.3, atol=0.01)


def test_points_that_nothing_joins_to_the_camera_are_told_with_the_frames(
        camera, views, tmp_path, capsys):
    messages = [camera_info(INFO, 1.0, camera), image(COLOR, 1.0, views[0][0], 'rgb8'),
                scan('/scan', 1.0, np.full(901, 4.0), 'laser'),
                transforms('/tf_static', 0.0, ('base', 'laser', (0.0, 0.0, 0.7), NONE))]
    bag = write_bag(tmp_path / 'a', 'mcap', messages)
    assert run('bag', bag, '--out', tmp_path / 'out') == 1
    error = capsys.readouterr().err
    assert "joins 'laser' to 'camera' nowhere" in error and 'base, laser' in error
    assert run('bag', bag, '--out', tmp_path / 'out', '--points-topic', '/absent') == 1
    assert '/absent' in capsys.readouterr().err


def test_a_floor_and_a_wall_stay_and_what_a_box_hides_does_not():
    """A lidar of 32 rings sees over a box 3 m away, 0.3 m above a camera 1 m above the floor."""
    camera = Intrinsics(640, 360, 320.0, 320.0, 319.5, 179.5)
    up, left = np.meshgrid(*map(np.radians, (np.linspace(-25, 3, 32), np.arange(-50, 50, 0.2))))
    rays = np.stack([np.cos(up) * np.sin(left), -np.sin(up), np.cos(up) * np.cos(left)],
                    axis=-1).reshape(-1, 3)
    start = np.array([0.0, -0.3, 0.0])
    with np.errstate(divide='ignore', invalid='ignore'):
        box = 3.0 / rays[:, 2]
        at = start + box[:, None] * rays
        box[(np.abs(at[:, 0]) > 0.5) | (at[:, 1] < 0.2) | (at[:, 1] > 1.0)] = np.inf
        floor, wall = (np.where(each > 0.0, each, np.inf)
                       for each in (1.3 / rays[:, 1], 2.0 / rays[:, 0]))
    distance = np.minimum(np.minimum(box, floor), np.minimum(wall, 12.0 / rays[:, 2]))
    points = start + distance[:, None] * rays
    x, y, z = points.T
    on_box = np.abs(points * (3.0 / z)[:, None] - (0.0, 0.6, 3.0)) < (0.5, 0.4, 1e-6)
    hidden = on_box.all(axis=1) & (z > 3.1)
    u, v = np.rint(320.0 * x / z + 319.5).astype(int), np.rint(320.0 * y / z + 179.5).astype(int)
    inside = (u >= 0) & (u < 640) & (v >= 0) & (v < 360)
    depth = draw_points(points, camera)

    def share_that_stays(some: np.ndarray) -> float:
        some = some & inside
        assert some.sum() > 200
        return float(np.mean(np.abs(depth[v[some], u[some]] - z[some]) < 0.01 * z[some]))

    assert share_that_stays(hidden) < 0.05
    assert share_that_stays((distance == floor) & ~hidden) > 0.95
    assert share_that_stays((distance == wall) & ~hidden) > 0.95
    assert share_that_stays(distance == box) > 0.99


def test_a_frame_of_whose_time_tf_knows_nothing_is_left_out(camera, views, tmp_path, caplog):
    messages = [transforms('/tf_static', 0.0, ('base', 'camera', (0.0, 0.0, 1.0), OPTICAL)),
                transforms('/tf', 1.0, ('base', 'laser', (0.0, 0.0, 0.7), NONE)),
                camera_info(INFO, 1.0, camera)]
    for seconds in (1.1, 5.0):
        messages += [image(COLOR, seconds, views[0][0], 'rgb8'),
                     scan('/scan', seconds, np.full(901, 4.0), 'laser')]
    out = tmp_path / 'out'
    assert run('bag', write_bag(tmp_path / 'a', 'mcap', messages), '--out', out,
               '--split', 1, 0, 0, '--motion', 0) == 1
    assert len(depths(out)) == 1
    assert '4.0 s lie between' in caplog.text


def test_a_lens_is_rectified_with_its_depth(camera, views, tmp_path):
    info = camera_info(INFO, 1.0, camera)
    info = replace(info, message=replace(info.message, d=np.array([-0.08, 0.0, 0.0, 0.0, 0.0])))
    # A picture of depth, as its lens sees it: depth is its column in the rectified picture.
    points = np.stack(np.meshgrid(np.arange(640.0), np.arange(360.0)), axis=-1).reshape(-1, 1, 2)
    k = info.message.k.reshape(3, 3)
    straight = cv2.undistortPoints(points, k, info.message.d, P=k).reshape(360, 640, 2)
    depth = (1.0 + 0.01 * straight[..., 0]).astype(np.float32)
    rgb = np.repeat(np.clip(straight[..., :1] / 3.0, 0, 255).astype(np.uint8), 3, axis=2)
    bag = write_bag(tmp_path / 'a', 'mcap', [
        info, image(COLOR, 1.0, rgb, 'rgb8'),
        replace(info, topic='/camera/color/aligned/camera_info'),
        image('/camera/color/aligned/image_raw', 1.0, depth, '32FC1')])
    out = tmp_path / 'out'
    assert run('bag', bag, '--out', out, '--split', 1, 0, 0) == 0
    seen, = depths(out)
    expected = np.tile(1.0 + 0.01 * np.arange(640.0), (360, 1))
    known = np.isfinite(seen)
    assert known.mean() > 0.95
    np.testing.assert_allclose(seen[known], expected[known], atol=0.02)
    pair, = find_pairs(out, 'train')[0]
    np.testing.assert_allclose(pair.read_rgb()[180, 50:600, 0], np.arange(50, 600) / 3.0, atol=3)


def test_a_folder_of_bags_is_a_place_each(camera, views, tmp_path, capsys):
    for name in ('one', 'two'):
        (tmp_path / 'bags').mkdir(exist_ok=True)
        write_bag(tmp_path / 'bags' / name, 'mcap', [
            message for number, (rgb, depth) in enumerate(views) for message in (
                image(COLOR, 1.0 + number, rgb, 'rgb8'),
                image(DEPTH, 1.0 + number, depth, '32FC1'))])
    out = tmp_path / 'out'
    assert run('bag', tmp_path / 'bags', '--out', out, '--split', 1, 0, 0, '--json', '-') == 0
    assert json.loads(capsys.readouterr().out)['pairs']['train'] == 2 * len(views)
    assert not (out / 'camera.json').exists()
    assert run('bag', tmp_path / 'bags', '--out', tmp_path / 'with', '--fov', 90) == 0
    assert read_camera_json(tmp_path / 'with' / 'camera.json').fx == pytest.approx(320.0)
