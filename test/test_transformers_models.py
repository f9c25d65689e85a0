"""
Depth of the node against that of the transformers package, on the same picture.

The architectures with random weights: their published weights can't be had everywhere. Each is
converted as `models convert` does, and held against that package's own image processor, model
and post-processing.
"""

from pathlib import Path
import shutil
from typing import Any, NamedTuple

import cv2
from depth_estimation_ros.estimation import model_catalogue
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.published_models.convert import ConversionError, convert
from model_hub import Hub, models
import numpy as np
import pytest
import torch
import transformers

SAMPLE = Path(__file__).parents[1] / 'data' / 'sample' / 'rgb' / 'test'
NECK = {'neck_hidden_sizes': [16] * 4, 'fusion_hidden_size': 16}
SMALL = {'hidden_size': 32, 'num_hidden_layers': 4, 'num_attention_heads': 2}
IMAGENET = {'image_mean': [0.485, 0.456, 0.406], 'image_std': [0.229, 0.224, 0.225]}


class Reference(NamedTuple):
    """
    A model of the transformers package, and what was converted of it.

    Attributes
    ----------
    model, processor
    size : (int, int)
        Height and width of the input, in pixels.
    path : str
        The .onnx file.

    """

    model: Any
    processor: Any
    size: tuple
    path: str

    def depth(self, image: np.ndarray, **options) -> np.ndarray:
        """Return what the package makes of a picture; float32 (H, W)."""
        with torch.no_grad():
            outputs = self.model(**self.processor(images=image, return_tensors='pt'))
        for name, value in options.items():
            setattr(outputs, name, value)
        size = image.shape[:2]
        known = {'source_sizes': [size]} if 'Zoe' in type(self.processor).__name__ else {}
        return self.processor.post_process_depth_estimation(
            outputs, target_sizes=[size], **known)[0]['predicted_depth'].numpy()


def depth_anything(kind: str):
    backbone = transformers.Dinov2Config(
        **SMALL, mlp_ratio=2, image_size=70, patch_size=14, out_indices=[1, 2, 3, 4],
        reshape_hidden_states=False)
    config = transformers.DepthAnythingConfig(
        backbone_config=backbone, patch_size=14, reassemble_hidden_size=32, **NECK,
        head_hidden_size=16, depth_estimation_type=kind, max_depth=20)
    return (transformers.DepthAnythingForDepthEstimation(config), transformers.DPTImageProcessor(
        size={'height': 70, 'width': 98}, keep_aspect_ratio=True, ensure_multiple_of=14,
        **IMAGENET))


def dpt():
    config = transformers.DPTConfig(
        **SMALL, intermediate_size=64, image_size=64, patch_size=16, is_hybrid=False,
        backbone_out_indices=[0, 1, 2, 3], **NECK)
    return (transformers.DPTForDepthEstimation(config),
            transformers.DPTImageProcessor(size={'height': 64, 'width': 64}))


def zoedepth():
    backbone = transformers.BeitConfig(
        **SMALL, intermediate_size=64, image_size=64, patch_size=16, reshape_hidden_states=False,
        out_features=['stage1', 'stage2', 'stage3', 'stage4'], use_relative_position_bias=True)
    config = transformers.ZoeDepthConfig(
        backbone_config=backbone, **NECK, bottleneck_features=16, num_relative_features=8,
        num_attractors=[4, 4, 2, 1], bin_embedding_dim=16, bin_configurations=[
            {'name': 'nyu', 'n_bins': 16, 'min_depth': 0.001, 'max_depth': 10.0}])
    # Its processor mirrors the borders of pictures, against errors of the network there, unless
    # it is told not to; the node does not.
    return (transformers.ZoeDepthForDepthEstimation(config), transformers.ZoeDepthImageProcessor(
        size={'height': 64, 'width': 96}, ensure_multiple_of=32, do_pad=False))


def depth_pro():
    encoder = {'model_type': 'dinov2', 'hidden_size': 16, 'num_hidden_layers': 3,
               'num_attention_heads': 2, 'mlp_ratio': 2, 'image_size': 32, 'patch_size': 8}
    config = transformers.DepthProConfig(
        patch_size=32, fusion_hidden_size=16, intermediate_hook_ids=[2, 1],
        intermediate_feature_dims=[16, 16], scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.25], scaled_images_feature_dims=[16, 16],
        image_model_config=dict(encoder), patch_model_config=dict(encoder),
        fov_model_config=dict(encoder))
    return (transformers.DepthProForDepthEstimation(config),
            transformers.DepthProImageProcessor(size={'height': 64, 'width': 64}))


MODELS = {'depth_anything': lambda: depth_anything('metric'),
          'relative_depth_anything': lambda: depth_anything('relative'),
          'dpt': dpt, 'zoedepth': zoedepth, 'depth_pro': depth_pro}


