"""adapt.py takes a recording to a model that is better there, or says that there is none."""

import html
import json
from pathlib import Path
import re
import shutil
import subprocess
import sys

import adapt
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import read_camera_json
from depth_estimation_ros.estimation.model_file import ModelMetadata
from depth_estimation_ros.estimation.weights_file import load_weights
from learning.settings import read_settings
from learning.training_data import open_data
import numpy as np
import pytest
from scoring.metrics import Scores
from scoring.scale_scores import PictureScores, SplitScores
import yaml

ROOT = Path(__file__).resolve().parents[1]
SAMPLE, SHIPPED = ROOT / 'data' / 'sample', ROOT / 'depth_estimation_ros' / 'models'


def run(name: str, *arguments) -> subprocess.CompletedProcess:
    """Run one of training/'s commands in a process of its own."""
    return subprocess.run([sys.executable, ROOT / 'training' / f'{name}.py', *map(str, arguments)],
                          capture_output=True, text=True, timeout=900)


@pytest.fixture(scope='module')
def worlds(tmp_path_factory):
    """Return a few of the rendered worlds."""
    root = tmp_path_factory.mktemp('worlds')
    for name in ('camera.json', 'pairs.csv'):
        shutil.copy(SAMPLE / name, root)
    for split, count in (('train', 4), ('val', 2), ('test', 2)):
        for kind in ('rgb', 'depth'):
            (root / kind / split).mkdir(parents=True)
            for path in sorted((SAMPLE / kind / split).iterdir())[:count]:
                shutil.copy(path, root / kind / split)
    return root


def test_a_bag_becomes_a_model_with_a_page_that_shows_what_changed(worlds, tmp_path, capsys):
    bag, out = tmp_path / 'corridor', tmp_path / 'mine.onnx'
    assert run('write_bag', '--data-dir', SAMPLE, '--split', 'test', '--out', bag).returncode == 0
    command = (bag, '--out', out, '--worlds', worlds, '--minutes', 0.02,
               '--run-dir', tmp_path / 'run', '--json', '-')
    result = run('adapt', *command)
    told = json.loads(result.stdout)
    # So short a training may go either way: what is written has to fit the verdict.
    assert result.returncode == (0 if told['is_better'] else 1), result.stderr
    assert out.exists() == told['is_better'] == (told['out'] is not None)
    before, after = (told['scores']['the end of the recording'][when]
                     for when in ('before', 'after'))
    assert (after['known']['delta1'] > before['known']['delta1']) == told['is_better']
    assert before['with_pose_n'] == before['n'] == told['imported']['pairs']['test'] > 1
    assert told['scores']['rendered worlds']['before']['n'] == 2
    page = out.with_suffix('.html').read_text()
    assert html.escape(told['verdict']) in page and not re.search(r'src="(?!data:)', page)
    candidate = tmp_path / 'run' / 'candidate.onnx'
    weights, metadata = load_weights(candidate.with_suffix('.safetensors'))
    shipped, was = load_weights(SHIPPED / 'compact.safetensors')
    assert (metadata.focal, metadata.aspect) == pytest.approx((was.focal, was.aspect))
    assert any((weights[key] != shipped[key]).any() for key in weights)
    picture = np.zeros((90, 160, 3), np.uint8)
    assert DepthEstimator(str(candidate)).estimate(picture).depth.shape == (90, 160)
    # The same command finds all that is done, and another one is refused.
    written = candidate.stat().st_mtime_ns
    assert adapt.main(list(map(str, command))) == result.returncode
    assert candidate.stat().st_mtime_ns == written
    assert json.loads(capsys.readouterr().out)['scores'] == told['scores']
    assert adapt.main([*map(str, command), '--minutes', '3']) == 1
    assert 'another minutes' in capsys.readouterr().err


def test_what_is_trained_is_the_models_own_network_for_as_many_steps_as_planned(worlds, tmp_path):
    metadata = ModelMetadata(
        'efficientnet_lite0_skip', (96, 160), max_depth=30.0, focal=80.0, headroom=2.0,
        confidence=True, log_head=True, floor=True, rays=True, detail=True)
    base = adapt.Base('other', SHIPPED / 'compact.safetensors', '', metadata)
    path = tmp_path / 'recipe.yaml'
    for steps, epochs in ((1, 1), (40, 4)):
        path.write_text(yaml.safe_dump(
            adapt.recipe(base, SAMPLE, SAMPLE, worlds, 0.3, steps, epochs)))
        settings = read_settings(arguments=['--config', str(path)])
        assert settings.size == (96, 160) and settings.confidence and settings.floor
        assert (settings.max_depth, settings.headroom, settings.log_head, settings.rays,
                settings.detail) == (30.0, 2.0, True, True, True)
        drawn = open_data(settings).train.drawn_pairs
        assert drawn // settings.batch_size * settings.max_epochs == steps
    camera = adapt.write_training_camera(tmp_path / 'camera.json', metadata)
    assert read_camera_json(Path(camera)) == metadata.usual_camera(160, 90)


def scores(*delta1: float, posed: bool = False) -> SplitScores:
    """Return the scores of some pictures, of which delta1 alone counts."""
    each = [Scores(*[value if name == 'delta1' else 1.0 for name in Scores.__annotations__])
            for value in delta1]
    return SplitScores([PictureScores(str(number), one, one if posed else None)
                        for number, one in enumerate(each)], None)


@pytest.mark.parametrize('before,after,worlds_after,is_better,says', [
    ([0.5] * 30, [0.6] * 30, 0.8, True, 'rises from 0.500 to 0.600'),
    ([0.5] * 30, [0.4] * 30, 0.8, False, 'not written'),
    ([0.5] * 30, [0.5] * 30, 0.8, False, 'stays'),
    ([0.5] * 30, [0.6] * 30, 0.6, True, 'forgotten'),
    ([0.5] * 3, [0.6] * 3, 0.8, True, 'record more'),
])
def test_the_verdict_follows_the_test(before, after, worlds_after, is_better, says):
    verdict = adapt.judge({'the end': (scores(*before), scores(*after)),
                           'worlds': (scores(0.8), scores(worlds_after))})
    assert verdict.is_better == is_better and says in verdict.sentence


def test_what_cannot_be_adapted_to_is_refused_with_a_sentence(worlds, tmp_path, capsys):
    def refused(*arguments):
        assert adapt.main([*map(str, arguments), '--out', str(tmp_path / 'a.onnx'),
                           '--run-dir', str(tmp_path / 'run')]) == 1
        return capsys.readouterr().err
    assert 'There is no' in refused(tmp_path / 'absent')
    assert 'no training pairs' in refused(worlds, '--worlds', ROOT / 'data' / 'drive')
    (tmp_path / 'only.onnx').write_bytes((SHIPPED / 'compact.onnx').read_bytes())
    assert 'only.safetensors' in refused(worlds, '--model', tmp_path / 'only.onnx')
    for kind in ('rgb', 'depth'):
        shutil.copytree(worlds / kind / 'train', tmp_path / 'short' / kind / 'train')
    assert 'none to' in refused(tmp_path / 'short', '--worlds', worlds)
