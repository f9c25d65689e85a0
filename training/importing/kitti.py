"""KITTI's depth completion benchmark, beside the pictures of KITTI's raw data."""

from functools import partial
from pathlib import Path
import re
from typing import Dict, List, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.picture import read_header, read_rgb
from importing.files import read_camera, read_depth_png, read_grey
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
import numpy as np

UNITS = 256.0  # in a metre
CAMERA = 'image_02'  # the left one in colour
RATE = 10.0  # hertz
SELECTED = 'val_selection_cropped'
EXPECTED = ('train/ or val/ with DRIVE/proj_depth/groundtruth/image_02 and, of the raw data, '
            f'DATE/DRIVE/image_02/data and DATE/calib_cam_to_cam.txt are expected, or {SELECTED}/')


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the frames of all drives; where there are none, the benchmark's selected ones."""
    depths = sorted(source.glob(f'*/*/proj_depth/groundtruth/{CAMERA}/*.png'))
    depths = [path for path in depths if path.parts[-6] in ('train', 'val')]
    if depths:
        return _frames_of_drives(source, depths, options)
    selected = next((folder for folder in (
        source, source / SELECTED, source / 'depth_selection' / SELECTED)
        if (folder / 'groundtruth_depth').is_dir()), None)
    if selected is None:
        raise not_of_layout(source, EXPECTED)
    return _selected_frames(selected, options)


def _frames_of_drives(source: Path, depths: List[Path], options: SourceOptions) -> List[Frame]:
    cameras: Dict[str, List[float]] = {}
    frames = []
    for path in depths:
        split, drive = path.parts[-6], path.parts[-5]
        date = drive[:10]
        rgb = source / date / drive / CAMERA / 'data' / path.name
        if not rgb.is_file():
            continue
        if date not in cameras:
            cameras[date] = _read_projection(source / date / 'calib_cam_to_cam.txt')
        frames.append(Frame(
            f'{drive}_{path.stem}', drive, partial(_read, rgb, path, cameras[date], options),
            int(path.stem) / RATE, split, 'street', grey=partial(read_grey, rgb)))
    if not frames:
        raise SourceError(f'{source}: none of the {len(depths)} depth maps has its picture, such '
                          f'as {source / depths[0].parts[-5][:10] / depths[0].parts[-5]}/{CAMERA}/'
                          f'data/{depths[0].name}. They are in the raw data (synced+rectified).')
    return frames


def _read_projection(path: Path) -> List[float]:
    """Return the twelve numbers of the rectified left colour camera's projection."""
    if not path.is_file():
        raise SourceError(f'There is no {path}, which is in the calibration of the raw data.')
    found = re.search(r'^P_rect_02: (.*)$', path.read_text(), re.MULTILINE)
    numbers = [float(each) for each in found[1].split()] if found else []
    if len(numbers) != 12:
        raise SourceError(f'{path} has no line P_rect_02 with twelve numbers.')
    return numbers


def _selected_frames(folder: Path, options: SourceOptions) -> List[Frame]:
    frames = []
    for path in sorted((folder / 'groundtruth_depth').glob('*.png')):
        stem = path.stem.replace('groundtruth_depth', 'image')
        rgb, camera = folder / 'image' / f'{stem}.png', folder / 'intrinsics' / f'{stem}.txt'
        if not rgb.is_file():
            raise SourceError(f'{path} has no picture {rgb}.')
        frames.append(Frame(
            stem, path.stem.partition('_sync')[0], partial(_read_selected, rgb, path, camera,
                                                           options), split='val', kind='street'))
    if not frames:
        raise not_of_layout(folder / 'groundtruth_depth', 'depth maps in PNG are expected')
    return frames


def _read(rgb_path: Path, depth_path: Path, projection: List[float], options: SourceOptions
          ) -> Seen:
    header = read_header(rgb_path.read_bytes())
    p = np.reshape(projection, (3, 4))
    camera = Intrinsics(header.width, header.height, float(p[0, 0]), float(p[1, 1]),
                        float(p[0, 2]), float(p[1, 2]))
    return _seen(rgb_path, depth_path, camera, options)


def _read_selected(rgb_path: Path, depth_path: Path, camera_path: Path, options: SourceOptions
                   ) -> Seen:
    return _seen(rgb_path, depth_path, read_camera(camera_path, rgb_path), options)


def _seen(rgb_path: Path, depth_path: Path, camera: Optional[Intrinsics], options: SourceOptions
          ) -> Seen:
    rgb = read_rgb(rgb_path)
    return Seen(rgb, read_depth_png(depth_path, UNITS), options.camera_of(rgb, camera))
