"""Image messages to arrays and back."""

from array import array
import os
import subprocess
import sys

import cv2
from depth_estimation_ros import image_messages
from depth_estimation_ros.depth_colors import colorize, UNKNOWN
from depth_estimation_ros.image_messages import (
    from_array, ImageMessageError, PIXEL_BYTES, to_depth, to_rgb)
import numpy as np
import pytest
from ros_probe import picture
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

FROM_RGB = {
    'rgb8': lambda rgb: rgb,
    'bgr8': lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
    'rgba8': lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA),
    'bgra8': lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA),
}


def message_of(pixels: np.ndarray, encoding: str, padding: int = 0) -> Image:
    """Return a message whose rows are followed by unused bytes."""
    message = from_array(pixels, encoding, Header())
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    message.data = array('B', np.pad(rows, ((0, 0), (0, padding)), constant_values=99).tobytes())
    message.step += padding
    return message


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('encoding', FROM_RGB)
def test_color_images_become_rgb(encoding, padding):
    message = message_of(FROM_RGB[encoding](picture()), encoding, padding)
    np.testing.assert_array_equal(to_rgb(message), picture())


@pytest.mark.parametrize('padding', [0, 5])
def test_gray_images_become_rgb(padding):
    gray = cv2.cvtColor(picture(), cv2.COLOR_RGB2GRAY)
    rgb = to_rgb(message_of(gray, 'mono8', padding))
    np.testing.assert_array_equal(rgb, np.dstack([gray] * 3))


def test_rgb8_is_not_copied():
    message = message_of(picture(), 'rgb8')
    assert np.shares_memory(to_rgb(message), np.frombuffer(message.data, np.uint8))


@pytest.mark.parametrize('suffix, tolerance', [('.png', 0), ('.jpg', 40)])
def test_compressed_images_become_rgb(suffix, tolerance):
    message = CompressedImage(format=suffix[1:])
    message.data = array('B', cv2.imencode(suffix, picture()[:, :, ::-1])[1].tobytes())
    difference = np.abs(to_rgb(message).astype(int) - picture())
    assert difference.max() <= tolerance


@pytest.mark.parametrize('spoil, sentence', [
    (lambda message: setattr(message, 'encoding', 'yuv444'),
     "encoding 'yuv444' is not one of rgb8"),
    (lambda message: setattr(message, 'step', 3 * 160 - 1),
     'takes 480 bytes, but step is 479'),
    (lambda message: setattr(message, 'data', message.data[:-1]),
     '57600 bytes, but there are 57599'),
    (lambda message: setattr(message, 'data', array('B')), 'there are 0'),
    (lambda message: setattr(message, 'height', 0), '160 x 0 is empty'),
])
def test_an_unusable_message_is_refused_with_a_sentence(spoil, sentence):
    message = message_of(picture(), 'rgb8')
    spoil(message)
    with pytest.raises(ImageMessageError, match=sentence):
        to_rgb(message)


@pytest.mark.parametrize('data', [b'', b'neither JPEG nor PNG'])
def test_a_compressed_message_without_an_image_is_refused(data):
    with pytest.raises(ImageMessageError):
        to_rgb(CompressedImage(format='jpeg', data=data))


def test_depth_comes_out_as_it_went_in():
    depth = np.linspace(0, 20, 12, dtype=np.float32).reshape(3, 4)
    header = Header(frame_id='lens')
    message = from_array(depth, '32FC1', header)
    assert (message.height, message.width, message.step) == (3, 4, 16)
    assert message.header is header and message.is_bigendian == int(sys.byteorder == 'big')
    np.testing.assert_array_equal(to_depth(message), depth)
    with pytest.raises(ImageMessageError, match='not .16UC1'):
        to_depth(from_array(depth.astype(np.uint16), '16UC1', header))


def test_a_message_is_filled_again_whatever_its_size_was():
    message = None
    for shape in ((3, 4), (3, 4), (5, 2), (4, 3)):
        depth = np.random.default_rng(0).random(shape, np.float32)
        message = from_array(depth, '32FC1', Header(), message)
        np.testing.assert_array_equal(to_depth(message), depth)


FAKE_CV_BRIDGE = {
    # As apt's beside NumPy 2: two pages on stderr, then an error from the compiled half.
    'broken': 'import sys\n'
              'sys.stderr.write("A module that was compiled using NumPy 1.x cannot be run")\n'
              'raise AttributeError("_ARRAY_API not found")\n',
    'working': '',
}
CV_BRIDGE = """
import numpy as np
class CvBridge:
    def imgmsg_to_cv2(self, message, encoding):
        assert encoding == 'rgb8'
        return np.full((message.height, message.width, 3), 7, np.uint8)
"""


@pytest.mark.parametrize('kind, chosen', [('broken', 'rosbags-image'), ('working', 'cv_bridge')])
def test_cv_bridge_is_used_where_it_works_and_done_without_where_not(tmp_path, kind, chosen):
    compiled = tmp_path / 'cv_bridge' / 'boost'
    compiled.mkdir(parents=True)
    (tmp_path / 'cv_bridge' / '__init__.py').write_text(CV_BRIDGE)
    (compiled / '__init__.py').write_text('')
    (compiled / 'cv_bridge_boost.py').write_text(FAKE_CV_BRIDGE[kind])
    program = (
        'import numpy as np; from std_msgs.msg import Header\n'
        'from depth_estimation_ros.image_messages import *\n'
        'image = to_rgb(from_array(np.full((2, 2, 3), 5, np.uint8), "rgb8", Header()))\n'
        'print(converter().name, image[0, 0, 0], converter().note)\n')
    path = os.pathsep.join([str(tmp_path), os.environ.get('PYTHONPATH', '')])
    result = subprocess.run([sys.executable, '-c', program], check=True, text=True,
                            capture_output=True, env={**os.environ, 'PYTHONPATH': path})
    name, value, *note = result.stdout.split(maxsplit=2)
    assert (name, value) == (chosen, '7' if kind == 'working' else '5')
    assert bool(note) == (kind == 'broken') and 'NumPy 1.x' not in result.stderr


def test_this_environment_has_a_converter_for_every_encoding():
    assert image_messages.converter().name in ('cv_bridge', 'rosbags-image')
    assert set(PIXEL_BYTES) == {*FROM_RGB, 'mono8'}


def test_depth_is_drawn_in_magma_with_the_unknown_in_grey():
    depth = np.array([[0.0, 10.0, 20.0, np.inf, -np.inf, np.nan, 99.0]], np.float32)
    colors = colorize(depth, 20.0)
    levels = np.array([[0, 128, 255, 255, 0]], np.uint8)
    np.testing.assert_array_equal(
        colors[:, :5], cv2.applyColorMap(levels, cv2.COLORMAP_MAGMA))
    assert tuple(colors[0, 5]) == UNKNOWN
    np.testing.assert_array_equal(colors[0, 6], colors[0, 2])
