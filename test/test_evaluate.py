"""evaluate.py on the sample that ships: tables, JSON and figures of all that it measures."""

from dataclasses import asdict
import json
import math
from pathlib import Path
import shutil
import subprocess
import sys

import cv2
from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.model_file import ModelMetadata
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.validity import PUBLISHED
import evaluate
from learning.dataset_error import DatasetError
from learning.pairs_table import read_records
import numpy as np
import pytest
from scoring import split_figures
from scoring.groups import find_groups
from scoring.measures import Measures
from scoring.predictions import compared_size, ModelPrediction
from scoring.report import report

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'
NUMBERS = {'rmse', 'ssim', 'abs_rel', 'delta1', 'delta2', 'delta3', 'abs_rel_near', 'rmse_log',
           'silog', 'delta1_aligned', 'bias'}
BROKEN = 'split,name,height,pitch,roll\nval,park_2800001_00,high,0,0\n'


def command(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / 'training' / 'evaluate.py', '--model', 'compact', '--device',
         'cpu', '--split', 'val', *map(str, arguments)],
        capture_output=True, text=True, timeout=100)


@pytest.fixture
def some(tmp_path):
    """Return a copy of three pairs of the sample, without camera.json and pairs.csv."""
    for kind in ('rgb', 'depth'):
        (tmp_path / kind / 'val').mkdir(parents=True)
        for path in sorted((SAMPLE / kind / 'val').iterdir())[:3]:
            shutil.copy(path, tmp_path / kind / 'val')
    return tmp_path


def test_everything_is_measured(tmp_path):
    path = tmp_path / 'scores.json'
    result = command('--data-dir', SAMPLE, '--navigation', '--published', '--json', path,
                     '--figures', tmp_path)
    assert result.returncode == 0, result.stderr
    scores = json.loads(path.read_text())
    assert scores['n'] == 24 and set(scores['paper']) == {'rmse', 'ssim'}
    assert set(scores['per_image']) == NUMBERS
    kinds = scores['by_kind']
    assert set(kinds) == {'interior', 'park', 'street'}
    assert sum(kind['n'] for kind in kinds.values()) == 24
    assert set(kinds['park']) == NUMBERS | {'n'}
    assert scores['by_group'] == {'sample': {'n': 24, **scores['per_image']}}
    assert sum(row['share'] for row in scores['by_depth'].values()) == pytest.approx(1.0)
    # The same pixels, once by image and once by depth.
    total = sum(row['share'] * row['abs_rel'] for row in scores['by_depth'].values())
    assert total == pytest.approx(scores['per_image']['abs_rel'], rel=1e-4)
    for limit in ('within_3m', 'within_6m'):
        navigation = scores['navigation'][limit]
        assert 24 * 80 < navigation['obstacles'] + navigation['free'] <= 24 * 90
        assert 0.0 < navigation['missed'] < 1.0 and 0.0 < navigation['blocked'] < 1.0
    assert 0.0 < scores['confidence']['rmse_ratio_80'] < 1.0
    published = scores['published']
    assert published['validity'] == asdict(PUBLISHED)
    assert published['navigation']['within_3m']['obstacles'] > 100
    for name, limit in (('near_right', 0.5), ('thin_unknown', 0.0), ('flying', 0.0)):
        assert limit < published['obstacles'][name] < 1.0
    assert 0.0 < published['costmap']['wrongly_free'] < 0.5
    for word in ('SILog', 'park (', '5-10 m', 'sky', 'within 3 m', 'thin obstacles'):
        assert word in result.stdout
    assert {p.stem for p in tmp_path.glob('*.png')} == {
        'best', 'median', 'worst', 'error_over_depth', 'predicted_over_true', 'scans',
        'risk_coverage', 'reliability_diagram'}


def test_a_dataset_without_tables_has_no_kinds(some):
    result = command('--data-dir', some, '--json', '-')
    assert result.returncode == 0, result.stderr
    scores = json.loads(result.stdout)
    assert scores['n'] == 3 and scores['by_kind'] == {} and 'navigation' not in scores


