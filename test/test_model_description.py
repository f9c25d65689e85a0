"""Models of others: a description beside a file says how to use it, and is checked first."""

import random
import re
import subprocess
import sys

import cv2
from depth_estimation_ros.estimation import backends, model_file
from depth_estimation_ros.estimation.described_backend import DescribedBackend
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.exported_backends import ONNXRuntimeBackend
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_description import ModelDescription, read_description
from depth_estimation_ros.estimation.model_file import ModelFileError, read
from depth_estimation_ros.estimation.onnx_engine import ONNXRuntimeEngine
import described_model
from described_model import DEVIATION, MEAN
import numpy as np
import pytest
import yaml

HEIGHT, WIDTH = 64, 96


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(128, 256, (HEIGHT, WIDTH, 3), np.uint8)


def expected(image: np.ndarray, white: int = 1) -> np.ndarray:
    """Return what the model of described_model says of a picture at the input's size."""
    values = (image * (white / 255.0) - MEAN) / DEVIATION
    return 1.0 + values @ [1.0, 2.0, 4.0]


def camera(width: int, height: int, focal: float) -> Intrinsics:
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


def refusal(path) -> str:
    """Return the sentence with which a model is refused."""
    with pytest.raises(ModelFileError) as refused:
        backends.load(str(path), 'cpu')
    sentence = str(refused.value)
    assert path.stem in sentence and len(sentence) < 500 and '\n' not in sentence
    return sentence


@pytest.mark.parametrize('changes', [
    {}, {'layout': 'NHWC'}, {'white': 255}, {'size': (HEIGHT, WIDTH)}, {'name': None}])
def test_the_input_is_made_as_the_description_says(tmp_path, image, changes):
    options = {f'input__{key}': value for key, value in changes.items() if key in (
        'white', 'name')}
    if 'size' in changes:
        options.update(input__resize='stretch')
    path = described_model.write(tmp_path / 'model.onnx', changes.get('layout', 'NCHW'),
                                 changes.get('size', ('height', 'width')), **options)
    depth = DepthEstimator(path).estimate(image).depth
    np.testing.assert_allclose(depth, expected(image, changes.get('white', 1)), rtol=1e-5)


def test_a_model_that_wants_blue_first_gets_it(tmp_path, image):
    path = described_model.write(tmp_path / 'model.onnx', input__colour='BGR',
                                 input__mean=None, input__deviation=None)
    depth = DepthEstimator(path).estimate(image).depth
    np.testing.assert_allclose(depth, 1.0 + (image / 255.0) @ [4.0, 2.0, 1.0], rtol=1e-5)


@pytest.mark.parametrize('kind, power, of', [
    ('depth', 1.0, lambda output: output),
    ('log_depth', 1.0, np.exp),
    ('inverse_depth', -1.0, lambda output: output)])
def test_the_output_becomes_metres(tmp_path, image, kind, power, of):
    path = described_model.write(tmp_path / 'model.onnx', power=power, output__kind=kind,
                                 max_depth=1000.0)
    depth = DepthEstimator(path).estimate(image).depth
    np.testing.assert_allclose(depth, of(expected(image)), rtol=1e-4)


def test_the_sky_of_inverse_depth_is_at_the_greatest_depth(tmp_path, image):
    path = described_model.write(tmp_path / 'model.onnx', power=-8.0, max_depth=20.0,
                                 output__kind='inverse_depth')
    depth = DepthEstimator(path).estimate(image).depth
    assert depth.max() == pytest.approx(20.0)


@pytest.mark.parametrize('resize, multiple, width, height, size', [
    ('lower_bound', 14, 640, 480, (518, 686)), ('lower_bound', 14, 1280, 720, (518, 924)),
    ('upper_bound', 14, 640, 480, (392, 518)), ('upper_bound', 1, 1000, 10, (32, 518)),
    ('lower_bound', 14, 4000, 10, (518, 2072)), ('stretch', 1, 640, 480, (518, 518))])
def test_the_input_keeps_the_proportions_of_the_picture(resize, multiple, width, height, size,
                                                        tmp_path):
    described = ModelDescription.from_values(described_model.describe(
        input__size=[518, 518], input__resize=resize, input__multiple=multiple),
        tmp_path / 'x.yaml')
    rows, columns = described.size_for(width, height)
    assert columns == size[1] and (rows == size[0] or height == 10)


