"""What is imported: the frames of a source, whatever it is stored as."""

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np

SHOWN_ENTRIES = 6


class SourceError(ValueError):
    """A source that cannot be imported; the sentence says what was expected and what is there."""


class Seen(NamedTuple):
    """
    A picture and what is known of it.

    Attributes
    ----------
    rgb : uint8 (H, W, 3)
    depth : float32 (H, W), metres along the camera's Z axis, or None
        NaN where it is unknown; None where the source has no depth.
    camera : Intrinsics or None
        Of the picture, at its size.
    pose : CameraPose or None
        How the camera stands above the floor.

    """

    rgb: np.ndarray
    depth: Optional[np.ndarray] = None
    camera: Optional[Intrinsics] = None
    pose: Optional[CameraPose] = None


@dataclass(frozen=True)
class Frame:
    """
    One moment of a source, which is read only where it is wanted.

    Attributes
    ----------
    name : str
        Of the pair's files; no other frame of the source has it.
    place : str
        The recording or the place that it is of. Frames of one place may be neighbours, those
        of two are not.
    read : callable
        Returns what was seen, as Seen. Frames of a recording are read in their order.
    seconds : float, optional
        When it was recorded.
    split : str, optional
        Where its publisher has put it: 'train', 'val' or 'test'.
    kind : str, optional
        Of place, for the column of pairs.csv.
    camera_to_world : float64 (4, 4), metres, optional
        Where the camera was, in a frame that all frames of its place share.
    grey : callable, optional
        Returns a small grey picture, uint8 (h, w), by which the frame is compared with others of
        its place where nothing tells where the camera was. None: the frame is no neighbour of
        others.

    """

    name: str
    place: str
    read: Callable[[], Seen]
    seconds: Optional[float] = None
    split: Optional[str] = None
    kind: Optional[str] = None
    camera_to_world: Optional[np.ndarray] = None
    grey: Optional[Callable[[], np.ndarray]] = None


@dataclass(frozen=True)
class SourceOptions:
    """
    What the user says of a source.

    Attributes
    ----------
    camera : Intrinsics, optional
        Of its pictures, in place of what the source tells.
    fov : float, degrees, optional
        The same as a horizontal field of view.
    image_topic, depth_topic, points_topic, camera_info_topic : str
        Of a bag; empty for the only one that fits.
    tolerance : float, seconds
        By which the stamps of a picture and its depth may differ.
    ground_frame : str
        Of a bag: the frame of TF on the floor, whose z is up.

    """

    camera: Optional[Intrinsics] = None
    fov: Optional[float] = None
    image_topic: str = ''
    depth_topic: str = ''
    points_topic: str = ''
    camera_info_topic: str = ''
    tolerance: float = 0.02
    ground_frame: str = 'base_footprint'

    def camera_of(self, rgb: np.ndarray, otherwise: Optional[Intrinsics] = None
                  ) -> Optional[Intrinsics]:
        """
        Return the camera of a picture: what the user says, else what the source does.

        Parameters
        ----------
        rgb : uint8 (H, W, 3)
        otherwise : Intrinsics, optional
            For any size of its pictures.

        Raises
        ------
        IntrinsicsError
            Where the camera is for pictures of other proportions.

        """
        height, width = rgb.shape[:2]
        if self.fov is not None:
            return Intrinsics.of_fov(self.fov, width, height)
        camera = self.camera or otherwise
        return camera and camera.of_size(width, height)


def not_of_layout(source: Path, missing: str) -> SourceError:
    """Return the error of a source in which something is missing, with what is there."""
    if not source.exists():
        return SourceError(f'There is no {source}.')
    if not source.is_dir():
        return SourceError(f'{source} is a file; {missing}.')
    there: List[str] = sorted(f'{path.name}/' if path.is_dir() else path.name
                              for path in source.iterdir())
    listing = ', '.join(there[:SHOWN_ENTRIES]) or 'nothing'
    if len(there) > SHOWN_ENTRIES:
        listing += f' and {len(there) - SHOWN_ENTRIES} more'
    return SourceError(f'{source}: {missing}; it holds {listing}.')
