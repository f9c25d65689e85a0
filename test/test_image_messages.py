"""Image messages to arrays and back."""

from array import array
import sys

import cv2
from depth_estimation_ros.estimation.depth_colors import colorize, UNKNOWN
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.messages import to_depth, to_rgb
from depth_estimation_ros.images.raw import ENCODINGS
from depth_estimation_ros.node.image_messages import from_array, to_millimetres
import numpy as np
import pytest
from ros_probe import picture
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


def yuv(rgb: np.ndarray):
    """Return luma and the two colours by ITU-R BT.601 in studio range, uint8 (H, W) each."""
    r, g, b = np.moveaxis(rgb.astype(np.float64), 2, 0)
    luma = 16.0 + (65.738 * r + 129.057 * g + 25.064 * b) / 256.0
    blue = 128.0 + (-37.945 * r - 74.494 * g + 112.439 * b) / 256.0
    red = 128.0 + (112.439 * r - 94.154 * g - 18.285 * b) / 256.0
    return (np.rint(each).astype(np.uint8) for each in (luma, blue, red))


def packed(rgb: np.ndarray, order: str) -> np.ndarray:
    """Return 4:2:2, where two neighbours share a colour; uint8 (H, 2 W)."""
    y, u, v = yuv(rgb)
    parts = {'U': u[:, ::2], 'V': v[:, ::2], 'Y': y[:, ::2], 'y': y[:, 1::2]}
    return np.dstack([parts[name] for name in order]).reshape(len(rgb), -1)


def planar(rgb: np.ndarray, order: str) -> np.ndarray:
    """Return 4:2:0, the colours below the luma; uint8 (3 / 2 H, W)."""
    y, u, v = yuv(rgb)
    parts = {'U': u[::2, ::2], 'V': v[::2, ::2]}
    return np.vstack([y, np.dstack([parts[name] for name in order]).reshape(len(rgb) // 2, -1)])


def mosaic(rgb: np.ndarray, pattern: str) -> np.ndarray:
    """Return what a sensor sees through a colour filter, row by row as the pattern says."""
    result = np.empty(rgb.shape[:2], np.uint8)
    for place, color in enumerate(pattern):
        row, column = divmod(place, 2)
        result[row::2, column::2] = rgb[row::2, column::2, 'rgb'.index(color)]
    return result


FROM_RGB = {
    'rgb8': lambda rgb: rgb,
    'bgr8': lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
    'rgba8': lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA),
    'bgra8': lambda rgb: cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA),
    'mono8': lambda rgb: rgb[:, :, 1],
    **{f'bayer_{pattern}8': lambda rgb, pattern=pattern: mosaic(rgb, pattern)
       for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')},
}
# The same with 16 bits, of which cameras fill all.
FROM_RGB.update({
    f'{name[:-1]}16': lambda rgb, convert=convert: convert(rgb).astype(np.uint16) * 257
    for name, convert in list(FROM_RGB.items())})
FROM_RGB.update({
    **dict.fromkeys(('yuv422', 'uyvy'), lambda rgb: packed(rgb, 'UYVy')),
    **dict.fromkeys(('yuv422_yuy2', 'yuyv'), lambda rgb: packed(rgb, 'YUyV')),
    'nv12': lambda rgb: planar(rgb, 'UV'),
    'nv21': lambda rgb: planar(rgb, 'VU'),
})


def picture_for(encoding: str) -> np.ndarray:
    """Return a picture that the encoding can hold without loss."""
    if encoding.startswith('mono'):
        return np.dstack([picture()[:, :, 1]] * 3)
    if encoding.startswith('bayer'):  # what the sensor does not see is interpolated
        return np.full((120, 160, 3), (200, 90, 30), np.uint8)
    if encoding in ('nv12', 'nv21', 'yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv'):
        return picture(80, 60).repeat(2, 0).repeat(2, 1)
    return picture()


def message_of(pixels: np.ndarray, encoding: str, padding: int = 0,
               is_bigendian: bool = False) -> Image:
    """Return a message of a picture of 160 x 120, its rows followed by unused bytes."""
    rows = pixels.reshape(len(pixels), -1)
    rows = rows.astype(rows.dtype.newbyteorder('>' if is_bigendian else '<')).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=99)
    return Image(width=160, height=120, encoding=encoding, step=rows.shape[1],
                 is_bigendian=int(is_bigendian), data=array('B', rows.tobytes()))


@pytest.mark.parametrize('is_bigendian', [False, True])
@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_images_become_rgb(encoding, padding, is_bigendian):
    expected = picture_for(encoding)
    message = message_of(FROM_RGB[encoding](expected), encoding, padding, is_bigendian)
    rgb = to_rgb(message)
    assert rgb.dtype == np.uint8 and rgb.shape == expected.shape
    is_rounded = encoding.startswith(('nv', 'yu', 'uy'))
    np.testing.assert_allclose(rgb.astype(int), expected, atol=4 if is_rounded else 0)


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
    (lambda message: setattr(message, 'encoding', '8UC3'),
     "'8UC3' tells how numbers are stored, and not which colours"),
    (lambda message: setattr(message, 'encoding', '16UC1'), 'that of depth, not of colour'),
    (lambda message: setattr(message, 'step', 3 * 160 - 1),
     'takes 480 bytes, but step is 479'),
    (lambda message: setattr(message, 'data', message.data[:-1]),
     '57600 bytes, but there are 57599'),
    (lambda message: setattr(message, 'data', array('B')), 'there are 0'),
    (lambda message: setattr(message, 'height', 0), '160 x 0 is empty'),
    (lambda message: (setattr(message, 'encoding', 'nv12'), setattr(message, 'height', 119)),
     'groups of 2 x 2, and 160 x 119 is no multiple'),
])
def test_an_unusable_message_is_refused_with_a_sentence(spoil, sentence):
    message = message_of(picture(), 'rgb8')
    spoil(message)
    with pytest.raises(ImageError, match=sentence):
        to_rgb(message)


