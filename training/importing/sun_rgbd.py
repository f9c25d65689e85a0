"""SUN RGB-D: pictures of four kinds of depth cameras."""

from functools import partial
from pathlib import Path
from typing import List

from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.picture import read_rgb, read_single
from importing.files import read_camera
from importing.frames import Frame, not_of_layout, Seen, SourceOptions
import numpy as np

UNITS = 1000.0  # in a metre


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return all pictures; the folder that some lie in together counts as a place."""
    folders = sorted(path.parent for path in source.rglob('intrinsics.txt')
                     if (path.parent / 'image').is_dir() and (path.parent / 'depth').is_dir())
    if not folders:
        raise not_of_layout(source, 'folders with image/, depth/ and intrinsics.txt are expected, '
                                    'such as kv1/NYUdata/NYU0001')
    frames = []
    for folder in folders:
        inside = folder.relative_to(source)
        frames.append(Frame('_'.join(inside.parts) or folder.name, str(inside.parent),
                            partial(_read, folder, options), kind=_kind(folder)))
    return frames


def _kind(folder: Path) -> str:
    path = folder / 'scene.txt'
    return path.read_text().strip() if path.is_file() else ''


def _read(folder: Path, options: SourceOptions) -> Seen:
    paths = [sorted(path for path in (folder / kind).iterdir()
                    if path.suffix in ('.jpg', '.png')) for kind in ('image', 'depth')]
    if any(len(each) != 1 for each in paths):
        raise ImageError(f'{folder} must hold one picture in image/ and one in depth/')
    (rgb_path,), (depth_path,) = paths
    rgb, stored = read_rgb(rgb_path), read_single(depth_path)
    if stored.dtype != np.uint16 or stored.shape != rgb.shape[:2]:
        raise ImageError(f'{depth_path} must be of 16 bit and of the size of {rgb_path}')
    # The publisher has turned the bits of each number by three (SUNRGBDtoolbox, read3dPoints.m).
    millimetres = (stored >> 3) | (stored << 13)
    depth = np.where(millimetres > 0, millimetres / np.float32(UNITS), np.float32(np.nan))
    camera = read_camera(folder / 'intrinsics.txt', rgb_path)
    return Seen(rgb, depth, options.camera_of(rgb, camera))