@pytest.mark.parametrize('files,sentence', [
    ((), 'navigation needs camera.json'),
    (('camera.json',), 'it lacks 3 of 3 pairs'),
    (('camera.json', 'broken'), 'line 2: height (metres), pitch and roll')])
def test_what_navigation_needs_is_said_in_a_sentence(some, files, sentence):
    for name in files:
        if name == 'broken':
            (some / 'pairs.csv').write_text(BROKEN)
        else:
            shutil.copy(SAMPLE / name, some)
    result = command('--data-dir', some, '--navigation')
    assert result.returncode == 1
    assert sentence in result.stderr and 'Traceback' not in result.stderr


def test_pairs_csv_may_tell_less(some):
    (some / 'pairs.csv').write_text('split,name,pitch\nval,a,\nval,b,0.5\ntest,c,0.5\n')
    records = read_records(some, 'val')
    assert set(records) == {'a', 'b'} and records['b'].pitch == 0.5
    assert records['a'].kind is records['a'].pitch is records['b'].height is None
    (some / 'pairs.csv').write_text('name\na\n')
    with pytest.raises(DatasetError, match='columns split and name'):
        read_records(some, 'val')


def add_group(folder, split, names, camera, change):
    """Write a group as a depth camera's: PNGs of millimetres in one split, 0 where unknown."""
    for kind in ('rgb', 'depth'):
        (folder / kind / split).mkdir(parents=True)
    (folder / 'camera.json').write_text(json.dumps({**camera, 'depth_scale': 1000}))
    for name in names:
        shutil.copy(SAMPLE / 'rgb' / 'val' / f'{name}.jpeg', folder / 'rgb' / split)
        depth = np.load(SAMPLE / 'depth' / 'val' / f'{name}.npy').astype(np.float32)
        millimetres = change(1000 * depth).round().astype(np.uint16)
        assert cv2.imwrite(str(folder / 'depth' / split / f'{name}.png'), millimetres)


def test_a_folder_of_datasets_has_a_line_for_each(tmp_path):
    """Each with its own camera, compared where truth is known, and each of the same weight."""
    names = sorted(path.stem for path in (SAMPLE / 'rgb' / 'val').iterdir())
    camera = json.loads((SAMPLE / 'camera.json').read_text())

    def sparse(depth):
        depth = depth.copy()
        depth[::2] = depth[:, ::3] = 0
        return depth

    add_group(tmp_path / 'real' / 'dense', 'val', names[:3], camera, lambda depth: depth)
    add_group(tmp_path / 'real' / 'sparse', 'val', names[:2], camera, sparse)
    longer = {**camera, 'fx': 2 * camera['fx'], 'fy': 2 * camera['fy']}
    add_group(tmp_path / 'real' / 'far', 'val', names[:1], longer,
              lambda depth: np.minimum(2 * depth, 20000))
    add_group(tmp_path / 'real' / 'other', 'train', names[:1], camera, sparse)
    path = tmp_path / 'scores.json'
    result = command('--data-dir', tmp_path / 'real', '--json', path)
    assert result.returncode == 0, result.stderr
    scores = json.loads(path.read_text())
    groups = scores['by_group']
    assert {name: each['n'] for name, each in groups.items()} == {
        'dense': 3, 'far': 1, 'sparse': 2}
    assert scores['n'] == 6 and scores['places']['n'] == 3
    for name in ('delta1', 'delta1_aligned', 'bias', 'abs_rel'):
        assert scores['places'][name] == pytest.approx(
            np.mean([each[name] for each in groups.values()]))
    # A third of the pixels tells nearly what all tell: gaps are not mixed in as zeros.
    dense = json.loads(command('--data-dir', SAMPLE, '--json', '-').stdout)
    assert groups['sparse']['abs_rel'] < 2 * dense['per_image']['abs_rel']
    for word in ('dense', 'far', 'sparse', 'mean of 3 groups', 'aligned'):
        assert word in result.stdout
    assert 'other' not in result.stdout

    several = json.loads(command('--data-dir', tmp_path / 'real' / 'dense', '--data-dir',
                                 tmp_path / 'real' / 'far', '--json', '-').stdout)
    assert several['by_group'] == {name: groups[name] for name in ('dense', 'far')}
    nothing = command('--data-dir', tmp_path / 'real', '--split', 'test')
    assert nothing.returncode == 1
    assert "none of its datasets has a split 'test'" in nothing.stderr


