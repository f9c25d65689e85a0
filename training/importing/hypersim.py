"""Hypersim: rendered rooms, whose depth is the distance from the camera."""

import csv
from functools import partial
import logging
from pathlib import Path
from typing import Dict, List, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.picture import read_rgb
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
import numpy as np

LOGGER = logging.getLogger(__name__)
# Both are in the toolkit's repository, in contrib/mikeroberts3000 and evermotion_dataset/analysis.
CAMERAS, SPLITS = 'metadata_camera_parameters.csv', 'metadata_images_split_scene_v1.csv'


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the frames of all scenes that a pinhole camera saw."""
    pictures = sorted(source.glob(
        'ai_*/images/scene_cam_*_final_preview/frame.*.tonemap.jpg'))
    if not pictures or not (source / CAMERAS).is_file():
        raise not_of_layout(
            source, f'{CAMERAS} (of the toolkit, contrib/mikeroberts3000) beside ai_VVV_NNN/images'
            '/scene_cam_XX_final_preview/frame.IIII.tonemap.jpg is expected')
    cameras, splits = _read_cameras(source / CAMERAS), _read_splits(source / SPLITS)
    frames, shifted = [], set()
    for path in pictures:
        scene, trajectory, number = path.parts[-4], path.parts[-2][:12], path.name.split('.')[1]
        camera = cameras.get(scene)
        if camera is None or (splits and scene not in splits):
            shifted.add(scene)
            continue
        depth = (path.parents[1] / f'{trajectory}_geometry_hdf5'
                 / f'frame.{number}.depth_meters.hdf5')
        frames.append(Frame(
            f'{scene}_{trajectory[6:]}_{number}', scene,
            partial(_read, path, depth, camera, options), split=splits.get(scene),
            kind='indoors'))
    if shifted:
        LOGGER.warning('%d scenes are left out, such as %s: their camera is no pinhole camera '
                       '(tilted or shifted lens), or they are in no split', len(shifted),
                       min(shifted))
    if not frames:
        raise SourceError(f'{source}: no scene has a pinhole camera in {CAMERAS}.')
    return frames


def _read_cameras(path: Path) -> Dict[str, Optional[Intrinsics]]:
    """Return the camera of each scene; None where its lens is tilted."""
    cameras = {}
    with open(path, newline='', encoding='utf-8') as file:
        for row in csv.DictReader(file):
            try:
                # From a pixel, from -1 to 1 with y up, to a ray with z backward.
                ray = np.array([[float(row[f'M_cam_from_uv_{i}{j}']) for j in range(3)]
                                for i in range(3)])
                size = [int(float(row[f'settings_output_img_{side}']))
                        for side in ('width', 'height')]
            except (KeyError, ValueError) as error:
                raise SourceError(f'{path} has no camera of {row.get("scene_name")} ({error!r}).'
                                  ) from error
            cameras[row['scene_name']] = _pinhole(ray, *size)
    return cameras


def _pinhole(ray: np.ndarray, width: int, height: int) -> Optional[Intrinsics]:
    ray = ray / -ray[2, 2]
    if not np.allclose([ray[0, 1], ray[1, 0], ray[2, 0], ray[2, 1]], 0.0, atol=1e-6):
        return None
    fx, fy = width / 2.0 / ray[0, 0], height / 2.0 / ray[1, 1]
    # The ray ahead is that of u = -ray[0, 2] / ray[0, 0]; pixels are counted from their centres.
    return Intrinsics(width, height, float(fx), float(fy),
                      float((1.0 - ray[0, 2] / ray[0, 0]) * width / 2.0 - 0.5),
                      float((1.0 + ray[1, 2] / ray[1, 1]) * height / 2.0 - 0.5))


def _read_splits(path: Path) -> Dict[str, str]:
    """Return the split of each scene, where the publisher's table lies there."""
    if not path.is_file():
        return {}
    with open(path, newline='', encoding='utf-8') as file:
        return {row['scene_name']: row['split_partition_name'] for row in csv.DictReader(file)
                if row['split_partition_name']}


def _read(rgb_path: Path, depth_path: Path, camera: Intrinsics, options: SourceOptions) -> Seen:
    import h5py
    rgb = read_rgb(rgb_path)
    try:
        with h5py.File(depth_path) as file:
            distance = np.asarray(file['dataset'], np.float32)
    except (OSError, KeyError) as error:
        raise ImageError(f'{depth_path} cannot be read ({error})') from error
    if distance.shape != rgb.shape[:2] or distance.shape != (camera.height, camera.width):
        raise ImageError(f'{depth_path} has the shape {distance.shape}, its picture '
                         f'{rgb.shape[:2]} and its camera {camera.height} x {camera.width}')
    x = (np.arange(camera.width) - camera.cx) / camera.fx
    y = (np.arange(camera.height) - camera.cy) / camera.fy
    # The files hold the distance along each pixel's ray.
    depth = distance / np.sqrt(1.0 + x ** 2 + y[:, None] ** 2)
    return Seen(rgb, depth.astype(np.float32), options.camera_of(rgb, camera))
