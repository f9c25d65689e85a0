"""
Metres from a relative model: 1 / depth = factor * output + shift.

A relative model (MiDaS, DPT, Depth Anything) tells inverse depth up to a factor and a shift, which
differ from picture to picture. Both follow from pixels whose depth is known: those of the floor,
where the camera's pose is known, or those on which a lidar's points fall. Among these pixels some
are no floor, and some points lie on other things than their pixels, so the line is the one on
which most pixels lie (random sample consensus, Fischler and Bolles 1981), and then the least
squares line through those.
"""

from typing import NamedTuple, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.points import visible
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

FARTHEST_FLOOR = 15.0  # metres, as scale.py has it
SAMPLES = 200  # lines that are tried
PIXELS = 1500  # on which they are tried
FEWEST = 50
FEWEST_POINTS = 10
# Share of inverse depth by which a pixel may be off the line and lie on it.
CLOSE = 0.06
# Nothing lies beneath the floor: what would, by this share, speaks against a line (scale.py).
BENEATH = 0.15
AGAINST = 0.7
# Of the pixels that are known, on the line less those against it: with less, the line is chance.
LEAST_SHARE = 0.2
# Standard deviation of the logarithm of inverse depth on the line: where all is equally far, the
# factor and the shift can't be told apart.
LEAST_SPREAD = 0.1


class InverseLine(NamedTuple):
    """
    What makes inverse depth of a relative model's output.

    Attributes
    ----------
    factor, shift : float
        Inverse depth in 1/m is factor * output + shift.
    share : float
        Of the known pixels that lie on it, less those that speak against it.

    """

    factor: float
    shift: float
    share: float

    def depth(self, output: np.ndarray, max_depth: float) -> np.ndarray:
        """
        Return depth.

        Parameters
        ----------
        output : float32 (H, W)
        max_depth : float, metres
            What depth is at most; the sky's inverse depth may be negative.

        Returns
        -------
        float32 (H, W), metres

        """
        inverse = output * np.float32(self.factor)
        inverse += np.float32(self.shift)
        np.maximum(inverse, np.float32(1.0 / max_depth), out=inverse)
        return np.reciprocal(inverse, out=inverse)


def line_of_floor(output: np.ndarray, pose: CameraPose, camera: Intrinsics
                  ) -> Optional[InverseLine]:
    """
    Return the line on which the floor lies where it is.

    Parameters
    ----------
    output : float32 (H, W)
        Of a relative model.
    pose : CameraPose
    camera : Intrinsics
        Of `output`.

    Returns
    -------
    InverseLine, or None
        None where too little of the floor is seen.

    """
    floor = pose.floor_depth(camera, FARTHEST_FLOOR)[1::2, 1::2]
    known = np.isfinite(floor)
    return fit_line(output[1::2, 1::2][known], 1.0 / floor[known], FEWEST, AGAINST)


def line_of_points(output: np.ndarray, points: np.ndarray, camera: Intrinsics
                   ) -> Optional[InverseLine]:
    """
    Return the line on which true depths lie, such as a lidar's.

    Parameters
    ----------
    output : float32 (H, W)
        Of a relative model.
    points : float (N, 3), metres
        In the camera's optical frame.
    camera : Intrinsics
        Of `output`.

    """
    u, v, z = visible(points, camera)
    row = np.rint(v).astype(np.intp).clip(0, output.shape[0] - 1)
    column = np.rint(u).astype(np.intp).clip(0, output.shape[1] - 1)
    return fit_line(output[row, column], (1.0 / z).astype(np.float32), FEWEST_POINTS, 0.0)


def fit_line(output: np.ndarray, inverse: np.ndarray, fewest: int, against: float
             ) -> Optional[InverseLine]:
    """
    Return the line on which most pixels lie.

    Parameters
    ----------
    output, inverse : float32 (N,)
        A relative model's, and 1/m.
    fewest : int
        With fewer pixels there is no line.
    against : float
        How much a pixel that would lie beneath the floor speaks against a line, in pixels on it.

    Returns
    -------
    InverseLine, or None

    """
    finite = np.isfinite(output) & np.isfinite(inverse)
    output, inverse = output[finite], inverse[finite]
    if len(output) < fewest:
        return None
    order = inverse.argsort()[::max(1, len(inverse) // PIXELS)]
    some, known = output[order], inverse[order]
    # The same lines for the same picture. Each goes through a far pixel and a near one.
    random = np.random.default_rng(0)
    third = max(1, len(order) // 3)
    far, near = random.integers(0, third, SAMPLES), -1 - random.integers(0, third, SAMPLES)
    with np.errstate(divide='ignore', invalid='ignore'):
        factor = (known[near] - known[far]) / (some[near] - some[far])
    # Nearer is more.
    possible = np.isfinite(factor) & (factor > 0.0)
    if not possible.any():
        return None
    factor = factor[possible, None]
    shift = known[far][possible, None] - factor * some[far][possible, None]
    off = (factor * some + shift) / known - 1.0
    score = (np.abs(off) < CLOSE).mean(axis=1) - against * (off < -BENEATH).mean(axis=1)
    best = int(score.argmax())
    return _least_squares(output, inverse, float(factor[best, 0]), float(shift[best, 0]), against)


def _least_squares(output: np.ndarray, inverse: np.ndarray, factor: float, shift: float,
                   against: float) -> Optional[InverseLine]:
    """Return the line through the pixels close to a line, by the shares that they are off it."""
    for _ in range(2):
        close = np.abs((factor * output + shift) / inverse - 1.0) < CLOSE
        x, y = output[close].astype(np.float64), inverse[close].astype(np.float64)
        if len(x) < 2 or np.log(y).std() < LEAST_SPREAD:
            return None
        factor, shift = np.linalg.lstsq(
            np.column_stack([x / y, 1.0 / y]), np.ones(len(x)), rcond=None)[0]
    off = (factor * output + shift) / inverse - 1.0
    share = float((np.abs(off) < CLOSE).mean() - against * (off < -BENEATH).mean())
    if factor <= 0.0 or share < LEAST_SHARE:
        return None
    return InverseLine(float(factor), float(shift), share)
