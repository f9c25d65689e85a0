"""Image and CompressedImage messages to arrays, and back."""

from array import array
import sys
from typing import Dict, NamedTuple, Optional, Tuple, Union

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


class Encoding(NamedTuple):
    """
    How an image lies in a message's data, and what makes it RGB.

    Attributes
    ----------
    channels : int
        Numbers per pixel.
    conversion : int or None
        OpenCV's code; None for what is RGB already.
    bits : int
        Of a number, 8 or 16.
    rows : (int, int)
        Rows in the data to rows of the image: 3 to 2 where half as many rows of colour follow.
    shares : (int, int)
        Columns and rows of pixels that share a colour: the image's size is a multiple.

    """

    channels: int
    conversion: Optional[int]
    bits: int = 8
    rows: Tuple[int, int] = (1, 1)
    shares: Tuple[int, int] = (1, 1)


# Encodings that cameras send, by their names in sensor_msgs/image_encodings.hpp. Of 16 bits the
# upper 8 are taken. The two newer names of 4:2:2 stand beside the older.
ENCODINGS: Dict[str, Encoding] = {
    'rgb8': Encoding(3, None),
    'bgr8': Encoding(3, cv2.COLOR_BGR2RGB),
    'rgba8': Encoding(4, cv2.COLOR_RGBA2RGB),
    'bgra8': Encoding(4, cv2.COLOR_BGRA2RGB),
    'mono8': Encoding(1, cv2.COLOR_GRAY2RGB),
    'rgb16': Encoding(3, None, 16),
    'bgr16': Encoding(3, cv2.COLOR_BGR2RGB, 16),
    'rgba16': Encoding(4, cv2.COLOR_RGBA2RGB, 16),
    'bgra16': Encoding(4, cv2.COLOR_BGRA2RGB, 16),
    'mono16': Encoding(1, cv2.COLOR_GRAY2RGB, 16),
    **{f'bayer_{pattern.lower()}{bits}': Encoding(
        1, getattr(cv2, f'COLOR_Bayer{pattern}2RGB'), bits)
       for pattern in ('RGGB', 'BGGR', 'GBRG', 'GRBG') for bits in (8, 16)},
    **dict.fromkeys(('yuv422', 'uyvy'), Encoding(2, cv2.COLOR_YUV2RGB_UYVY, shares=(2, 1))),
    **dict.fromkeys(('yuv422_yuy2', 'yuyv'), Encoding(2, cv2.COLOR_YUV2RGB_YUY2, shares=(2, 1))),
    'nv12': Encoding(1, cv2.COLOR_YUV2RGB_NV12, rows=(3, 2), shares=(2, 2)),
    'nv21': Encoding(1, cv2.COLOR_YUV2RGB_NV21, rows=(3, 2), shares=(2, 2)),
}


class ImageMessageError(ValueError):
    """A message that holds no usable image; the sentence says what is wrong with it."""


def to_rgb(message: Union[Image, CompressedImage]) -> np.ndarray:
    """
    Return the image of a message.

    Parameters
    ----------
    message : sensor_msgs.msg.Image or sensor_msgs.msg.CompressedImage

    Returns
    -------
    uint8 (H, W, 3) RGB
        It may share the message's memory.

    Raises
    ------
    ImageMessageError
        With a sentence that says what is wrong with the message.

    """
    if isinstance(message, CompressedImage):
        return _decompress(message)
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise ImageMessageError(
            f'the encoding {message.encoding!r} is not one of {", ".join(ENCODINGS)}')
    pixels = _pixels(message, encoding)
    if encoding.conversion is None:
        return pixels
    return cv2.cvtColor(pixels, encoding.conversion)


