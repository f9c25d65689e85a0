"""How a camera is mounted: its height above the floor, its pitch and its roll."""

from dataclasses import dataclass
import math
from typing import Sequence, Union

from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np


class PoseError(ValueError):
    """A pose that no camera has; the message says why."""


@dataclass(frozen=True)
class CameraPose:
    """
    Where a camera is above a level floor (REP 103's optical frame: x right, y down, z ahead).

    Attributes
    ----------
    height : float, metres
        Of the camera above the floor.
    pitch : float, radians
        Positive looks up.
    roll : float, radians
        Positive lifts the camera's right side.

    """

    height: float
    pitch: float = 0.0
    roll: float = 0.0

    def __post_init__(self):
        if not (math.isfinite(self.height) and self.height > 0.0):
            raise PoseError(f'height must be a positive number of metres, got {self.height}')
        if not (abs(self.pitch) <= math.pi / 2 and abs(self.roll) <= math.pi):
            raise PoseError('pitch must be from -pi/2 to pi/2 and roll from -pi to pi radians, '
                            f'got {self.pitch} and {self.roll}')

    @property
    def down(self) -> np.ndarray:
        """Return the direction of gravity in the camera's optical frame, float64 (3,)."""
        return np.array([-math.sin(self.roll) * math.cos(self.pitch),
                         math.cos(self.roll) * math.cos(self.pitch), -math.sin(self.pitch)])

    @classmethod
    def from_down(cls, down: Union[Sequence[float], np.ndarray], height: float) -> 'CameraPose':
        """
        Return the pose of a camera that sees gravity in a direction.

        Parameters
        ----------
        down : (x, y, z)
            In the camera's optical frame, of any length.
        height : float, metres

        """
        x, y, z = np.asarray(down, np.float64) / np.linalg.norm(down)
        return cls(float(height), math.asin(min(1.0, max(-1.0, -z))), math.atan2(-x, y))

    @classmethod
    def from_transform(cls, height: float, quaternion: Sequence[float]) -> 'CameraPose':
        """
        Return the pose that a transform from the image's frame to the ground's frame tells.

        Parameters
        ----------
        height : float, metres
            The z of its translation: where the camera is in the ground's frame, whose z is up.
        quaternion : (x, y, z, w)
            Its rotation, as in geometry_msgs/Quaternion.

        """
        x, y, z, w = np.asarray(quaternion, np.float64) / np.linalg.norm(quaternion)
        # The last row of the rotation matrix: the ground's z axis, seen by the camera.
        up = np.array([2.0 * (x * z - y * w), 2.0 * (y * z + x * w), 1.0 - 2.0 * (x * x + y * y)])
        return cls.from_down(-up, height)

    @classmethod
    def from_matrix(cls, matrix: np.ndarray) -> 'CameraPose':
        """Return what `from_transform` does, of the transform as a matrix, float (4, 4)."""
        return cls.from_down(-matrix[2, :3], matrix[2, 3])

    def is_floor(self, depth: np.ndarray, camera: Intrinsics) -> np.ndarray:
        """
        Return which pixels show the floor, by their depth.

        Those whose point lies within 4 cm and 1 % of its depth of the floor: what is lower is no
        obstacle, and a depth camera tells no less.

        Parameters
        ----------
        depth : float32 (H, W), metres
            True depth; NaN where it is unknown.
        camera : Intrinsics

        Returns
        -------
        bool (H, W)

        """
        floor = self.floor_depth(camera)
        with np.errstate(invalid='ignore'):
            above = self.height * np.abs(1.0 - depth / floor)
            return above < 0.04 + 0.01 * depth

    @property
    def quaternion(self) -> np.ndarray:
        """
        Return the rotation to a floor's frame that the camera looks along x of.

        As `from_transform` takes it: float64 (x, y, z, w), of the floor's z up and y left.
        """
        nod, lean = -0.5 * self.pitch, -0.5 * self.roll
        # About y, then about x, then from the optical frame to x ahead, y left, z up.
        turn = np.array([math.cos(nod) * math.sin(lean), math.sin(nod) * math.cos(lean),
                         -math.sin(nod) * math.sin(lean)])
        w = math.cos(nod) * math.cos(lean)
        optical, half = np.array([-0.5, 0.5, -0.5]), 0.5
        return np.array([*(w * optical + half * turn + np.cross(turn, optical)),
                         w * half - turn @ optical])

    def floor_depth(self, camera: Intrinsics, farthest: float = math.inf) -> np.ndarray:
        """
        Return the depth at which each pixel's ray meets the floor.

        Parameters
        ----------
        camera : Intrinsics
        farthest : float, metres

        Returns
        -------
        float32 (H, W), metres along the camera's Z axis
            NaN where the ray doesn't meet the floor within `farthest`.

        """
        x = (np.arange(camera.width) - camera.cx) / camera.fx
        y = (np.arange(camera.height) - camera.cy) / camera.fy
        right, below, ahead = self.down
        # How far a point of each ray that is a metre ahead lies below the camera.
        fall = (y * below + ahead)[:, None] + x * right
        with np.errstate(divide='ignore'):
            depth = (self.height / fall).astype(np.float32)
        depth[(fall <= 0.0) | (depth > farthest)] = np.nan
        return depth
