"""DepthEstimator: image in, metric depth out. It knows nothing of ROS."""

from typing import Optional

import cv2
from depth_estimation_ros import backends
from depth_estimation_ros.geometry import focal_ratio
import numpy as np


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """
    Stretch an image to the network's input size, as the paper does (its Table II).

    Training and the robot share this function. Bilinear, but where both sides shrink by area:
    a camera's image is several times the network's size, and skipping pixels would alias.
    """
    if image.shape[:2] == (height, width):
        return image
    shrinks = image.shape[0] >= height and image.shape[1] >= width
    return cv2.resize(image, (width, height),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


class DepthEstimator:
    """
    Metric depth from single images.

    Parameters
    ----------
    model : str
        The path of a model file (.onnx, .safetensors, .pth), or the name of a shipped model.
    device : str
        'auto', 'cpu' or 'cuda'.

    Attributes
    ----------
    backend : backends.Backend
        What runs the network; its `info` is the model's metadata.

    Raises
    ------
    ModelFileError, DeviceError
        With a sentence that says what is wrong and what would be right.

    """

    def __init__(self, model: str = 'compact', device: str = 'auto'):
        self.backend = backends.load(model, device)
        height, width = self.backend.info.input_size
        # The first run allocates memory and, on CUDA, chooses kernels: not on a robot's time.
        self.backend.run(np.zeros((height, width, 3), np.uint8))

    @property
    def info(self) -> backends.ModelInfo:
        """Metadata of the model."""
        return self.backend.info

    def estimate(self, image: np.ndarray, focal: Optional[float] = None,
                 size: str = 'input') -> np.ndarray:
        """
        Estimate the depth of each pixel.

        Parameters
        ----------
        image : uint8 (H, W, 3) RGB
        focal : float, optional
            The camera's horizontal focal length in pixels of `image`. Depth is scaled by its
            ratio to the training camera's, where the model knows that one.
        size : str
            'input' for depth at the image's size, 'network' for depth at the network's.

        Returns
        -------
        float32 (H, W), metres along the camera's Z axis

        Raises
        ------
        ValueError
            Where the image is no uint8 RGB, or `focal` is not positive.

        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError('image must be uint8 (H, W, 3) RGB, '
                             f'got {image.dtype} {image.shape}')
        if focal is not None and not focal > 0.0:
            raise ValueError(f'focal must be a positive number of pixels, got {focal}')
        height, width = self.info.input_size
        depth = self.backend.run(np.ascontiguousarray(resize(image, width, height)))
        if focal is not None and self.info.focal is not None:
            depth = depth * np.float32(
                focal_ratio(focal, image.shape[1], self.info.focal, width))
        if size == 'network':
            return depth.copy()
        return cv2.resize(depth, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
