"""What most sources are made of: pictures, depth and cameras in files of their own."""

from pathlib import Path

from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.picture import read_header, read_rgb, read_single
from importing.thinning import small_grey
import numpy as np


def read_depth_png(path: Path, units: float, invalid: int = 0) -> np.ndarray:
    """
    Read a depth map of 16 bit.

    Parameters
    ----------
    path : Path
    units : float
        How many make a metre.
    invalid : int
        What stands for unknown depth, beside 0.

    Returns
    -------
    float32 (H, W), metres
        NaN where it is unknown.

    Raises
    ------
    ImageError
        Where the file cannot be read, or holds something else.

    """
    stored = read_single(path)
    if stored.dtype != np.uint16:
        raise ImageError(f'{path} holds {stored.dtype}, and depth is of 16 bit')
    known = (stored != 0) & (stored != invalid)
    return np.where(known, stored / np.float32(units), np.float32(np.nan)).astype(np.float32)


def read_grey(path: Path) -> np.ndarray:
    """Read a picture as the small grey one by which frames are compared; uint8 (h, w)."""
    return small_grey(read_rgb(path))


def read_camera(path: Path, picture: Path) -> Intrinsics:
    """
    Read the camera of a picture from a file with the nine numbers of its matrix.

    Raises
    ------
    ImageError
        Where either cannot be read.

    """
    try:
        header = read_header(picture.read_bytes())
        k = np.array(path.read_text().split(), float).reshape(3, 3)
        return Intrinsics(header.width, header.height, *map(float, (
            k[0, 0], k[1, 1], k[0, 2], k[1, 2])))
    except (OSError, ValueError, IntrinsicsError) as error:
        raise ImageError(f'{path} must hold the 3 x 3 matrix of the camera of {picture} ({error})'
                         ) from error
