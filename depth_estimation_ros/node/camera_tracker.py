"""What the depth node knows of its camera, and says when that changes."""

from typing import Callable, NamedTuple, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.node import camera_info
from depth_estimation_ros.node.camera_info import CameraInfoError
from depth_estimation_ros.node.reporting import LOG_PERIOD
from sensor_msgs.msg import CameraInfo


class Camera(NamedTuple):
    """An image's intrinsics, and the camera_info from which they are had."""

    intrinsics: Intrinsics
    info: CameraInfo


class CameraTracker:
    """
    Matches images with the newest camera_info, or else with a field of view.

    Parameters
    ----------
    logger
    missing : callable
        Returns why there may be no camera_info, for people.

    Attributes
    ----------
    problem : str
        Why the last image's intrinsics are unknown, or those that camera_info tells; empty where
        it tells them, or before the first image.
    source : str
        From what the last image's intrinsics were had, for people; empty where they are unknown.

    """

    def __init__(self, logger, missing: Callable[[], str]):
        self.problem = ''
        self.source = ''
        self._latest: Optional[Camera] = None  # of the whole image that camera_info is for
        self._refused = ''  # why the newest camera_info is unusable
        self._logged: Optional[str] = None  # the problem that the log told last
        self._has_warned = False
        self._missing = missing
        self._logger = logger

    def take(self, info: CameraInfo):
        """Take a camera_info that came in, or refuse it for good."""
        try:
            self._latest, self._refused = Camera(camera_info.intrinsics(info), info), ''
        except CameraInfoError as error:
            self._latest, self._refused = None, str(error)

    def camera_of(self, width: int, height: int, topic: str, fov: float = 0.0
                  ) -> Optional[Camera]:
        """
        Return the camera of an image, where known; a change of that is logged.

        Parameters
        ----------
        width, height : int
            The image's size in pixels.
        topic : str
            The image's.
        fov : float
            Degrees that the image is wide, for where camera_info doesn't tell; 0 where unknown.

        """
        camera = self._latest  # another may come in meanwhile
        problem = self._problem_of(camera, width, height)
        if camera is not None and not problem:
            self.source = 'camera_info'
            self._warn_of_distortion(camera.info, topic)
        else:
            camera = _camera_of_fov(fov, width, height) if fov else None
            self.source = f'fov, {fov:g} degrees' if fov else ''
            # With a field of view, camera_info may be missing; one that is wrong is worth a word.
            problem = '' if fov and not self._has_come else problem
        self.problem = problem
        if problem != self._logged and self._log():
            self._logged = problem
        return camera

    @property
    def _has_come(self) -> bool:
        return self._latest is not None or bool(self._refused)

    def _problem_of(self, camera: Optional[Camera], width: int, height: int) -> str:
        if self._refused:
            return self._refused
        if camera is None:
            return self._missing()
        return camera_info.size_problem(camera.intrinsics, camera.info, width, height)

    def _warn_of_distortion(self, info: CameraInfo, topic: str):
        if self._has_warned or not camera_info.is_distorted(info, topic):
            return
        self._has_warned = True
        self._logger.warning(
            f'The lens distorts (D is not zero), and {topic} seems not to be rectified: '
            'depth will be bent towards its borders. Feed the image that image_proc rectifies '
            '(image_rect).')

    def _log(self) -> bool:
        # False where it is too soon after the last time: what lasts is told with a later image.
        if self.problem and self.source:
            return self._logger.warning(f'Focal length from {self.source}: {self.problem}',
                                        throttle_duration_sec=LOG_PERIOD)
        if self.problem:
            return self._logger.warning(
                f'Depth without depth/camera_info and focal scaling: {self.problem}',
                throttle_duration_sec=LOG_PERIOD)
        return self._logger.info(f'Focal length from {self.source}',
                                 throttle_duration_sec=LOG_PERIOD)


def _camera_of_fov(fov: float, width: int, height: int) -> Camera:
    intrinsics = Intrinsics.of_fov(fov, width, height)
    return Camera(intrinsics, camera_info.fill_camera_info(CameraInfo(), intrinsics))
