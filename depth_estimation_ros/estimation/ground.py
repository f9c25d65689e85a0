"""
The ground as depth shows it, and the scale that follows from the camera's height above it.

From one picture a network can only guess how large a place is, and in places unlike those that it
was trained on it guesses wrong: by one factor, mostly. A robot knows how high its camera is
mounted. So where the ground is seen, that factor is known, too (as in visual odometry: Song and
Chandraker 2014, "Robust Scale Estimation in Real-Time Monocular SFM for Autonomous Driving").
"""

from collections import deque
import math
from typing import Deque, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
import numpy as np

PIXELS, PLANES = 800, 128  # how many of them are tried
# Up to how far the camera may be turned from level.
PITCH, ROLL = math.radians(40.0), math.radians(15.0)
# A pixel lies on a plane where its depth differs by at most this share from the plane's there.
CLOSE = 0.08
# Nothing is seen through the ground: what lies beneath a plane by this share speaks against it.
BENEATH = 0.16
# What has to lie on it: of all pixels, and of those that look down at it. With less, something
# else that is level is as likely.
OF_ALL, OF_DOWNWARD = 0.15, 0.4
# A pixel looks down at the ground where it would meet it within so many times its height.
FARTHEST = 12.0


def height_above_ground(depth: np.ndarray, intrinsics: Intrinsics) -> Optional[float]:
    """
    Return the camera's height above the plane that most of what lies below it is on.

    The plane that most pixels agree with, of those through three of them in the picture's lower
    half (RANSAC, Fischler and Bolles 1981). The same depth gives the same height.

    Parameters
    ----------
    depth : float32 (H, W), metres
        Unknown where it isn't finite.
    intrinsics : Intrinsics
        Of `depth`.

    Returns
    -------
    float, metres, or None
        None where no ground is seen, or too little of it to be sure.

    """
    random = np.random.default_rng(0)
    chosen = random.integers(0, depth.size, PIXELS)
    z = depth.ravel()[chosen].astype(np.float64)
    known = np.isfinite(z) & (z > 0.0)
    v, u = np.divmod(chosen[known], depth.shape[1])
    i = intrinsics
    # Where each pixel looks, for a metre of depth: right, down, ahead.
    rays = np.stack([(u - i.cx) / i.fx, (v - i.cy) / i.fy, np.ones(len(u))], axis=1)
    points = rays * z[known, None]
    low = np.flatnonzero(v >= depth.shape[0] // 2)
    if len(low) < OF_ALL * PIXELS:
        return None

    corner, one, other = np.moveaxis(points[random.choice(low, (PLANES, 3))], 1, 0)
    normals = np.cross(one - corner, other - corner)
    normals *= np.where(normals[:, 1:2] < 0.0, -1.0, 1.0)
    # Three pixels in a line make none.
    lengths = np.linalg.norm(normals, axis=1)
    normals = normals[lengths > 0.0] / lengths[lengths > 0.0, None]
    heights = np.sum(normals * corner[lengths > 0.0], axis=1)
    level = (heights > 0.0) & (normals[:, 1] > math.cos(PITCH)) \
        & (np.abs(normals[:, 0]) < math.sin(ROLL))
    if not level.any():
        return None
    # A plane is all points with normal . point = height; each row here is a plane over its height.
    planes = normals[level] / heights[level, None]
    off = points @ planes.T - 1.0
    votes = (np.abs(off) < CLOSE).sum(axis=0) - 2 * (off > BENEATH).sum(axis=0)
    plane = _fitted(points[np.abs(off[:, votes.argmax()]) < CLOSE])
    on_it = np.count_nonzero(np.abs(points @ plane - 1.0) < CLOSE)
    looking_down = np.count_nonzero(rays @ plane * FARTHEST > np.linalg.norm(plane))
    if on_it < max(OF_ALL * PIXELS, OF_DOWNWARD * looking_down):
        return None
    return 1.0 / float(np.linalg.norm(plane))


def _fitted(points: np.ndarray) -> np.ndarray:
    """Return the plane over its height that fits best; what is twice as far weighs half."""
    weights = 1.0 / points[:, 2]
    return np.linalg.lstsq(points * weights[:, None], weights, rcond=None)[0]


class GroundScale:
    """
    Follows by what depth has to be multiplied for the ground to lie where it is.

    Each picture alone tells it to within some 15 %, and one taken just before is wrong in the same
    way; the median of the last ten seconds or so does better, and survives some pictures in which
    something else was taken for the ground.

    Parameters
    ----------
    camera_height : float, metres
        Above the ground. 0: unknown, and nothing is followed.

    Attributes
    ----------
    scale : float
        The factor; 1 where the height is unknown, or no ground has been seen yet.
    seen, missed : int
        In how many pictures there was ground, and in how many there was none.

    """

    MEMORY = 100
    # What is farther off is no matter of scale.
    LIMITS = (0.2, 5.0)

    def __init__(self, camera_height: float = 0.0):
        self.camera_height = camera_height
        self.scale = 1.0
        self.seen = self.missed = 0
        self._ratios: Deque[float] = deque(maxlen=self.MEMORY)

    @property
    def trouble(self) -> str:
        """Say why the height, though known, is of no use yet; empty where it is."""
        if self.seen or not self.missed:
            return ''
        return f'no ground seen in {self.missed} images'

    def follow(self, depth: np.ndarray, intrinsics: Optional[Intrinsics]) -> float:
        """
        Look at one more picture; return the factor for its depth.

        Parameters
        ----------
        depth : float32 (H, W), metres
            Not yet multiplied by it.
        intrinsics : Intrinsics or None
            Of `depth`. Where they aren't known, neither is the ground; the factor stays.

        """
        if not self.camera_height:
            return self.scale
        height = None if intrinsics is None else height_above_ground(depth, intrinsics)
        if height is None:
            self.missed += 1
            return self.scale
        self.seen += 1
        self._ratios.append(self.camera_height / height)
        self.scale = float(np.clip(np.median(self._ratios), *self.LIMITS))
        return self.scale
