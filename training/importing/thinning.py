"""Which frames of a recording show something new."""

from typing import Dict, Optional

import cv2
from importing.frames import Frame
import numpy as np

# What the camera has to move or turn by, or the picture to change by, until a frame is taken.
MOVE = 0.15  # metres
TURN = 8.0  # degrees
CHANGE = 8.0  # grey levels of 255, the mean over a small picture
SIZE = (32, 24)


def small_grey(rgb: np.ndarray) -> np.ndarray:
    """Return a small picture, uint8 (24, 32), by which frames are compared."""
    return cv2.cvtColor(cv2.resize(rgb, SIZE, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


class Thinner:
    """
    Takes a frame where the camera has moved since the last that was taken.

    A robot that stands still records the same picture thousands of times, which would then
    outweigh all others.

    Parameters
    ----------
    motion : float
        By which MOVE, TURN and CHANGE are multiplied; 0 takes every frame.
    every : int, optional
        Take every so many frames of a place, in place of motion.

    """

    def __init__(self, motion: float = 1.0, every: Optional[int] = None):
        self._motion, self._every = motion, every
        self._place = ''
        self._split: Optional[str] = None
        self._counts: Dict[str, int] = {}
        self._camera_to_world: Optional[np.ndarray] = None
        self._grey: Optional[np.ndarray] = None

    def takes(self, frame: Frame, split: str) -> bool:
        """Tell whether a frame is taken; frames come in their order."""
        if self._every is not None:
            count = self._counts[frame.place] = self._counts.get(frame.place, -1) + 1
            return count % self._every == 0
        if (frame.place, split) != (self._place, self._split):
            self._place, self._split = frame.place, split
            self._camera_to_world = self._grey = None
        if not self._motion:
            return True
        if frame.camera_to_world is not None:
            return self._has_moved(frame.camera_to_world)
        return frame.grey is None or self._has_changed(frame.grey())

    def _has_moved(self, camera_to_world: np.ndarray) -> bool:
        last = self._camera_to_world
        if last is not None:
            step = np.linalg.inv(last) @ camera_to_world
            cosine = (np.trace(step[:3, :3]) - 1.0) / 2.0
            if np.linalg.norm(step[:3, 3]) < self._motion * MOVE and \
                    np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))) < self._motion * TURN:
                return False
        self._camera_to_world = camera_to_world
        return True

    def _has_changed(self, grey: np.ndarray) -> bool:
        # Without its mean, by which a camera's automatic exposure changes it.
        grey = grey.astype(np.float32) - grey.mean()
        if self._grey is not None and np.abs(grey - self._grey).mean() < self._motion * CHANGE:
            return False
        self._grey = grey
        return True