@pytest.mark.parametrize('data', [b'', b'neither JPEG nor PNG'])
def test_a_compressed_message_without_an_image_is_refused(data):
    with pytest.raises(ImageError):
        to_rgb(CompressedImage(format='jpeg', data=data))


def test_depth_comes_out_as_it_went_in():
    depth = np.linspace(0, 20, 12, dtype=np.float32).reshape(3, 4)
    header = Header(frame_id='lens')
    message = from_array(depth, '32FC1', header)
    assert (message.height, message.width, message.step) == (3, 4, 16)
    assert message.header is header and message.is_bigendian == int(sys.byteorder == 'big')
    np.testing.assert_array_equal(to_depth(message), depth)
    with pytest.raises(ImageError, match="16UC1 or 32FC1, not 'mono16'"):
        to_depth(from_array(depth.astype(np.uint16), 'mono16', header))


@pytest.mark.parametrize('is_bigendian', [False, True])
def test_depth_in_millimetres_is_unknown_where_it_is_0(is_bigendian):
    millimetres = np.full((120, 160), 1500, np.uint16)
    millimetres[:60] = 0
    depth = to_depth(message_of(millimetres, '16UC1', 4, is_bigendian))
    assert depth.dtype == np.float32 and np.isnan(depth[:60]).all()
    np.testing.assert_allclose(depth[60:], 1.5)
    depth = to_depth(message_of(depth, '32FC1', 4, is_bigendian))
    assert depth.dtype == np.float32 and np.isnan(depth[:60]).all()
    np.testing.assert_allclose(depth[60:], 1.5)


def test_a_message_is_filled_again_whatever_its_size_was():
    message = None
    for shape in ((3, 4), (3, 4), (5, 2), (4, 3)):
        depth = np.random.default_rng(0).random(shape, np.float32)
        message = from_array(depth, '32FC1', Header(), message)
        np.testing.assert_array_equal(to_depth(message), depth)


def test_millimetres_are_zero_where_depth_is_unknown():
    depth = np.array([[1.0, 0.0004, 65.535, 65.536, np.nan, np.inf, -np.inf, -1.0]], np.float32)
    millimetres = to_millimetres(depth)
    assert millimetres.dtype == np.uint16
    np.testing.assert_array_equal(millimetres, [[1000, 0, 65535, 0, 0, 0, 0, 0]])


def test_depth_is_drawn_in_magma_with_the_unknown_in_grey():
    depth = np.array([[0.0, 10.0, 20.0, np.inf, -np.inf, np.nan, 99.0]], np.float32)
    colors = colorize(depth, 20.0)
    levels = np.array([[0, 128, 255, 255, 0]], np.uint8)
    np.testing.assert_array_equal(
        colors[:, :5], cv2.applyColorMap(levels, cv2.COLORMAP_MAGMA))
    assert tuple(colors[0, 5]) == UNKNOWN
    np.testing.assert_array_equal(colors[0, 6], colors[0, 2])
