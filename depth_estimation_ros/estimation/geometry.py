"""
Intrinsics of a pinhole camera.

Pixel coordinates are those of ROS and OpenCV: the centre of the first pixel is (0, 0), so the
picture reaches from -0.5 to width - 0.5.
"""

from dataclasses import asdict, dataclass, fields
import json
import math
from pathlib import Path
from typing import NamedTuple, Optional

# How depth follows the focal lengths along the picture's height and width where they differ: as
# fy ** VERTICAL * fx ** (1 - VERTICAL). By geometry, what the ground tells (how far below the
# horizon) follows fy, and the sizes of things follow both alike. Measured: doc/robot.md, "Lens".
VERTICAL = 0.75


class IntrinsicsError(ValueError):
    """Intrinsics that cannot be used; the message says why."""


class Box(NamedTuple):
    """A part of a picture, in pixels."""

    left: int
    top: int
    width: int
    height: int


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
        if not (self.width > 0 and self.height > 0 and self.fx > 0 and self.fy > 0
                and all(map(math.isfinite, (self.fx, self.fy, self.cx, self.cy)))):
            raise IntrinsicsError('width, height, fx and fy must be positive, and cx and cy '
                                  f'finite, got {asdict(self)}')

    @classmethod
    def of_fov(cls, fov: float, width: int, height: int) -> 'Intrinsics':
        """
        Return a camera with square pixels that looks through the picture's centre.

        Parameters
        ----------
        fov : float
            Horizontal field of view in degrees, between 0 and 180.
        width, height : int
            The picture's size in pixels.

        """
        focal = width / 2.0 / math.tan(math.radians(fov) / 2.0)
        return cls(width, height, focal, focal, (width - 1) / 2.0, (height - 1) / 2.0)

    def resized(self, width: int, height: int) -> 'Intrinsics':
        """Return the intrinsics after stretching the picture to `width` x `height`."""
        sx, sy = width / self.width, height / self.height
        return Intrinsics(width, height, self.fx * sx, self.fy * sy,
                          (self.cx + 0.5) * sx - 0.5, (self.cy + 0.5) * sy - 0.5)

    def of_size(self, width: int, height: int) -> 'Intrinsics':
        """
        Return the intrinsics of the same picture at another size.

        Raises
        ------
        IntrinsicsError
            Where that size has other proportions, so that it is not the whole of the picture.

        """
        # Half a pixel of the coarser picture is rounding.
        rounding = max(width + height, self.width + self.height) / 2
        if abs(width * self.height - self.width * height) > rounding:
            raise IntrinsicsError(f'{width} x {height} pixels have other proportions than the '
                                  f'{self.width} x {self.height} that the intrinsics are for')
        return self if (width, height) == (self.width, self.height) else self.resized(
            width, height)

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
    Return the intrinsics of the whole picture that a sensor_msgs/CameraInfo is of.

    P describes the rectified picture, which is the one to feed; K is all that a driver gives
    that leaves P empty.

    Parameters
    ----------
    info
        rclpy's message, or a bag reader's.

    Returns
    -------
    Intrinsics or None
        None where the camera is uncalibrated (P and K are zero).

    Raises
    ------
    IntrinsicsError
        Where they cannot be a camera's.

    """
    p, k = info.p, info.k
    for fx, fy, cx, cy in ((p[0], p[5], p[2], p[6]), (k[0], k[4], k[2], k[5])):
        if fx and fy:
            return Intrinsics(info.width, info.height, float(fx), float(fy), float(cx), float(cy))
    return None


def image_of_camera_info(info) -> Optional[Intrinsics]:
    """
    Return the intrinsics of the images that a sensor_msgs/CameraInfo comes with.

    Its region of interest and its binning say which part of the whole picture they are, and how
    many of its pixels make one.

    Parameters
    ----------
    info
        rclpy's message, or a bag reader's.

    Returns
    -------
    Intrinsics or None
        None where the camera is uncalibrated (P and K are zero).

    Raises
    ------
    IntrinsicsError
        Where they cannot be a camera's.

    """
    image, roi = from_camera_info(info), info.roi
    if image is None:
        return None
    if roi.width and roi.height:
        image = image.cropped(roi.x_offset, roi.y_offset, roi.width, roi.height)
    return image.resized(image.width // max(1, info.binning_x),
                         image.height // max(1, info.binning_y))


def centre_crop(width: int, height: int, aspect: float) -> Box:
    """
    Return the largest part of a picture in its centre that has an aspect ratio.

    Parameters
    ----------
    width, height : int
        The picture's size in pixels.
    aspect : float
        Width over height of the part, as near as whole pixels come.

    """
    w = min(width, max(1, round(height * aspect)))
    h = min(height, max(1, round(width / aspect)))
    return Box((width - w) // 2, (height - h) // 2, w, h)


def focal_ratio(focal: float, image_width: int, image_height: int,
                trained_focal: float, input_width: int, trained_aspect: float) -> float:
    """
    Return the factor that corrects depth for a camera other than the training camera.

    For the same picture, depth is proportional to the focal length (Metric3D, Yin et al. 2023,
    its canonical camera; Depth Anything 3 has the same rule). A picture that is stretched to the
    network's input otherwise than the training pictures has two of them, one along each side:
    see VERTICAL.

    Parameters
    ----------
    focal : float
        Focal length in pixels of an image that is `image_width` x `image_height` pixels, as for
        its width; its pixels are presumed to be square.
    image_width, image_height : int
        Of what is stretched to the input.
    trained_focal : float
        The training camera's, in pixels at the network's input, `input_width` pixels wide.
    trained_aspect : float
        Width over height of the training pictures.

    """
    squeeze = image_width / image_height / trained_aspect
    return focal * input_width / image_width / trained_focal * squeeze ** VERTICAL
