"""A sequence of the TUM RGB-D benchmark: rgb.txt, depth.txt and groundtruth.txt."""

from functools import partial
from pathlib import Path
from typing import Dict, List, Tuple

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.picture import read_rgb
from depth_estimation_ros.recordings.stamp_pairs import pair_by_stamp
from depth_estimation_ros.recordings.transforms import rigid_transform
from importing.files import read_depth_png, read_grey
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
import numpy as np

UNITS = 5000.0  # in a metre
# The calibration of each of the benchmark's cameras, by a part of the folder's name.
CAMERAS = {
    'freiburg1': Intrinsics(640, 480, 517.3, 516.5, 318.6, 255.3),
    'freiburg2': Intrinsics(640, 480, 520.9, 521.0, 325.1, 249.7),
    'freiburg3': Intrinsics(640, 480, 535.4, 539.2, 320.1, 247.6),
}
# What the benchmark's driver presumes of a Kinect, and what others write this layout with.
KINECT = Intrinsics(640, 480, 525.0, 525.0, 319.5, 239.5)
MOTION_TOLERANCE = 0.05  # seconds between a picture and a pose


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the pairs of a sequence, or of each sequence in a folder."""
    folders = [source] if (source / 'rgb.txt').is_file() else sorted(
        path.parent for path in source.glob('*/rgb.txt'))
    if not folders:
        raise not_of_layout(source, 'a sequence has rgb.txt and depth.txt, and neither it nor '
                                    'a folder in it does')
    return [frame for folder in folders for frame in _frames(folder, options)]


def _frames(folder: Path, options: SourceOptions) -> List[Frame]:
    if not (folder / 'depth.txt').is_file():
        raise not_of_layout(folder, 'beside rgb.txt, depth.txt is missing')
    images, depths = _stamped(folder / 'rgb.txt'), _stamped(folder / 'depth.txt')
    pairs = pair_by_stamp([stamp for stamp, _ in images], [stamp for stamp, _ in depths],
                          round(1e9 * options.tolerance))
    if not pairs:
        raise SourceError(f'{folder}: none of the {len(images)} pictures of rgb.txt has the stamp '
                          f'of one of the {len(depths)} of depth.txt, within '
                          f'{options.tolerance:g} s (--tolerance).')
    poses = _poses(folder, [images[number][0] for number in pairs])
    camera = next((camera for name, camera in CAMERAS.items() if name in folder.name), KINECT)
    frames = []
    for index, (image, depth) in enumerate(pairs.items()):
        stamp, rgb_path = images[image][0], folder / images[image][1]
        frames.append(Frame(
            f'{folder.name}_{stamp // 1000:016d}', folder.name,
            partial(_read, rgb_path, folder / depths[depth][1], camera, options),
            1e-9 * stamp, camera_to_world=poses.get(index),
            grey=partial(read_grey, rgb_path)))
    return frames


def _stamped(path: Path) -> List[Tuple[int, str]]:
    """Return the stamps in nanoseconds, and what stands behind each."""
    entries = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        stamp, _, rest = line.replace(',', ' ').strip().partition(' ')
        if not stamp or stamp.startswith('#'):
            continue
        try:
            entries.append((round(1e9 * float(stamp)), rest.strip()))
        except ValueError as error:
            raise SourceError(f'{path}, line {number}: a line is a stamp in seconds and a file, '
                              f'not {line[:60]!r}.') from error
    return entries


def _poses(folder: Path, stamps: List[int]) -> Dict[int, np.ndarray]:
    """Return where the camera was, by the number of the stamp, where that was recorded."""
    path = folder / 'groundtruth.txt'
    if not path.is_file():
        return {}
    entries = _stamped(path)
    try:
        numbers = [np.array(rest.split(), float).reshape(7) for _, rest in entries]
    except ValueError as error:
        raise SourceError(f'{path}: a line is a stamp, tx ty tz and qx qy qz qw ({error}).'
                          ) from error
    known = np.array([stamp for stamp, _ in entries])
    found = {}
    for index, stamp in enumerate(stamps):
        nearest = int(np.abs(known - stamp).argmin()) if len(known) else 0
        if len(known) and abs(known[nearest] - stamp) <= 1e9 * MOTION_TOLERANCE:
            found[index] = rigid_transform(numbers[nearest][:3], numbers[nearest][3:])
    return found


def _read(rgb_path: Path, depth_path: Path, camera: Intrinsics, options: SourceOptions) -> Seen:
    rgb = read_rgb(rgb_path)
    return Seen(rgb, read_depth_png(depth_path, UNITS), options.camera_of(rgb, camera))
