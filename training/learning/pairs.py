"""
Pairs of pictures and depth maps on disk: which there are, what they hold, what is wrong.

The layout is that of the paper's DepthEstimationUnreal: ROOT/rgb/{train,val,test}/NAME.jpeg (or
.jpg, .png) and ROOT/depth/{train,val,test}/NAME.npy (floats of the picture's size, metres along
the camera's Z axis) or NAME.png (16 bit, `depth_scale` units of camera.json in a metre).
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import glob
from itertools import repeat
import json
import os
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple, Union

from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.images.npy import load_npy
from depth_estimation_ros.images.picture import read_rgb, read_single
from learning.dataset_error import DatasetError
import numpy as np

SPLITS = ('train', 'val', 'test')
PICTURES = ('.jpeg', '.jpg', '.png')
DEPTHS = ('.npy', '.png')
MILLIMETRES = 1000.0
# Something in a camera's picture is nearer than this, in metres; else depth has another unit.
FARTHEST_NEAR = 20.0
# How many make a metre: of decimetres, centimetres, KITTI's PNGs, millimetres, TUM's PNGs.
UNITS = (10, 100, 256, 1000, 5000)


@dataclass(frozen=True)
class Pair:
    """
    One picture and its depth map.

    Attributes
    ----------
    name : str
    rgb, depth : Path
    units : float
        How many units of a depth map that is a PNG make a metre.
    camera : Intrinsics, optional
        Of its picture, where they are known.
    scale : float
        What its depth is multiplied by, so that its camera's pictures mean the same as those of
        the dataset's camera.
    weight : float
        How often it is drawn in an epoch, on average.
    pose : CameraPose, optional
        How the camera stands above the floor, or above the table that it looks at.

    """

    name: str
    rgb: Path
    depth: Path
    units: float = MILLIMETRES
    camera: Optional[Intrinsics] = None
    scale: float = 1.0
    weight: float = 1.0
    pose: Optional[CameraPose] = None

    def read_rgb(self) -> np.ndarray:
        """
        Return the picture, uint8 (H, W, 3) RGB.

        Raises
        ------
        ImageError
            Where the file cannot be read; the message names it.

        """
        return read_rgb(self.rgb)

    def read_depth(self, max_depth: float) -> np.ndarray:
        """Return the depth map, float32 (H, W), metres, clipped to max_depth; NaN: unknown."""
        depth = self.read_stored()
        if depth.dtype == np.uint16:
            depth = depth / np.float32(self.units)
        depth = depth.astype(np.float32, copy=False)
        depth[depth == 0.0] = np.nan
        return (depth * np.float32(self.scale)).clip(max=max_depth)

    def find_floor(self, depth: np.ndarray, max_depth: float) -> np.ndarray:
        """
        Return where the floor is.

        Parameters
        ----------
        depth : float32 (H, W), metres
            As of `read_depth`.
        max_depth : float, metres

        Returns
        -------
        float32 (H, W)
            1 where a pixel shows the floor, 0 where it doesn't; NaN where that isn't known.

        """
        if self.pose is None or self.camera is None:
            return np.full(depth.shape, np.nan, np.float32)
        floor = self.pose.is_floor(depth / np.float32(self.scale), self.camera)
        floor &= depth < 0.999 * max_depth
        return np.where(np.isnan(depth), np.nan, floor.astype(np.float32)).astype(np.float32)

    def read_stored(self) -> np.ndarray:
        """
        Return the depth map as the file holds it: floats in metres, or uint16 in `units`.

        Raises
        ------
        ImageError
            Where the file cannot be read; the message names it.

        """
        return load_npy(self.depth) if self.depth.suffix.lower() == '.npy' else read_single(
            self.depth)


def find_datasets(entry: Union[Path, str], split: str) -> List[Path]:
    """
    Return the datasets of a path: one, a folder's, or those of a pattern such as real/kinect_*.

    A folder or a pattern may name some without this split: they are left out.

    Raises
    ------
    DatasetError
        Where one of several is no dataset.

    """
    roots: List[Path] = []
    for folder in map(Path, sorted(glob.glob(str(entry))) or [str(entry)]):
        inside = [] if (folder / 'rgb').is_dir() else sorted(
            path.parent for path in folder.glob('*/rgb'))
        roots += inside or [folder]
    if roots == [Path(entry)]:
        return roots
    return [root for root in roots if any(find_pairs(root, split))]


def find_pairs(root: Path, split: str) -> Tuple[List[Pair], List[str]]:
    """
    List the pairs of a split, by name, and what has no partner or two of them.

    An absent split is an empty one.

    Raises
    ------
    DatasetError
        Where `root` is no dataset, or its camera.json has no usable depth_scale.

    """
    root = Path(root)
    if not (root / 'rgb').is_dir() or not (root / 'depth').is_dir():
        raise DatasetError(root, [
            'there is no such dataset: it must hold rgb/{train,val,test}/NAME.jpeg and '
            'depth/{train,val,test}/NAME.npy'])
    problems: List[str] = []
    rgb = _by_name(root / 'rgb' / split, PICTURES, problems)
    depth = _by_name(root / 'depth' / split, DEPTHS, problems)
    problems += [f'{rgb[name]} has no depth map depth/{split}/{name}.npy or .png'
                 for name in sorted(set(rgb) - set(depth))]
    problems += [f'{depth[name]} has no picture rgb/{split}/{name}.jpeg'
                 for name in sorted(set(depth) - set(rgb))]
    units = _read_depth_scale(root)
    return [Pair(name, rgb[name], depth[name], units)
            for name in sorted(set(rgb) & set(depth))], problems


def _by_name(folder: Path, suffixes: Tuple[str, ...], problems: List[str]) -> Dict[str, Path]:
    """Return a folder's files by their stems, and add to `problems` where two share one."""
    found: Dict[str, Path] = {}
    for path in sorted(_files(folder, suffixes)):
        if path.stem in found:
            problems.append(f'{found[path.stem]} and {path.name} have one name: which of them '
                            'belongs to the pair?')
        found[path.stem] = path
    return found


