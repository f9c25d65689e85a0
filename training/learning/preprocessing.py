"""How a picture becomes a network's input: the paper's way for its network, else the robot's."""

from typing import Callable

from depth_estimation_ros.estimation.estimator import resize
import numpy as np

# uint8 (H, W, 3) or float32 (H, W), width, height -> the same type at that size.
Resize = Callable[[np.ndarray, int, int], np.ndarray]


def resize_of(architecture: str) -> Resize:
    """Return what brings pictures and depth maps to the input size of a network."""
    return paper_resize if architecture == 'resnet34_upsample' else resize


def paper_resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """
    Resize and CenterCrop, the paper's Table III, by torchvision as in its author's code.

    Resize to both sides does not keep the aspect ratio, and the crop to the same size then keeps
    everything. The author's code divides pictures by 255 before; here they stay whole numbers,
    so that values differ by at most one of 255 levels.

    Parameters
    ----------
    image : uint8 (H, W, 3) RGB, or float32 (H, W)
    width, height : int

    Returns
    -------
    ndarray
        Of that type, (height, width, 3) or (height, width).

    """
    # Not on import: evaluate.py needs no PyTorch to read a dataset.
    import torch
    from torchvision.transforms import v2
    transform = v2.Compose([v2.Resize((height, width)), v2.CenterCrop((height, width))])
    channels = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
    result = transform(torch.from_numpy(np.ascontiguousarray(channels))).numpy()
    return result[0] if image.ndim == 2 else np.ascontiguousarray(np.moveaxis(result, 0, -1))
