"""Models of others in the node itself, over DDS: metric ones, and relative ones by the pose."""

import math

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.images.messages import to_depth
import described_model
import numpy as np
import pytest
from ros_probe import NodeProcess, Running

CAMERA = Intrinsics(96, 64, 60.0, 60.0, 47.5, 31.5)
HEIGHT, PITCH = 0.5, -10.0
BARE = {'edge_filter': 'off', 'min_range': 0.0, 'max_range': 1000.0}


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp('models')
    return {'metric': described_model.write(folder / 'metric.onnx', focal=60.0),
            'relative': described_model.write_relative(folder / 'relative.onnx')}


@pytest.fixture(scope='module')
def node(probe, models):
    """Return an active node that runs a metric model of others."""
    with NodeProcess('depth_node', '-r', '__ns:=/described', '-p',
                     f'model:={models["metric"]}') as process:
        node = Running(probe, process, 'described')
        assert process.wait_for_output('Active')
        node.camera.intrinsics = CAMERA
        node.camera.send_until_answered(np.full((64, 96, 3), 200, np.uint8), node.camera_info)
        node.set_parameters(**BARE)
        yield node
        assert 'Traceback' not in process.output


def test_a_metric_model_of_others_publishes_its_depth(node):
    depth = to_depth(node.depth_of(np.full((64, 96, 3), 200, np.uint8)))
    value = 200 / 255 - np.array(described_model.MEAN)
    np.testing.assert_allclose(
        depth, 1.0 + value / described_model.DEVIATION @ [1.0, 2.0, 4.0], rtol=1e-4)


def test_a_relative_model_is_refused_until_the_pose_is_known(node, models):
    answer = node.probe.set_parameters(node.name, {'model': models['relative']})
    assert not answer.successful
    assert 'no metres without true depths' in answer.reason and 'ground_frame' in answer.reason
    answer = node.probe.set_parameters(node.name, {
        'camera_height': HEIGHT, 'camera_pitch': PITCH, 'model': models['relative']})
    assert answer.successful, answer.reason
    truth = np.fmin(CameraPose(HEIGHT, math.radians(PITCH)).floor_depth(CAMERA), np.float32(6.0))
    depth = to_depth(node.depth_of(described_model.relative_picture(truth)))
    assert np.median(np.abs(depth / truth - 1.0)) < 0.03


def test_a_relative_model_without_a_pose_does_not_configure(probe, models):
    with NodeProcess('depth_node', '-r', '__ns:=/unposed', '-p',
                     f'model:={models["relative"]}', '-p', 'camera_height:=0.5') as process:
        assert process.wait_for_output('it needs the camera')
        assert probe.state('/unposed/depth_estimation') == 'unconfigured'
