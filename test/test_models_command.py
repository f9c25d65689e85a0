"""The models of others: the list, getting one, and what is said where that can't be."""

import json
from pathlib import Path
import time

from depth_estimation_ros.estimation import model_catalogue
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.model_description import ModelDescription
from depth_estimation_ros.estimation.model_file import ModelFileError
import described_model
from model_hub import Hub, models, started
import numpy as np
import pytest

NAME = 'depth-anything-3-metric-large'  # of which no checksum is known beforehand
KNOWN = 'depth-anything-v2-small'


@pytest.fixture
def hub():
    with Hub() as hub:
        yield hub


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """Return where models lie, in an empty cache of this test's own."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return model_catalogue.cache_folder()


def test_the_list_tells_licence_source_and_what_was_not_run(cache):
    text = models().stdout
    for name, model in model_catalogue.published_models().items():
        assert name in text and model.licence in text
    assert 'AGPL' in text and 'None of them has been run' in text


def test_the_list_can_be_read_by_programs(cache):
    listed = {model['name']: model for model in json.loads(models('--json').stdout)}
    assert listed[KNOWN]['is_here'] is False
    assert listed[KNOWN]['path'] == str(cache / f'{KNOWN}.onnx')


@pytest.mark.parametrize('name, model', model_catalogue.published_models().items())
def test_each_model_is_described_or_describes_itself(name, model):
    assert model.sources and model.licence and model.reported
    assert sum((bool(model.make), model.convert, bool(model.file))) == 1
    if not model.convert:
        ModelDescription.from_values(model.description, model_catalogue.CATALOGUE)
    if model.sha256:
        assert len(model.sha256) == 64 and len(model.revision) == 40


def test_a_model_is_fetched_checked_and_run_by_its_name(cache, hub, tmp_path):
    file = tmp_path / 'model.onnx'
    described_model.write(file, size=(280, 504), output_name='depth')
    hub.data = file.read_bytes()
    done = models('fetch', NAME, endpoint=f'http://127.0.0.1:{hub.server_port}')
    assert done.returncode == 0, done.stderr
    assert '/TillBeemelmanns/Depth-Anything-V3-ONNX/resolve/main/DA3METRIC-LARGE.onnx' in hub.asked
    assert sorted(path.suffix for path in cache.glob('*.*') if path.is_file()) == [
        '.onnx', '.sha256', '.yaml']
    estimator = DepthEstimator(NAME)
    assert estimator.metadata.focal == 300.0 and estimator.metadata.input_size == (280, 504)
    assert estimator.estimate(np.zeros((90, 160, 3), np.uint8)).depth.shape == (90, 160)
    asked = len(hub.asked)
    assert models('fetch', NAME, endpoint=f'http://127.0.0.1:{hub.server_port}').returncode == 0
    assert len(hub.asked) == asked


def test_a_fetch_that_was_killed_goes_on_where_it_was(cache, hub):
    # The hub's library writes blocks of 10 MB.
    hub.data = np.random.default_rng(0).bytes(24_000_000)
    hub.stops_after = 21_000_000
    endpoint = f'http://127.0.0.1:{hub.server_port}'
    process = started('fetch', NAME, endpoint=endpoint)
    parts, deadline = cache / '.downloads' / NAME, time.monotonic() + 60.0
    while not any(part.stat().st_size for part in parts.glob('*.part')):
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    other = models('fetch', NAME, endpoint=endpoint)
    assert other.returncode == 1 and 'by another process' in other.stderr
    process.kill()
    process.communicate()
    assert not list(cache.glob('*.onnx'))
    hub.stops_after = 1 << 30
    done = models('fetch', NAME, endpoint=endpoint)
    assert done.returncode == 0, done.stderr
    first, second = hub.ranges
    assert first == 0 and second >= 10_000_000
    assert (cache / f'{NAME}.onnx').read_bytes() == hub.data and not parts.exists()


def test_a_part_of_another_file_is_not_continued(cache, hub):
    folder = cache / '.downloads' / NAME
    folder.mkdir(parents=True)
    (folder / f'{"0" * 64}.part').write_bytes(b'another file')
    hub.data = b'this file'
    done = models('fetch', NAME, endpoint=f'http://127.0.0.1:{hub.server_port}')
    assert done.returncode == 0, done.stderr
    assert (cache / f'{NAME}.onnx').read_bytes() == b'this file'


def test_a_fetched_model_that_was_altered_since_is_refused(cache, tmp_path):
    cache.mkdir(parents=True)
    described_model.write(cache / f'{NAME}.onnx', size=(280, 504), output_name='depth')
    (cache / f'{NAME}.yaml').unlink()
    assert models('fetch', NAME).returncode == 0  # put there by hand: checked, and described
    DepthEstimator(NAME)
    with (cache / f'{NAME}.onnx').open('ab') as file:
        file.write(b'\0')
    with pytest.raises(ModelFileError, match='is not the file that was fetched'):
        DepthEstimator(NAME)


def test_another_file_than_the_known_one_is_deleted(cache, hub):
    hub.data = b'not the model'
    done = models('fetch', KNOWN, endpoint=f'http://127.0.0.1:{hub.server_port}')
    assert done.returncode == 1 and 'is not the one that is known' in done.stderr
    assert not (cache / f'{KNOWN}.onnx').exists()


def test_without_a_connection_it_says_what_to_put_where(cache):
    done = models('fetch', KNOWN)
    assert done.returncode == 1
    assert 'onnx/model.onnx of https://huggingface.co/onnx-community' in done.stderr
    assert str(cache / f'{KNOWN}.onnx') in done.stderr and 'Traceback' not in done.stderr
    assert not list(cache.glob('*.onnx'))


def test_a_model_that_is_not_published_as_a_file_says_how_to_make_it(cache):
    done = models('fetch', 'yolo26n-depth')
    assert done.returncode == 1 and 'yolo export' in done.stderr
    assert str(cache / 'yolo26n-depth.onnx') in done.stderr


def test_a_model_that_was_not_fetched_is_refused_with_the_command(cache):
    with pytest.raises(ModelFileError, match=f'models fetch {KNOWN} gets it'):
        DepthEstimator(KNOWN)
    with pytest.raises(ModelFileError, match=f"file 'depth-everything'.*compact.*{KNOWN}"):
        DepthEstimator('depth-everything')
