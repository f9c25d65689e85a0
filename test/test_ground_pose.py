"""The camera's pose from TF. A stand-in for tf2_ros, which no wheel holds, answers the lookups."""

import importlib.util
import os

import color_model
from depth_estimation_ros.node.ground_pose import GroundPose
from geometry_msgs.msg import TransformStamped
import numpy as np
import pytest
from rclpy.time import Time
from ros_probe import NodeProcess, Running
from std_msgs.msg import Header
import tf2_stand_in

# An optical frame, 0.6 m up, looking ahead.
LEVEL = (-0.5, 0.5, -0.5, 0.5)


class TransformError(Exception):
    """Stands for tf2_ros.TransformException."""


class StandIn:
    """Stands for a tf2_ros.Buffer that holds one frame above base_footprint, from a time on."""

    def __init__(self, height, quaternion, newest=None):
        self.transform = TransformStamped()
        self.transform.transform.translation.z = height
        for axis, value in zip('xyzw', quaternion):
            setattr(self.transform.transform.rotation, axis, value)
        self.newest = newest
        self.asked = []

    def lookup_transform(self, target_frame, source_frame, time, timeout):
        """Return the transform, as tf2_ros does: nothing is known of a time that is to come."""
        self.asked.append((target_frame, source_frame, time.nanoseconds, timeout.nanoseconds))
        if source_frame != 'camera':
            raise TransformError(f'"{source_frame}" passed to lookupTransform does not exist')
        if self.newest is not None and time.nanoseconds > self.newest:
            raise TransformError('Lookup would require extrapolation into the future')
        return self.transform


def header(frame='camera', seconds=5):
    return Header(frame_id=frame, stamp=Time(seconds=seconds).to_msg())


def test_the_pose_is_that_of_the_images_stamp():
    buffer = StandIn(0.6, LEVEL)
    ground = GroundPose('base_footprint', buffer, TransformError)
    pose = ground.pose_of(header())
    assert (pose.height, pose.pitch, pose.roll) == pytest.approx((0.6, 0.0, 0.0))
    (asked,) = buffer.asked
    assert asked[:3] == ('base_footprint', 'camera', 5 * 10**9) and asked[3] > 0


def test_where_the_stamp_is_to_come_the_newest_holds():
    buffer = StandIn(0.6, LEVEL, newest=4 * 10**9)
    ground = GroundPose('base_footprint', buffer, TransformError)
    assert ground.pose_of(header()).height == pytest.approx(0.6)
    assert buffer.asked[-1][2] == 0 and ground.problem == ''


def test_a_frame_that_is_missing_is_told_and_not_waited_for_again():
    buffer = StandIn(0.6, LEVEL)
    ground = GroundPose('base_footprint', buffer, TransformError)
    for _ in range(2):
        assert ground.pose_of(header('elsewhere')) is None
        assert 'where elsewhere is above base_footprint ("elsewhere" passed' in ground.problem
    assert [patience > 0 for *_, patience in buffer.asked] == [True, False, False, False]
    assert ground.pose_of(header()) is not None and ground.problem == ''


def test_a_camera_beneath_the_floor_is_no_pose():
    ground = GroundPose('base_footprint', StandIn(-0.1, LEVEL), TransformError)
    assert ground.pose_of(header()) is None
    assert 'height must be a positive number' in ground.problem


def test_the_node_takes_the_pose_from_tf(probe, tmp_path):
    tf2_stand_in.write(tmp_path, 'base_footprint', (-0.5, 0.5, -0.5, 0.5), height=0.6)
    env = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'}
    model = color_model.write(tmp_path / 'model.onnx')
    # Level, 1.2 m above the floor, to a model that doesn't know; a wall ahead.
    below = (np.arange(144) - color_model.TRAINED.cy) / color_model.TRAINED.fy
    picture = color_model.picture_of(
        np.tile(np.minimum(1.2 / below.clip(min=1e-3), 8.0)[:, None], (1, 256)))
    with NodeProcess('depth_node', '-r', '__ns:=/tf', '-p', f'model:={model}', '-p',
                     'ground_frame:=base_footprint', env=env) as process:
        node = Running(probe, process, 'tf')
        assert process.wait_for_output('Active')
        node.camera.intrinsics = color_model.TRAINED
        node.camera.send_until_answered(picture, node.depth)
        status = node.status(lambda values: values['camera pose from'].startswith('TF')
                             and float(values['scale by the floor']) < 0.6)
        assert 'sigma' in ' '.join(value.key for value in status.values)
        node.set_parameters(ground_frame='nowhere')
        node.camera.send_until_answered(picture, node.depth)
        node.status(lambda values: values['camera pose from'] == 'TF, above nowhere')


@pytest.mark.skipif(importlib.util.find_spec('tf2_ros') is not None, reason='tf2_ros is there')
def test_where_tf2_ros_is_missing_the_node_says_so():
    with NodeProcess('depth_node', '-p', 'ground_frame:=base_footprint') as process:
        assert process.wait_for_output('ground_frame needs the package tf2_ros')
