"""Recorded frames: a folder of images, a split of a dataset, a video file or a rosbag2."""

from pathlib import Path
from typing import Iterator, List, Optional

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError, read_camera_json
from depth_estimation_ros.recordings.recording import RecordedFrame, Recording, RecordingError
import numpy as np

IMAGE_SUFFIXES = ('.jpeg', '.jpg', '.png')
BAG_SUFFIXES = ('.mcap', '.db3')


class ImageRecording:
    """Images, in the order of their names, with ground truth where a folder of depth is given."""

    def __init__(self, images: List[Path], depth_folder: Optional[Path] = None,
                 camera: Optional[Intrinsics] = None):
        self.camera = camera
        self._images = images
        self._depth_folder = depth_folder

    def __iter__(self) -> Iterator[RecordedFrame]:
        for path in self._images:
            yield RecordedFrame(_read_image(path), self._read_depth(path.stem))

    def _read_depth(self, name: str) -> Optional[np.ndarray]:
        if self._depth_folder is None:
            return None
        path = self._depth_folder / f'{name}.npy'
        if not path.is_file():
            return None
        try:
            depth = np.load(path, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise RecordingError(f'{path} cannot be read as a NumPy array ({error}).') from error
        if depth.ndim != 2:
            raise RecordingError(f'{path} must hold one depth map (H, W), not {depth.shape}.')
        return depth.astype(np.float32)


class VideoRecording:
    """The frames of a video file."""

    camera: Optional[Intrinsics] = None

    def __init__(self, path: Path):
        self._path = path
        if not cv2.VideoCapture(str(path)).read()[0]:
            raise RecordingError(f'{path} is not a video that OpenCV can read.')

    def __iter__(self) -> Iterator[RecordedFrame]:
        capture = cv2.VideoCapture(str(self._path))
        while True:
            there_is_one, image = capture.read()
            if not there_is_one:
                return
            yield RecordedFrame(image)


def open_recording(source: str, split: str = 'test', image_topic: str = '') -> Recording:
    """
    Open what `source` names.

    Parameters
    ----------
    source : str
        A dataset (ROOT with rgb/{split}/NAME.jpeg, depth/{split}/NAME.npy and camera.json), a
        folder of images, with or without camera.json, a video file, or a rosbag2 (its folder, or
        its .mcap or .db3 file).
    split : str
        The part of a dataset to take.
    image_topic : str
        Of a bag, which of several topics with colour images to take.

    Returns
    -------
    Recording
        Iterating over it gives a RecordedFrame for each; `camera` is its Intrinsics, or None.

    Raises
    ------
    RecordingError
        With a sentence that says what is wrong and what would be right.

    """
    if not source:
        raise RecordingError('There is nothing to play: set source to a dataset (the folder that '
                             'holds rgb/), a folder of images, a video file or a rosbag2.')
    path = Path(source).expanduser()
    if is_bag(path):
        try:
            from depth_estimation_ros.recordings.bag import BagRecording
        except ImportError as error:
            raise RecordingError(f'{source} is a rosbag2, which needs rosbags '
                                 f'({error}): pip install rosbags') from error
        return BagRecording(path, image_topic)
    if path.is_file():
        return VideoRecording(path)
    if not path.is_dir():
        raise RecordingError(f'There is no folder and no file {source!r} to play.')
    is_dataset = (path / 'rgb').is_dir()
    folder = path / 'rgb' / split if is_dataset else path
    images = _images_of(folder)
    if not images:
        splits = sorted(each.name for each in (path / 'rgb').glob('*') if _images_of(each))
        what_else = f'; its splits with images are {", ".join(splits)}' if splits else ''
        raise RecordingError(
            f'{folder} holds no {", ".join(IMAGE_SUFFIXES)} images{what_else}.')
    try:
        camera = read_camera_json(path / 'camera.json')
    except IntrinsicsError as error:
        raise RecordingError(str(error)) from error
    return ImageRecording(images, path / 'depth' / split if is_dataset else None, camera)


def is_bag(path: Path) -> bool:
    """Tell whether a path names a rosbag2: a folder with metadata.yaml, or a bag's own file."""
    return path.suffix in BAG_SUFFIXES if path.is_file() else (path / 'metadata.yaml').is_file()


def _images_of(folder: Path) -> List[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _read_image(path: Path) -> np.ndarray:
    # camera.json and depth describe the pixels as they are stored, whatever EXIF asks for.
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise RecordingError(f'{path} cannot be read as an image.')
    return image
