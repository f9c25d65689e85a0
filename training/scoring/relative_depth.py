"""
Metres of a relative model by the true depth of the picture that is scored.

A relative model tells inverse depth up to a factor and a shift, so these are fitted before it is
compared: in each picture, by least squares of inverse depth on all pixels whose depth is known
(Ranftl et al. 2020, who make MiDaS). What is scored is then the shape, not the scale.
"""

from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.inverse_depth import InverseLine
import numpy as np

# For people.
FITTED = 'scale and shift of each picture are fitted to its true depth: the model tells neither'


def relative_output(estimator: DepthEstimator, rgb: np.ndarray) -> np.ndarray:
    """
    Return what a relative model gives for a picture; float32 (H, W) of the network's size.

    Parameters
    ----------
    estimator : DepthEstimator
    rgb : uint8 (H, W, 3)

    """
    height, width = estimator.backend.metadata_for(rgb.shape[1], rgb.shape[0]).input_size
    small = np.ascontiguousarray(resize(rgb, width, height))
    return estimator.backend.run(small).depth.copy()


def fitted_depth(output: np.ndarray, truth: np.ndarray, max_depth: float) -> np.ndarray:
    """
    Return depth by the factor and the shift with which inverse depth is nearest to the truth's.

    Parameters
    ----------
    output : float32 (H, W)
        A relative model's.
    truth : float32 (H, W), metres
        NaN or 0 where it is unknown. What lies at `max_depth` or beyond, such as the sky, is not
        fitted: how far it is isn't known.
    max_depth : float, metres
        What depth is at most.

    Returns
    -------
    float32 (H, W), metres
        NaN where `output` is, and everywhere where no true depth is known.

    """
    known = (truth > 0.0) & (truth < max_depth) & np.isfinite(output)
    if not known.any():
        return np.full_like(output, np.nan)
    x, inverse = output[known].astype(np.float64), 1.0 / truth[known].astype(np.float64)
    factor, shift = np.linalg.lstsq(np.column_stack([x, np.ones_like(x)]), inverse, rcond=None)[0]
    return InverseLine(factor, shift, 1.0).depth(output, max_depth)
