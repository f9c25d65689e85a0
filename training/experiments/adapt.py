"""
Show what adapt.py teaches a model of some places, by a depth camera and by two lidars.

    python training/experiment.py adapt --data-dir data/real --place living_room --place town

A place is a dataset of one recording. The model is adapted to its first half with all of its
depth (camera), with what 16 rings of a lidar would tell of that (rings) and with what a 2D scanner
0.3 m above the floor would (line), and tested with all of its depth on the second half, and on the
second halves of the other places. A single cell of the table is one --place and one --sensor;
cells that are done are not repeated, and a cell that was interrupted goes on.
"""

import argparse
import csv
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Callable, Dict, List, Optional

import cv2
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError
from depth_estimation_ros.estimation.pose import CameraPose
from experiments import runs, simulated_lidar
from learning.dataset import DepthDataset
from learning.dataset_error import DatasetError
from learning.pairs import find_pairs, MILLIMETRES, Pair, SPLITS
import numpy as np
from scoring import scale_scores

# Of a place's pairs in their order, those to learn from and for the confidence; the rest tests.
LEARNT, VALIDATED = 0.4, 0.1
FARTHEST = 65.535  # metres, in a PNG of millimetres
# What a sensor tells of true depth, float32 (H, W).
Sensor = Callable[[np.ndarray, Intrinsics, Optional[CameraPose]], np.ndarray]


def _line(depth: np.ndarray, camera: Intrinsics, pose: Optional[CameraPose]) -> np.ndarray:
    if pose is None:
        return np.full_like(depth, np.nan)
    return simulated_lidar.line(depth, camera, pose)


SENSORS: Dict[str, Sensor] = {
    'camera': lambda depth, camera, pose: depth,
    'rings': lambda depth, camera, pose: simulated_lidar.rings(depth, camera),
    'line': _line}


def read_place(root: Path) -> List[Pair]:
    """Return the pairs of a place in the order of their names, with camera and pose."""
    pairs: List[Pair] = []
    for split in SPLITS:
        if find_pairs(root, split)[0]:
            pairs += DepthDataset(root, split).in_metres().pairs
    if not pairs:
        raise DatasetError(root, ['it has no pairs'])
    return sorted(pairs, key=lambda pair: pair.name)


def usual_pose(pairs: List[Pair]) -> Optional[CameraPose]:
    """Return the median pose of a place, which stands in where a picture's own isn't known."""
    known = [(pair.pose.height, pair.pose.pitch, pair.pose.roll) for pair in pairs if pair.pose]
    return CameraPose(*np.median(known, axis=0).tolist()) if known else None


def write_half(root: Path, target: Path, sensor: str) -> float:
    """
    Write a place as a dataset, the first half to learn from as a sensor tells it.

    Returns
    -------
    float
        How many points the sensor tells in a picture, on average.

    """
    pairs = read_place(root)
    stand_in = usual_pose(pairs)
    if sensor == 'line' and stand_in is None:
        raise DatasetError(root, ['pairs.csv tells no pose, without which nobody knows where a '
                                  'scanner sees: fit_poses.py finds some'])
    bounds = np.round(np.cumsum((LEARNT, VALIDATED)) * len(pairs)).astype(int)
    rows, points = [], []
    for number, pair in enumerate(pairs):
        split = SPLITS[int(np.searchsorted(bounds, number, side='right'))]
        depth = pair.read_depth(FARTHEST)
        camera = pair.camera
        if camera is None:
            raise DatasetError(root, ['it has no camera.json'])
        told = SENSORS[sensor](depth, camera.of_size(*depth.shape[::-1]), pair.pose or stand_in)
        points.append(np.count_nonzero(~np.isnan(told)))
        if not points[-1]:
            continue
        millimetres = np.rint(MILLIMETRES * np.nan_to_num(told)).astype(np.uint16)
        picture = target / 'rgb' / split / pair.rgb.name
        for path in (picture, target / 'depth' / split / f'{pair.name}.png'):
            path.parent.mkdir(parents=True, exist_ok=True)
        picture.unlink(missing_ok=True)
        picture.symlink_to(os.path.relpath(pair.rgb, picture.parent))
        cv2.imwrite(str(target / 'depth' / split / f'{pair.name}.png'), millimetres)
        pose = pair.pose and {key: getattr(pair.pose, key) for key in ('height', 'pitch', 'roll')}
        rows.append({'split': split, 'name': pair.name, **(pose or {})})
    with open(target / 'pairs.csv', 'w', newline='', encoding='utf-8') as file:
        table = csv.DictWriter(file, ('split', 'name', 'height', 'pitch', 'roll'))
        table.writeheader()
        table.writerows(rows)
    camera = json.loads((root / 'camera.json').read_text())
    (target / 'camera.json').write_text(json.dumps({**camera, 'depth_scale': MILLIMETRES}) + '\n')
    return float(np.mean(points))


def scores_of(model: str, tests: Dict[str, Path]) -> Dict[str, Dict]:
    """Return a model's scores on the second half of each place."""
    estimator = DepthEstimator(model, 'cpu')
    return {name: scale_scores.score(estimator, root, 'test').summary()
            for name, root in tests.items()}


