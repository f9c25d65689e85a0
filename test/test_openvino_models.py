"""A model is ready sooner the second time, and no cache ever makes it wrong."""

import json
import os
import subprocess
import sys

import color_model
from depth_estimation_ros.estimation import backends, openvino_models
from depth_estimation_ros.estimation.estimator import DepthEstimator
import numpy as np
import pytest

IMAGE = np.full((60, 80, 3), 90, np.uint8)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a small model, with a cache of its own."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    path = tmp_path / 'model.onnx'
    color_model.write(path)
    return path


def depth(model) -> np.ndarray:
    return DepthEstimator(str(model), 'cpu').estimate(IMAGE).depth


def cached() -> list:
    return sorted(openvino_models.cache_folder().iterdir())


def test_the_second_start_takes_what_the_first_has_kept(model):
    first = depth(model)
    file, = cached()
    header, blob = file.read_bytes().split(b'\n', 1)
    values = json.loads(header)
    # What only the cache can know.
    values['metadata'] = json.dumps({**json.loads(values['metadata']), 'max_depth': 12.5})
    file.write_bytes(json.dumps(values).encode() + b'\n' + blob)
    assert backends.load(str(model), 'cpu').metadata.max_depth == 12.5
    np.testing.assert_array_equal(depth(model), first)


@pytest.mark.parametrize('damage', [
    lambda data: b'', lambda data: data[:-100], lambda data: data[:200] + b'?' + data[201:],
    lambda data: data.replace(b'\n', b' '), lambda data: b'[]\n' + data])
def test_a_broken_cache_is_made_anew(model, damage):
    first = depth(model)
    file, = cached()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    np.testing.assert_array_equal(depth(model), first)
    assert cached() == [file] and len(file.read_bytes()) > len(damage(whole)) - 10


def test_a_folder_that_cannot_be_written_is_done_without(model, tmp_path, monkeypatch):
    (tmp_path / 'file').write_text('no folder')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'file'))
    assert np.isfinite(depth(model)).all()


def test_another_file_and_other_threads_are_kept_for_themselves(model):
    before = depth(model)
    color_model.write(model, factor=2.0)
    assert (depth(model) != before).any()
    DepthEstimator(str(model), 'cpu', threads=1)
    assert len(cached()) == 3


def test_models_that_are_let_go_of_leave_signals_as_they_were(model):
    # OpenVINO puts the stack of their handlers elsewhere while one of its plugins lives.
    code = f"""
import os
import signal
from depth_estimation_ros.estimation import backends
signal.signal(signal.SIGUSR1, lambda *_: print('handled'))
first, second = (backends.load({str(model)!r}, 'cpu') for _ in range(2))
del first
del second
os.kill(os.getpid(), signal.SIGUSR1)
"""
    result = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, 'handled\n'), result.stderr


def test_no_more_threads_than_processors_run_a_network(model):
    for threads in (os.cpu_count(), 1024):
        DepthEstimator(str(model), 'cpu', threads=threads)
    assert len(cached()) == 1


def test_the_cache_keeps_the_models_that_were_used_last(model):
    depth(model)
    mine, = cached()
    for age in range(openvino_models.MAX_CACHED):
        old = mine.with_name(f'old{age}.openvino')
        old.write_bytes(b'')
        os.utime(old, (age, age))
    DepthEstimator(str(model), 'cpu', threads=1)
    names = {path.name for path in cached()}
    assert len(names) == openvino_models.MAX_CACHED and mine.name in names
    assert 'old0.openvino' not in names


@pytest.mark.parametrize('device', ['gpu', 'npu'])
def test_a_device_of_intels_that_is_not_there_is_refused_with_a_sentence(model, device):
    if openvino_models.has(device):
        pytest.skip('asks what happens without one')
    with pytest.raises(backends.DeviceError, match=f'finds no {device.upper()} of Intel'):
        DepthEstimator(str(model), device)
