"""Pictures and videos without depth, which a teacher tells."""

from functools import partial
from pathlib import Path
from typing import Any, List, Optional

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.picture import read_rgb
from depth_estimation_ros.recordings.sources import IMAGE_SUFFIXES
from importing.files import read_grey
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
from importing.thinning import small_grey
import numpy as np

VIDEO_SUFFIXES = ('.avi', '.mkv', '.mov', '.mp4', '.webm')


def find_images(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the pictures of a folder and of those in it, each of which is a place."""
    paths = sorted(path for path in source.rglob('*')
                   if path.suffix.lower() in IMAGE_SUFFIXES) if source.is_dir() else []
    if not paths:
        raise not_of_layout(source, 'a folder with pictures or with folders of pictures is '
                                    f'expected ({", ".join(IMAGE_SUFFIXES)})')
    frames = []
    for path in paths:
        inside = path.relative_to(source)
        camera = next((camera for camera in (
            read_camera_json(folder / 'camera.json') for folder in (path.parent, source))
            if camera), None)
        frames.append(Frame(
            '_'.join(inside.with_suffix('').parts), str(inside.parent),
            partial(_read, path, camera, options),
            grey=partial(read_grey, path)))
    return frames


def find_video(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the frames of a video, or of each video in a folder."""
    paths = [source] if source.is_file() else sorted(
        path for path in source.glob('*') if path.suffix.lower() in VIDEO_SUFFIXES)
    if not paths:
        raise not_of_layout(source, 'a video or a folder with videos is expected '
                                    f'({", ".join(VIDEO_SUFFIXES)})')
    frames = []
    for path in paths:
        video = Video(path)
        frames += [Frame(
            f'{path.stem}_{number:06d}', path.stem, partial(video.seen, number, options),
            number / video.rate, grey=partial(video.grey, number))
            for number in range(video.count)]
    return frames


class Video:
    """
    A video file of which frames are read in their order.

    Attributes
    ----------
    count : int
        Of its frames.
    rate : float, hertz

    """

    def __init__(self, path: Path):
        self._path = path
        capture = cv2.VideoCapture(str(path))
        self.rate = capture.get(cv2.CAP_PROP_FPS) or 30.0
        self.count = 0
        # What its header says is off by some frames in many files.
        while capture.grab():
            self.count += 1
        if not self.count:
            raise SourceError(f'{path} is not a video that OpenCV can read.')
        self._capture = cv2.VideoCapture(str(path))
        self._number = -1
        self._rgb: Any = None

    def rgb(self, number: int) -> np.ndarray:
        """Return a frame, uint8 (H, W, 3) RGB: the last that was asked for, or a later one."""
        if number != self._number:
            while self._number < number - 1 and self._capture.grab():
                self._number += 1
            could_read, picture = self._capture.read()
            if not could_read:
                raise ImageError(f'{self._path}: frame {number} cannot be read')
            self._number, self._rgb = number, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return self._rgb

    def seen(self, number: int, options: SourceOptions) -> Seen:
        """Return a frame as what was seen."""
        rgb = self.rgb(number)
        return Seen(rgb, camera=options.camera_of(rgb))

    def grey(self, number: int) -> np.ndarray:
        """Return a frame as a small grey picture."""
        return small_grey(self.rgb(number))


def _read(path: Path, camera: Optional[Intrinsics], options: SourceOptions) -> Seen:
    rgb = read_rgb(path)
    return Seen(rgb, camera=options.camera_of(rgb, camera))