def run_cell(place: Path, sensor: str, tests: Dict[str, Path], options: argparse.Namespace
             ) -> None:
    """Adapt the model to a place by a sensor, and score it, unless that is done."""
    folder = options.out / f'{place.name}-{sensor}'
    done = folder / 'cell.json'
    asked = {'model': options.model, 'minutes': options.minutes}
    if done.exists():
        cell = json.loads(done.read_text())
        if {name: cell[name] for name in asked} != asked:
            raise runs.StaleRunError(f'{folder} holds a cell of another model, or of other '
                                     'minutes: name another --out, or delete it')
        return
    points = write_half(place, folder / 'data', sensor)
    told = folder / 'adapt.json'
    command = [sys.executable, runs.TRAINING / 'adapt.py', folder / 'data', '--out',
               folder / 'model.onnx', '--run-dir', folder / 'run', '--model', options.model,
               '--worlds', options.worlds, '--minutes', f'{options.minutes:g}', '--json', told]
    code = subprocess.run(list(map(str, command)), stdout=sys.stderr).returncode
    if not told.exists():
        raise subprocess.CalledProcessError(code, command)
    adapted = json.loads(told.read_text())
    cell = {**asked, 'place': place.name, 'sensor': sensor, 'points': points,
            'steps': adapted['steps'], 'is_better': adapted['is_better'],
            'before': scores_of(options.model, tests),
            'after': scores_of(str(folder / 'run' / 'candidate.onnx'), tests),
            'worlds': adapted['scores'].get('rendered worlds')}
    with replacing(done) as partial:
        partial.write_text(json.dumps(cell, indent=1) + '\n')


def read_cells(out: Path) -> List[Dict]:
    """Return all cells that are done, by place and sensor."""
    cells = [json.loads(path.read_text()) for path in out.glob('*/cell.json')]
    return sorted(cells, key=lambda cell: (cell['place'], list(SENSORS).index(cell['sensor'])))


def table(cells: List[Dict]) -> str:
    """Return the cells as a table in Markdown: delta1 before and after."""
    lines = ['| place | sensor, points in a picture | steps | its other half | with the pose | '
             'after one factor | other places | rendered worlds | taken |',
             '| --- | --- | --- | --- | --- | --- | --- | --- | --- |']
    for cell in cells:
        before, after = cell['before'], cell['after']
        own = cell['place']
        others = [name for name in before if name != own]
        posed = before[own]['with_pose'] is not None
        values = [
            _change(before[own]['without_pose'], after[own]['without_pose']),
            _change(before[own]['with_pose'], after[own]['with_pose']) if posed else '',
            _change(before[own]['without_pose'], after[own]['without_pose'], 'delta1_aligned'),
            _change(_mean(before, others), _mean(after, others)) if others else '',
            _change(cell['worlds']['before']['without_pose'],
                    cell['worlds']['after']['without_pose']) if cell['worlds'] else '']
        lines.append(f'| {own} | {cell["sensor"]}, {cell["points"]:.0f} | {cell["steps"]} | '
                     + ' | '.join(values) + f' | {"yes" if cell["is_better"] else "no"} |')
    return '\n'.join(lines)


def _mean(scores: Dict[str, Dict], places: List[str]) -> Dict[str, float]:
    return {'delta1': float(np.mean([scores[name]['without_pose']['delta1'] for name in places]))}


def _change(before: Dict, after: Dict, key: str = 'delta1') -> str:
    return f'{before[key]:.2f}, {after[key]:.2f}'


def main(arguments: List[str]) -> int:
    """Adapt to each place by each sensor; write the table after each cell."""
    parser = argparse.ArgumentParser(
        prog='experiment.py adapt', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, required=True,
                        help='folder of the places, each a dataset')
    parser.add_argument('--place', action='append', required=True, metavar='NAME',
                        help='a dataset in it; several times for several')
    parser.add_argument('--test-place', action='append', default=[], metavar='NAME',
                        help='a place to test on alone')
    parser.add_argument('--sensor', action='append', choices=list(SENSORS),
                        help='(default: all of them)')
    parser.add_argument('--model', default='compact', help='to begin with (%(default)s)')
    parser.add_argument('--worlds', type=Path, default=runs.TRAINING.parent / 'data' / 'sample',
                        help='as of adapt.py (data/sample)')
    parser.add_argument('--minutes', type=float, default=30.0,
                        help='of training, for each cell (%(default)g)')
    parser.add_argument('--out', type=Path, default=Path('runs/adapt_places'),
                        help='folder of the runs and of table.md (%(default)s)')
    options = parser.parse_args(arguments)
    places = [options.data_dir / name for name in options.place]
    try:
        tests = {}
        for place in [*places, *(options.data_dir / name for name in options.test_place)]:
            tests[place.name] = options.out / f'{place.name}-camera' / 'data'
            write_half(place, tests[place.name], 'camera')
        for place in places:
            for sensor in options.sensor or SENSORS:
                run_cell(place, sensor, tests, options)
                with replacing(options.out / 'table.md') as partial:
                    partial.write_text(table(read_cells(options.out)) + '\n')
    except (DatasetError, IntrinsicsError, runs.StaleRunError) as error:
        print(f'adapt: {error}', file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode
    print(table(read_cells(options.out)))
    return 0
