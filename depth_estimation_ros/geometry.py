"""
Intrinsics of a pinhole camera.

Pixel coordinates are those of ROS and OpenCV: the centre of the first pixel is (0, 0), so the
picture reaches from -0.5 to width - 0.5.
"""

from dataclasses import asdict, dataclass, fields
import json
from pathlib import Path
from typing import Optional


class IntrinsicsError(ValueError):
    """Intrinsics that cannot be used; the message says why."""


@dataclass(frozen=True)
class Intrinsics:
    """Size of a picture and its pinhole projection, all in pixels."""

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self):
        if not (self.width > 0 and self.height > 0 and self.fx > 0 and self.fy > 0):
            raise IntrinsicsError(
                f'width, height, fx and fy must be positive, got {asdict(self)}')

    def resized(self, width: int, height: int) -> 'Intrinsics':
        """Return the intrinsics after stretching the picture to `width` x `height`."""
        sx, sy = width / self.width, height / self.height
        return Intrinsics(width, height, self.fx * sx, self.fy * sy,
                          (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5)

    def cropped(self, left: int, top: int, width: int, height: int) -> 'Intrinsics':
        """Return the intrinsics of the part of the picture that begins at (left, top)."""
        return Intrinsics(width, height, self.fx, self.fy, self.cx - left, self.cy - top)


def read_camera_json(path: Path) -> Optional[Intrinsics]:
    """
    Read a dataset's camera.json; None where there is no such file.

    Raises
    ------
    IntrinsicsError
        Where the file does not hold width, height, fx, fy, cx and cy.

    """
    if not path.is_file():
        return None
    names = [f.name for f in fields(Intrinsics)]
    try:
        values = json.loads(path.read_text())
        return Intrinsics(**{name: values[name] for name in names})
    except (ValueError, TypeError, KeyError) as error:
        raise IntrinsicsError(
            f'{path} must be {{{", ".join(names)}}} in pixels ({error!r}).') from error


def from_camera_info(info) -> Optional[Intrinsics]:
    """
    Read a sensor_msgs/CameraInfo; None where it is uncalibrated (K is zero).

    The projection matrix P describes the rectified picture, which is the one to feed; a camera
    driver that leaves P empty has only K.
    """
    fx, fy, cx, cy = info.p[0], info.p[5], info.p[2], info.p[6]
    if fx <= 0.0 or fy <= 0.0:
        fx, fy, cx, cy = info.k[0], info.k[4], info.k[2], info.k[5]
    if fx <= 0.0 or fy <= 0.0 or not info.width or not info.height:
        return None
    return Intrinsics(info.width, info.height, fx, fy, cx, cy)


def fill_camera_info(info, intrinsics: Intrinsics):
    """Write `intrinsics`, without distortion, into a sensor_msgs/CameraInfo and return it."""
    i = intrinsics
    info.width, info.height = i.width, i.height
    info.distortion_model = 'plumb_bob'
    info.d = [0.0] * 5
    info.k = [i.fx, 0.0, i.cx, 0.0, i.fy, i.cy, 0.0, 0.0, 1.0]
    info.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    info.p = [i.fx, 0.0, i.cx, 0.0, 0.0, i.fy, i.cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return info


def focal_ratio(focal: float, image_width: int,
                trained_focal: float, input_width: int) -> float:
    """
    Return the factor that corrects depth for a camera other than the training camera.

    For the same picture, depth is proportional to the focal length (Metric3D, Yin et al. 2023,
    its canonical camera; Depth Anything 3 has the same rule).

    Parameters
    ----------
    focal : float
        Horizontal focal length in pixels of an image that is `image_width` pixels wide.
    trained_focal : float
        The training camera's, in pixels at the network's input, `input_width` pixels wide.

    """
    return focal * input_width / image_width / trained_focal
