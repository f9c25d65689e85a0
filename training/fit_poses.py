#!/usr/bin/env python3
"""
Write how the camera stood in each picture of a dataset, from the floor that its true depth shows.

    python training/fit_poses.py --data-dir DATASET

A depth camera or a lidar tells the pose that nobody has written down: a plane is fitted to the
depth of each picture, and where enough lies on it and next to nothing beneath, height, pitch and
roll above it go into the dataset's pairs.csv, by which evaluate.py lets the pose set the scale and
train.py learns where the floor is. A table top that fills the picture is a plane, too. Look at
floor_fits.png, which is drawn beside pairs.csv: what is taken for the floor is green.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path
import sys
from typing import Dict, List, Tuple

import cv2
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.floor_plane import fit_floor, TRUE_DEPTH
from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
from learning.dataset_error import DatasetError
from learning.pairs import find_datasets, find_pairs, Pair, SPLITS
from learning.pairs_table import read_records, Record
from learning.progress import Progress
import numpy as np

MAX_DEPTH = 20.0  # metres; of what is farther, no floor tells much
COLUMNS = ('split', 'name', 'kind', 'height', 'pitch', 'roll')
# Of what stands in pairs.csv: the fitted pose is that above the plane that is seen, be it a table.
POSE = ('height', 'pitch', 'roll', 'table_height')
SHOWN, TILE = 24, (160, 120)


def find(root: Path, usual: Intrinsics) -> List[Tuple[str, Pair]]:
    """Return a dataset's pairs with their cameras, each with its split."""
    found = []
    for split in SPLITS:
        records = read_records(root, split)
        found += [(split, replace(pair, camera=records.get(pair.name, Record()).camera(usual)))
                  for pair in find_pairs(root, split)[0]]
    return found


def fit(pairs: List[Tuple[str, Pair]], max_height: float) -> Dict[Tuple[str, str], CameraPose]:
    """Return the poses that are found, by split and name."""
    poses = {}
    for split, pair in Progress(pairs, unit=' pairs', leave=False):
        depth = pair.read_depth(MAX_DEPTH)
        # What is clipped would make a plane of its own, far away.
        depth[depth >= MAX_DEPTH] = np.nan
        pose = fit_floor(depth, pair.camera, TRUE_DEPTH)
        if pose is not None and pose.height <= max_height:
            poses[split, pair.name] = pose
    return poses


def draw(pairs: List[Tuple[str, Pair]], poses: Dict[Tuple[str, str], CameraPose]) -> np.ndarray:
    """Draw some of the fitted pictures, the floor in green; uint8 (H, W, 3) BGR."""
    fitted = [(split, pair) for split, pair in pairs if (split, pair.name) in poses]
    tiles = []
    for split, pair in fitted[::max(1, len(fitted) // SHOWN)][:SHOWN]:
        pose = poses[split, pair.name]
        picture = pair.read_rgb()[:, :, ::-1].copy()
        assert pair.camera is not None
        floor = pose.is_floor(pair.read_depth(MAX_DEPTH), pair.camera)
        picture[floor] = picture[floor] // 2 + np.array([0, 127, 0], np.uint8)
        tile = cv2.resize(picture, TILE, interpolation=cv2.INTER_AREA)
        pitch, roll = np.degrees((pose.pitch, pose.roll))
        text = f'{pose.height:.2f} m {pitch:+.0f} {roll:+.0f} deg'
        cv2.putText(tile, text, (3, TILE[1] - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.35, (0, 255, 255))
        tiles.append(tile)
    columns = 6
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    return np.vstack([np.hstack(tiles[i:i + columns]) for i in range(0, len(tiles), columns)])


def write_poses(path: Path, poses: Dict[Tuple[str, str], CameraPose]) -> None:
    """Write poses into pairs.csv, whose other columns stay; those that stood there go."""
    rows: Dict[Tuple[str, str], Dict[str, str]] = {}
    columns = list(COLUMNS)
    if path.exists():
        with open(path, newline='', encoding='utf-8') as file:
            standing = csv.DictReader(file)
            rows = {(row['split'], row['name']): {**row, **dict.fromkeys(POSE, '')}
                    for row in standing}
            columns += [name for name in standing.fieldnames or () if name not in columns]
    for (split, name), pose in poses.items():
        row = rows.setdefault((split, name), {'split': split, 'name': name, 'kind': 'fitted'})
        row.update({key: f'{getattr(pose, key):.4f}' for key in ('height', 'pitch', 'roll')})
    with replacing(path) as partial, open(partial, 'w', newline='', encoding='utf-8') as file:
        table = csv.DictWriter(file, columns, extrasaction='ignore')
        table.writeheader()
        table.writerows(rows.values())


def fit_dataset(root: Path, max_height: float) -> str:
    """Write a dataset's pairs.csv and floor_fits.png; return what was found, in a line."""
    camera = read_camera_json(root / 'camera.json')
    if camera is None:
        raise DatasetError(root, ['it has no camera.json, without which no pose can be fitted'])
    pairs = find(root, camera)
    poses = fit(pairs, max_height)
    write_poses(root / 'pairs.csv', poses)
    if not poses:
        return f'{root.name}: no floor in any of {len(pairs)} pictures'
    picture = draw(pairs, poses)
    with replacing(root / 'floor_fits.png') as partial:
        partial.write_bytes(cv2.imencode('.png', picture)[1].tobytes())
    height, pitch, roll = np.median([(pose.height, pose.pitch, pose.roll)
                                     for pose in poses.values()], axis=0)
    return (f'{root.name}: a floor in {len(poses)} of {len(pairs)} pictures; medians: height '
            f'{height:.2f} m, pitch {np.degrees(pitch):+.1f}, roll {np.degrees(roll):+.1f} '
            'degrees')


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', nargs='+', required=True, metavar='DIR',
                        help='datasets, folders of datasets, or patterns such as real/kinect_*')
    parser.add_argument('--max-height', type=float, default=3.0, metavar='METRES',
                        help='of a camera above the floor; a plane that lies lower is something '
                             'else (default: 3)')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace the poses of a pairs.csv that stands there; its other '
                             'columns stay')
    options = parser.parse_args()
    try:
        roots = list(dict.fromkeys(root for entry in options.data_dir for split in SPLITS
                                   for root in find_datasets(entry, split)))
        standing = [str(root / 'pairs.csv') for root in roots if (root / 'pairs.csv').exists()]
        if standing and not options.overwrite:
            print(f'fit_poses: {", ".join(standing[:3])} stands there already: --overwrite '
                  'replaces its poses', file=sys.stderr)
            return 1
        for root in roots:
            print(fit_dataset(root, options.max_height), flush=True)
    except (DatasetError, IntrinsicsError, OSError) as error:
        print(f'fit_poses: {error}', file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
