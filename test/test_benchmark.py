"""The benchmark writes the figures that doc/speed.md and other programs read."""

import json
from pathlib import Path
import subprocess
import sys

from benchmarking.timing import Times
import numpy as np
import pytest

COMMAND = Path(__file__).resolve().parents[1] / 'training' / 'benchmark.py'


def test_json_holds_a_row_for_each_network_beside_the_reference(tmp_path):
    result = subprocess.run(
        [sys.executable, COMMAND, '--rounds', '1', '--sections', 'inference', '--json',
         tmp_path / 'out' / 'benchmark.json'], capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / 'out' / 'benchmark.json').read_text())
    assert {'processor', 'instruction_sets', 'threads', 'versions', 'busy'} <= set(
        found['machine'])
    reference, *others = found['inference']
    assert (reference['backend'], reference['precision']) == ('PyTorch', 'f32')
    assert reference['times_faster'] == pytest.approx(1.0)
    assert {'compact', "the paper's"} <= {row['network'] for row in others}
    assert all(0.0 < row['ms_p50'] <= row['ms_p95'] for row in found['inference'])


def test_training_is_compared_with_a_plain_loop(tmp_path):
    path = tmp_path / 'benchmark.json'
    result = subprocess.run(
        [sys.executable, COMMAND, '--rounds', '1', '--sections', 'training', '--json', path],
        capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    found = json.loads(path.read_text())['training']
    assert found['plain_loop']['times_faster'] == pytest.approx(1.0)
    for row in (found, found['compact']):
        assert row['times_faster'] == pytest.approx(
            row['images_per_s'] / found['plain_loop']['images_per_s'])


def test_other_work_that_slows_a_round_leaves_the_ratio():
    slow, fast = (Times(ms, ms) for ms in (np.array([10.0, 12.0, 50.0]),
                                           np.array([2.0, 2.4, 10.0])))
    assert fast.times_faster(slow) == pytest.approx(5.0)
