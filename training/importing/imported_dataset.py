"""The dataset that an import writes: each pair whole or not at all, and where it came from."""

import csv
from dataclasses import asdict
import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

import cv2
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.geometry import centre_crop, Intrinsics, read_camera_json
from depth_estimation_ros.images.picture import read_header
from importing.frames import Seen, SourceError
from learning.dataset import resize_depth
from learning.pairs import MILLIMETRES, SPLITS
import numpy as np

CAMERA = ('fx', 'fy', 'cx', 'cy')
COLUMNS = ('split', 'name', 'kind', 'height', 'pitch', 'roll', *CAMERA)
FARTHEST = 65535  # millimetres; what is farther is stored so
QUALITY = 95
# Pixels. A 2D scanner of 1 degree has some 60 points in a picture; fewer teach next to nothing.
LEAST_KNOWN = 20


class ImportedDataset:
    """
    A dataset that grows, and that goes on growing after an interruption.

    Parameters
    ----------
    root : Path
    settings : dict
        What the pairs depend on. Another import into the same folder is refused.
    width : int
        Wider pictures are made so wide, with their depth.

    Raises
    ------
    SourceError
        Where the folder holds something else.

    """

    def __init__(self, root: Path, settings: Dict[str, Any], width: int):
        self.root, self._width = root, width
        self._camera: Optional[Intrinsics] = None
        self._size: Optional[Tuple[int, int]] = None
        self._rows: List[Dict[str, str]] = []
        self._begin(settings)
        self._standing: Set[Tuple[str, str]] = {
            (row['split'], row['name']) for row in self._rows}

    def holds(self, split: str, name: str) -> bool:
        """Tell whether a pair stands."""
        return (split, name) in self._standing

    def counts(self) -> Dict[str, int]:
        """Return how many pairs each split has."""
        return {split: sum(each == split for each, _ in self._standing) for split in SPLITS}

    def add(self, split: str, name: str, kind: Optional[str], seen: Seen) -> bool:
        """
        Write a pair; returns whether enough of its depth is known to do so.

        All pictures of a dataset have the size of its first: of those with other proportions it
        is the largest part in the centre.
        """
        assert seen.depth is not None
        if self._size is None:
            self._begin_pictures(seen)
        seen = self._fitted(seen)
        assert seen.depth is not None
        metres = np.nan_to_num(seen.depth, nan=0.0, posinf=np.inf)
        depth = np.rint((metres * MILLIMETRES).clip(0, FARTHEST)).astype(np.uint16)
        if np.count_nonzero(depth) < LEAST_KNOWN:
            return False
        rgb_path, depth_path = self._paths(split, name)
        with replacing(rgb_path) as rgb, replacing(depth_path) as depth_file:
            picture = cv2.cvtColor(seen.rgb, cv2.COLOR_RGB2BGR)
            rgb.write_bytes(cv2.imencode(
                '.jpeg', picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes())
            depth_file.write_bytes(cv2.imencode('.png', depth)[1].tobytes())
        # The row comes last: a pair stands where it has one.
        self._append(self._row(split, name, kind, seen))
        self._standing.add((split, name))
        return True

    def _begin(self, settings: Dict[str, Any]) -> None:
        """Make the folder, or take up what an import with the same settings has left."""
        path = self.root / 'source.json'
        if path.is_file():
            self._resume(path, settings)
        elif self.root.is_dir() and any(self.root.iterdir()):
            raise SourceError(f'{self.root} holds something else already: name another folder '
                              'for --out.')
        for kind in ('rgb', 'depth'):
            for split in SPLITS:
                (self.root / kind / split).mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_text(json.dumps(settings, indent=1) + '\n')
        self._write_table()

    def _resume(self, path: Path, settings: Dict[str, Any]) -> None:
        try:
            known = json.loads(path.read_text())
        except ValueError as error:
            raise SourceError(f'{path} cannot be read ({error}).') from error
        same = json.loads(json.dumps(settings))
        different = sorted(key for key in {*known, *same} - {'date'}
                           if known.get(key) != same.get(key))
        if different:
            raise SourceError(
                f'{self.root} holds an import with another {", ".join(different)}: name another '
                'folder for --out, or remove that one.')
        settings['date'] = known['date']
        self._camera = read_camera_json(self.root / 'camera.json')
        with open(self.root / 'pairs.csv', newline='', encoding='utf-8') as file:
            rows = [row for row in csv.DictReader(file) if None not in row.values()]
        self._rows = [row for row in rows
                      if all(path.is_file() for path in self._paths(row['split'], row['name']))]
        standing = {path for row in self._rows
                    for path in self._paths(row['split'], row['name'])}
        for stray in (*self.root.glob('rgb/*/*'), *self.root.glob('depth/*/*')):
            if stray not in standing:
                stray.unlink()
        if standing:
            row = self._rows[0]
            header = read_header(self._paths(row['split'], row['name'])[0].read_bytes())
            self._size = header.width, header.height

    def _begin_pictures(self, seen: Seen) -> None:
        """Take the size and the camera of the first picture for those of the dataset."""
        height, width = seen.rgb.shape[:2]
        factor = min(1.0, self._width / width)
        self._size = round(width * factor), round(height * factor)
        if seen.camera is not None:
            self._camera = seen.camera.resized(*self._size)
            with replacing(self.root / 'camera.json') as partial:
                partial.write_text(json.dumps(
                    {**asdict(self._camera), 'depth_scale': MILLIMETRES}) + '\n')

    def _fitted(self, seen: Seen) -> Seen:
        """Return what was seen at the size of the dataset's pictures."""
        assert self._size is not None and seen.depth is not None
        height, width = seen.rgb.shape[:2]
        box = centre_crop(width, height, self._size[0] / self._size[1])
        part = np.s_[box.top:box.top + box.height, box.left:box.left + box.width]
        rgb, depth, camera = seen.rgb[part], seen.depth[part], seen.camera
        if rgb.shape[1::-1] != self._size:
            shrinks = rgb.shape[1] > self._size[0]
            rgb = cv2.resize(rgb, self._size,
                             interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
            depth = resize_depth(np.ascontiguousarray(depth, np.float32), *self._size)
        if camera is not None:
            camera = camera.cropped(*box).resized(*self._size)
        return Seen(rgb, depth, camera, seen.pose)

    def _row(self, split: str, name: str, kind: Optional[str], seen: Seen) -> Dict[str, str]:
        row = {'split': split, 'name': name, 'kind': kind or ''}
        if seen.pose is not None:
            row.update({key: f'{getattr(seen.pose, key):.4f}'
                        for key in ('height', 'pitch', 'roll')})
        if seen.camera is not None and seen.camera != self._camera:
            row.update({key: f'{getattr(seen.camera, key):.3f}' for key in CAMERA})
        return row

    def _paths(self, split: str, name: str) -> Tuple[Path, Path]:
        return (self.root / 'rgb' / split / f'{name}.jpeg',
                self.root / 'depth' / split / f'{name}.png')

    def _write_table(self) -> None:
        with replacing(self.root / 'pairs.csv') as partial, \
                open(partial, 'w', newline='', encoding='utf-8') as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows(self._rows)

    def _append(self, row: Dict[str, str]) -> None:
        with open(self.root / 'pairs.csv', 'a', newline='', encoding='utf-8') as file:
            csv.DictWriter(file, COLUMNS).writerow(row)
