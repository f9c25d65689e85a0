"""TartanAir (the first): flights through rendered places."""

from functools import partial
from pathlib import Path
from typing import List, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.npy import load_npy
from depth_estimation_ros.images.picture import read_rgb
from depth_estimation_ros.recordings.transforms import rigid_transform
from importing.files import read_grey
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
import numpy as np

CAMERA = Intrinsics(640, 480, 320.0, 320.0, 320.0, 240.0)


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the frames of the left camera; all flights in an environment are one place."""
    folders = sorted(path.parent for path in source.glob('*/*/P*/image_left'))
    if not folders:
        raise not_of_layout(source, 'ENVIRONMENT/{Easy,Hard}/PXXX/image_left and depth_left are '
                                    'expected')
    frames = []
    for folder in folders:
        pictures = sorted((folder / 'image_left').glob('*_left.png'))
        poses = _read_poses(folder / 'pose_left.txt', len(pictures))
        environment, level, flight = folder.parts[-3:]
        for number, path in enumerate(pictures):
            depth = folder / 'depth_left' / f'{path.stem}_depth.npy'
            frames.append(Frame(
                f'{environment}_{level}_{flight}_{path.stem}', environment,
                partial(_read, path, depth, options),
                camera_to_world=poses[number] if poses else None,
                grey=partial(read_grey, path)))
    return frames


def _read_poses(path: Path, count: int) -> Optional[List[np.ndarray]]:
    """Return where the camera was at each frame; None without the file."""
    if not path.is_file():
        return None
    try:
        rows = np.array([line.split() for line in path.read_text().splitlines() if line],
                        float).reshape(count, 7)
    except ValueError as error:
        raise SourceError(f'{path} must have a line of seven numbers for each of {count} '
                          f'pictures ({error}).') from error
    return [rigid_transform(row[:3], row[3:]) for row in rows]


def _read(rgb_path: Path, depth_path: Path, options: SourceOptions) -> Seen:
    rgb, depth = read_rgb(rgb_path), load_npy(depth_path).astype(np.float32)
    if depth.shape != rgb.shape[:2]:
        raise ImageError(f'{depth_path} has the shape {depth.shape}, its picture '
                         f'{rgb.shape[:2]}')
    # The sky is some thousand metres away, and is stored as the farthest that can be.
    return Seen(rgb, np.where(depth > 0.0, depth, np.float32(np.nan)),
                options.camera_of(rgb, CAMERA))