def test_pictures_of_other_proportions_have_inputs_of_their_own(tmp_path):
    estimator = DepthEstimator(described_model.write(tmp_path / 'model.onnx'))
    for shape, size in (((48, 96), (64, 128)), ((96, 48), (192, 96)), ((48, 96), (64, 128))):
        image = np.full((*shape, 3), 200, np.uint8)
        maps = estimator.estimate(image, size='network').depth
        assert maps.shape == size
        np.testing.assert_allclose(maps, expected(image[:1, :1])[0, 0], rtol=1e-5)


def test_depth_follows_the_focal_length_at_the_input(tmp_path, image):
    """Metric3D and Depth Anything 3: metres = output * focal length at the input / canonical."""
    path = described_model.write(tmp_path / 'model.onnx', focal=1000.0)
    estimator = DepthEstimator(path)
    depth = estimator.estimate(image).depth
    big = np.repeat(np.repeat(image, 2, 0), 2, 1)
    for picture, focal in ((image, 500.0), (big, 1000.0)):
        lens = camera(picture.shape[1], picture.shape[0], focal)
        metres = estimator.estimate(picture, lens, size='network').depth
        np.testing.assert_allclose(metres, 0.5 * depth, rtol=1e-5)


def test_a_model_of_stretched_pictures_follows_the_width_alone(tmp_path):
    square = np.full((64, 64, 3), 200, np.uint8)
    ratios = []
    for proportions in ('kept', 'any'):
        path = described_model.write(
            tmp_path / f'{proportions}.onnx', focal=96.0, input__resize='stretch',
            input__proportions=proportions)
        estimator = DepthEstimator(path)
        metres = estimator.estimate(square, camera(64, 64, 64.0)).depth
        ratios.append(metres[0, 0] / expected(square)[0, 0])
    assert ratios[0] < 0.8 and ratios[1] == pytest.approx(1.0, rel=1e-5)


def test_onnx_runtime_gives_what_openvino_gives(tmp_path, image):
    path = tmp_path / 'model.onnx'
    described_model.write(path)
    file = read(path)
    backend = DescribedBackend(
        file, read_description(path.with_suffix('.yaml')), ONNXRuntimeEngine(file))
    assert (backend.name, backend.device) == ('ONNX Runtime', 'cpu')
    np.testing.assert_allclose(backend.run(image).depth, expected(image), rtol=1e-5)
    np.testing.assert_allclose(backend.run(image[:48]).depth, expected(image[:48]), rtol=1e-5)


def test_onnx_runtime_runs_the_models_of_this_package_too(image):
    file = read(model_file.find('compact_fp32', cuda=False))
    backend = ONNXRuntimeBackend(file, ONNXRuntimeEngine(file))
    openvino = backends.load('compact_fp32', 'cpu')
    assert backend.metadata == openvino.metadata and backend.digest == openvino.digest
    picture = cv2.resize(image, backend.metadata.input_size[::-1])
    for mine, other in zip(backend.run(picture), openvino.run(picture)):
        assert (mine is None) == (other is None)
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize('device', ['cuda', 'tensorrt'])
def test_a_device_that_onnx_runtime_lacks_is_refused_with_a_sentence(tmp_path, device):
    path = described_model.write(tmp_path / 'model.onnx')
    with pytest.raises(backends.DeviceError, match="ONNX Runtime .* Use 'auto' or 'cpu'"):
        backends.load(path, device)


