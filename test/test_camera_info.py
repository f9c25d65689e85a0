"""CameraInfo messages of every kind to the intrinsics of an image, and back."""

from depth_estimation_ros.estimation.geometry import centre_crop, Intrinsics
from depth_estimation_ros.node.camera_info import (
    CameraInfoError, describe, fill_camera_info, image_intrinsics, is_distorted)
import numpy as np
import pytest
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

CAMERA = Intrinsics(640, 480, 500.0, 510.0, 322.0, 238.0)
HEADER = Header(frame_id='lens')


def info_of(**changes) -> CameraInfo:
    """Return the message of a calibrated camera, changed."""
    info = fill_camera_info(CameraInfo(), CAMERA)
    for name, value in changes.items():
        setattr(info, name, value)
    return info


def test_the_rectified_picture_counts():
    info = info_of(k=[9.0, 0.0, 1.0, 0.0, 9.0, 1.0, 0.0, 0.0, 1.0])
    assert image_intrinsics(info, 640, 480) == CAMERA


def test_a_driver_that_leaves_p_or_k_empty_has_the_other():
    for name, size in (('p', 12), ('k', 9)):
        info = info_of(**{name: [0.0] * size})
        assert image_intrinsics(info, 640, 480) == CAMERA
        whole = describe(info, CAMERA, HEADER)
        assert list(whole.p) == list(info_of().p) and list(whole.k) == list(info_of().k)


@pytest.mark.parametrize('changes, sentence', [
    ({'k': [0.0] * 9, 'p': [0.0] * 12}, 'uncalibrated camera'),
    ({'width': 0, 'height': 0}, 'unusable'),
    ({'p': [float('nan')] * 12}, 'unusable'),
    ({'p': [float('inf')] * 12}, 'unusable'),
    ({'width': 320, 'height': 240}, 'for 320 x 240 pixels, the image has 640 x 480'),
    ({'binning_x': 2, 'binning_y': 2},
     r'320 x 240 pixels \(after its region of interest and binning, of 640 x 480\)'),
    ({'binning_x': 1000}, 'unusable'),
    ({'p': [0.0] * 12, 'k': [80.0, 0.0, 1.7e308, 0.0, 80.0, 59.5, 0.0, 0.0, 1.0]},
     r'principal point of 1.7e\+308 pixels'),
    ({'p': [1e-9, 0.0, 1.0, 0.0, 0.0, 1e-9, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]},
     'focal length of 1e-09 pixels'),
    ({'p': [1e9, 0.0, 1.0, 0.0, 0.0, 500.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0]},
     r'focal length of 1e\+09 pixels'),
])
def test_what_cannot_be_used_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(CameraInfoError, match=sentence):
        image_intrinsics(info_of(**changes), 640, 480)


def test_without_a_message_there_is_a_sentence_too():
    with pytest.raises(CameraInfoError, match='no camera_info has come in'):
        image_intrinsics(None, 640, 480)


def test_k_and_p_follow_a_part_of_the_picture_at_another_size():
    # The right camera of a stereo pair: P has the baseline in its last column.
    info = info_of(d=[0.1, 0.2, 0.0, 0.0, 0.0], distortion_model='plumb_bob')
    info.p[3] = -50.0
    part = CAMERA.cropped(*centre_crop(640, 480, 16 / 9)).resized(224, 224)
    described = describe(info, part, HEADER)
    assert (described.width, described.height) == (224, 224) and described.header is HEADER
    assert described.d == info.d and list(described.r) == list(info.r)
    point = np.array([0.3, -0.2, 2.0])

    def project(message):
        u, v, w = np.array(message.p).reshape(3, 4) @ (*point, 1.0)
        return np.array([u / w, v / w])
    in_whole, in_part = project(info), project(described)
    left, top, width, height = centre_crop(640, 480, 16 / 9)
    assert (left, top, width, height) == (0, 60, 640, 360)
    u, v = in_whole + 0.5
    np.testing.assert_allclose(in_part + 0.5, (u * 224 / 640, (v - 60) * 224 / 360))


@pytest.mark.parametrize('size', [(640, 480), (1280, 720), (481, 640), (1, 5), (1000, 100)])
def test_the_crop_is_in_the_centre_and_has_the_aspect(size):
    left, top, width, height = centre_crop(*size, 16 / 9)
    assert 0 <= left <= size[0] - width and 0 <= top <= size[1] - height
    assert width == size[0] or height == size[1]
    assert abs(left - (size[0] - width) / 2) < 1 and abs(top - (size[1] - height) / 2) < 1
    assert abs(width - height * 16 / 9) <= 1.0 or abs(height - width * 9 / 16) <= 1.0


@pytest.mark.parametrize('topic, is_rectified', [
    ('/camera/image_raw', False), ('/camera/image_rect', True), ('/camera/rectified/image', True),
    ('/direct/image', False), ('/camera/image_rect_color', True)])
def test_distortion_matters_where_the_topic_is_not_rectified(topic, is_rectified):
    assert is_distorted(info_of(d=[0.1, 0.0, 0.0, 0.0, 0.0]), topic) != is_rectified
    assert not is_distorted(info_of(), topic)
