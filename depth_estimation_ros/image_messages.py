"""Image and CompressedImage messages to arrays, and back."""

from array import array
from contextlib import redirect_stderr
from functools import lru_cache
import io
import sys
from typing import Callable, NamedTuple, Optional, Union

import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

# Bytes of a pixel in the encodings that cameras send and `to_rgb` takes.
PIXEL_BYTES = {'rgb8': 3, 'bgr8': 3, 'rgba8': 4, 'bgra8': 4, 'mono8': 1}


class ImageMessageError(ValueError):
    """A message that holds no usable image; the sentence says what is wrong with it."""


class Converter(NamedTuple):
    """
    What turns an Image message into RGB.

    Attributes
    ----------
    name : str
    convert : callable
        From an Image message, rows not padded, to uint8 (H, W, 3) RGB.
    note : str
        Why cv_bridge is not what converts; empty where it is, or is not installed.

    """

    name: str
    convert: Callable[[Image], np.ndarray]
    note: str = ''


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
    _check(message)
    return converter().convert(_without_padding(message))


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
    _check_size(message, 4)
    order = '>' if message.is_bigendian else '<'
    rows = np.frombuffer(message.data, f'{order}f4', message.height * message.step // 4)
    return rows.reshape(message.height, message.step // 4)[:, :message.width]


@lru_cache(maxsize=None)
def converter() -> Converter:
    """Return cv_bridge where it is installed and works, else rosbags-image."""
    # An apt cv_bridge beside a pip NumPy 2 prints two pages and raises one of several errors as
    # its compiled half is loaded. To call it after that would crash, so that half comes first.
    noise = io.StringIO()
    try:
        with redirect_stderr(noise):
            import cv_bridge.boost.cv_bridge_boost  # noqa: F401
            bridge = cv_bridge.CvBridge()
            bridge.imgmsg_to_cv2(
                from_array(np.zeros((2, 2, 3), np.uint8), 'bgr8', Header()), 'rgb8')
    except ModuleNotFoundError:
        note = ''
    except Exception as error:
        note = f'cv_bridge is installed but does not work ({type(error).__name__}: {error})'
    else:
        return Converter('cv_bridge', lambda message: bridge.imgmsg_to_cv2(message, 'rgb8'))

    from rosbags.image import image_to_cvimage
    return Converter('rosbags-image', lambda message: image_to_cvimage(message, 'rgb8'), note)


def _check(message: Image):
    pixel_bytes = PIXEL_BYTES.get(message.encoding)
    if pixel_bytes is None:
        raise ImageMessageError(
            f'the encoding {message.encoding!r} is not one of {", ".join(PIXEL_BYTES)}')
    _check_size(message, pixel_bytes)


def _check_size(message: Image, pixel_bytes: int):
    if not message.width or not message.height:
        raise ImageMessageError(f'an image of {message.width} x {message.height} is empty')
    if message.step < message.width * pixel_bytes:
        raise ImageMessageError(
            f'a row of {message.width} pixels in {message.encoding} takes '
            f'{message.width * pixel_bytes} bytes, but step is {message.step}')
    if len(message.data) < message.step * message.height:
        raise ImageMessageError(
            f'{message.height} rows of {message.step} bytes are {message.step * message.height} '
            f'bytes, but there are {len(message.data)}')


def _without_padding(message: Image) -> Image:
    row_bytes = message.width * PIXEL_BYTES[message.encoding]
    if message.step == row_bytes:
        return message
    rows = np.frombuffer(message.data, np.uint8, message.height * message.step)
    packed = rows.reshape(message.height, message.step)[:, :row_bytes]
    shape = (message.height, message.width, PIXEL_BYTES[message.encoding])
    return from_array(np.ascontiguousarray(packed).reshape(shape), message.encoding,
                      message.header)


def _decompress(message: CompressedImage) -> np.ndarray:
    if not message.data:
        raise ImageMessageError(f'a compressed image ({message.format!r}) without data')
    # A camera_info describes the pixels as they are stored, whatever an EXIF entry asks for.
    image = cv2.imdecode(np.frombuffer(message.data, np.uint8),
                         cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise ImageMessageError(
            f'{len(message.data)} bytes that are no JPEG or PNG image (format {message.format!r})')
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
