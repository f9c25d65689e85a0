"""Pictures of a lens, as a camera without distortion would have taken them."""

import logging
from typing import Any, Optional, Tuple

import cv2
import numpy as np

LOGGER = logging.getLogger(__name__)
FISHEYE, OPENCV = ('equidistant', 'fisheye'), ('plumb_bob', 'rational_polynomial')


class Rectification:
    """
    What a CameraInfo tells of a lens.

    Pictures on a topic whose name has 'rect' in it are rectified already. So are, presumably,
    those whose camera_info tells no distortion.

    Parameters
    ----------
    info : sensor_msgs/CameraInfo, or None
    topic : str
        Of the pictures, for a sentence.

    """

    def __init__(self, info: Any, topic: str):
        self._maps: Optional[Tuple[Any, Any]] = None
        self._size: Tuple[int, int] = (0, 0)
        if info is None or 'rect' in topic or not np.any(info.d) or not np.any(info.k):
            return
        model = info.distortion_model
        is_part = (info.roi.width and info.roi.width != info.width) or max(
            info.binning_x, info.binning_y) > 1
        if model not in (*FISHEYE, *OPENCV) or is_part:
            LOGGER.warning(
                '%s has a lens with distortion (%s)%s and is taken as it is: depth may lie beside '
                'what it belongs to. A rectified topic is better.', topic, model,
                ' of which only a part is recorded' if is_part else '')
            return
        k = np.asarray(info.k, np.float64).reshape(3, 3)
        d = np.asarray(info.d, np.float64)
        p = np.asarray(info.p, np.float64).reshape(3, 4)[:, :3]
        new = p if p[0, 0] else k
        r = np.asarray(info.r, np.float64).reshape(3, 3)
        r = r if r.any() else np.eye(3)
        self._size = info.width, info.height
        module: Any = cv2.fisheye if model in FISHEYE else cv2
        d = d[:4] if model in FISHEYE else d
        self._maps = module.initUndistortRectifyMap(k, d, r, new, self._size, cv2.CV_32FC1)

    def picture(self, rgb: np.ndarray) -> np.ndarray:
        """Return a picture, uint8 (H, W, 3), rectified."""
        if self._maps is None or rgb.shape[1::-1] != self._size:
            return rgb
        return cv2.remap(rgb, *self._maps, cv2.INTER_LINEAR)

    def depth(self, depth: np.ndarray) -> np.ndarray:
        """Return a depth map, float32 (H, W) in metres, rectified; NaN where nothing was seen."""
        if self._maps is None or depth.shape[::-1] != self._size:
            return depth
        return cv2.remap(depth, *self._maps, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT,
                         borderValue=float('nan'))