def from_array(pixels: np.ndarray, encoding: str, header: Header,
               reuse: Optional[Image] = None) -> Image:
    """
    Return an Image message that holds a copy of an array.

    Parameters
    ----------
    pixels : (H, W) or (H, W, channels)
        Of the type and the channels that `encoding` means.
    encoding : str
        One of the names in sensor_msgs/image_encodings.hpp.
    header : std_msgs.msg.Header
    reuse : sensor_msgs.msg.Image, optional
        An earlier result that nobody needs any more. Where its size fits, it is filled again and
        returned: the memory for a new message costs several times what the copy does.

    """
    message = Image() if reuse is None else reuse
    message.header = header
    message.height, message.width = pixels.shape[:2]
    message.encoding = encoding
    message.is_bigendian = int(sys.byteorder == 'big')
    message.step = pixels.nbytes // pixels.shape[0]
    if len(message.data) != pixels.nbytes:
        # Anything but an array.array would have each of its elements checked.
        message.data = array('B', bytes(pixels.nbytes))
    np.copyto(np.frombuffer(message.data, pixels.dtype).reshape(pixels.shape), pixels)
    return message


def to_depth(message: Image) -> np.ndarray:
    """
    Return the depth of a 32FC1 message.

    Returns
    -------
    float32 (H, W), metres
        It shares the message's memory.

    Raises
    ------
    ImageMessageError
        With a sentence that says what is wrong with the message.

    """
    if message.encoding != '32FC1':
        raise ImageMessageError(f'depth in metres is encoded as 32FC1, not {message.encoding!r}')
    _check_size(message, 4, message.height)
    order = '>' if message.is_bigendian else '<'
    return np.ndarray((message.height, message.width), f'{order}f4', message.data,
                      strides=(message.step, 4))


def to_millimetres(depth: np.ndarray) -> np.ndarray:
    """
    Return depth as 16UC1 has it (REP 118).

    Parameters
    ----------
    depth : float32 (H, W), metres

    Returns
    -------
    uint16 (H, W), millimetres
        0 where depth is unknown, out of range, or more than 65.535 m.

    """
    millimetres = depth * np.float32(1000.0)
    np.rint(millimetres, out=millimetres)
    # Neither comparison holds for NaN.
    known = (millimetres > 0.0) & (millimetres <= 65535.0)
    np.copyto(millimetres, np.float32(0.0), where=~known)
    return millimetres.astype(np.uint16)


def _pixels(message: Image, encoding: Encoding) -> np.ndarray:
    """Return a view of the data without its padding: uint8 (rows, W[, channels])."""
    columns, rows = encoding.shares
    if message.width % columns or message.height % rows:
        raise ImageMessageError(
            f'an image in {message.encoding} has pixels in groups of {columns} x {rows}, and '
            f'{message.width} x {message.height} is no multiple of that')
    number_bytes = encoding.bits // 8
    height = message.height * encoding.rows[0] // encoding.rows[1]
    _check_size(message, encoding.channels * number_bytes, height)
    shape = (height, message.width, encoding.channels)
    strides = (message.step, encoding.channels * number_bytes, number_bytes)
    # The upper byte of a number comes last, but in big endian first.
    offset = 0 if message.is_bigendian else number_bytes - 1
    pixels = np.ndarray(shape, np.uint8, message.data, offset, strides)
    # OpenCV copies whatever has a stride between channels; a single one has no axis there.
    return pixels[:, :, 0] if encoding.channels == 1 else pixels


def _check_size(message: Image, pixel_bytes: int, rows: int):
    if not message.width or not message.height:
        raise ImageMessageError(f'an image of {message.width} x {message.height} is empty')
    if message.step < message.width * pixel_bytes:
        raise ImageMessageError(
            f'a row of {message.width} pixels in {message.encoding} takes '
            f'{message.width * pixel_bytes} bytes, but step is {message.step}')
    if len(message.data) < message.step * rows:
        raise ImageMessageError(
            f'{rows} rows of {message.step} bytes are {message.step * rows} '
            f'bytes, but there are {len(message.data)}')


def _decompress(message: CompressedImage) -> np.ndarray:
    if not message.data:
        raise ImageMessageError(f'a compressed image ({message.format!r}) without data')
    # A camera_info describes the pixels as they are stored, whatever an EXIF entry asks for.
    try:
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8),
                             cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None  # a header that promises more pixels than OpenCV allows
    if image is None:
        raise ImageMessageError(
            f'{len(message.data)} bytes that are no JPEG or PNG image (format {message.format!r})')
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
