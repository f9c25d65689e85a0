"""A quantised model is written where accuracy holds, and is what OpenVINO runs in integers."""

from dataclasses import replace
from pathlib import Path
import shutil

from depth_estimation_ros.estimation import weights_file
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.model_file import MODELS
from depth_estimation_ros.images.picture import read_rgb
from exporting.quantization import export_int8
import numpy as np
import onnxruntime
import pytest

SAMPLE = Path(__file__).resolve().parents[1] / 'data' / 'sample'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Return some pairs of data/sample."""
    root = tmp_path_factory.mktemp('data')
    for name in ('camera.json', 'pairs.csv'):
        shutil.copy(SAMPLE / name, root)
    for split, step in (('train', 8), ('val', 6)):
        for kind in ('rgb', 'depth'):
            (root / kind / split).mkdir(parents=True)
            for path in sorted((SAMPLE / kind / split).iterdir())[::step]:
                shutil.copy(path, root / kind / split)
    return root


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """Return the shipped weights, for smaller pictures."""
    path = tmp_path_factory.mktemp('weights') / 'small.safetensors'
    state, metadata = weights_file.load_weights(MODELS / 'compact.safetensors')
    weights_file.save_weights(path, state, replace(metadata, input_size=(96, 160), focal=80.0))
    return path


def test_a_model_in_integers_says_nearly_the_same(weights, data, tmp_path):
    target = tmp_path / 'out' / 'int8.onnx'
    result = export_int8(weights, target, [data], tolerance=1.0)
    assert result.accepted and 'thin obstacles found' in result.table
    assert 'steps in far ground' in result.table
    assert target.stat().st_size < 0.7 * weights.stat().st_size
    estimator = DepthEstimator(str(target), 'cpu')
    assert estimator.backend.precision == 'int8'
    assert estimator.metadata.metrics['int8']['after']['rmse'] > 0.0
    image = read_rgb(next((data / 'rgb' / 'val').iterdir()))
    depth, plain = (each.estimate(image, size='network').depth
                    for each in (estimator, DepthEstimator(str(weights), 'cpu')))
    assert 0.0 < np.abs(np.log(depth / plain)).mean() < 0.1
    # Another runtime computes the same: OpenVINO does not with signed activations.
    session = onnxruntime.InferenceSession(target, providers=['CPUExecutionProvider'])
    height, width = estimator.metadata.input_size
    small = np.full((height, width, 3), 100, np.uint8)
    other, = session.run(['depth'], {
        'image': small[None], 'camera': estimator.metadata.camera_vector(None)})
    assert np.abs(np.log(other[0] / estimator.backend.run(small).depth)).mean() < 0.05


def test_one_that_loses_too_much_is_not_written(weights, data, tmp_path):
    target = tmp_path / 'int8.onnx'
    result = export_int8(weights, target, [data], pictures=2, tolerance=-1.0)
    assert not result.accepted and len(result.kept) == 8
    assert 'int8, 0 kept' in result.table and 'int8, 8 kept' in result.table
    assert not target.exists()
