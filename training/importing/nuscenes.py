"""nuScenes: six cameras on a car, and the lidar on its roof."""

from functools import partial
import json
from pathlib import Path
from typing import Any, Dict, List

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.picture import read_rgb
from depth_estimation_ros.recordings.transforms import rigid_transform
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
from importing.points import draw_points
import numpy as np

TABLES = ('sample', 'sample_data', 'calibrated_sensor', 'ego_pose', 'sensor', 'scene')
LIDAR = 'LIDAR_TOP'
# The lidar sees the car that it stands on.
OWN_CAR = 1.0  # metres around the lidar

Row = Dict[str, Any]


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the key frames of all cameras; a scene is a place."""
    folders = sorted(path.parent for path in source.glob('v1.0-*/sample_data.json'))
    if not folders:
        raise not_of_layout(source, 'v1.0-mini/ (or another version) with its tables, and '
                                    'samples/ are expected')
    frames = []
    for folder in folders:
        frames += _frames(source, _Tables(folder), options)
    if not frames:
        raise SourceError(f'{source}: none of the key frames in {folders[0].name} has a picture '
                          'and a lidar that are there.')
    return frames


class _Tables:
    """The tables of a version, by the tokens of their rows."""

    def __init__(self, folder: Path):
        self._rows: Dict[str, Dict[str, Row]] = {}
        for name in TABLES:
            path = folder / f'{name}.json'
            try:
                self._rows[name] = {row['token']: row for row in json.loads(path.read_text())}
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise SourceError(f'{path} is not the table {name} ({error!r}).') from error

    def key_frames(self) -> List[Row]:
        """Return what the sensors recorded at the key frames, in the order of time."""
        rows = (row for row in self._rows['sample_data'].values() if row['is_key_frame'])
        return sorted(rows, key=lambda row: row['timestamp'])

    def sensor(self, data: Row) -> Row:
        """Return the calibration of what recorded something."""
        return self._rows['calibrated_sensor'][data['calibrated_sensor_token']]

    def channel(self, data: Row) -> str:
        """Return the name of what recorded something."""
        return self._rows['sensor'][self.sensor(data)['sensor_token']]['channel']

    def scene(self, data: Row) -> str:
        """Return the name of the scene that something is of."""
        sample = self._rows['sample'][data['sample_token']]
        return self._rows['scene'][sample['scene_token']]['name']

    def to_world(self, data: Row) -> np.ndarray:
        """Return the transform from a sensor to the world at its time, float64 (4, 4)."""
        ego = self._rows['ego_pose'][data['ego_pose_token']]
        return _matrix(ego) @ _matrix(self.sensor(data))


def _matrix(row: Row) -> np.ndarray:
    w, x, y, z = row['rotation']
    return rigid_transform(row['translation'], (x, y, z, w))


def _frames(source: Path, tables: _Tables, options: SourceOptions) -> List[Frame]:
    lidars: Dict[str, Row] = {}
    cameras: Dict[str, List[Row]] = {}
    for data in tables.key_frames():
        channel = tables.channel(data)
        if channel == LIDAR:
            lidars[data['sample_token']] = data
        elif channel.startswith('CAM_') and (source / data['filename']).is_file():
            cameras.setdefault(channel, []).append(data)
    frames = []
    for channel, rows in cameras.items():
        for data in rows:
            lidar = lidars.get(data['sample_token'])
            if lidar is None or not (source / lidar['filename']).is_file():
                continue
            camera_to_world = tables.to_world(data)
            lidar_to_camera = np.linalg.inv(camera_to_world) @ tables.to_world(lidar)
            k = tables.sensor(data)['camera_intrinsic']
            camera = Intrinsics(data['width'], data['height'], k[0][0], k[1][1], k[0][2], k[1][2])
            frames.append(Frame(
                Path(data['filename']).stem, tables.scene(data),
                partial(_read, source / data['filename'], source / lidar['filename'],
                        lidar_to_camera, camera, options),
                1e-6 * data['timestamp'], kind='street', camera_to_world=camera_to_world))
    # The frames of one camera of one scene follow each other.
    return sorted(frames, key=lambda frame: frame.place)


def _read(rgb_path: Path, points_path: Path, lidar_to_camera: np.ndarray, camera: Intrinsics,
          options: SourceOptions) -> Seen:
    rgb = read_rgb(rgb_path)
    told = options.camera_of(rgb, camera)
    assert told is not None
    try:
        # x, y, z, intensity and the number of the ring.
        points = np.fromfile(points_path, np.float32).reshape(-1, 5)[:, :3].astype(np.float64)
    except ValueError as error:
        raise ImageError(f'{points_path} holds no points of five numbers ({error})') from error
    points = points[(np.abs(points[:, :2]) >= OWN_CAR).any(axis=1)]
    points = points @ lidar_to_camera[:3, :3].T + lidar_to_camera[:3, 3]
    return Seen(rgb, draw_points(points, told), told)
