"""Microsoft's 7-Scenes: frames of a Kinect, whose depth is brought onto its colours."""

from functools import partial
from pathlib import Path
from typing import List, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.picture import read_rgb
from importing.files import read_depth_png, read_grey
from importing.frames import Frame, not_of_layout, Seen, SourceOptions
from importing.points import draw_points
import numpy as np

UNITS, INVALID = 1000.0, 65535
DEPTH_CAMERA = Intrinsics(640, 480, 585.0, 585.0, 320.0, 240.0)
# The publisher tells nothing of the colour camera. These are what others found who needed it, by
# another Kinect's calibration (github.com/nianticlabs/ace, datasets/setup_7scenes.py).
COLOR_CAMERA = Intrinsics(640, 480, 525.0, 525.0, 320.0, 240.0)
DEPTH_TO_COLOR = np.array([
    [0.99996518, 0.00267651, -0.00790410, -0.02555894],
    [-0.00274093, 0.99996303, -0.00815045, 0.00010110],
    [0.00788199, 0.00817183, 0.99993554, 0.00203183]])


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the frames of a scene, or of each scene in a folder."""
    scenes = [source] if any(source.glob('seq-*')) else sorted(
        {path.parent for path in source.glob('*/seq-*') if path.is_dir()})
    frames = []
    for scene in scenes:
        for rgb in sorted(scene.glob('seq-*/frame-*.color.png')):
            base = rgb.with_name(rgb.name.removesuffix('.color.png'))
            frames.append(Frame(
                f'{scene.name}_{rgb.parent.name}_{base.name}', scene.name,
                partial(_read, rgb, base.with_name(f'{base.name}.depth.png'), options),
                camera_to_world=_read_pose(base.with_name(f'{base.name}.pose.txt')),
                grey=partial(read_grey, rgb)))
    if not frames:
        raise not_of_layout(source, 'a scene with seq-XX/frame-XXXXXX.color.png, or a folder of '
                                    'scenes, is expected')
    return frames


def _read_pose(path: Path) -> Optional[np.ndarray]:
    """Return where the camera was; None where it was lost."""
    try:
        pose = np.array(path.read_text().split(), float).reshape(4, 4)
    except (OSError, ValueError):
        return None
    return pose if np.isfinite(pose).all() and pose[3, 3] == 1.0 else None


def _read(rgb_path: Path, depth_path: Path, options: SourceOptions) -> Seen:
    rgb = read_rgb(rgb_path)
    camera = options.camera_of(rgb, COLOR_CAMERA)
    assert camera is not None
    depth = read_depth_png(depth_path, UNITS, INVALID)
    v, u = np.nonzero(np.isfinite(depth))
    z = depth[v, u].astype(np.float64)
    points = np.stack([(u - DEPTH_CAMERA.cx) / DEPTH_CAMERA.fx * z,
                       (v - DEPTH_CAMERA.cy) / DEPTH_CAMERA.fy * z, z], axis=1)
    points = points @ DEPTH_TO_COLOR[:, :3].T + DEPTH_TO_COLOR[:, 3]
    return Seen(rgb, draw_points(points, camera, is_dense=True), camera)
