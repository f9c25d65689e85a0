"""The commands: train, interrupt and resume, evaluate, export. On real pairs, a few steps."""

import csv
import fcntl
import json
from pathlib import Path
import resource
import shutil
import subprocess
import sys

from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelMetadata
from depth_estimation_ros.estimation.networks import create
from depth_estimation_ros.estimation.weights_file import load_weights, save_weights
import numpy as np
import pytest
from safetensors.torch import load_file
import torch
import yaml

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / 'data' / 'sample'


def read_metadata(path):
    return load_weights(path)[1]


def command(name, *arguments):
    """Run one of training/'s commands in a process of its own."""
    return subprocess.run([sys.executable, ROOT / 'training' / f'{name}.py', *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


def succeed(name, *arguments):
    result = command(name, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Return a few pairs of data/sample."""
    root = tmp_path_factory.mktemp('data')
    shutil.copy(SAMPLE / 'camera.json', root)
    for split, count in (('train', 8), ('val', 4), ('test', 4)):
        for kind in ('rgb', 'depth'):
            (root / kind / split).mkdir(parents=True)
            for path in sorted((SAMPLE / kind / split).iterdir())[:count]:
                shutil.copy(path, root / kind / split)
    return root


def short(data, run, *more):
    return ('--config', ROOT / 'config' / 'train_compact.yaml', '--data-dir', data,
            '--run-dir', run, '--input-size', '64x96', '--batch-size', 4, '--max-epochs', 4,
            '--evaluate-every', 2, '--visualize-every', 3, '--workers', 1, *more)


@pytest.fixture(scope='module')
def run(data, tmp_path_factory):
    """Return the folder of a whole run."""
    folder = tmp_path_factory.mktemp('runs') / 'whole'
    succeed('train', *short(data, folder))
    return folder


@pytest.fixture(scope='module')
def exported(run):
    path, scores = run / 'exported' / 'model.onnx', run / 'test.json'
    scores.write_text('{"per_image": {"rmse": 2.5}}')
    succeed('export', '--model', run / 'best.safetensors', '--out', path, '--test-scores', scores)
    return path


def test_run_folder_holds_what_a_run_leaves(run):
    names = {path.name for path in run.iterdir()}
    assert {'config.yaml', 'metrics.csv', 'figures', 'best.safetensors', 'last.pt'} <= names
    assert list(run.glob('events.out.tfevents.*'))
    assert {p.name for p in (run / 'figures').iterdir()} == {
        'step_000003.png', 'step_000006.png', 'step_000008.png'}
    assert not list(run.glob('**/*.partial'))
    with open(run / 'metrics.csv') as file:
        rows = list(csv.DictReader(file))
    assert [row['epoch'] for row in rows] == ['2', '4']
    assert all(float(row[f'{split}_{name}']) for row in rows
               for split in ('train', 'val') for name in ('rmse', 'ssim'))


def test_resumed_run_is_the_uninterrupted_one(run, data, tmp_path):
    # All four epochs belong to the schedule; the process ends after two, as if killed.
    code = (f'import sys; sys.path.insert(0, {str(ROOT / "training")!r}); import train\n'
            'from learning import training_loop\n'
            'train_epoch = training_loop.train_epoch\n'
            'def dying(run, *rest):\n'
            '    if run.epoch == 2:\n'
            '        import os; os._exit(9)\n'
            '    return train_epoch(run, *rest)\n'
            'training_loop.train_epoch = dying\n'
            'train.main()')
    folder = tmp_path / 'killed'
    killed = subprocess.run([sys.executable, '-c', code, *map(str, short(data, folder))],
                            capture_output=True, timeout=300)
    assert killed.returncode == 9
    succeed('train', '--resume', folder)

    def rows(path):
        with open(path / 'metrics.csv') as file:
            return [{k: v for k, v in row.items() if k != 'seconds'}
                    for row in csv.DictReader(file)]
    assert rows(folder) == rows(run)
    expected, resumed = (load_file(path / 'best.safetensors') for path in (run, folder))
    assert all((expected[key] == resumed[key]).all() for key in expected)


def test_two_processes_go_on_as_one_does(run, tmp_path):
    losses = {}
    for processes in (1, 2):
        folder = shutil.copytree(run, tmp_path / str(processes))
        config = yaml.safe_load((folder / 'config.yaml').read_text())
        # 20 steps more. The means and the batch statistics are the same but for rounding.
        config.update(max_epochs=14, evaluate_every=14, precision='fp32', workers=0)
        (folder / 'config.yaml').write_text(yaml.safe_dump(config))
        launcher = ['-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2']
        result = subprocess.run(
            [sys.executable, *launcher[:5 * (processes - 1)], ROOT / 'training' / 'train.py',
             '--resume', folder], capture_output=True, text=True, timeout=300)
        assert result.returncode == 0, result.stderr
        assert result.stdout.count('The best model is') == 1
        with open(folder / 'metrics.csv') as file:
            rows = list(csv.DictReader(file))
        assert [row['step'] for row in rows] == ['4', '8', '28']
        losses[processes] = float(rows[-1]['loss'])
        assert not list(folder.glob('*.partial'))
    assert losses[2] == pytest.approx(losses[1], rel=1e-4)


def test_a_batch_that_cannot_be_shared_is_said(data, tmp_path, monkeypatch):
    monkeypatch.setenv('WORLD_SIZE', '3')
    result = command('train', *short(data, tmp_path / 'run'))
    assert result.returncode == 1 and 'cannot be shared by 3 processes' in result.stderr


def test_a_run_is_not_overwritten(run, data):
    result = command('train', *short(data, run))
    assert result.returncode == 1 and '--resume' in result.stderr


def test_a_run_that_another_process_is_in_is_left_alone(data, tmp_path):
    with open(tmp_path / 'lock', 'w') as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        result = command('train', *short(data, tmp_path))
    assert result.returncode == 1 and 'another run is in' in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ['lock']


def test_a_run_on_a_full_disk_keeps_its_last_good_files(run, data, tmp_path):
    folder = shutil.copytree(run, tmp_path / 'run')
    config = yaml.safe_load((folder / 'config.yaml').read_text())
    (folder / 'config.yaml').write_text(yaml.safe_dump({**config, 'max_epochs': 5}))
    before = (folder / 'last.pt').read_bytes()
    limit = len(before) // 2
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'train.py', '--resume', folder], text=True,
        capture_output=True, timeout=300,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    assert result.returncode == 1 and 'Traceback' not in result.stderr
    assert 'File too large' in result.stderr and 'goes on after epoch 4' in result.stderr
    assert (folder / 'last.pt').read_bytes() == before
    assert not list(folder.glob('*.partial'))
    assert len(load_file(folder / 'best.safetensors')) > 100


def test_a_picture_that_vanishes_ends_a_run_with_a_sentence(data, tmp_path):
    shutil.copytree(data, tmp_path / 'data')
    code = ('import sys, train\n'
            'def vanishing(settings, whole=train.open_data):\n'
            '    data = whole(settings)\n'
            '    data.train.pairs[0].rgb.unlink()\n'
            '    return data\n'
            'train.open_data = vanishing\n'
            'sys.exit(train.main())\n')
    result = subprocess.run(
        [sys.executable, '-c', code, *map(str, short(tmp_path / 'data', tmp_path / 'run'))],
        capture_output=True, text=True, cwd=ROOT / 'training')
    assert result.returncode == 1 and 'Traceback' not in result.stderr
    assert 'cannot be read' in result.stderr and 'nothing is kept yet' in result.stderr


def test_a_loss_that_is_no_number_ends_a_run(data, tmp_path):
    # Confidence is learnt, too; and there is no validation split.
    shutil.copytree(data, tmp_path / 'data', ignore=shutil.ignore_patterns('val'))
    result = command('train', *short(tmp_path / 'data', tmp_path / 'run', '--lr', '1e30',
                                     '--optimizer', 'adam', '--encoder-lr', 1))
    assert result.returncode == 1 and 'Traceback' not in result.stderr
    assert 'no dataset has a val split' in result.stderr
    assert 'the loss is nan by step' in result.stderr and 'lower --lr' in result.stderr
    assert 'nothing is kept yet' in result.stderr


def test_the_papers_command_trains(data, tmp_path):
    succeed('train', '--data-dir', data, '--run-dir', tmp_path / 'run', '--no-pretrained',
            '--max-epochs', 1, '--batch-size', 4)
    assert (tmp_path / 'run' / 'best.safetensors').exists()


def test_a_run_scores_its_model_as_evaluate_does(data, tmp_path):
    # The paper's network has no bound of its own: this one says 30 m of everything.
    torch.manual_seed(0)
    network = create('resnet34_upsample')
    torch.nn.init.constant_(network.decoder[-1].bias, 30.0)
    save_weights(tmp_path / 'far.safetensors', network.state_dict(),
                 ModelMetadata('resnet34_upsample'))
    succeed('train', '--data-dir', data, '--run-dir', tmp_path / 'run', '--batch-size', 4,
            '--init-from', tmp_path / 'far.safetensors', '--max-epochs', 1, '--precision', 'fp32')
    best = tmp_path / 'run' / 'best.safetensors'
    succeed('evaluate', '--model', best, '--data-dir', data, '--split', 'val',
            '--json', tmp_path / 'val.json')
    expected = json.loads((tmp_path / 'val.json').read_text())['paper']
    # The run resizes as the paper does, evaluate.py as a robot.
    assert read_metadata(best).metrics['val']['paper'] == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize('arguments,sentence', [
    (['--max-epochs', '0'], 'max_epochs is 0'),
    (['--freeze', '9'], '9 cannot be frozen'),
    (['--freeze', '1', '--no-pretrained'], 'worth keeping'),
    (['--optimizer', 'sgd'], 'must be one of adam, adamw'),
    (['--input-size', '100'], 'multiple of 32'),
    (['--input-size', 'large'], 'such as 224 or 160x256'),
    (['--crop', '1.5'], 'must lie between 0 and 1'),
    (['--init-from', ROOT / 'depth_estimation_ros/models/compact.safetensors',
      '--max-depth', '10'], 'cannot start a run of'),
    (['--init-from', 'nowhere.safetensors'], 'no file of weights'),
    (['--batch-size', '9'], 'pass --batch-size 8 or less'),
    (['--network', 'resnet35'], 'no network'),
    (['--config', 'nowhere.yaml'], 'no settings file nowhere.yaml')])
def test_a_wrong_setting_is_said_in_a_sentence(data, tmp_path, arguments, sentence):
    result = command('train', *short(data, tmp_path / 'run'), *arguments)
    assert result.returncode == 1
    assert sentence in result.stderr and 'Traceback' not in result.stderr


def test_a_run_begins_with_a_models_weights(run, data, tmp_path):
    more = ('--init-from', run / 'best.safetensors', '--lr', 1e-9, '--max-epochs', 1)
    succeed('train', *short(data, tmp_path / 'run', *more))
    before, after = (load_file(path / 'best.safetensors') for path in (run, tmp_path / 'run'))
    weight = 'stages.0.0.weight'
    assert abs(before[weight] - after[weight]).max() < 1e-4
    metadata = read_metadata(tmp_path / 'run' / 'best.safetensors')
    assert metadata.recipe['max_epochs'] == 1
    assert metadata.recipe['began_with']['recipe']['max_epochs'] == 4


@pytest.fixture(scope='module')
def plain(data, tmp_path_factory):
    """Return the folder of a run whose network isn't told the camera, and tells no floor."""
    folder = tmp_path_factory.mktemp('runs') / 'plain'
    succeed('train', *short(data, folder, '--no-rays', '--squeeze', 0, '--floor', 0,
                            '--no-detail', '--max-epochs', 1, '--evaluate-every', 1))
    return folder


def test_a_network_that_is_told_the_camera_begins_with_one_that_is_not(plain, data, tmp_path):
    more = ('--init-from', plain / 'best.safetensors', '--lr', 1e-9, '--max-epochs', 1)
    succeed('train', *short(data, tmp_path / 'run', *more, '--floor', 0))
    before, after = (load_file(path / 'best.safetensors') for path in (plain, tmp_path / 'run'))
    weight = 'stages.0.0.weight'
    inputs = before[weight].shape[1]
    assert abs(before[weight] - after[weight][:, :inputs]).max() < 1e-4
    assert after[weight].shape[1] == inputs + 3 and abs(after[weight][:, inputs:]).max() < 1e-4
    told = read_metadata(tmp_path / 'run' / 'best.safetensors')
    assert told.rays and told.detail


def test_frozen_stages_stay_what_they_were(run, data, tmp_path):
    more = ('--init-from', run / 'best.safetensors', '--lr', 0.01, '--average', 0,
            '--max-epochs', 1, '--val-dir', SAMPLE)
    succeed('train', *short(data, tmp_path / 'run', *more))
    before, after = (load_file(path / 'best.safetensors') for path in (run, tmp_path / 'run'))
    same = {key for key in before if (before[key] == after[key]).all()}
    # EfficientNet-Lite0's third map is its third block's.
    frozen = {key for key in before if key.startswith('encoder.') and not key.startswith(
        tuple(f'encoder.blocks.{i}.' for i in (3, 4, 5, 6)))}
    assert {key for key in same if not key.endswith('num_batches_tracked')} == {
        key for key in frozen if not key.endswith('num_batches_tracked')}
    # It was chosen by the other dataset's validation pairs.
    assert read_metadata(tmp_path / 'run' / 'best.safetensors').metrics['val']['n'] == 24


def test_a_model_gets_a_confidence_and_keeps_its_depth(run, data, tmp_path):
    more = ('--learn', 'confidence', '--max-epochs', 2)
    succeed('train', *short(data, tmp_path / 'run', *more), '--init-from',
            run / 'best.safetensors')
    before, after = (load_file(path / 'best.safetensors') for path in (run, tmp_path / 'run'))
    changed = {key.split('.')[0] for key in before if (before[key] != after[key]).any()}
    assert changed == {'error_head', 'calibration'}
    result = command('train', *short(data, tmp_path / 'other', *more))
    assert result.returncode == 1 and 'needs --init-from' in result.stderr


def test_a_model_learns_where_the_floor_is_and_keeps_its_depth(plain, data, tmp_path):
    # Pictures of another lens don't change what depth means.
    other = tmp_path / 'lens'
    shutil.copytree(data, other)
    camera = json.loads((other / 'camera.json').read_text())
    (other / 'camera.json').write_text(json.dumps({**camera, 'fx': 300.0, 'fy': 300.0}))
    succeed('train', *short(other, tmp_path / 'run', '--no-rays', '--squeeze', 0, '--no-detail',
                            '--learn', 'floor', '--floor', 1, '--max-epochs', 2),
            '--init-from', plain / 'best.safetensors')
    before, after = (load_file(path / 'best.safetensors') for path in (plain, tmp_path / 'run'))
    assert all((before[key] == after[key]).all() for key in before)
    assert {key.split('.')[0] for key in set(after) - set(before)} == {'floor_head'}
    told = read_metadata(tmp_path / 'run' / 'best.safetensors')
    assert told.floor and told.focal == read_metadata(plain / 'best.safetensors').focal
    estimator = DepthEstimator(str(tmp_path / 'run' / 'best.safetensors'), 'cpu')
    floor = estimator.estimate(np.zeros((90, 160, 3), np.uint8)).floor
    assert floor.shape == (90, 160) and 0 <= floor.min() and floor.max() <= 1


def test_missing_imagenet_weights_name_the_two_ways_out(data, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'empty'))
    monkeypatch.setenv('https_proxy', 'http://127.0.0.1:9')  # where nobody answers
    result = command('train', '--data-dir', data, '--run-dir', tmp_path / 'run',
                     '--batch-size', 4)
    assert result.returncode == 1
    for part in ('resnet34', '--encoder-weights FILE', '--no-pretrained'):
        assert part in result.stderr
    assert not (tmp_path / 'run').exists()


def test_every_kind_of_model_file_scores_the_same(run, exported, data):
    scores = [json.loads(succeed('evaluate', '--model', model, '--data-dir', data,
                                 '--split', 'val', '--device', 'cpu', '--json', '-'))
              for model in (run / 'best.safetensors', exported,
                            exported.with_suffix('.safetensors'))]
    assert scores[0]['n'] == 4
    assert set(scores[0]['paper']) == {'rmse', 'ssim'}
    assert set(scores[0]['per_image']) >= {'rmse', 'ssim', 'abs_rel', 'delta1'}
    for other in scores[1:]:
        assert other['per_image']['rmse'] == pytest.approx(scores[0]['per_image']['rmse'],
                                                           abs=0.02)


def test_evaluation_draws_figures_and_writes_json(run, data, tmp_path):
    text = succeed('evaluate', '--model', run / 'best.safetensors', '--data-dir', data,
                   '--json', tmp_path / 'out' / 'scores.json', '--figures', tmp_path / 'figures')
    assert 'delta1' in text
    assert json.loads((tmp_path / 'out' / 'scores.json').read_text())['n'] == 4
    assert {p.name for p in (tmp_path / 'figures').iterdir()} == {
        'best.png', 'median.png', 'worst.png', 'error_over_depth.png',
        'predicted_over_true.png', 'risk_coverage.png', 'reliability_diagram.png'}


def test_mean_map_is_the_score_to_beat(data):
    mean = json.loads(succeed('evaluate', '--model', 'mean', '--data-dir', data,
                              '--split', 'train', '--json', '-'))
    assert 1.0 < mean['per_image']['rmse'] < 10.0


def test_shipped_model_has_learned_to_look():
    shipped, mean = (
        json.loads(succeed('evaluate', '--model', model, '--data-dir', SAMPLE,
                           '--split', 'test', '--json', '-'))['per_image']['rmse']
        for model in ('compact', 'mean'))
    assert shipped <= 0.6 * mean


def test_a_network_can_be_exported_for_another_size(run, tmp_path):
    from depth_estimation_ros.estimation import backends
    path = tmp_path / 'larger.onnx'
    succeed('export', '--model', run / 'best.safetensors', '--out', path, '--input-size', '96x128')
    for file in (path, path.with_suffix('.safetensors')):
        backend = backends.load(str(file), 'cpu')
        assert backend.metadata.input_size == (96, 128)
        assert backend.metadata.focal == pytest.approx(64.0)
        assert backend.run(np.zeros((96, 128, 3), np.uint8)).depth.shape == (96, 128)
    refused = command('export', '--model', run / 'best.safetensors', '--out', path,
                      '--input-size', '100x128')
    assert refused.returncode == 2 and 'a multiple of 32' in refused.stderr


def test_evaluating_the_shipped_model_needs_no_torch():
    code = (f'import sys; sys.path.insert(0, {str(ROOT / "training")!r}); import evaluate\n'
            'assert evaluate.main() == 0 and not {"torch", "matplotlib"} & set(sys.modules)')
    subprocess.run([sys.executable, '-c', code, '--model', 'compact', '--device', 'cpu',
                    '--data-dir', str(SAMPLE), '--split', 'val'], check=True, timeout=100)


def test_exported_model_carries_its_metadata(exported):
    from depth_estimation_ros.estimation import backends
    metadata = backends.load(str(exported), 'cpu').metadata
    assert metadata.architecture == 'efficientnet_lite0_skip' and metadata.input_size == (64, 96)
    assert metadata.focal == pytest.approx(48.0) and metadata.aspect == pytest.approx(16 / 9)
    assert metadata.confidence and metadata.headroom > 1
    assert metadata.dataset['train_pairs'] == 8 and metadata.recipe['silog'] == 3.0
    assert 'val' in metadata.metrics and metadata.metrics['test']['per_image']['rmse'] == 2.5
    assert str(ROOT).encode() not in exported.read_bytes()


def test_shipped_files_fit_a_repository():
    for name in ('compact.onnx', 'compact.safetensors'):
        assert (ROOT / 'depth_estimation_ros' / 'models' / name).stat().st_size < 10e6


def test_sample_splits_share_no_world():
    def worlds(split):
        return {path.stem.rsplit('_', 1)[0] for path in (SAMPLE / 'rgb' / split).iterdir()}
    train, val, test = (worlds(split) for split in ('train', 'val', 'test'))
    assert train and val and test
    assert not (train & val or train & test or val & test)


def test_ground_truth_is_in_metres():
    depths = [np.load(path) for path in (SAMPLE / 'depth' / 'test').iterdir()]
    assert len(depths) == 24
    assert all(d.shape == (144, 256) and 0.0 < d.min() and d.max() <= 20.0 for d in depths)


@pytest.mark.parametrize('name,sentence', [
    ('best.onnx', 'best.safetensors would be replaced'),
    ('model.safetensors', 'ends in .onnx')])
def test_export_does_not_replace_what_it_reads(run, name, sentence):
    before = (run / 'best.safetensors').read_bytes()
    result = command('export', '--model', run / 'best.safetensors', '--out', run / name)
    assert result.returncode == 1
    assert sentence in result.stderr and 'Traceback' not in result.stderr
    assert (run / 'best.safetensors').read_bytes() == before and not (run / name).exists()


def test_a_model_with_rays_is_told_the_camera(data, tmp_path):
    succeed('train', *short(data, tmp_path / 'run', '--rays', '--log-head', '--squeeze', 0.3,
                            '--headroom', 2.5, '--max-epochs', 1))
    path = tmp_path / 'model.onnx'
    succeed('export', '--model', tmp_path / 'run' / 'best.safetensors', '--out', path)
    estimator = DepthEstimator(str(path), 'cpu')
    assert estimator.metadata.rays
    image = np.full((90, 160, 3), 127, np.uint8)
    image[40:] = 60
    narrow, usual, wide = (
        estimator.estimate(image, Intrinsics.of_fov(fov, 160, 90), size='network').depth
        for fov in (50.0, 90.0, 110.0))
    assert np.median(narrow) > 1.3 * np.median(usual) > 1.3 * np.median(wide)
    # A camera that isn't known is the usual one, whose picture is stretched as in training.
    np.testing.assert_allclose(estimator.estimate(image, size='network').depth, usual, rtol=1e-4)
    np.testing.assert_allclose(
        estimator.estimate(image, Intrinsics.of_fov(50.0, 160, 90), size='network',
                           focal_scaling=False).depth, usual, rtol=1e-4)
