"""What counts as a flying point, and the command that draws the curve."""

from pathlib import Path
import subprocess
import sys

import cv2
from depth_estimation_ros.node.depth_settings import SETTINGS
from experiments import edge_curve
import numpy as np

ROOT = Path(__file__).parents[1]


def test_points_between_two_surfaces_fly_and_those_on_them_do_not():
    truth = np.full((20, 30), 3.0, np.float32)
    truth[:, 15:] = 12.0
    prediction = truth.copy()
    prediction[:, 14:17] = (5.0, 7.0, 11.5)
    prediction[0] = 18.0  # at a wrong distance, but not between
    good, flying = edge_curve.classify(prediction, truth, horizon=19.0)
    np.testing.assert_array_equal(np.nonzero(flying[1:].all(axis=0))[0], (14, 15))
    assert not flying[0].any() and not good[0].any()
    assert good[1:].sum() == 19 * 28
    beyond = edge_curve.classify(prediction, truth, horizon=6.0)
    assert not beyond.good[:, 17:].any() and not beyond.flying[:, 15].any()


def test_the_default_is_near_the_best_of_the_curve(tmp_path):
    picture = tmp_path / 'curve.png'
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'experiment.py', 'edge_curve', '--data-dir',
         ROOT / 'data' / 'sample', '--out', picture], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    worth = {}
    for threshold, flying, good, *_ in map(str.split, result.stdout.splitlines()[2:-1]):
        worth[float(threshold)] = float(flying[:-1]) - edge_curve.GOOD_POINT * float(good[:-1])
    assert len(worth) == len(edge_curve.THRESHOLDS)
    # In per cent; the curve is flat there, and another model's best a little beside.
    assert worth[SETTINGS['edge_filter'].default] > max(worth.values()) - 5.0
    assert cv2.imread(str(picture)) is not None


def test_data_that_is_none_is_said_in_a_sentence(tmp_path):
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'experiment.py', 'edge_curve', '--data-dir',
         tmp_path, '--out', tmp_path / 'curve.png'], capture_output=True, text=True, timeout=300)
    assert result.returncode == 1
    assert 'no such dataset' in result.stderr and 'Traceback' not in result.stderr
