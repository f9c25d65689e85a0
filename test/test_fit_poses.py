"""fit_poses.py finds how the camera stood from the floor that true depth shows."""

import csv
import json
from pathlib import Path
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'


def fit_poses(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, ROOT / 'training' / 'fit_poses.py', *map(str, arguments)],
        capture_output=True, text=True, timeout=300)


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Return the validation pairs of the sample, without the poses that were rendered."""
    root = tmp_path_factory.mktemp('data') / 'sample'
    for kind in ('rgb', 'depth'):
        shutil.copytree(SAMPLE / kind / 'val', root / kind / 'val')
    shutil.copy(SAMPLE / 'camera.json', root)
    return root


def test_the_poses_of_rendered_pictures_are_found(dataset):
    result = fit_poses('--data-dir', dataset)
    assert result.returncode == 0, result.stderr
    tables = []
    for folder in (SAMPLE, dataset):
        with open(folder / 'pairs.csv', newline='') as file:
            tables.append({row['name']: [float(row[key]) for key in ('height', 'pitch', 'roll')]
                           for row in csv.DictReader(file) if row['split'] == 'val'})
    rendered, fitted = tables
    assert len(fitted) >= 12
    errors = np.array([np.subtract(fitted[name], rendered[name]) for name in fitted])
    # A kerb or a table may be the larger plane now and then.
    assert np.median(np.abs(errors[:, 0])) < 0.03
    assert np.degrees(np.median(np.abs(errors[:, 1:]), axis=0)).max() < 0.5
    assert cv2.imread(str(dataset / 'floor_fits.png')).shape[1] == 6 * 160
    again = fit_poses('--data-dir', dataset)
    assert again.returncode == 1 and '--overwrite' in again.stderr


def test_other_columns_and_each_pairs_own_camera_stay(dataset, tmp_path):
    plain, root = tmp_path / 'plain', tmp_path / 'data'
    for copy in (plain, root):
        shutil.copytree(dataset, copy)
        (copy / 'pairs.csv').unlink(missing_ok=True)  # of the tests before
    camera = json.loads((root / 'camera.json').read_text())
    names = sorted(path.stem for path in (root / 'rgb' / 'val').iterdir())
    # camera.json's focal length is wrong, that of each row is right.
    own = {key: camera[key] for key in ('fx', 'fy', 'cx', 'cy')}
    (root / 'camera.json').write_text(json.dumps({**camera, 'fx': 300.0, 'fy': 300.0}))
    with open(root / 'pairs.csv', 'w', newline='') as file:
        table = csv.DictWriter(file, ('split', 'name', 'kind', 'seen', 'table_height', *own))
        table.writeheader()
        table.writerows({'split': 'val', 'name': name, 'kind': 'hall', 'seen': number,
                         'table_height': 0.7, **own} for number, name in enumerate(names))
    assert fit_poses('--data-dir', plain).returncode == 0
    assert fit_poses('--data-dir', root, '--overwrite').returncode == 0
    tables = []
    for folder in (plain, root):
        with open(folder / 'pairs.csv', newline='') as file:
            tables.append({row['name']: row for row in csv.DictReader(file)})
    fitted, kept = tables
    assert [row['seen'] for row in kept.values()] == [str(n) for n in range(len(names))]
    assert {row['kind'] for row in kept.values()} == {'hall'}
    assert {name: row['height'] for name, row in kept.items() if row['height']} == {
        name: row['height'] for name, row in fitted.items()}
    assert not any(row['table_height'] for row in kept.values())


def test_a_dataset_without_a_camera_is_refused_with_a_sentence(dataset, tmp_path):
    shutil.copytree(dataset / 'rgb', tmp_path / 'rgb')
    shutil.copytree(dataset / 'depth', tmp_path / 'depth')
    result = fit_poses('--data-dir', tmp_path)
    assert result.returncode == 1
    assert 'camera.json' in result.stderr and 'Traceback' not in result.stderr
    (tmp_path / 'camera.json').write_text(json.dumps({'width': 256}))
    assert 'Traceback' not in fit_poses('--data-dir', tmp_path).stderr
