"""True depths from another sensor, and the scale that they tell."""

import os
from pathlib import Path

import color_model
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.point_messages import of_cloud, of_scan, PointsError
from depth_estimation_ros.estimation.points import transformed, visible
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.images.messages import to_depth
import numpy as np
import pytest
from ros_probe import NodeProcess, Running
from sensor_msgs.msg import LaserScan, PointCloud2, PointField
import tf2_stand_in

DRIVE = Path(__file__).parents[1] / 'data' / 'drive'
CAMERA = Intrinsics(96, 64, 60.0, 60.0, 47.5, 31.5)


def rendered(number: int):
    """Return a rendered depth, its camera and the points of its pixels; metres."""
    path = sorted((DRIVE / 'depth' / 'test').iterdir())[number]
    depth, camera = np.load(path).astype(np.float32), read_camera_json(DRIVE / 'camera.json')
    camera = camera.resized(depth.shape[1], depth.shape[0])
    v, u = np.mgrid[:depth.shape[0], :depth.shape[1]]
    points = np.stack([(u - camera.cx) / camera.fx * depth, (v - camera.cy) / camera.fy * depth,
                       depth], axis=-1)
    return depth, camera, points


def test_a_lidars_line_tells_the_scale_of_rendered_depth():
    for number in (0, 30, 60, 90):
        depth, camera, points = rendered(number)
        # What a scan 0.3 m above the floor, of a camera 1 m above it, would hit.
        line = points[(np.abs(points[..., 1] - 0.7) < 0.03) & (depth < 15.0)]
        assert len(line) > 10
        tracker = ScaleTracker()
        tracker.follow(depth / np.float32(1.7), camera, points=line)
        assert tracker.scale == pytest.approx(1.7, rel=0.03) and tracker.sigma < 0.1


def test_floor_and_points_add_up():
    depth, camera, points = rendered(0)
    line = points[(np.abs(points[..., 1] - 0.7) < 0.03) & (depth < 15.0)]
    alone, both = (ScaleTracker(camera_height=1.0, clock=lambda: 0.0) for _ in range(2))
    alone.follow(depth / np.float32(1.7), camera)
    both.follow(depth / np.float32(1.7), camera, points=line)
    assert both.sigma < alone.sigma and both.measured == alone.measured + 1


def test_what_is_hidden_outside_or_behind_the_camera_is_left_out():
    near = np.array([[x, y, 1.0] for x in np.linspace(-0.2, 0.2, 20)
                     for y in np.linspace(-0.2, 0.2, 20)])
    far = np.array([[0.0, 0.0, 5.0], [3.5, 0.0, 5.0]])  # behind it, and beside it
    elsewhere = np.array([[0.0, 0.0, -1.0], [9.0, 0.0, 1.0], [np.nan, 0.0, 1.0]])
    u, v, z = visible(np.concatenate([near, far, elsewhere]), CAMERA)
    assert len(z) == 401 and np.count_nonzero(z == 5.0) == 1
    assert u[z == 5.0] == pytest.approx(47.5 + 60.0 * 0.7)


def test_the_far_floor_is_seen_past_the_near_one():
    # 7 m away from a camera 1 m above it, and ever nearer in the rows below.
    depths = 1.0 * 60.0 / (np.arange(40.0, 64.0) - 31.5)
    floor = np.array([[x * z, 1.0, z] for x in np.linspace(-0.7, 0.7, 90) for z in depths])
    assert len(visible(floor, CAMERA)[2]) == len(floor)


def test_a_transform_moves_points():
    # From x ahead, y left, z up to an optical frame that is 0.5 m higher.
    moved = transformed(np.array([[2.0, 1.0, 0.0]]), (0.0, 0.5, 0.0), (0.5, -0.5, 0.5, 0.5))
    np.testing.assert_allclose(moved, [[-1.0, 0.5, 2.0]], atol=1e-9)


def test_scans_and_clouds_are_read():
    scan = LaserScan(angle_min=-1.0, angle_increment=1.0, range_min=0.1, range_max=9.0,
                     ranges=[2.0, 1.0, float('inf')])
    points = of_scan(scan)
    np.testing.assert_allclose(points[1], [1.0, 0.0, 0.0], atol=1e-6)
    assert np.isnan(points[2]).any() and points[0, 0] == pytest.approx(2.0 * np.cos(1.0))
    values = np.zeros((2, 3, 5), np.float32)
    values[..., 1:4] = np.arange(18).reshape(2, 3, 3)
    cloud = PointCloud2(height=2, width=3, point_step=20, row_step=60, data=values.tobytes())
    with pytest.raises(PointsError, match='without x, y and z'):
        of_cloud(cloud)
    cloud.fields = [PointField(name=name, offset=4 * (1 + index), datatype=7, count=1)
                    for index, name in enumerate('xyz')]
    np.testing.assert_array_equal(of_cloud(cloud), np.arange(18).reshape(6, 3))
    cloud.height = 9
    with pytest.raises(PointsError, match='less data'):
        of_cloud(cloud)


def test_the_node_takes_the_scale_from_a_scan(probe, tmp_path):
    tf2_stand_in.write(tmp_path, 'lidar', (0.5, -0.5, 0.5, 0.5))
    env = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'}
    model = color_model.write(tmp_path / 'model.onnx')
    # A wall that the model takes for 6 m away, and the scan for 3.
    picture = color_model.picture_of(np.full((144, 256), 6.0))
    angles = np.linspace(-0.5, 0.5, 101)
    scan = LaserScan(angle_min=-0.5, angle_increment=0.01, range_min=0.1, range_max=9.0,
                     ranges=(3.0 / np.cos(angles)).tolist())
    scan.header.frame_id = 'lidar'
    publisher = probe.node.create_publisher(LaserScan, '/points/scan', 10)
    with NodeProcess('depth_node', '-r', '__ns:=/points', '-p', f'model:={model}', '-p',
                     'scale_from:=scan', env=env) as process:
        node = Running(probe, process, 'points')
        assert process.wait_for_output('Active')
        node.camera.intrinsics = color_model.TRAINED
        node.camera.send_until_answered(picture, node.depth)
        # The node looks for the topic each time that it tells its diagnostics.
        assert node.diagnostics.wait_for_count(len(node.diagnostics.messages) + 3)
        for _ in range(20):
            message = node.depth_of(picture)
            # Each image of this camera is a second later than the one before.
            scan.header.stamp = message.header.stamp
            scan.header.stamp.sec += 1
            publisher.publish(scan)
            if np.median(to_depth(node.depth_of(picture))) < 3.3:
                break
        node.status(lambda values: 0.49 < float(values['scale by the floor']) < 0.55)
