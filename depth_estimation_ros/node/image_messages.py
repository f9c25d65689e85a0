"""Arrays to Image messages."""

from array import array
import sys
from typing import Optional

import numpy as np
from sensor_msgs.msg import Image
from std_msgs.msg import Header


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
