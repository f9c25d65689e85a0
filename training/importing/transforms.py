"""Rigid transforms between the frames of cameras, sensors and the world."""

from typing import Sequence, Union

from depth_estimation_ros.estimation.points import transformed
import numpy as np

Numbers = Union[Sequence[float], np.ndarray]


def rigid_transform(translation: Numbers, quaternion: Numbers) -> np.ndarray:
    """
    Return a transform as a matrix, float64 (4, 4).

    Parameters
    ----------
    translation : (x, y, z), metres
    quaternion : (x, y, z, w)

    """
    matrix = np.eye(4)
    matrix[:3, :3] = transformed(np.eye(3), (0.0, 0.0, 0.0), list(quaternion)).T
    matrix[:3, 3] = translation
    return matrix
