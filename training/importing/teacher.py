"""Depth by another model, where it is confident."""

import logging
from typing import Optional

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.mount import Mount
from importing.frames import SourceError
import numpy as np

LOGGER = logging.getLogger(__name__)


class Teacher:
    """
    A model whose depth another one learns.

    Parameters
    ----------
    model : str
        A model file, or the name of a shipped model.
    min_confidence : float
        Pixels with less are unknown; 0 for none. It is the confidence as if the scale were known:
        what a model that calibrate.py has calibrated tells besides, of a scale that nothing tells,
        is the same for all pixels, and would leave none.
    mount : Mount
        How the camera stood, which sets the scale of each picture.

    Raises
    ------
    SourceError
        Where a confidence is asked for that the model doesn't tell.

    """

    def __init__(self, model: str, min_confidence: float, mount: Mount):
        self._estimator = DepthEstimator(model)
        self._min_confidence, self._mount = min_confidence, mount
        self._has_told = False
        self._estimator.refuse_unscaled(
            mount.tells_pose, '--camera-height with --camera-pitch')
        backend = self._estimator.backend
        self.digest = backend.digest
        probe = backend.run(np.zeros((*backend.metadata.input_size, 3), np.uint8))
        if min_confidence and probe.confidence is None:
            raise SourceError(f'The model {model} tells no confidence, so --min-confidence has '
                              'to be 0.')

    def depth(self, rgb: np.ndarray, camera: Optional[Intrinsics]) -> np.ndarray:
        """
        Return the depth of a picture.

        Parameters
        ----------
        rgb : uint8 (H, W, 3)
        camera : Intrinsics or None

        Returns
        -------
        float32 (H, W), metres
            NaN where the confidence is too small.

        """
        if camera is None and not self._has_told:
            self._has_told = True
            LOGGER.warning("Nothing tells the camera of the pictures: the teacher's depth is that "
                           'of its own camera. Give --fov or --camera.')
        # Pictures are far apart in time: none follows the scale of the one before it.
        estimate = self._estimator.estimate(rgb, camera, tracker=self._mount.new_tracker(),
                                            scale_in_confidence=False)
        depth = estimate.depth
        if estimate.confidence is not None and self._min_confidence:
            depth[estimate.confidence < self._min_confidence] = np.nan
        return depth
