"""What a network says of an image."""

from typing import NamedTuple, Optional

import numpy as np


class Estimate(NamedTuple):
    """
    What a network says of an image.

    Backends give confidence and floor in as many pixels as the network has them, which may be
    fewer than those of depth; the estimator gives all maps at one size.

    Attributes
    ----------
    depth : float32 (H, W), metres along the camera's Z axis
    confidence : float32 (H, W), 0 to 1, or None
        None where the model tells none.
    floor : float32 (H, W), 0 to 1, or None
        The probability that a pixel shows the floor that the camera stands on; None where the
        model tells none.

    """

    depth: np.ndarray
    confidence: Optional[np.ndarray] = None
    floor: Optional[np.ndarray] = None
