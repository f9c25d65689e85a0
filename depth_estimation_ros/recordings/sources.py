"""Recorded frames: a folder of images, a split of a dataset, a video file or a bag."""

from pathlib import Path
from typing import Iterator, List, Optional

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError, read_camera_json
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.npy import load_npy
from depth_estimation_ros.images.picture import read_rgb
from depth_estimation_ros.recordings.bag_files import bag_files, BAG_SUFFIXES
from depth_estimation_ros.recordings.camera_sizes import CameraSizes
from depth_estimation_ros.recordings.recording import RecordedFrame, Recording, RecordingError
import numpy as np

IMAGE_SUFFIXES = ('.jpeg', '.jpg', '.png')


class ImageFiles:
    """
    Images, in the order of their names, with ground truth where a folder of depth is given.

    Parameters
    ----------
    images : list of Path
        JPEG or PNG, by their first bytes.
    depth_folder : Path, optional
        Holds NAME.npy, float32 (H, W), metres.
    camera : Intrinsics, optional
        Of all images, each of which may have it at another size.

    """

    def __init__(self, images: List[Path], depth_folder: Optional[Path] = None,
                 camera: Optional[Intrinsics] = None):
        self.camera = camera
        self._images = images
        self._depth_folder = depth_folder

    def __iter__(self) -> Iterator[RecordedFrame]:
        cameras = CameraSizes(self.camera, 'camera.json')
        for path in self._images:
            image = _read_image(path)
            yield RecordedFrame(image, self._read_depth(path.stem),
                                cameras.of_picture(image, str(path)))

    def _read_depth(self, name: str) -> Optional[np.ndarray]:
        path = self._depth_folder and self._depth_folder / f'{name}.npy'
        if path is None or not path.is_file():
            return None
        try:
            depth = load_npy(path)
        except ImageError as error:
            raise RecordingError(str(error)) from error
        if depth.ndim != 2 or not np.issubdtype(depth.dtype, np.floating):
            raise RecordingError(f'{path} must hold one depth map, floats (H, W), not '
                                 f'{depth.dtype} {depth.shape}.')
        return depth.astype(np.float32)


class VideoFile:
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


def open_recording(source: str, split: str = 'test', image_topic: str = '',
                   ground_frame: str = '') -> Recording:
    """
    Open what `source` names.

    Parameters
    ----------
    source : str
        A dataset (ROOT with rgb/{split}/NAME.jpeg, depth/{split}/NAME.npy and camera.json), a
        folder of images, with or without camera.json, a video file, or a bag (its folder, or
        its .mcap, .db3 or .bag file).
    split : str
        The part of a dataset to take.
    image_topic : str
        Of a bag, which of several topics with colour images to take.
    ground_frame : str
        Of a bag: a frame on the floor, from which TF tells the camera's poses, if they are asked
        for.

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
                             'holds rgb/), a folder of images, a video file or a bag.')
    path = Path(source).expanduser()
    if is_bag(path):
        try:
            from depth_estimation_ros.recordings.bag import Bag
        except ImportError as error:
            raise RecordingError(f'{source} is a bag, which needs rosbags ({error}): pip install '
                                 'rosbags') from error
        return Bag(path, image_topic, ground_frame=ground_frame)
    if path.is_file():
        return VideoFile(path)
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
    return ImageFiles(images, path / 'depth' / split if is_dataset else None, camera)


def is_bag(path: Path) -> bool:
    """Tell whether a path names a bag: its folder, with metadata.yaml or without, or its file."""
    if path.is_file():
        return path.suffix in BAG_SUFFIXES
    if (path / 'metadata.yaml').is_file():
        return True
    # As an interrupted recording leaves it, and as ROS 1 bags lie together.
    return path.is_dir() and not _images_of(path) and bool(bag_files(path))


def _images_of(folder: Path) -> List[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _read_image(path: Path) -> np.ndarray:
    """Return uint8 (H, W, 3) BGR."""
    try:
        return cv2.cvtColor(read_rgb(path), cv2.COLOR_RGB2BGR)
    except ImageError as error:
        raise RecordingError(f'{error}.') from error
