"""How a camera is said to be mounted: by parameters, or on a command line."""

import argparse
from dataclasses import dataclass
import math
import time
from typing import Callable, Optional

from depth_estimation_ros.estimation.pose import CameraPose, PoseError
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
    def tells_pose(self) -> bool:
        """Tell whether the pose is known, and with it the depth of the floor at each pixel."""
        return bool(self.ground_frame) or self.pose is not None

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

    def new_tracker(self, clock: Callable[[], float] = time.monotonic, period: float = 0.0
                    ) -> ScaleTracker:
        """Return what follows the scale that this tells; `clock` and `period` are its own."""
        return ScaleTracker(self.pose, 0.0 if self.ground_frame else self.height, clock, period)


def add_options(parser: argparse.ArgumentParser, prefix: str = ''):
    """Add --camera-height, --camera-pitch and --camera-roll; `prefix` begins their help."""
    parser.add_argument('--camera-height', type=float, default=0.0, metavar='METRES',
                        help=f'{prefix}of the camera above the floor, which then sets the scale, '
                             "as by the node's parameter (0: unknown)")
    parser.add_argument('--camera-pitch', type=float, metavar='DEGREES',
                        help=f'{prefix}by which the camera looks up (negative: down), beside '
                             '--camera-height; without it, a plane is fitted to depth')
    parser.add_argument('--camera-roll', type=float, default=0.0, metavar='DEGREES',
                        help=f"{prefix}by which the camera's right side is lifted, beside "
                             '--camera-pitch (%(default)g)')


def add_ground_frame(parser: argparse.ArgumentParser):
    """Add --ground-frame."""
    parser.add_argument('--ground-frame', default='', metavar='FRAME',
                        help='of a bag: from this frame on the floor, such as base_footprint, '
                             '/tf and /tf_static tell height, pitch and roll')


def from_options(parser: argparse.ArgumentParser, options: argparse.Namespace,
                 ground_frame: str = '') -> Mount:
    """Return what a command line says; the parser ends the command where that can't be."""
    mount = Mount(options.camera_height, options.camera_pitch, options.camera_roll,
                  ground_frame)
    if mount.ground_frame and mount.height:
        parser.error('--ground-frame tells the height: leave --camera-height out')
    if not 0.0 <= mount.height < math.inf:
        parser.error(f'--camera-height is in metres, not {mount.height:g}')
    if mount.pitch is not None and not mount.height:
        parser.error('--camera-pitch is of use only with --camera-height')
    if mount.roll and mount.pitch is None:
        parser.error('--camera-roll is of use only with --camera-pitch')
    try:
        mount.pose
    except PoseError as error:
        parser.error(f'--camera-pitch and --camera-roll are in degrees: {error}')
    return mount
