"""The labelled pairs of NYU Depth v2, a MATLAB file that is HDF5."""

from functools import partial
from pathlib import Path
from typing import Any, List

from depth_estimation_ros.estimation.geometry import Intrinsics
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
import numpy as np

FILE = 'nyu_depth_v2_labeled.mat'
NEEDED = ('images', 'depths', 'rawDepths', 'scenes', 'sceneTypes')
# Of the toolbox (camera_params.m), to which the pictures are undistorted.
CAMERA = Intrinsics(640, 480, 518.85790, 519.46961, 325.58245, 253.73617)
# Around the part that both cameras see (get_projection_mask.m), pictures have a white frame.
PART = (40, 44, 561, 427)  # left, top, width, height


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the labelled pairs; of each room, the pictures are far apart."""
    import h5py
    path = source / FILE if source.is_dir() else source
    if not path.is_file():
        raise not_of_layout(source, f'{FILE} or a folder with it is expected')
    try:
        file = h5py.File(path)
    except OSError as error:
        raise SourceError(f'{path} is not the file {FILE}, which is HDF5 ({error}).') from error
    missing = [name for name in NEEDED if name not in file]
    if missing:
        raise SourceError(f'{path} is not the file {FILE}: it has no {", ".join(missing)}; it '
                          f'has {", ".join(file)}.')
    return [Frame(f'nyu_{number + 1:04d}', _text(file, 'scenes', number),
                  partial(_read, file, number, options),
                  kind=_text(file, 'sceneTypes', number))
            for number in range(len(file['images']))]


def _text(file: Any, name: str, number: int) -> str:
    """Return a string of a cell array."""
    return ''.join(map(chr, np.ravel(file[file[name][0, number]])))


def _read(file: Any, number: int, options: SourceOptions) -> Seen:
    # MATLAB's arrays come with their axes in reverse order.
    rgb = np.ascontiguousarray(file['images'][number].transpose(2, 1, 0))
    depth = file['depths'][number].T.astype(np.float32)
    # `depths` is painted in where the Kinect saw nothing; `rawDepths` is 0 there.
    depth[file['rawDepths'][number].T == 0.0] = np.nan
    camera = options.camera_of(rgb, CAMERA)
    left, top, width, height = PART
    part = np.s_[top:top + height, left:left + width]
    return Seen(rgb[part], depth[part], camera and camera.cropped(*PART))
