"""The benchmark's sections about the node: real processes, over DDS."""

import json
from pathlib import Path
import subprocess
import sys

import pytest

COMMAND = Path(__file__).resolve().parents[1] / 'training' / 'benchmark.py'


@pytest.fixture(scope='module')
def found(tmp_path_factory):
    """Return the figures of a short run."""
    path = tmp_path_factory.mktemp('benchmark') / 'benchmark.json'
    result = subprocess.run(
        [sys.executable, COMMAND, '--rounds', '1', '--sections', 'frame', 'node', '--json', path],
        capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    return json.loads(path.read_text())


def test_depth_of_both_sizes_came_from_both_nodes(found):
    assert [(row['width'], row['height']) for row in found['node']] == [(640, 480), (1280, 720)]
    for row in found['node']:
        assert 0.0 < row['latency_ms_p50'] <= row['latency_ms_p95']
        assert row['overhead_ms_p50'] == pytest.approx(
            row['latency_ms_p50'] - row['network_ms_p50'])
        assert row['rate_hz'] > 0.0 and row['times_faster'] > 0.0
    assert found['resident_mb'] > 50.0
    # A node that finds its model in no cache makes it first.
    assert found['first_depth_uncached_s'] > 0.0 and found['first_depth_s'] > 0.0


@pytest.mark.parametrize('size', ['640 x 480', '1280 x 720'])
def test_the_steps_of_a_frame_add_up(found, size):
    steps = found['frame_ms'][size]
    kinds = sum(steps[f'sum, {kind}'] for kind in ('network', 'DDS', 'own'))
    assert steps['whole'] == pytest.approx(kinds, rel=1e-6)
    for name in ('rclpy takes the image', "resize to the network's size", 'network',
                 "resize to the image's size", 'rclpy publishes depth'):
        assert steps[name] > 0.0, name
