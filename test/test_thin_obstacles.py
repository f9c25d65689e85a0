"""The command that shows what finding thin obstacles costs."""

from pathlib import Path
import shutil
import subprocess
import sys

import cv2

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'


def command(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / 'training' / 'experiment.py', 'thin_obstacles',
         *map(str, arguments)], capture_output=True, text=True, timeout=300)


def test_each_model_has_a_line_with_its_time_and_what_it_finds(tmp_path):
    for kind in ('rgb', 'depth'):
        (tmp_path / kind / 'val').mkdir(parents=True)
        for path in sorted((SAMPLE / kind / 'val').iterdir())[::4]:
            shutil.copy(path, tmp_path / kind / 'val')
    for name in ('camera.json', 'pairs.csv'):
        shutil.copy(SAMPLE / name, tmp_path)
    other = shutil.copy(ROOT / 'depth_estimation_ros' / 'models' / 'compact.onnx',
                        tmp_path / 'other.onnx')
    picture = tmp_path / 'thin.png'
    result = command('--model', 'compact', '--model', other, '--data-dir', tmp_path,
                     '--rounds', 5, '--out', picture)
    assert result.returncode == 0, result.stderr
    header, first, second, _ = result.stdout.splitlines()
    assert first.split()[0] == 'compact' and second.split()[0] == 'other'
    assert float(first.split()[1]) > 0.1  # milliseconds
    assert first.split()[3:] == second.split()[3:], 'the same network, other figures'
    assert 0.0 < float(first.split()[3][:-1]) <= 100.0
    assert cv2.imread(str(picture)) is not None


def test_data_that_is_none_is_said_in_a_sentence(tmp_path):
    result = command('--model', 'compact', '--data-dir', tmp_path, '--out', tmp_path / 'x.png')
    assert result.returncode == 1
    assert 'thin_obstacles: ' in result.stderr and 'Traceback' not in result.stderr