@pytest.fixture(scope='module')
def reference(tmp_path_factory):
    """Return what makes the Reference of a name, each once."""
    made = {}

    def of(name: str) -> Reference:
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            torch.manual_seed(0)
            model, processor = MODELS[name]()
            with torch.no_grad():
                # Those that the package begins with give one depth, whatever the picture.
                for weights in model.parameters():
                    if weights.ndim > 1:
                        weights.normal_(std=weights[0].numel() ** -0.5)
            model.eval().save_pretrained(folder / 'source')
            processor.save_pretrained(folder / 'source')
            size = processor.size['height'], processor.size['width']
            path = folder / f'{name}.onnx'
            convert(str(folder / 'source'), path, size)
            made[name] = Reference(model, processor, size, str(path))
        return made[name]
    return of


def picture(size: tuple) -> np.ndarray:
    """Return a part of a picture, of the network's size so that nobody resizes it."""
    image = cv2.cvtColor(cv2.imread(str(sorted(SAMPLE.iterdir())[0])), cv2.COLOR_BGR2RGB)
    return np.ascontiguousarray(image[:size[0], :size[1]])


@pytest.mark.parametrize('name', ['depth_anything', 'zoedepth'])
def test_metric_models_give_what_their_package_gives(reference, name):
    model = reference(name)
    image = picture(model.size)
    expected = model.depth(image)
    assert expected.std() > 1e-3 * expected.mean()
    depth = DepthEstimator(model.path, 'cpu').estimate(image).depth
    np.testing.assert_allclose(depth, expected, rtol=1e-3)


def test_depth_pro_gives_what_its_package_gives_for_a_known_camera(reference):
    model = reference('depth_pro')
    image = picture(model.size)
    estimator = DepthEstimator(model.path, 'cpu')
    for fov in (50.0, 90.0):
        camera = Intrinsics.of_fov(fov, *image.shape[1::-1])
        expected = model.depth(image, field_of_view=torch.tensor([fov]))
        depth = estimator.estimate(image, camera).depth
        # The package ends at 10 km, the description at 100 m of its own camera.
        farthest = estimator.focal_scale(camera) * estimator.metadata.max_depth
        assert (expected < farthest).mean() > 0.2
        np.testing.assert_allclose(depth, expected.clip(max=farthest), rtol=1e-3)


@pytest.mark.parametrize('name', ['relative_depth_anything', 'dpt'])
def test_relative_models_give_what_their_package_gives(reference, name):
    model = reference(name)
    image = picture(model.size)
    expected = model.depth(image)
    estimator = DepthEstimator(model.path, 'cpu')
    assert estimator.metadata.relative and expected.std() > 1e-3 * expected.mean()
    np.testing.assert_allclose(estimator.backend.run(image).depth, expected,
                               rtol=1e-3, atol=1e-3 * expected.std())


def test_a_relative_model_gives_metres_of_true_depths(reference):
    model = reference('relative_depth_anything')
    image = picture(model.size)
    output = model.depth(image)
    truth = 1.0 / (0.3 + 0.5 * (output - output.min()) / np.ptp(output))
    camera = Intrinsics.of_fov(60.0, *image.shape[1::-1])
    v, u = np.mgrid[:truth.shape[0]:5, :truth.shape[1]:5]
    z = truth[v, u]
    points = np.stack([(u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z, z], -1)
    depth = DepthEstimator(model.path, 'cpu').estimate(
        image, camera, points=points.reshape(-1, 3)).depth
    np.testing.assert_allclose(depth, truth, rtol=1e-3)


def test_a_picture_of_another_size_is_resized_nearly_as_the_package_does(reference):
    """Areas here, bicubic there: what is left of the difference is that of these."""
    model = reference('depth_anything')
    image = cv2.resize(picture((140, 196)), (392, 280), interpolation=cv2.INTER_CUBIC)
    depth = DepthEstimator(model.path, 'cpu').estimate(image).depth
    assert np.median(np.abs(depth / model.depth(image) - 1.0)) < 0.02


def test_what_is_no_depth_model_is_refused_with_a_sentence(tmp_path):
    (tmp_path / 'config.json').write_text('{"model_type": "bert"}')
    with pytest.raises(ConversionError, match='is no depth model of the transformers package'):
        convert(str(tmp_path), tmp_path / 'out.onnx')
    assert not (tmp_path / 'out.onnx').exists()


def test_fetch_downloads_weights_once_and_converts_them(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    name, source = 'depth-anything-v2-metric-indoor-small', tmp_path / 'source'
    for part in depth_anything('metric'):
        part.save_pretrained(source)
    folder = model_catalogue.cache_folder() / '.downloads' / name
    folder.mkdir(parents=True)
    # As a fetch leaves it that was killed after the weights.
    shutil.copy(source / 'model.safetensors', folder)
    with Hub() as hub:
        hub.files = {file.name: file.read_bytes() for file in source.iterdir()}
        done = models('fetch', name, endpoint=f'http://127.0.0.1:{hub.server_port}')
        assert done.returncode == 0, done.stderr
        assert {path.rpartition('/')[2] for path in hub.asked if '/resolve/' in path} == {
            'config.json', 'preprocessor_config.json'}
    assert DepthEstimator(name).metadata.max_depth == 20.0 and not folder.exists()
