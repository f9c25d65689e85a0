"""What the depth node knows of its camera, and says when that changes."""

from typing import Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.node import camera_info
from depth_estimation_ros.node.camera_info import CameraInfoError
from sensor_msgs.msg import CameraInfo

LOG_PERIOD = 5.0  # seconds between two reports of the same trouble


class CameraTracker:
    """
    Matches images with the newest camera_info.

    Attributes
    ----------
    info : sensor_msgs.msg.CameraInfo or None
        The newest that came in.
    trouble : str
        Why the last image's intrinsics are unknown; empty where they are known, or before the
        first image.

    """

    def __init__(self, logger):
        self.info: Optional[CameraInfo] = None
        self.trouble = ''
        self._told: Optional[str] = None  # the trouble that the log told last
        self._has_warned = False
        self._logger = logger

    def intrinsics(self, info: Optional[CameraInfo], width: int, height: int,
                   topic: str) -> Optional[Intrinsics]:
        """
        Return the intrinsics of an image, where known; a change of that is logged.

        Parameters
        ----------
        info : sensor_msgs.msg.CameraInfo, optional
        width, height : int
            The image's size in pixels.
        topic : str
            The image's.

        """
        try:
            result, self.trouble = camera_info.image_intrinsics(info, width, height), ''
        except CameraInfoError as error:
            result, self.trouble = None, str(error)
        if self.trouble != self._told and self._tell():
            self._told = self.trouble
        if result and not self._has_warned and camera_info.is_distorted(info, topic):
            self._has_warned = True
            self._logger.warning(
                f'The lens distorts (D is not zero), and {topic} seems not to be rectified: '
                'depth will be bent towards its borders. Feed the image that image_proc rectifies '
                '(image_rect).')
        return result

    def _tell(self) -> bool:
        # False where it is too soon after the last time: what lasts is told with a later image.
        if self.trouble:
            return self._logger.warning(
                f'Depth without depth/camera_info and focal scaling: {self.trouble}',
                throttle_duration_sec=LOG_PERIOD)
        return self._logger.info('camera_info fits the image', throttle_duration_sec=LOG_PERIOD)
