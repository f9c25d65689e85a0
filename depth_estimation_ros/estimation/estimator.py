"""DepthEstimator: image in, metric depth out. It knows nothing of ROS."""

from typing import Optional, Tuple

import cv2
from depth_estimation_ros.estimation import backends
from depth_estimation_ros.estimation.confidence import with_scale_error
from depth_estimation_ros.estimation.edge_filter import Edges
from depth_estimation_ros.estimation.estimate import Estimate
from depth_estimation_ros.estimation.geometry import Box, centre_crop, focal_ratio, Intrinsics
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.validity import enlarge, Validity
import numpy as np

FITS = ('stretch', 'crop')
SIZES = ('input', 'network')


def resize(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """
    Stretch an image to the network's input size, as the paper does (its Table II).

    Training and the robot share this function. Bilinear, but where both sides shrink by area:
    a camera's image is several times the network's size, and skipping pixels would alias. The
    mean over areas of whole pixels takes a quarter of the time of one over parts of them, so that
    is what most of the shrinking is done by; what is left, less than by half, is bilinear.
    """
    if image.shape[:2] == (height, width):
        return image
    while not (image.shape[0] % 2 or image.shape[1] % 2) and \
            min(_times_larger(image, width, height)) >= 4.0:
        image = _half(image)
    least, most = sorted(_times_larger(image, width, height))
    if 2.0 <= least and most <= 4.0:
        return _half(cv2.resize(image, (2 * width, 2 * height), interpolation=cv2.INTER_LINEAR))
    return cv2.resize(image, (width, height),
                      interpolation=cv2.INTER_AREA if least >= 1.0 else cv2.INTER_LINEAR)


def _times_larger(image: np.ndarray, width: int, height: int) -> Tuple[float, float]:
    return image.shape[0] / height, image.shape[1] / width


def _half(image: np.ndarray) -> np.ndarray:
    """Return an image with an even number of rows and columns at half its size."""
    return cv2.resize(image, (image.shape[1] // 2, image.shape[0] // 2),
                      interpolation=cv2.INTER_AREA)


class DepthEstimator:
    """
    Metric depth from single images.

    Parameters
    ----------
    model : str
        The path of a model file (.onnx, .safetensors, .pth), or the name of a shipped model.
    device : str
        One of backends.DEVICES.
    threads : int
        How many run the network on the CPU; 0 for one on each physical core.
    cuda_graph : bool
        Whether PyTorch captures the network as a CUDA graph.

    Attributes
    ----------
    backend : backends.Backend
        What runs the network; its `metadata` is the model's metadata.

    Raises
    ------
    ModelFileError, DeviceError
        With a sentence that says what is wrong and what would be right.

    """

    def __init__(self, model: str = 'compact', device: str = 'auto', threads: int = 0,
                 cuda_graph: bool = False):
        self._model = model
        self.backend = backends.load(model, device, threads, cuda_graph)
        # The first run allocates memory and, on CUDA, chooses kernels: not on a robot's time.
        self.backend.run(np.zeros((*self.metadata.input_size, 3), np.uint8))

    @property
    def metadata(self) -> backends.ModelMetadata:
        """Metadata of the model."""
        return self.backend.metadata

    def refuse_unscaled(self, is_told: bool, what: str) -> None:
        """
        Refuse a relative model, where nothing tells it any true depth.

        Parameters
        ----------
        is_told : bool
            Whether something does.
        what : str
            What could, for people.

        Raises
        ------
        ModelFileError

        """
        if self.metadata.relative and not is_told:
            raise ModelFileError(
                f'{self._model} tells inverse depth up to a factor and a shift only, so it gives '
                f'no metres without true depths: it needs {what}.')

    def estimate(self, image: np.ndarray, camera: Optional[Intrinsics] = None,
                 pose: Optional[CameraPose] = None, *, tracker: Optional[ScaleTracker] = None,
                 points: Optional[np.ndarray] = None,
                 scale: float = 1.0, focal_scaling: bool = True, size: str = 'input',
                 fit: str = 'stretch', validity: Optional[Validity] = None,
                 want_confidence: bool = True, want_floor: bool = True,
                 scale_in_confidence: bool = True, is_bgr: bool = False) -> Estimate:
        """
        Estimate the depth of each pixel.

        Depth is the network's, multiplied by `focal_scale`, by the scale that the floor tells and
        by `scale`. A network with rays is told the camera instead of being corrected for it.

        Parameters
        ----------
        image : uint8 (H, W, 3) RGB
        camera : Intrinsics, optional
            Of `image`. Without it, the model's usual camera is presumed.
        pose : CameraPose, optional
            How the camera stands above the floor, which then sets the scale, by this picture
            alone or as `tracker` follows it. It is of use only where `camera` is known.
        tracker : ScaleTracker, optional
            Follows the scale from one picture to the next. `pose`, where given, becomes its own.
        points : float (N, 3), metres, optional
            In the camera's optical frame: true depths, such as a lidar's, from which `tracker`
            measures the scale, too.
        scale : float
            By which depth is multiplied besides: one camera's, measured (evaluate.py --bag).
        focal_scaling : bool
            False presumes the model's usual camera for depth, whatever `camera` is.
        size : str
            'input' for maps of the image's size, 'network' for the network's.
        fit : str
            How the image becomes the network's input: 'stretch' for the whole image, as in the
            paper, 'crop' for the largest part in its centre that has the training pictures'
            aspect ratio. At the image's size, pixels around that part have no depth (NaN) and no
            confidence; at the network's, the maps are those of the part.
        validity : Validity, optional
            What makes a depth known and in range. Without it, depth is as the network gives it.
        want_confidence, want_floor : bool
            False saves the work of bringing the confidence, or the floor, to its size.
        scale_in_confidence : bool
            False tells the confidence as if the scale of the picture were known.
        is_bgr : bool
            Whether the image is BGR: its channels are swapped where it is small.

        Returns
        -------
        Estimate
            Its depth is unknown (NaN) or out of range where `validity` says so.

        Raises
        ------
        ValueError
            Where the image is no uint8 RGB, `camera` is of another size, `scale` is not positive,
            or `fit` or `size` is none of those above; as ModelFileError, where the model is
            relative and there is neither pose, points nor tracker.

        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise ValueError('image must be uint8 (H, W, 3) RGB, '
                             f'got {image.dtype} {image.shape}')
        if camera is not None and (camera.height, camera.width) != image.shape[:2]:
            raise ValueError(f'camera is for {camera.width} x {camera.height} pixels, the image '
                             f'has {image.shape[1]} x {image.shape[0]}: give camera.resized(...)')
        if not scale > 0.0:
            raise ValueError(f'scale must be a positive factor, got {scale}')
        if size not in SIZES:
            raise ValueError(f'size must be one of {", ".join(SIZES)}, got {size!r}')
        box = self.seen(image.shape[1], image.shape[0], fit)
        height, width = self.backend.metadata_for(box.width, box.height).input_size
        part = image[box.top:box.top + box.height, box.left:box.left + box.width]
        small = resize(part, width, height)
        if is_bgr:
            small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
        depth, confidence, floor = self.backend.run(
            np.ascontiguousarray(small),
            self._told(image, camera if focal_scaling else None, fit))
        if pose is not None or points is not None:
            tracker = tracker or ScaleTracker()
            tracker.pose = pose or tracker.pose
        seen = camera and self.intrinsics(camera, 'network', fit)
        if self.metadata.relative:
            factor, depth = scale, self._of_relative(depth, tracker, seen, points)
        else:
            factor = scale * self.focal_scale(camera if focal_scaling else None, fit)
            if tracker is not None:
                factor *= tracker.follow(depth * np.float32(factor / scale), seen, floor, points)
        if scale_in_confidence and confidence is not None and (
                want_confidence or validity and validity.min_confidence):
            confidence = with_scale_error(confidence, self._scale_sigma(tracker))
        unknown = validity.unknown(depth, confidence) if validity else None
        # New arrays: the backend fills its own again.
        depth = depth * np.float32(factor)
        edges = validity.edges(depth) if validity else None
        confidence = confidence if want_confidence else None
        floor = floor if want_floor else None
        if size == 'input':
            depth = _in_image(image, box, np.nan, depth, unknown, edges)
            confidence, floor = (each if each is None else _in_image(image, box, 0.0, each)
                                 for each in (confidence, floor))
        else:
            if unknown is not None:
                depth[unknown] = np.nan
            if edges is not None:
                edges.sharpen(depth)
            confidence, floor = (each if each is None else cv2.resize(each, (width, height))
                                 for each in (confidence, floor))
        if validity:
            validity.mark_range(depth, factor * self.metadata.max_depth)
        return Estimate(depth, confidence, floor)

    def _of_relative(self, output: np.ndarray, tracker: Optional[ScaleTracker],
                     camera: Optional[Intrinsics], points: Optional[np.ndarray]) -> np.ndarray:
        """Return the depth that a relative model's output tells; NaN where that isn't known."""
        self.refuse_unscaled(tracker is not None, 'pose or points')
        assert tracker is not None
        line = tracker.follow_inverse(output, camera, points)
        if line is None:
            return np.full_like(output, np.nan)
        return line.depth(output, self.metadata.max_depth)

    def _scale_sigma(self, tracker: Optional[ScaleTracker]) -> float:
        """Return how uncertain the logarithm of the scale is, beside what the network knows."""
        unknown = self.metadata.scale_sigma
        return unknown if tracker is None else min(unknown, tracker.sigma)

    def _told(self, image: np.ndarray, camera: Optional[Intrinsics], fit: str
              ) -> Optional[Intrinsics]:
        """Return the camera at the network's input, for a network with rays."""
        if not self.metadata.rays:
            return None
        height, width = image.shape[:2]
        camera = camera or self.metadata.usual_camera(width, height)
        return camera and self.intrinsics(camera, 'network', fit)

    def focal_scale(self, camera: Optional[Intrinsics], fit: str = 'stretch') -> float:
        """
        Return what the network's depth is multiplied by for a camera (geometry.focal_ratio).

        That is 1 with rays, where the network's depth is that of the camera already.

        Parameters
        ----------
        camera : Intrinsics or None
            Of an image that becomes the network's input by `fit`. 1.0 is returned where it, or
            the training camera, isn't known.
        fit : str

        """
        if (camera is None or self.metadata.focal is None or self.metadata.rays
                or self.metadata.relative):
            return 1.0
        box = self.seen(camera.width, camera.height, fit)
        model = self.backend.metadata_for(box.width, box.height)
        return focal_ratio(camera.fx, box.width, box.height, self.metadata.focal,
                           model.input_size[1], model.aspect)

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
            return centre_crop(width, height, self.backend.metadata_for(width, height).aspect)
        return Box(0, 0, width, height)

    def intrinsics(self, image: Intrinsics, size: str = 'input',
                   fit: str = 'stretch') -> Intrinsics:
        """Return the intrinsics of the maps that `estimate` gives for an image with `image`."""
        if size == 'input':
            return image
        box = self.seen(image.width, image.height, fit)
        height, width = self.backend.metadata_for(box.width, box.height).input_size
        return image.cropped(*box).resized(width, height)


def _in_image(image: np.ndarray, box: Box, around: float, values: np.ndarray,
              unknown: Optional[np.ndarray] = None,
              edges: Optional[Edges] = None) -> np.ndarray:
    """Return a map of the image's size: `values` within the box, `around` outside of it."""
    result = np.empty(image.shape[:2], np.float32)
    if (box.height, box.width) != result.shape:
        result.fill(around)
    part = result[box.top:box.top + box.height, box.left:box.left + box.width]
    enlarge(values, unknown, part)
    if edges is not None:
        edges.sharpen(part)
    return result
