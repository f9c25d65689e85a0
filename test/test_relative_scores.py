"""Relative models are scored after scale and shift are fitted, which is said."""

from dataclasses import asdict
import json
import math
from pathlib import Path
import subprocess
import sys

from bag_writer import camera_info, image, write_bag
import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
import described_model
import numpy as np
import pytest
from scoring.relative_depth import fitted_depth

EVALUATE = Path(__file__).parents[1] / 'training' / 'evaluate.py'
CAMERA = Intrinsics(96, 64, 60.0, 60.0, 47.5, 31.5)
POSE = CameraPose(0.5, math.radians(-10.0))
SAID = 'scale and shift of each picture are fitted to its true depth'


def scene(wall: float) -> np.ndarray:
    """Return the depth of a floor, a wall and a box on the floor; float32, metres."""
    depth = np.fmin(POSE.floor_depth(CAMERA), np.float32(wall))
    depth[30:50, 10:40] = np.fmin(depth[30:50, 10:40], np.float32(1.2))
    return depth


def evaluate(tmp_path, *arguments) -> subprocess.CompletedProcess:
    """Score a relative model; what is written for programs is in scores.json."""
    model = described_model.write_relative(tmp_path / 'relative.onnx')
    return subprocess.run(
        [sys.executable, EVALUATE, '--model', model, '--json', tmp_path / 'scores.json',
         *map(str, arguments)], capture_output=True, text=True, timeout=300)


def bag(folder: Path, factors) -> Path:
    """Write a bag; in each of its pictures the model sees depth that many times as far."""
    messages = []
    for number, factor in enumerate(factors):
        depth = scene(5.0 + number)
        messages += [camera_info('/camera_info', number + 1.0, CAMERA),
                     image('/image', number + 1.0,
                           described_model.relative_picture(factor * depth), 'rgb8'),
                     image('/depth', number + 1.0, depth, '32FC1')]
    return write_bag(folder / 'bag', 'mcap', messages)


def test_the_true_depth_of_a_bag_tells_scale_and_shift_of_each_picture(tmp_path):
    path = bag(tmp_path, (1.0, 0.7, 2.0))
    done = evaluate(tmp_path, '--bag', path)
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert scores['fitted_to_truth'] and scores['scale'] is None and scores['n'] == 3
    assert scores['per_image']['abs_rel'] < 0.02 and scores['per_image']['delta1'] > 0.99
    assert SAID in done.stdout and 'a scale of' not in done.stdout
    refused = evaluate(tmp_path, '--bag', path, '--camera-height', 0.5)
    assert refused.returncode == 1 and 'or tell --camera-pitch, too' in refused.stderr


def test_with_the_pose_the_floor_tells_them_as_in_the_node(tmp_path):
    done = evaluate(tmp_path, '--bag', bag(tmp_path, (1.0, 1.0)), '--camera-height', 0.5,
                    '--camera-pitch', -10, '--figures', tmp_path / 'figures')
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert not scores['fitted_to_truth'] and scores['floor']['measured'] == 2
    assert scores['per_image']['delta1'] > 0.95
    assert 'the floor told scale and shift in 2 of 2' in done.stdout and SAID not in done.stdout
    assert (tmp_path / 'figures' / 'worst.png').exists()


def test_so_does_the_true_depth_of_a_dataset(tmp_path):
    root = tmp_path / 'data'
    for kind in ('rgb', 'depth'):
        (root / kind / 'val').mkdir(parents=True)
    (root / 'camera.json').write_text(json.dumps(asdict(CAMERA)))
    for name, factor in (('a', 1.0), ('b', 2.0)):
        depth = scene(6.0)
        depth[:10] = 20.0  # the sky
        cv2.imwrite(str(root / 'rgb' / 'val' / f'{name}.png'),
                    described_model.relative_picture(factor * depth)[:, :, ::-1])
        np.save(root / 'depth' / 'val' / f'{name}.npy', depth)
    done = evaluate(tmp_path, '--data-dir', root)
    assert done.returncode == 0, done.stderr
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert scores['fitted_to_truth'] and scores['n'] == 2 and scores['with_pose'] == 0
    assert scores['per_image']['delta1'] > 0.98
    assert SAID in done.stdout
    refused = evaluate(tmp_path, '--data-dir', root, '--published')
    assert refused.returncode == 1 and 'leave --published out' in refused.stderr


def test_unknown_and_farthest_depth_are_not_fitted():
    truth = scene(6.0)
    output = 3.0 / truth + 0.5
    gaps = truth.copy()
    gaps[:10], gaps[10:20], gaps[20:24] = 20.0, np.nan, 0.0
    np.testing.assert_allclose(fitted_depth(output, gaps, 20.0), truth, rtol=1e-4)
    assert np.isnan(fitted_depth(output, np.full_like(truth, np.nan), 20.0)).all()
    assert fitted_depth(output, truth, 5.0).max() == pytest.approx(5.0)
