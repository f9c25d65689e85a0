"""What all recordings are made of, whatever they are stored as."""

from dataclasses import dataclass
from typing import Iterator, Optional, Protocol

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np


class RecordingError(ValueError):
    """A recording that cannot be played; the sentence says which, why, and what would be right."""


@dataclass(frozen=True)
class RecordedFrame:
    """
    One moment of a recording.

    Attributes
    ----------
    image : uint8 (H, W, 3) BGR
    depth : float32 (H, W), metres, or None
        The ground truth, where there is one.
    camera : Intrinsics or None
        Of the image, at its size, where known.
    pose : CameraPose or None
        How the camera stood above the floor, where the recording tells.

    """

    image: np.ndarray
    depth: Optional[np.ndarray] = None
    camera: Optional[Intrinsics] = None
    pose: Optional[CameraPose] = None


class Recording(Protocol):
    """
    What can be iterated over for its frames.

    Attributes
    ----------
    camera : Intrinsics or None
        As it is recorded; each frame has it at its own size.

    """

    camera: Optional[Intrinsics]

    def __iter__(self) -> Iterator[RecordedFrame]:
        """Give the frames, from the first."""
