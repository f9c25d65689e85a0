"""The command that draws what each edge filter leaves, and the default that was chosen by it."""

from pathlib import Path
import shutil
import subprocess
import sys

import cv2
from depth_estimation_ros.estimation.validity import PUBLISHED
from experiments import edge_curve

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'


def command(folder, picture):
    return subprocess.run(
        [sys.executable, ROOT / 'training' / 'experiment.py', 'edge_curve', '--data-dir', folder,
         '--out', picture], capture_output=True, text=True, timeout=300)


def test_the_default_finds_more_thin_obstacles_than_any_other_filter(tmp_path):
    for kind in ('rgb', 'depth'):
        (tmp_path / kind / 'val').mkdir(parents=True)
        for path in sorted((SAMPLE / kind / 'val').iterdir())[::4]:
            shutil.copy(path, tmp_path / kind / 'val')
    for name in ('camera.json', 'pairs.csv'):
        shutil.copy(SAMPLE / name, tmp_path)
    picture = tmp_path / 'curve.png'
    result = command(tmp_path, picture)
    assert result.returncode == 0, result.stderr
    found = {}
    for edge_filter, threshold, *shares in map(str.split, result.stdout.splitlines()[1:-1]):
        found[edge_filter, float(threshold)] = [float(share[:-1]) for share in shares]
    assert len(found) == len(edge_curve.SETTINGS)
    flying, thin, unknown = found[PUBLISHED.edge_filter, PUBLISHED.edge_threshold]
    off = found['off', PUBLISHED.edge_threshold]
    assert flying < off[0], 'it leaves more flying points than no filter'
    assert unknown < 10.0
    assert all(thin > other[1] for (edge_filter, _), other in found.items()
               if edge_filter != PUBLISHED.edge_filter)
    assert cv2.imread(str(picture)) is not None


def test_data_that_is_none_is_said_in_a_sentence(tmp_path):
    result = command(tmp_path, tmp_path / 'curve.png')
    assert result.returncode == 1
    assert 'no such dataset' in result.stderr and 'Traceback' not in result.stderr
