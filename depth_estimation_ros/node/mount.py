"""How the parameters say that the camera is mounted."""

from dataclasses import dataclass
import math
from typing import Callable, Optional

from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker


@dataclass(frozen=True)
class Mount:
    """
    What is known of how the camera is mounted.

    Attributes
    ----------
    height : float, metres
        Of the camera above the floor; 0 where it isn't known.
    pitch : float, degrees
        Positive looks up; None where it isn't known.
    roll : float, degrees
        Positive lifts the camera's right side.
    ground_frame : str
        From which TF tells all three, in place of them; empty where it doesn't.

    """

    height: float = 0.0
    pitch: Optional[float] = None
    roll: float = 0.0
    ground_frame: str = ''

    @classmethod
    def read(cls, value_of: Callable) -> 'Mount':
        """Read the parameters, of which `value_of` returns the value for the name."""
        pitch = value_of('camera_pitch')
        return cls(value_of('camera_height'), None if math.isnan(pitch) else pitch,
                   value_of('camera_roll'), value_of('ground_frame'))

    @property
    def pose(self) -> Optional[CameraPose]:
        """Return the camera's pose; None where the parameters don't tell it."""
        if self.ground_frame or not self.height or self.pitch is None:
            return None
        return CameraPose(self.height, math.radians(self.pitch), math.radians(self.roll))

    @property
    def source(self) -> str:
        """Say what tells the scale, for people."""
        if self.ground_frame:
            return f'TF, above {self.ground_frame}'
        if self.pose is not None:
            return 'parameters'
        return 'height alone' if self.height else 'none'

    @property
    def problem(self) -> str:
        """Say what is missing; empty where nothing is."""
        if not self.ground_frame and not self.height and self.pitch is not None:
            return 'camera_pitch is set, and camera_height is not'
        return ''

    def new_tracker(self) -> ScaleTracker:
        """Return what follows the scale that this tells."""
        return ScaleTracker(self.pose, 0.0 if self.ground_frame else self.height)
