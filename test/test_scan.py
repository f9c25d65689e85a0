"""depth/scan: obstacles where they stand, free directions, and those of which nobody knows."""

import math

import color_model
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scan import ranges_of, ScanLimits, Scanner
from depth_estimation_ros.node.scan_output import scan_frame
import numpy as np
import pytest
from ros_probe import NodeProcess, Running
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Header

LIMITS = ScanLimits(0.1, 1.2, 0.1, 10.0)
POSE = CameraPose(1.2)
CAMERA = color_model.TRAINED


def floor_and_wall(distance: float) -> np.ndarray:
    """Return the depth of a floor 1.2 m below and of a wall ahead, float32 (144, 256), metres."""
    below = (np.arange(144) - CAMERA.cy) / CAMERA.fy
    rows = np.minimum(1.2 / below.clip(min=1e-3), distance)
    return np.tile(rows[:, None], (1, 256)).astype(np.float32)


def test_each_direction_is_blocked_free_or_unknown():
    depth = floor_and_wall(3.0)
    depth[:, 85:170] = floor_and_wall(np.inf)[:, 85:170]
    depth[:, 170:] = np.where(np.arange(144)[:, None] < 40, np.nan, floor_and_wall(20.0)[:, 170:])
    ranges = ranges_of(Scanner(CAMERA, POSE, 10.0), depth, LIMITS)
    assert ranges.dtype == np.float32 and len(ranges) == 90
    right, middle, left = ranges[:25], ranges[35:55], ranges[65:]
    assert np.isnan(right).all() and np.isposinf(middle).all()
    np.testing.assert_allclose(
        left, 3.0 / np.cos(np.radians(np.arange(20.5, 45.0))), rtol=0.02)


def test_an_obstacle_is_told_also_where_much_is_unknown():
    depth = floor_and_wall(3.0)
    depth[:60] = np.nan
    ranges = ranges_of(Scanner(CAMERA, POSE, 10.0), depth, LIMITS)
    assert np.isfinite(ranges).all()


def test_an_obstacle_beyond_the_range_is_none():
    ranges = ranges_of(Scanner(CAMERA, POSE, 10.0), floor_and_wall(9.0), LIMITS)
    # 9 m ahead are more than 10 m from 25.8 degrees on.
    assert np.isfinite(ranges[45:70]).all() and np.isposinf(ranges[72:]).all()


@pytest.mark.parametrize('pose', [POSE, CameraPose(0.4, -0.3, 0.1), CameraPose(1.7, 0.2, -0.2)])
def test_the_frame_of_the_scan_is_level_and_beneath_the_camera(pose):
    transform = scan_frame(Header(frame_id='eye'), pose, 0.65)
    assert (transform.header.frame_id, transform.child_frame_id) == ('eye', 'eye_scan')
    t, q = transform.transform.translation, transform.transform.rotation
    place, vector, w = np.array([t.x, t.y, t.z]), np.array([q.x, q.y, q.z]), q.w

    def in_the_image(point):
        return place + point + 2.0 * np.cross(vector, np.cross(vector, point) + w * point)

    for point in np.array([(0.0, 0.0, 0.0), (3.0, 0.0, 0.0), (2.0, -1.5, 0.0)]):
        assert pose.height - pose.down @ in_the_image(point) == pytest.approx(0.65)
    ahead, left = (in_the_image(np.array(each)) - place for each in ((1, 0, 0), (0, 1, 0)))
    assert ahead[2] > 0.9 and left[0] < -0.9, 'x is ahead, y to the left'
    assert ahead @ np.cross(pose.down, (0.0, 0.0, 1.0)) == pytest.approx(0.0, abs=1e-9)


def test_the_node_publishes_it_to_those_who_listen(probe, tmp_path):
    model = color_model.write(tmp_path / 'model.onnx')
    with NodeProcess('depth_node', '-r', '__ns:=/scan', '-p', f'model:={model}',
                     '-p', 'scan_max_height:=1.0') as process:
        node = Running(probe, process, 'scan')
        assert process.wait_for_output('Active')
        node.camera.intrinsics = CAMERA
        scans = probe.listen(LaserScan, '/scan/depth/scan')
        picture = color_model.picture_of(floor_and_wall(3.0))
        node.camera.send_until_answered(picture, node.depth)
        assert process.wait_for_output('No depth/scan: it needs')
        node.set_parameters(camera_height=1.2, camera_pitch=0.0)
        header = node.camera.send_until_answered(picture, node.depth).header
        scan = scans.wait(lambda message: message.header.stamp == header.stamp)
        assert scan.header.frame_id == f'{header.frame_id}_scan'
        assert scan.angle_min == pytest.approx(math.radians(-44.5), abs=1e-3)
        assert scan.angle_increment == pytest.approx(math.radians(1.0), abs=1e-4)
        assert scan.range_min == pytest.approx(0.1) and 15.0 < scan.range_max < 20.0
        angles = scan.angle_min + scan.angle_increment * np.arange(len(scan.ranges))
        np.testing.assert_allclose(scan.ranges, 3.0 / np.cos(angles), rtol=0.05)
        assert 'Traceback' not in process.output