@pytest.mark.parametrize('change, words', [
    ({'input__size': [64]}, 'size must be height and width'),
    ({'input__size': [64, True]}, 'size must be'), ({'input__size': [16, 64]}, 'size must be'),
    ({'input__size': [64, 10 ** 400]}, 'size must be'), ({'input__size': None}, 'size is missing'),
    ({'input__size': [64, 100]}, 'multiples of 16'), ({'input__multiple': 0}, 'multiple must be'),
    ({'input__layout': 'CHW'}, 'layout must be one of NCHW, NHWC'),
    ({'input__mean': [0.5, 0.5]}, 'mean must be three numbers'),
    ({'input__mean': [0.5, 0.5, float('nan')]}, 'mean must be'),
    ({'input__deviation': [1, 1, 0]}, 'deviation must be three numbers.* above 0'),
    ({'input__white': True}, 'white must be one of 1, 255'),
    ({'input__colour': ['RGB']}, 'colour must be'),
    ({'input__color': 'RGB'}, "'color' is none of"),
    ({'output__kind': 'disparity'}, 'kind must be one of depth, log_depth, inverse_depth'),
    ({'output__kind': None}, 'kind is missing'), ({'output__name': 5}, 'name must be'),
    ({'output__relative': True}, 'what is relative must be an inverse_depth'),
    ({'output__relative': 1}, 'relative must be'),
    ({'max_depth': None}, 'max_depth is missing'), ({'max_depth': float('inf')}, 'max_depth must'),
    ({'max_depth': 10 ** 400}, 'max_depth must'), ({'focal': 0}, 'focal must be a number'),
    ({'focal': 'long'}, 'focal must be'), ({'input': None}, 'input is missing'),
    ({'output': 5}, 'output: it must hold names and values')])
def test_a_description_that_cannot_be_is_refused_with_a_sentence(tmp_path, change, words):
    path = tmp_path / 'model.onnx'
    described_model.write(path, **change)
    assert re.search(words, refusal(path))


@pytest.mark.parametrize('text', [
    b'', b'5', b'- 1', b'a: [', b'{' * 20000, b'\xff\xfe\x00',
    b'!!python/object/apply:os.system [x]',
    b'x' * 100000, b'a: &a [1]\nb: &b [*a, *a]\n', b'"' * 3])
def test_what_is_no_description_is_refused_with_a_sentence(tmp_path, text):
    path = tmp_path / 'model.onnx'
    described_model.write(path)
    path.with_suffix('.yaml').write_bytes(text)
    refusal(path)


@pytest.mark.parametrize('options, words', [
    ({'input__name': 'picture'}, 'has the inputs pixels'),
    ({'output__name': 'depth'}, 'has no output depth.* it has map'),
    ({'size': (64, 100), 'input__resize': 'stretch'}, 'takes inputs of the shape'),
    ({'size': (64, 96)}, 'must say resize: stretch'),
    ({'size': ('height', 'width'), 'layout': 'NHWC', 'input__layout': 'NCHW'},
     'takes inputs of the shape')])
def test_a_description_of_another_model_is_refused_with_a_sentence(tmp_path, options, words):
    path = tmp_path / 'model.onnx'
    described_model.write(path, **options)
    assert re.search(words, refusal(path))


def test_a_model_that_nothing_describes_is_refused_with_what_would_help(tmp_path):
    path = tmp_path / 'model.onnx'
    described_model.write(path)
    path.with_suffix('.yaml').unlink()
    assert 'model.yaml' in refusal(path)


def test_a_mutated_description_is_run_or_refused(tmp_path):
    path = tmp_path / 'model.onnx'
    described_model.write(path)
    text = yaml.safe_dump(described_model.describe()).encode()
    counts = {True: 0, False: 0}
    for seed in range(150):
        generator = random.Random(seed)
        data = bytearray(text)
        for _ in range(generator.choice((1, 1, 2, 8))):
            at = generator.randrange(len(data))
            data[at:at + generator.choice((0, 1, 8))] = generator.choice(
                (b'', b'0', b'-', b'[', b'\n', b': ', b'\xff', b'1e999', b'.nan', b'null'))
        path.with_suffix('.yaml').write_bytes(data)
        try:
            backends.load(str(path), 'cpu')
            counts[True] += 1
        except ModelFileError as error:
            assert path.stem in str(error), seed
            counts[False] += 1
    assert counts[True] and counts[False] > 50


def test_a_model_of_this_package_needs_no_yaml():
    code = ('import sys\nfrom depth_estimation_ros import DepthEstimator\n'
            'DepthEstimator(device="cpu")\nsys.exit("yaml" in sys.modules)')
    subprocess.run([sys.executable, '-c', code], check=True)
