"""What a narrow sensor doesn't see, a model keeps as it sees it, at the sensor's scale."""

import csv
import html
import json
import shutil

import adapt
import cv2
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import read_camera_json
from importing import filling
from learning.dataset import DepthDataset
from learning.pairs import find_pairs
import numpy as np
import pytest
from test_adapt import SAMPLE


@pytest.fixture(scope='module')
def line(tmp_path_factory):
    """Return a dataset of three pictures: one row of depth, half of compact's, or few points."""
    root = tmp_path_factory.mktemp('line')
    camera = json.loads((SAMPLE / 'camera.json').read_text())
    (root / 'camera.json').write_text(json.dumps({**camera, 'depth_scale': 1000.0}))
    shutil.copy(SAMPLE / 'pairs.csv', root)
    for kind in ('rgb', 'depth'):
        (root / kind / 'train').mkdir(parents=True)
    estimator = DepthEstimator('compact', 'cpu')
    for number, pair in enumerate(DepthDataset(SAMPLE, 'train').pairs[:3]):
        shutil.copy(pair.rgb, root / 'rgb' / 'train')
        seen = estimator.estimate(pair.read_rgb(), read_camera_json(SAMPLE / 'camera.json')).depth
        told = np.zeros(seen.shape, np.uint16)
        row = 2 * len(seen) // 3
        columns = slice(None) if number < 2 else slice(5)
        told[row, columns] = np.rint(500.0 * seen[row, columns])
        cv2.imwrite(str(root / 'depth' / 'train' / f'{pair.name}.png'), told)
    return root


def test_a_line_is_narrow_and_a_depth_camera_is_not(line):
    assert filling.coverage(line) < filling.NARROW < filling.coverage(SAMPLE)


def test_beside_the_line_the_models_own_depth_gets_its_scale(line, tmp_path):
    assert filling.write_filled(line, tmp_path, 'compact') == 2
    pairs, _ = find_pairs(tmp_path, 'train')
    with open(tmp_path / 'pairs.csv', newline='') as file:
        assert [row['name'] for row in csv.DictReader(file)] == [pair.name for pair in pairs]
    estimator = DepthEstimator('compact', 'cpu')
    for pair in DepthDataset(tmp_path, 'train').in_metres().pairs:
        filled = pair.read_depth(20.0)
        seen = estimator.estimate(pair.read_rgb(), pair.camera).depth
        known = np.isfinite(filled)
        # What may be the sky is left out.
        assert known[seen < 16.0].all() and not known[seen > 18.0].any()
        np.testing.assert_allclose(filled[known] / seen[known], 0.5, atol=0.01)


def test_adapt_learns_the_filled_pictures_and_its_page_says_so(line, tmp_path):
    for kind in ('rgb', 'depth'):
        for split in ('train', 'val', 'test'):
            folder = tmp_path / 'data' / kind / split
            folder.mkdir(parents=True)
            for path in (line / kind / 'train').iterdir():
                shutil.copy(path, folder / f'{split}_{path.name}')
    shutil.copy(line / 'camera.json', tmp_path / 'data')
    status = adapt.main([
        str(tmp_path / 'data'), '--out', str(tmp_path / 'mine.onnx'), '--minutes', '0.02',
        '--run-dir', str(tmp_path / 'run'), '--worlds', str(SAMPLE), '--json',
        str(tmp_path / 'told.json')])
    told = json.loads((tmp_path / 'told.json').read_text())
    assert status == (0 if told['is_better'] else 1)
    assert any('filled' in root for root in told['settings']['data_dir'])
    assert 'own depth, at their scale' in html.unescape((tmp_path / 'mine.html').read_text())
