"""
Image messages to arrays.

A message is rclpy's sensor_msgs/Image or CompressedImage, or what a bag reader makes of one: of
both, the fields have the same names.
"""

from typing import Any, Optional, Tuple

from depth_estimation_ros.images import compressed, ImageError, raw
from depth_estimation_ros.images.picture import MAX_PIXELS
import numpy as np


def to_rgb(message: Any, max_pixels: int = MAX_PIXELS,
           bridge: Optional[Any] = None) -> np.ndarray:
    """
    Return the image of a sensor_msgs/Image or CompressedImage.

    Parameters
    ----------
    message : sensor_msgs/Image or sensor_msgs/CompressedImage
    max_pixels : int
        A message that claims more is refused before any of them is decoded.
    bridge : cv_bridge.CvBridge, optional
        Converts a sensor_msgs/Image in the place of the table of encodings.

    Returns
    -------
    uint8 (H, W, 3) RGB
        It may share the message's memory.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    if is_compressed(message):
        return compressed.to_rgb(message, max_pixels)
    _refuse_too_many(message, max_pixels)
    return raw.to_rgb(message, bridge)


def to_colour(message: Any, max_pixels: int = MAX_PIXELS,
              bridge: Optional[Any] = None) -> Tuple[np.ndarray, bool]:
    """
    Return the image of a message without turning bgr8 into RGB, and whether it is BGR.

    To swap the channels of a camera's image takes a pass over all of it, and of what the network
    sees next to nothing. Parameters and errors are those of `to_rgb`.

    Returns
    -------
    image : uint8 (H, W, 3)
        RGB, or BGR; it may share the message's memory.
    is_bgr : bool

    """
    if bridge is None and not is_compressed(message) and message.encoding == 'bgr8':
        _refuse_too_many(message, max_pixels)
        return raw.stored(message), True
    return to_rgb(message, max_pixels, bridge), False


def to_depth(message: Any) -> np.ndarray:
    """
    Return the depth of a message in 16UC1 or 32FC1 (REP 118), compressed or not.

    Returns
    -------
    float32 (H, W), metres
        As 32FC1 has it, whose memory it may share; NaN where 16UC1 is 0.

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with the message.

    """
    return (compressed if is_compressed(message) else raw).to_metres(message)


def _refuse_too_many(message: Any, max_pixels: int):
    if message.width * message.height > max_pixels:
        raise ImageError(f'an image of {message.width} x {message.height} pixels, and more than '
                         f'{max_pixels} are refused')


def is_compressed(message: Any) -> bool:
    """Tell a CompressedImage from an Image."""
    return not hasattr(message, 'encoding')
