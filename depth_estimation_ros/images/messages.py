"""
Image messages to arrays.

A message is rclpy's sensor_msgs/Image or CompressedImage, or what a bag reader makes of one: of
both, the fields have the same names.
"""

from typing import Any

import cv2
from depth_estimation_ros.images import ImageError, raw
import numpy as np


def to_rgb(message: Any) -> np.ndarray:
    """
    Return the image of a sensor_msgs/Image or CompressedImage.

    Returns
    -------
    uint8 (H, W, 3) RGB
        It may share the message's memory.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    return _decompress(message) if is_compressed(message) else raw.to_rgb(message)


def to_depth(message: Any) -> np.ndarray:
    """
    Return the depth of a sensor_msgs/Image in 16UC1 or 32FC1 (REP 118).

    Returns
    -------
    float32 (H, W), metres
        As 32FC1 has it, whose memory it may share; NaN where 16UC1 is 0.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    return raw.to_metres(message)


def is_compressed(message: Any) -> bool:
    """Tell a CompressedImage from an Image."""
    return not hasattr(message, 'encoding')


def _decompress(message: Any) -> np.ndarray:
    if not len(message.data):
        raise ImageError(f'a compressed image ({message.format!r}) without data')
    # A camera_info describes the pixels as they are stored, whatever an EXIF entry asks for.
    try:
        image = cv2.imdecode(np.frombuffer(message.data, np.uint8),
                             cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None  # a header that promises more pixels than OpenCV allows
    if image is None:
        raise ImageError(
            f'{len(message.data)} bytes that are no JPEG or PNG image (format {message.format!r})')
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
