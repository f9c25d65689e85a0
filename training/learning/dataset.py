"""
What a network learns from: the pairs of one dataset or several, at its input size.

Where a depth camera saw nothing (0 or NaN), depth is unknown: neither learnt nor scored.
"""

import copy
from dataclasses import replace
import json
import logging
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

import cv2
from depth_estimation_ros.estimation.estimator import resize
from depth_estimation_ros.estimation.geometry import focal_ratio, Intrinsics, read_camera_json
from depth_estimation_ros.images.picture import read_header
from learning.augment import Augmentation, View
from learning.dataset_error import DatasetError
from learning.pairs import find_pairs, find_problems, Pair
from learning.pairs_table import read_records, Record
from learning.preprocessing import Resize
import numpy as np

LOGGER = logging.getLogger(__name__)


def resize_depth(depth: np.ndarray, width: int, height: int, resize: Resize = resize
                 ) -> np.ndarray:
    """
    Stretch a depth map as `resize` stretches its picture, also where depth is partly unknown.

    A pixel of the result that lies in known pixels only is their weighted mean. Where an unknown
    one has a part in it, a mean would be shifted or unknown, and few points of a lidar would be
    left; there it is the least of the known pixels that it covers. The least, because a lidar
    beside the camera sees past the edges of near things, so that points from behind lie on them.

    Parameters
    ----------
    depth : float32 (H, W), metres
        NaN where it is unknown.
    width, height : int
    resize : callable
        What stretches its picture.

    Returns
    -------
    float32 (height, width), metres
        NaN where all that it covers is unknown.

    """
    resized = resize(depth, width, height)
    unknown = np.isnan(resized)
    if not unknown.any():
        return resized
    least = depth
    for axis, count in enumerate((height, width)):
        stored = depth.shape[axis]
        # Where a side shrinks, a pixel covers those from its first to the next one's first; where
        # it grows, its first is the one that its centre lies in.
        offset = 0.0 if stored >= count else 0.5
        first = ((np.arange(count) + offset) * stored / count).astype(int)
        least = np.fmin.reduceat(least, first, axis=axis)
    return np.where(unknown, least, resized)


class Sample(NamedTuple):
    """
    What a network learns from a pair, at its input size.

    Attributes
    ----------
    rgb : uint8 (H, W, 3)
    depth : float32 (H, W), metres
        NaN where it is unknown.
    clip : float32, metres
        What lies there or beyond is only known to do so.
    floor : float32 (H, W)
        1 where a pixel shows the floor, 0 where it doesn't; NaN where that isn't known.
    camera : float32 (4,), pixels
        fx, fy, cx and cy of the picture at this size; NaN where they aren't known.

    """

    rgb: np.ndarray
    depth: np.ndarray
    clip: np.float32
    floor: np.ndarray
    camera: np.ndarray


def _at_stored_size(camera: Intrinsics, pair: Pair) -> Intrinsics:
    """Return a camera's intrinsics at the size of a pair's picture, which has its proportions."""
    header = read_header(pair.rgb.read_bytes())
    return camera.of_size(header.width, header.height)


def _report_scaled(pairs: List[Pair], camera: Optional[Intrinsics]) -> None:
    """Say once where pictures have another size than camera.json's, in the same proportions."""
    scaled = [pair for pair in pairs if pair.camera and camera and (
        pair.camera.width, pair.camera.height) != (camera.width, camera.height)]
    if scaled:
        LOGGER.warning(
            "%d of %d pictures have another size than camera.json's %d x %d, such as %s: the "
            'intrinsics are scaled to theirs', len(scaled), len(pairs), camera.width,
            camera.height, scaled[0].rgb)