def test_gaps_stay_out_of_the_comparison():
    """Truth with gaps keeps its pixels; one that is known everywhere has the paper's size."""
    truth = np.ones((240, 320), np.float32)
    assert compared_size(truth, (224, 224)) == (224, 224)
    truth[5, 5] = np.nan
    assert compared_size(truth, (224, 224)) == (240, 320)


def test_known_poses_set_the_scale():
    results = [json.loads(command('--data-dir', ROOT / 'data' / 'drive', '--split', 'test',
                                  '--json', '-', *options).stdout)
               for options in ((), ('--no-pose',))]
    assert [result['with_pose'] for result in results] == [100, 0]
    known, unknown = (result['per_image'] for result in results)
    assert known['bias'] < 0.9 * unknown['bias'] and known['delta1'] > unknown['delta1']
    # The shape is the model's either way.
    assert known['delta1_aligned'] == pytest.approx(unknown['delta1_aligned'], abs=0.002)


def test_a_table_is_the_plane_that_is_seen(some):
    table = some / 'pairs.csv'
    head = 'split,name,height,pitch,roll,table_height\n'
    table.write_text(f'{head}val,a,1.2,-0.5,0.1,0.75\nval,b,1.2,-0.5,0.1,\nval,c,1.2,,,\n')
    records = read_records(some, 'val')
    assert records['a'].pose == records['b'].pose == CameraPose(1.2, -0.5, 0.1)
    assert records['a'].pose_above_plane.height == pytest.approx(0.45)
    assert records['b'].pose_above_plane == records['b'].pose and records['c'].pose is None
    table.write_text(f'{head}val,a,0.7,-0.5,0.1,0.75\n')
    with pytest.raises(DatasetError, match='line 2: height must be a positive number'):
        read_records(some, 'val')


def test_a_confidence_is_measured_and_drawn(some, tmp_path):
    class Estimator:
        """Is right about the left half of each picture, and knows it."""

        metadata = ModelMetadata('any')

        depths = None

        def focal_scale(self, camera):
            return 1.0

        def estimate(self, rgb, camera, pose, tracker, size):
            self.depths = self.depths or iter(2 * truths)
            depth = next(self.depths).copy()
            confidence = np.ones_like(depth)
            depth[:, 112:] *= 1.5
            confidence[:, 112:] = 0.0
            return Estimate(depth, confidence)

    groups = find_groups([some], 'val')
    truths = [sample.depth for sample in groups[0].dataset]
    measures = Measures(groups)
    predict = ModelPrediction(Estimator())
    evaluate.measure(predict, groups, measures)
    scores = measures.summary()['confidence']
    assert scores['within_10_percent'] == scores['mean'] == pytest.approx(0.5)
    assert scores['calibration_gap'] == pytest.approx(0.0)
    # Three of the five wrong tenths are left among eight, at random.
    assert scores['rmse_ratio_80'] == pytest.approx(math.sqrt(0.3 / 0.8 / 0.5))
    assert scores['oracle_ratio_80'] < scores['rmse_ratio_80']
    assert 'largest gap of calibration' in report(measures.summary())
    split_figures.draw(predict, groups, measures, tmp_path / 'figures')
    assert {p.stem for p in (tmp_path / 'figures').iterdir()} == {
        'best', 'median', 'worst', 'error_over_depth', 'predicted_over_true',
        'risk_coverage', 'reliability_diagram'}
