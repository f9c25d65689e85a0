"""The pixels of sensor_msgs/Image: rclpy's message or a bag reader's."""

import sys
from typing import Any, Dict, NamedTuple, Optional, Tuple

import cv2
from depth_estimation_ros.images import ImageError
import numpy as np


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
    in_cv_bridge : bool
        Whether every cv_bridge since Humble knows the name.

    """

    channels: int
    conversion: Optional[int]
    bits: int = 8
    rows: Tuple[int, int] = (1, 1)
    shares: Tuple[int, int] = (1, 1)
    in_cv_bridge: bool = True


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
    'yuv422': Encoding(2, cv2.COLOR_YUV2RGB_UYVY, shares=(2, 1)),
    'uyvy': Encoding(2, cv2.COLOR_YUV2RGB_UYVY, shares=(2, 1), in_cv_bridge=False),
    'yuv422_yuy2': Encoding(2, cv2.COLOR_YUV2RGB_YUY2, shares=(2, 1)),
    'yuyv': Encoding(2, cv2.COLOR_YUV2RGB_YUY2, shares=(2, 1), in_cv_bridge=False),
    'nv12': Encoding(1, cv2.COLOR_YUV2RGB_NV12, rows=(3, 2), shares=(2, 2), in_cv_bridge=False),
    'nv21': Encoding(1, cv2.COLOR_YUV2RGB_NV21, rows=(3, 2), shares=(2, 2), in_cv_bridge=False),
}

# Encodings of depth (REP 118): the type of a number, and metres in one unit.
DEPTH_ENCODINGS: Dict[str, Tuple[str, float]] = {'16UC1': ('u2', 0.001), '32FC1': ('f4', 1.0)}


def to_rgb(message: Any, bridge: Optional[Any] = None) -> np.ndarray:
    """
    Return the image of a sensor_msgs/Image.

    Parameters
    ----------
    message : sensor_msgs/Image
    bridge : cv_bridge.CvBridge, optional
        Converts what it reads right; the table of encodings does the rest.

    Returns
    -------
    uint8 (H, W, 3) RGB
        It may share the message's memory.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    pixels = stored(message)  # and checks what the message says of itself
    encoding = ENCODINGS[message.encoding]
    if bridge is not None and _suits_cv_bridge(message, encoding):
        try:
            return bridge.imgmsg_to_cv2(message, 'rgb8')
        except (RuntimeError, TypeError, ValueError) as error:  # CvBridgeError is a TypeError
            raise ImageError(f'cv_bridge cannot convert an image in {message.encoding}: {error}'
                             ) from error
    return pixels if encoding.conversion is None else cv2.cvtColor(pixels, encoding.conversion)


def stored(message: Any) -> np.ndarray:
    """
    Return a view of the numbers of a sensor_msgs/Image in an encoding of ENCODINGS.

    Returns
    -------
    uint8 (rows, W[, channels])
        Without padding; of 16 bits the upper 8.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    encoding = ENCODINGS.get(message.encoding)
    if encoding is None:
        raise ImageError(_why_not_colour(message.encoding))
    return _pixels(message, encoding)


def to_metres(message: Any) -> np.ndarray:
    """
    Return the depth of a sensor_msgs/Image in an encoding of DEPTH_ENCODINGS.

    Returns
    -------
    float32 (H, W), metres
        As 32FC1 has it, whose memory it may share; NaN where 16UC1 is 0.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    if message.encoding not in DEPTH_ENCODINGS:
        raise ImageError(
            f'depth is encoded as {" or ".join(DEPTH_ENCODINGS)}, not {message.encoding!r}')
    kind, _ = DEPTH_ENCODINGS[message.encoding]
    number = np.dtype(kind).newbyteorder('>' if message.is_bigendian else '<')
    _check_size(message, number.itemsize, message.height)
    numbers = np.ndarray((message.height, message.width), number, message.data,
                         strides=(message.step, number.itemsize))
    return in_metres(numbers, message.encoding)


def in_metres(numbers: np.ndarray, encoding: str) -> np.ndarray:
    """Return numbers of an encoding of depth as float32 metres; NaN where integers are 0."""
    kind, unit = DEPTH_ENCODINGS[encoding]
    if kind == 'f4':
        return numbers.astype(np.float32, copy=False)  # big endian becomes the machine's order
    metres = numbers.astype(np.float32) * np.float32(unit)
    metres[numbers == 0] = np.nan
    return metres


def _why_not_colour(encoding: str) -> str:
    if encoding in DEPTH_ENCODINGS:
        return f'the encoding {encoding} is that of depth, not of colour'
    kinds = tuple(f'{kind}C' for kind in ('8U', '8S', '16U', '16S', '32S', '32F', '64F'))
    if encoding.startswith(kinds) or f'{encoding}C' in kinds:
        return (f'the encoding {encoding!r} tells how numbers are stored, and not which colours '
                'they are: a camera publishes rgb8, bgr8 or mono8')
    return f'the encoding {encoding!r} is not one of {", ".join(ENCODINGS)}'


def _suits_cv_bridge(message: Any, encoding: Encoding) -> bool:
    """
    Tell whether cv_bridge reads a message right.

    It divides step by the bytes of a pixel, so that rows with other padding are sheared; and
    where is_bigendian is not the machine's order it calls a method that NumPy 2 has no more.
    """
    is_native = bool(message.is_bigendian) == (sys.byteorder == 'big')
    pixel_bytes = encoding.channels * encoding.bits // 8
    return encoding.in_cv_bridge and is_native and message.step % pixel_bytes == 0


def _pixels(message: Any, encoding: Encoding) -> np.ndarray:
    """Return a view of the data without its padding: uint8 (rows, W[, channels])."""
    columns, rows = encoding.shares
    if message.width % columns or message.height % rows:
        raise ImageError(
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


def _check_size(message: Any, pixel_bytes: int, rows: int):
    if not message.width or not message.height:
        raise ImageError(f'an image of {message.width} x {message.height} is empty')
    if message.step < message.width * pixel_bytes:
        raise ImageError(
            f'a row of {message.width} pixels in {message.encoding} takes '
            f'{message.width * pixel_bytes} bytes, but step is {message.step}')
    if len(message.data) < message.step * rows:
        raise ImageError(
            f'{rows} rows of {message.step} bytes are {message.step * rows} '
            f'bytes, but there are {len(message.data)}')