def _read_depth_scale(root: Path) -> float:
    """Return how many units of a PNG make a metre, by camera.json; 1000 where it doesn't say."""
    path = root / 'camera.json'
    try:
        units = json.loads(path.read_text()).get('depth_scale', MILLIMETRES)
    except (OSError, ValueError, AttributeError):
        return MILLIMETRES  # read_camera_json says what is wrong with it
    if not isinstance(units, (int, float)) or isinstance(units, bool) or not 1 <= units <= 1e5:
        raise DatasetError(root, [
            f'{path}: depth_scale is {units!r}, and must be how many units of a depth PNG make a '
            'metre: 1000 for millimetres'])
    return float(units)


def _files(folder: Path, suffixes: Tuple[str, ...]) -> Iterable[Path]:
    if not folder.is_dir():
        return ()
    return (p for p in folder.iterdir() if p.suffix.lower() in suffixes)


def find_problems(pairs: List[Pair], camera: Optional[Intrinsics] = None) -> List[str]:
    """
    Read every pair, so that bad data ends a run before it begins, with all of its faults.

    Parameters
    ----------
    pairs : list of Pair
    camera : Intrinsics, optional
        Of camera.json.

    """
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [problem for problem in pool.map(_problem, pairs, repeat(camera)) if problem]


def _problem(pair: Pair, camera: Optional[Intrinsics]) -> Optional[str]:
    try:
        shape = pair.read_rgb().shape[:2]
    except ImageError as error:
        return str(error)
    try:
        if camera:
            camera.of_size(*shape[::-1])
        depth = pair.read_stored()
    except IntrinsicsError as error:
        return f'{pair.rgb} does not fit camera.json: {error}'
    except ImageError as error:
        return str(error)
    if pair.depth.suffix.lower() == '.npy':
        if not np.issubdtype(depth.dtype, np.floating):
            return f'{pair.depth} holds {depth.dtype}: depth must be floats, in metres'
    elif depth.dtype != np.uint16:
        return (f'{pair.depth} holds {depth.dtype}: depth in a PNG must be of 16 bit, '
                f'{pair.units:g} units to the metre')
    else:
        depth = depth / pair.units
    if depth.shape != shape:
        return (f'{pair.depth} has the shape {depth.shape}, its picture {shape}: '
                'they must be equal')
    if (depth < 0).any():
        return f'{pair.depth} holds negative depths: they are metres in front of the camera'
    if not (depth > 0).any():
        return f'{pair.depth} holds only zeros or NaN: depth is missing'
    near, median = np.percentile(depth[depth > 0], (5, 50))
    if near <= FARTHEST_NEAR:
        return None
    # For a PNG the numbers as they are stored, as depth_scale divides those.
    units = pair.units if pair.depth.suffix.lower() == '.png' else 1.0
    fitting = [f'{factor} ({median * units / factor:.2g} m)' for factor in UNITS
               if 0.5 <= median * units / factor <= FARTHEST_NEAR]
    setting = ("camera.json's depth_scale must be how many of its units make a metre"
               if units != 1.0 else 'it must be in metres')
    advice = f'; the median would be plausible divided by {" or ".join(fitting)}'
    return (f'{pair.depth}: even the nearest things are {near:.0f} m away, so {setting}'
            + (advice if fitting else ''))
