"""
The picture of sensor_msgs/CompressedImage: rclpy's message or a bag reader's.

`format` is part of the message: compressed_image_transport writes "rgb8; jpeg compressed bgr8",
with the encoding of the raw image first, and compressed_depth_image_transport
"16UC1; compressedDepth png". A driver may write "jpeg" or "png" alone.
"""

import struct
from typing import Any

import cv2
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.picture import decode_rgb, decode_single, MAX_PIXELS, read_header
from depth_estimation_ros.images.raw import DEPTH_ENCODINGS, ENCODINGS, in_metres
import numpy as np

# What precedes the PNG in compressed_depth_image_transport: a format, and for 32FC1 the two
# numbers of depth = a / (stored - b).
DEPTH_HEADER = struct.Struct('<iff')


def is_depth(message: Any) -> bool:
    """Tell whether a CompressedImage is of depth, by its format."""
    return _encoding(message) in DEPTH_ENCODINGS or 'compressedDepth' in message.format


def to_rgb(message: Any, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Return the image of a sensor_msgs/CompressedImage.

    Returns
    -------
    uint8 (H, W, 3) RGB

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    if is_depth(message):
        raise ImageError(f'the format {message.format!r} is that of depth, not of colour')
    try:
        encoding = _encoding(message)
        conversion = ENCODINGS[encoding].conversion if (
            encoding.startswith('bayer_') and encoding in ENCODINGS) else None
        if conversion is not None:
            # Of a picture with one number per pixel these are the sensor's, whose colours lie
            # side by side; one with three was made of them by the driver.
            if read_header(message.data).channels == 1:
                mosaic = _upper_byte(decode_single(message.data, max_pixels))
                return cv2.cvtColor(mosaic, conversion)
        return decode_rgb(message.data, max_pixels)
    except ImageError as error:
        raise ImageError(f'{error} (format {message.format!r})') from error


def to_metres(message: Any, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Return the depth of a sensor_msgs/CompressedImage of 16UC1 or 32FC1, stored as PNG.

    Returns
    -------
    float32 (H, W), metres
        NaN where depth is unknown.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    encoding, data = _encoding(message), memoryview(message.data)
    if encoding not in DEPTH_ENCODINGS:
        raise ImageError(f'depth is encoded as {" or ".join(DEPTH_ENCODINGS)}, and the format is '
                         f'{message.format!r}')
    if 'rvl' in message.format.lower():
        raise ImageError(f'the format is {message.format!r}, of which RVL is not read: record '
                         'with png')
    with_header = 'compressedDepth' in message.format
    if with_header and len(data) < DEPTH_HEADER.size:
        raise ImageError(f'{len(data)} bytes are no compressed depth')
    try:
        stored = decode_single(data[DEPTH_HEADER.size:] if with_header else data, max_pixels)
    except ImageError as error:
        raise ImageError(f'{error} (format {message.format!r})') from error
    if stored.dtype != np.uint16 or (encoding == '32FC1' and not with_header):
        raise ImageError(f'depth is stored in PNG with 16 bits, and the format {message.format!r} '
                         f'came with {8 * stored.itemsize}')
    if encoding == '16UC1':
        return in_metres(stored, encoding)
    _, a, b = DEPTH_HEADER.unpack_from(data)
    with np.errstate(divide='ignore', invalid='ignore', over='ignore'):
        depth = np.float32(a) / (stored.astype(np.float32) - np.float32(b))
    depth[stored == 0] = np.nan
    return depth


def _encoding(message: Any) -> str:
    """Return the encoding of the raw image; of a driver that tells none, the file's format."""
    return message.format.partition(';')[0].strip()


def _upper_byte(numbers: np.ndarray) -> np.ndarray:
    return numbers if numbers.dtype == np.uint8 else (numbers >> 8).astype(np.uint8)