class DepthDataset:
    """
    A split of one dataset or several, preprocessed as in the paper (Tables II and III).

    Parameters
    ----------
    roots : Path or list of Path
        Where several have different cameras, or pairs.csv tells a camera for each pair, depth is
        that of one camera (geometry.focal_ratio).
    split : str
        'train', 'val' or 'test'.
    input_size : (int, int)
        Height and width to which pictures and depth maps are stretched. (The paper's CenterCrop
        to the same size then keeps everything.)
    max_depth : float
        Depth is clipped to [0, max_depth] metres.
    augment : callable, optional
        As augment.Augmentation, before the resize.
    seed : int
        Augmentation depends on the seed, the epoch and the pair, and on nothing else: a resumed
        run sees what an uninterrupted one does.
    camera : Intrinsics, optional
        The camera that all depth becomes that of; the (first) camera.json's unless it is given.
    weights : sequence of float, optional
        How often the pairs of each root are drawn in an epoch, on average; 1 unless given.
    resize : callable
        How they are stretched: the network's, of preprocessing.resize_of.
    rays : bool
        Whether the network is told each pair's camera: depth is then as that one sees it.

    Raises
    ------
    DatasetError
        Where a split is empty or any of its files cannot be used.

    """

    def __init__(self, roots: Union[Path, Sequence[Path]], split: str,
                 input_size: Tuple[int, int] = (224, 224), max_depth: float = 20.0,
                 augment: Optional[Augmentation] = None, seed: int = 0,
                 camera: Optional[Intrinsics] = None, weights: Optional[Sequence[float]] = None,
                 resize: Resize = resize, rays: bool = False):
        self.roots = [Path(roots)] if isinstance(roots, (str, Path)) else list(map(Path, roots))
        self.split, self.input_size, self.max_depth = split, input_size, max_depth
        self.augment, self.seed, self.epoch, self.resize = augment, seed, 0, resize
        self.rays = rays
        self.weights = [1.0] * len(self.roots) if weights is None else list(weights)
        cameras = [read_camera_json(root / 'camera.json') for root in self.roots]
        self.intrinsics: Optional[Intrinsics] = camera or cameras[0]
        if None in cameras and (self.intrinsics or len(cameras) > 1 or rays):
            reason = ('a network with rays is told the camera, so each dataset needs one' if rays
                      else 'datasets are mixed by their focal lengths, so each needs one')
            raise DatasetError(self.roots[cameras.index(None)],
                               [f'it has no camera.json: {reason}'])
        self.pairs: List[Pair] = []
        for root, weight, usual in zip(self.roots, self.weights, cameras):
            pairs, problems = find_pairs(root, split)
            problems += find_problems(pairs, usual)
            if not pairs and not problems:
                problems = [f'the split {split!r} is empty']
            if problems:
                raise DatasetError(root, problems)
            records = read_records(root, split)
            for pair in pairs:
                record = records.get(pair.name, Record())
                own = record.camera(usual)
                self.pairs.append(replace(
                    pair, camera=own and _at_stored_size(own, pair), scale=self._scale(own),
                    weight=weight, pose=record.pose_above_plane))
            _report_scaled(self.pairs[-len(pairs):], usual)

    def _scale(self, camera: Optional[Intrinsics]) -> float:
        """Return what makes depth seen by a camera that of the dataset's camera."""
        if camera is None or camera == self.intrinsics or self.rays:
            return 1.0
        return 1.0 / focal_ratio(camera.fx, camera.width, camera.height, self.focal,
                                 self.input_size[1], self.aspect)

    def in_metres(self) -> 'DepthDataset':
        """Return the same pairs with each depth as its own camera sees it."""
        own = copy.copy(self)
        own.pairs = [replace(pair, scale=1.0) for pair in self.pairs]
        return own

    def without_augmentation(self) -> 'DepthDataset':
        """Return the same pairs as they are evaluated."""
        plain = copy.copy(self)
        plain.augment = None
        return plain

    def some(self, count: int) -> 'DepthDataset':
        """Return `count` pairs from all over the split; all of them for 0."""
        fewer = copy.copy(self)
        if 0 < count < len(self.pairs):
            fewer.pairs = [self.pairs[i * len(self.pairs) // count] for i in range(count)]
        return fewer

    def __len__(self) -> int:
        return len(self.pairs)

    def __iter__(self) -> Iterator[Sample]:
        """Read each pair once; without this, a `for` would go on with pairs drawn again."""
        return (self[index] for index in range(len(self)))

    @property
    def drawn_pairs(self) -> int:
        """Return how many pairs an epoch draws."""
        return sum(len(numbers) for numbers in self._numbers(np.random.default_rng(0)))

    def draw(self) -> np.ndarray:
        """
        Return the numbers of an epoch's pairs in their order, by the seed and the epoch only.

        A pair of weight 2.5 comes two or three times. A number of len(self) and more is a pair
        drawn again: it is augmented otherwise.
        """
        random = np.random.default_rng((self.seed, self.epoch))
        return random.permutation(np.concatenate(self._numbers(random)))

    def _numbers(self, random: np.random.Generator) -> List[np.ndarray]:
        weights = np.array([pair.weight for pair in self.pairs])
        drawn = []
        for weight in np.unique(weights):
            indices = np.flatnonzero(weights == weight)
            times, rest = int(weight), weight - int(weight)
            drawn += [indices + time * len(self) for time in range(times)]
            some = random.permutation(indices)[:round(rest * len(indices))]
            drawn.append(some + times * len(self))
        return drawn

    def __getitem__(self, number: int) -> Sample:
        """
        Read a pair.

        Parameters
        ----------
        number : int
            As of `draw`.

        """
        pair = self.pairs[number % len(self)]
        rgb, depth = pair.read_rgb(), pair.read_depth(self.max_depth)
        view = View(rgb, depth, pair.find_floor(depth, self.max_depth), pair.camera)
        clip = self.max_depth * min(1.0, pair.scale)
        if self.augment is not None:
            random = np.random.default_rng((self.seed, self.epoch, number))
            view, nearer = self.augment(view, random, pair.rgb)
            if not self.rays:
                # The dataset's camera sees this picture when everything is nearer by the zoom.
                view = view._replace(depth=view.depth * np.float32(nearer))
                clip *= nearer
        height, width = self.input_size
        camera = view.camera and view.camera.resized(width, height)
        return Sample(
            self.resize(view.rgb, width, height),
            resize_depth(view.depth, width, height, self.resize), np.float32(clip),
            cv2.resize(view.floor, (width, height), interpolation=cv2.INTER_NEAREST),
            np.array([camera.fx, camera.fy, camera.cx, camera.cy] if camera else [np.nan] * 4,
                     np.float32))

    def origin(self) -> Dict:
        """Return names, size and, where render_worlds.py made it, kinds and seed."""
        names = [root.resolve().name for root in self.roots]
        shown = names if len(names) < 5 else [*names[:3], f'{len(names) - 3} others']
        origin = {'name': '+'.join(shown), f'{self.split}_pairs': len(self)}
        if set(self.weights) != {1.0}:
            origin['weights'] = dict(zip(names, self.weights))
        try:
            known = [json.loads((root / 'dataset.json').read_text()) for root in self.roots]
            for key in ('seed', 'kinds'):
                values = [description[key] for description in known]
                origin[key] = values[0] if len(values) == 1 else values
        except (OSError, ValueError, KeyError, TypeError):
            pass  # only render_worlds.py writes dataset.json
        return origin

    @property
    def focal(self) -> Optional[float]:
        """Horizontal focal length in pixels at the input size; None without camera.json."""
        height, width = self.input_size
        return None if self.intrinsics is None else self.intrinsics.resized(width, height).fx

    @property
    def aspect(self) -> float:
        """Width over height of the (first) dataset's pictures."""
        if self.intrinsics is not None:
            return self.intrinsics.width / self.intrinsics.height
        height, width = self.pairs[0].read_rgb().shape[:2]
        return width / height

    def mean_depth(self) -> np.ndarray:
        """
        Return the mean of the depth maps, float32 (H, W): what any model has to beat.

        A pixel that is known in none of them gets the mean of the others.
        """
        total, known = np.zeros((2, *self.input_size))
        height, width = self.input_size
        for pair in self.pairs:
            depth = resize_depth(pair.read_depth(self.max_depth), width, height)
            total += np.nan_to_num(depth)
            known += ~np.isnan(depth)
        mean = total / np.maximum(known, 1)
        mean[known == 0] = total.sum() / max(known.sum(), 1)
        return mean.astype(np.float32)
