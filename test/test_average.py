"""Means of models: of what goes together, and a clear word about what doesn't."""

from dataclasses import replace

import average
from depth_estimation_ros.estimation import model_file, weights_file
from depth_estimation_ros.estimation.model_file import ModelMetadata
import pytest
import torch

INFO = ModelMetadata(
    'efficientnet_lite0_skip', (160, 256), recipe={'lr': 0.001}, metrics={'epoch': 3})


def write(path, value, metadata=INFO, **more):
    weights = {'weight': torch.full((2, 3), value), 'seen': torch.tensor(7),
               'half': torch.full((2,), value, dtype=torch.float16), **more}
    weights_file.save_weights(path, weights, metadata)
    return path


@pytest.fixture
def run(capsys):
    """Return what runs the command, and returns its exit code and what it wrote as errors."""
    def average_models(out, *models):
        named = [word for path in models for word in ('--model', str(path))]
        return average.main([*named, '--out', str(out)]), capsys.readouterr().err
    return average_models


def test_mean_of_weights_says_what_it_is_made_of(run, tmp_path):
    models = [write(tmp_path / f'{value}.safetensors', value,
                    replace(INFO, recipe={'lr': value}, dataset={'seed': value}))
              for value in (1.0, 2.0, 6.0)]
    code, errors = run(tmp_path / 'new' / 'mean.safetensors', *models)
    assert code == 0, errors
    weights, metadata = weights_file.load_weights(tmp_path / 'new' / 'mean.safetensors')
    assert torch.equal(weights['weight'], torch.full((2, 3), 3.0))
    assert torch.equal(weights['half'], torch.full((2,), 3.0))
    assert weights['seen'] == 7
    assert metadata.recipe == {'mean_of': [{'recipe': {'lr': value}, 'dataset': {'seed': value}}
                                           for value in (1.0, 2.0, 6.0)]}
    assert metadata.metrics == {}, 'scores are those of none of the models'
    assert metadata.input_size == INFO.input_size


def test_mean_of_the_shipped_model_with_itself_is_that_model(run, tmp_path):
    shipped = model_file.find('compact', cuda=True)
    assert run(tmp_path / 'mean.safetensors', shipped, shipped)[0] == 0
    (mean, metadata), (weights, shipped_metadata) = map(
        weights_file.load_weights, (tmp_path / 'mean.safetensors', shipped))
    assert all(torch.equal(mean[key], weights[key].to(mean[key].dtype)) for key in weights)
    assert (metadata.focal, metadata.aspect) == (shipped_metadata.focal, shipped_metadata.aspect)


@pytest.mark.parametrize('change, more, said', [
    ({'focal': 100.0}, {}, 'focal is None and 100.0'),
    ({'architecture': 'resnet34_upsample'}, {}, 'architecture is'),
    ({}, {'bias': torch.zeros(2)}, 'differ in name or shape'),
    ({}, {'weight': torch.zeros(2)}, 'differ in name or shape'),
])
def test_models_that_do_not_go_together_are_refused(run, tmp_path, change, more, said):
    one = write(tmp_path / 'one.safetensors', 1.0)
    other = write(tmp_path / 'other.safetensors', 2.0, replace(INFO, **change), **more)
    code, errors = run(tmp_path / 'mean.safetensors', one, other)
    assert code == 1 and said in errors
    assert not (tmp_path / 'mean.safetensors').exists()


def test_files_that_are_no_weights_are_refused(run, tmp_path):
    one = write(tmp_path / 'one.safetensors', 1.0)
    for models, said in (([one], 'two models'), ([one, tmp_path / 'none.safetensors'], 'no file'),
                         ([one, model_file.find('compact', cuda=False)], 'no file of weights')):
        code, errors = run(tmp_path / 'mean.safetensors', *models)
        assert code == 1 and said in errors
    code, errors = run(tmp_path / 'mean.onnx', one, one)
    assert code == 1 and 'safetensors' in errors
