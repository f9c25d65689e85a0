"""sensor_msgs/CameraInfo to intrinsics, and back."""

import re
from typing import Optional

from depth_estimation_ros.estimation.geometry import (
    from_camera_info, image_of_camera_info, Intrinsics, IntrinsicsError)
import numpy as np
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

# Of the longer side of the calibrated picture: a field of view from 0.6 to 179 degrees, and a
# centre that may lie outside of a part of the picture. Numbers beyond are finite, and overflow in
# what is computed from them.
FOCAL_LIMITS = (0.005, 100.0)
CENTRE_LIMITS = (-10.0, 10.0)


class CameraInfoError(ValueError):
    """A camera_info from which an image's intrinsics cannot be had; the sentence says why."""


def intrinsics(info: CameraInfo) -> Intrinsics:
    """
    Return the intrinsics of the images that a camera_info is for.

    Its region of interest and its binning say which part of the calibrated picture they are.

    Raises
    ------
    CameraInfoError
        Where it is of an uncalibrated camera, or cannot be a camera's.

    """
    try:
        image = image_of_camera_info(info)
    except IntrinsicsError as error:
        raise CameraInfoError(f'camera_info is unusable ({error})') from error
    if image is None:
        raise CameraInfoError('camera_info is of an uncalibrated camera (K is zero)')
    longest = max(info.width, info.height)
    for name, value, lowest, highest in (
            ('focal length', image.fx, *FOCAL_LIMITS), ('focal length', image.fy, *FOCAL_LIMITS),
            ('principal point', image.cx, *CENTRE_LIMITS),
            ('principal point', image.cy, *CENTRE_LIMITS)):
        if not lowest * longest <= value <= highest * longest:
            raise CameraInfoError(
                f'camera_info is unusable (a {name} of {value:g} pixels, for a picture of '
                f'{info.width} x {info.height})')
    return image


def size_problem(image: Intrinsics, info: CameraInfo, width: int, height: int) -> str:
    """
    Say why a camera_info is not an image's; empty where it is.

    Parameters
    ----------
    image : Intrinsics
        Of the images that `info` is for.
    info : sensor_msgs.msg.CameraInfo
    width, height : int
        The image's size in pixels.

    """
    if (image.width, image.height) == (width, height):
        return ''
    part = '' if (image.width, image.height) == (info.width, info.height) else (
        f' (after its region of interest and binning, of {info.width} x {info.height})')
    return (f'camera_info is for {image.width} x {image.height} pixels{part}, '
            f'the image has {width} x {height}')


def image_intrinsics(info: Optional[CameraInfo], width: int, height: int) -> Intrinsics:
    """
    Return the intrinsics of an image.

    Parameters
    ----------
    info : sensor_msgs.msg.CameraInfo or None
        The newest that came in.
    width, height : int
        The image's size in pixels.

    Raises
    ------
    CameraInfoError
        Where there is none, it is unusable, or for an image of another size.

    """
    if info is None:
        raise CameraInfoError('no camera_info has come in')
    image = intrinsics(info)
    problem = size_problem(image, info, width, height)
    if problem:
        raise CameraInfoError(problem)
    return image


def describe(info: CameraInfo, intrinsics: Intrinsics, header: Header) -> CameraInfo:
    """
    Return the camera_info of a picture that the same camera sees.

    Parameters
    ----------
    info : sensor_msgs.msg.CameraInfo
        Of a calibrated camera.
    intrinsics : Intrinsics
        Of the picture: a part of the calibrated one, at any size.
    header : std_msgs.msg.Header

    Returns
    -------
    sensor_msgs.msg.CameraInfo
        Without region of interest and binning, which its K and P contain. Where a driver left K
        or P empty, it is the other. D and R are of the lens and stay.

    """
    calibrated = from_camera_info(info)
    assert calibrated is not None  # `intrinsics` is a part of it
    sx, sy = intrinsics.fx / calibrated.fx, intrinsics.fy / calibrated.fy
    pixels = np.array([[sx, 0.0, intrinsics.cx - sx * calibrated.cx],
                       [0.0, sy, intrinsics.cy - sy * calibrated.cy],
                       [0.0, 0.0, 1.0]])
    k = np.array(info.k).reshape(3, 3)
    p = np.array(info.p).reshape(3, 4)
    if not _has_focal(p):
        p = np.hstack([k, np.zeros((3, 1))])
    if not _has_focal(k):
        k = p[:, :3]
    result = CameraInfo(header=header, width=intrinsics.width, height=intrinsics.height,
                        distortion_model=info.distortion_model, d=info.d)
    result.k = (pixels @ k).ravel()
    result.p = (pixels @ p).ravel()
    result.r = info.r if info.r.any() else np.eye(3).ravel()
    return result


def fill_camera_info(info: CameraInfo, intrinsics: Intrinsics) -> CameraInfo:
    """Write `intrinsics`, without distortion, into a sensor_msgs/CameraInfo and return it."""
    i = intrinsics
    info.width, info.height = i.width, i.height
    info.distortion_model = 'plumb_bob'
    info.d = [0.0] * 5
    info.k = [i.fx, 0.0, i.cx, 0.0, i.fy, i.cy, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [i.fx, 0.0, i.cx, 0.0, 0.0, i.fy, i.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def is_distorted(info: CameraInfo, image_topic: str) -> bool:
    """
    Tell whether an image comes straight from a lens that bends lines.

    A camera_info tells of the lens, also beside a rectified image; whether the image is one can
    only be read from its topic's name, which image_proc makes image_rect or image_rect_color.
    """
    return any(info.d) and not re.search('(^|[/_])rect', image_topic)


def _has_focal(matrix: np.ndarray) -> bool:
    return bool(matrix[0, 0] and matrix[1, 1])
