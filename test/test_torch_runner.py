"""PyTorch's way from an image and its camera to maps; on the CPU, but for what is CUDA's own."""

from depth_estimation_ros.estimation import networks
from depth_estimation_ros.estimation.torch_runner import TorchRunner
import numpy as np
import torch


def test_image_and_camera_arrive_and_every_map_returns():
    torch.manual_seed(0)
    network = networks.create('mobilenetv3_small_050_skip', confidence=True, floor=True,
                              rays=True).eval()
    # An odd size: its bytes end nowhere that floats could be read from.
    size = (45, 75)
    runner = TorchRunner(network, 'cpu', size)
    random = np.random.default_rng(0)
    for focal in (30.0, 60.0):
        image = random.integers(0, 256, (*size, 3), np.uint8)
        camera = np.array([[focal, 1.1 * focal, 37.0, 22.0]], np.float32)
        with torch.inference_mode():
            expected = network.estimate(
                torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255.0,
                torch.from_numpy(camera))
        maps = runner.run(image, camera)
        assert set(maps) == {'depth', 'confidence', 'floor'}
        for name, values in maps.items():
            np.testing.assert_allclose(values, getattr(expected, name)[0, 0], rtol=1e-4)
