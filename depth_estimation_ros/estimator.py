"""DepthEstimator: image in, metric depth out. It knows nothing of ROS."""

from typing import Callable, Optional

import cv2
from depth_estimation_ros import backends
from depth_estimation_ros.backends import Estimate
from depth_estimation_ros.geometry import Box, centre_crop, focal_ratio, Intrinsics
from depth_estimation_ros.validity import enlarge, Validity
import numpy as np

FITS = ('stretch', 'crop')
SIZES = ('input', 'network')


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
        # The first run allocates memory and, on CUDA, chooses kernels: not on a robot's time.
        self.backend.run(np.zeros((*self.info.input_size, 3), np.uint8))

    @property
    def info(self) -> backends.ModelInfo:
        """Metadata of the model."""
        return self.backend.info

    def estimate(self, image: np.ndarray, focal: Optional[float] = None, size: str = 'input',
                 fit: str = 'stretch', validity: Optional[Validity] = None,
                 want_confidence: bool = True, scale: float = 1.0,
                 rescale: Optional[Callable[[np.ndarray], float]] = None) -> Estimate:
        """
        Estimate the depth of each pixel.

        Parameters
        ----------
        image : uint8 (H, W, 3) RGB
        focal : float, optional
            The camera's horizontal focal length in pixels of `image`. Depth is corrected for it
            (geometry.focal_ratio) where the model knows the training camera's.
        size : str
            'input' for maps of the image's size, 'network' for the network's.
        fit : str
            How the image becomes the network's input: 'stretch' for the whole image, as in the
            paper, 'crop' for the largest part in its centre that has the training pictures'
            aspect ratio. At the image's size, pixels around that part have no depth (NaN) and no
            confidence; at the network's, the maps are those of the part.
        validity : Validity, optional
            What makes a depth known and in range. Without it, depth is as the network gives it.
        want_confidence : bool
            False saves the work of bringing the confidence to its size.
        scale : float
            By which depth is multiplied besides: one camera's, measured (evaluate.py --bag).
        rescale : callable, optional
            Given depth at the network's size, float32 metres corrected for the focal length, it
            returns one more factor, such as ground.GroundScale's.

        Returns
        -------
        Estimate
            Its depth is unknown (NaN) or out of range where `validity` says so.

        Raises
        ------
        ValueError
            Where the image is no uint8 RGB, `focal` or `scale` is not positive, or `fit` or `size`
            is none of those above.

        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError('image must be uint8 (H, W, 3) RGB, '
                             f'got {image.dtype} {image.shape}')
        if focal is not None and not focal > 0.0:
            raise ValueError(f'focal must be a positive number of pixels, got {focal}')
        if not scale > 0.0:
            raise ValueError(f'scale must be a positive factor, got {scale}')
        if size not in SIZES:
            raise ValueError(f'size must be one of {", ".join(SIZES)}, got {size!r}')
        height, width = self.info.input_size
        box = self.seen(image.shape[1], image.shape[0], fit)
        part = image[box.top:box.top + box.height, box.left:box.left + box.width]
        depth, confidence = self.backend.run(np.ascontiguousarray(resize(part, width, height)))
        ratio = self.ratio(focal, box.width, box.height)
        if rescale is not None:
            ratio *= rescale(depth * np.float32(ratio))
        ratio *= scale
        unknown = validity.unknown(depth, confidence) if validity else None
        # New arrays: the backend fills its own again.
        depth = depth * np.float32(ratio)
        confidence = confidence.copy() if confidence is not None and want_confidence else None
        if size == 'network' and unknown is not None:
            depth[unknown] = np.nan
        if size == 'input':
            depth = _in_image(image, box, np.nan, depth, unknown)
            if confidence is not None:
                confidence = _in_image(image, box, 0.0, confidence)
        if validity:
            validity.mark_range(depth, ratio * self.info.max_depth)
        return Estimate(depth, confidence)

    def ratio(self, focal: Optional[float], width: int, height: int) -> float:
        """
        Return what the network's depth is multiplied by for a camera's focal length.

        Parameters
        ----------
        focal : float or None
            In pixels, for a picture of `width` x `height` pixels that becomes the network's input.
            1.0 is returned where it, or that of the training camera, isn't known.

        """
        if focal is None or self.info.focal is None:
            return 1.0
        return focal_ratio(focal, width, height, self.info.focal, self.info.input_size[1],
                           self.info.aspect)

    def seen(self, width: int, height: int, fit: str) -> Box:
        """
        Return the part of an image that the network sees.

        Raises
        ------
        ValueError
            Where there is no such `fit`.

        """
        if fit not in FITS:
            raise ValueError(f'fit must be one of {", ".join(FITS)}, got {fit!r}')
        if fit == 'crop':
            return centre_crop(width, height, self.info.aspect)
        return Box(0, 0, width, height)

    def intrinsics(self, image: Intrinsics, size: str = 'input',
                   fit: str = 'stretch') -> Intrinsics:
        """Return the intrinsics of the maps that `estimate` gives for an image with `image`."""
        if size == 'input':
            return image
        height, width = self.info.input_size
        return image.cropped(*self.seen(image.width, image.height, fit)).resized(width, height)


def _in_image(image: np.ndarray, box: Box, around: float, values: np.ndarray,
              unknown: Optional[np.ndarray] = None) -> np.ndarray:
    """Return a map of the image's size: `values` within the box, `around` outside of it."""
    result = np.empty(image.shape[:2], np.float32)
    if (box.height, box.width) != result.shape:
        result.fill(around)
    enlarge(values, unknown, result[box.top:box.top + box.height, box.left:box.left + box.width])
    return result
