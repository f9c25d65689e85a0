"""Image messages to arrays and back."""

from array import array
import struct
import sys

import cv2
from depth_estimation_ros.estimation.depth_colors import colorize, UNKNOWN
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.messages import to_colour, to_depth, to_rgb
from depth_estimation_ros.images.raw import ENCODINGS
from depth_estimation_ros.node.image_messages import from_array, to_millimetres
from hostile_images import (
    compressed, damaged, encoded, FILES, jpeg_of_many_scans, jpeg_that_claims, png_that_claims,
    refused_compressed_images, refused_images)
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


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8'])
def test_an_image_of_three_channels_is_not_copied(encoding):
    message = message_of(FROM_RGB[encoding](picture()), encoding)
    image, is_bgr = to_colour(message)
    assert np.shares_memory(image, np.frombuffer(message.data, np.uint8))
    assert is_bgr == (encoding == 'bgr8')
    np.testing.assert_array_equal(image[:, :, ::-1] if is_bgr else image, to_rgb(message))
    with pytest.raises(ImageError, match='160 x 120 pixels, and more than 19199 are refused'):
        to_colour(message, 160 * 120 - 1)


def test_what_has_another_encoding_becomes_rgb():
    image, is_bgr = to_colour(message_of(FROM_RGB['mono8'](picture()), 'mono8'))
    assert image.shape == (120, 160, 3) and not is_bgr


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


@pytest.mark.parametrize('data', [
    b'', b'neither JPEG nor PNG', cv2.imencode('.bmp', picture())[1].tobytes()])
def test_a_compressed_message_without_a_jpeg_or_png_is_refused(data):
    with pytest.raises(ImageError, match='no JPEG or PNG'):
        to_rgb(compressed(data, 'jpeg'))


@pytest.mark.parametrize('claim', [png_that_claims, jpeg_that_claims])
@pytest.mark.parametrize('width, height, sentence', [
    (32000, 32000, 'asks for 32000 x 32000 pixels, and more than 50000000 are refused'),
    (6000, 6000, 'asks for 6000 x 6000 pixels, for which [0-9]+ bytes are too few'),
    (0, 16, 'of 0 x 16 pixels is empty')])
def test_a_claim_in_a_header_costs_no_memory(claim, width, height, sentence):
    with pytest.raises(ImageError, match=sentence):
        to_rgb(compressed(claim(width, height), 'jpeg'))


@pytest.mark.parametrize('message', [
    message_of(picture(), 'rgb8'), compressed(encoded('.jpg', picture()), 'jpeg')],
    ids=['raw', 'compressed'])
def test_how_many_pixels_are_too_many_can_be_said(message):
    assert to_rgb(message, 160 * 120).shape == (120, 160, 3)
    with pytest.raises(ImageError, match='160 x 120 pixels, and more than 19199 are refused'):
        to_rgb(message, 160 * 120 - 1)


@pytest.mark.parametrize('name', FILES)
def test_a_file_that_ends_too_soon_is_refused_and_bytes_after_its_end_are_not(name):
    data = FILES[name]
    whole = to_rgb(compressed(data, 'jpeg'))
    for more in (bytes(64), b'\xff\xd8\xff\xe0', data[:500]):
        np.testing.assert_array_equal(to_rgb(compressed(data + more, 'jpeg')), whole)
    for length in (40, len(data) // 2, len(data) - 1):
        with pytest.raises(ImageError, match='ends'):
            to_rgb(compressed(data[:length], 'jpeg'))


def test_a_jpeg_that_a_decoder_would_pass_over_hundreds_of_times_is_refused():
    with pytest.raises(ImageError, match='more than 32 scans'):
        to_rgb(compressed(jpeg_of_many_scans(), 'jpeg'))


@pytest.mark.parametrize('message', [*refused_images(), *refused_compressed_images()])
def test_what_the_soak_sends_as_no_image_is_refused(message):
    for read in (to_rgb, to_colour):
        with pytest.raises(ImageError):
            read(message)


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
@pytest.mark.parametrize('bits, suffix', [(8, '.png'), (16, '.png'), (8, '.jpg')])
def test_a_compressed_mosaic_becomes_rgb(pattern, bits, suffix):
    expected = picture_for('bayer')
    stored = FROM_RGB[f'bayer_{pattern}{bits}'](expected)
    form = f'bayer_{pattern}{bits}; {"png" if suffix == ".png" else "jpeg"} compressed '
    rgb = to_rgb(compressed(encoded(suffix, stored, cv2.IMWRITE_JPEG_QUALITY, 100), form))
    np.testing.assert_allclose(rgb.astype(int), expected, atol=0 if suffix == '.png' else 8)


def test_a_mosaic_of_which_the_driver_made_colours_is_not_made_again():
    form = 'bayer_rggb8; png compressed bgr8'
    rgb = to_rgb(compressed(encoded('.png', picture()[:, :, ::-1]), form))
    np.testing.assert_array_equal(rgb, picture())


@pytest.mark.parametrize('form', [
    '16UC1; png compressed ', '32FC1; compressedDepth png', '16UC1; compressedDepth rvl'])
def test_compressed_depth_is_no_colour(form):
    with pytest.raises(ImageError, match='that of depth, not of colour'):
        to_rgb(compressed(encoded('.png', np.ones((4, 6), np.uint16)), form))


def test_compressed_depth_becomes_metres():
    millimetres = np.array([[0, 500, 1000], [65535, 1, 20000]], np.uint16)
    expected = np.array([[np.nan, 0.5, 1.0], [65.535, 0.001, 20.0]])
    png = encoded('.png', millimetres)
    for form, header in (('16UC1; png compressed ', b''),
                         ('16UC1; compressedDepth png', bytes(12)),
                         ('16UC1; compressedDepth', bytes(12))):
        depth = to_depth(compressed(header + png, form))
        assert depth.dtype == np.float32
        np.testing.assert_allclose(depth, expected, rtol=1e-6)


def test_compressed_inverse_depth_becomes_metres():
    # As compressed_depth_image_transport quantises with its defaults: 10 m and 100 steps.
    a = 100.0 * (100.0 + 1.0)
    b = 1.0 - a / 10.0
    metres = np.array([[9.5, 5.0], [2.0, np.nan]], np.float32)
    stored = np.nan_to_num(np.rint(a / metres + b)).astype(np.uint16)
    depth = to_depth(compressed(struct.pack('<iff', 0, a, b) + encoded('.png', stored),
                                '32FC1; compressedDepth png'))
    np.testing.assert_allclose(depth, metres, rtol=0.01)


@pytest.mark.parametrize('data, form, sentence', [
    (b'', '16UC1; compressedDepth png', '0 bytes are no compressed depth'),
    (bytes(40), '16UC1; compressedDepth rvl', 'RVL is not read'),
    (encoded('.png', np.ones((4, 6), np.uint8)), '16UC1; png compressed ', 'came with 8'),
    (encoded('.png', picture()), '16UC1; png compressed ', '3 numbers per pixel'),
    (encoded('.png', picture()), 'png', "the format is 'png'")])
def test_depth_that_cannot_be_read_is_refused_with_a_sentence(data, form, sentence):
    with pytest.raises(ImageError, match=sentence):
        to_depth(compressed(data, form))


def test_whatever_bytes_come_there_is_an_image_or_a_sentence():
    for message in damaged(400, np.random.default_rng(0)):
        for read in (to_rgb, to_depth):
            try:
                assert read(message).ndim in (2, 3)
            except ImageError as error:
                assert str(error)


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
