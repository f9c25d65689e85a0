"""A camera's intrinsics for pictures of several sizes."""

import logging
from typing import Optional

from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError
from depth_estimation_ros.recordings.recording import RecordingError
import numpy as np

LOGGER = logging.getLogger(__name__)


class CameraSizes:
    """
    Gives a camera's intrinsics at each picture's size, and says once where they were scaled.

    Parameters
    ----------
    camera : Intrinsics or None
    source : str
        What tells them, for a sentence.

    """

    def __init__(self, camera: Optional[Intrinsics], source: str):
        self._camera, self._source = camera, source
        self._has_told = False

    def of_picture(self, picture: np.ndarray, what: str) -> Optional[Intrinsics]:
        """
        Return the intrinsics of a picture; None where the camera isn't known.

        Parameters
        ----------
        picture : (H, W) or (H, W, channels)
        what : str
            Names it, for a sentence.

        Raises
        ------
        RecordingError
            Where the picture has other proportions than those that the intrinsics are for.

        """
        if self._camera is None:
            return None
        height, width = picture.shape[:2]
        try:
            camera = self._camera.of_size(width, height)
        except IntrinsicsError as error:
            raise RecordingError(f'{self._source} does not fit {what}: {error}.') from error
        if camera != self._camera and not self._has_told:
            self._has_told = True
            LOGGER.warning(
                '%s is for %d x %d pixels and scaled where pictures have another size, as %s has '
                '(%d x %d)', self._source, self._camera.width, self._camera.height, what, width,
                height)
        return camera
