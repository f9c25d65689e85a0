"""The depth node's parameters, and what they mean to the estimator."""

from dataclasses import dataclass
import importlib.util
import math
from typing import Any, Callable, Dict, Tuple

from depth_estimation_ros.estimation.backends import DEVICES
from depth_estimation_ros.estimation.edge_filter import EDGE_FILTERS
from depth_estimation_ros.estimation.estimator import FITS, SIZES
from depth_estimation_ros.estimation.mount import Mount
from depth_estimation_ros.estimation.scan import HIGH, LOW
from depth_estimation_ros.estimation.validity import OUT_OF_RANGE, PUBLISHED, Validity
from depth_estimation_ros.images.picture import MAX_PIXELS
from depth_estimation_ros.node.settings import AT_ACTIVATION, AT_ONCE, AT_START, Setting

LOWEST_RATE = 0.01  # hertz

SETTINGS = {
    'model': Setting(
        'compact', 'Path of a model file (.onnx, .safetensors, .pth), or the name of a shipped '
        'model, or of one of others that was fetched (ros2 run depth_estimation_ros models). '
        'While the node is configured, a new one is loaded beside the old and takes over between '
        'two images; a bad one is refused.', AT_ONCE),
    'device': Setting(
        'auto', 'What runs the network: auto takes CUDA where PyTorch can use it, else the CPU. '
        'cuda and tensorrt run an .onnx file by ONNX Runtime, gpu and npu by OpenVINO on '
        "Intel's.",
        AT_ONCE, choices=DEVICES),
    'threads': Setting(
        0, 'How many threads run the network on the CPU, one on each processor at most. '
        '0: one on each physical core.',
        AT_ONCE, limits=(0, 1024)),
    'cuda_graph': Setting(
        False, 'Whether the network on CUDA starts as one CUDA graph, in place of hundreds of '
        'kernels.', AT_ONCE),
    'image_transport': Setting(
        'auto', "Type of the topic 'image': raw for sensor_msgs/Image, compressed for "
        'sensor_msgs/CompressedImage (JPEG or PNG), auto for what is published, and before that '
        'compressed where the name of the topic ends in /compressed.',
        AT_ACTIVATION, choices=('auto', 'raw', 'compressed')),
    'fit': Setting(
        'stretch', "How the image becomes the network's input: stretch takes the whole image, "
        "crop the largest part in its centre with the training pictures' aspect ratio; around "
        'that part depth is unknown.', AT_ONCE, choices=FITS),
    'depth_size': Setting(
        'input', "Size of the depth image: input for the image's, network for the network's.",
        AT_ONCE, choices=SIZES),
    'focal_scaling': Setting(
        'auto', "Whether depth is corrected for the camera's focal length, from camera_info, and "
        "for its pictures' proportions.",
        AT_ONCE, choices=('auto', 'off')),
    'scale': Setting(
        1.0, "By which depth is multiplied besides: this camera's own factor, as training/"
        'evaluate.py --bag measures it.', AT_ONCE, limits=(0.01, 100.0)),
    'camera_height': Setting(
        0.0, 'Height of the camera above the floor that it moves on, in metres. Where it is '
        'known, depth is multiplied so that the floor that it shows lies as far below the '
        'camera. Needs camera_info or fov. 0: unknown.', AT_ONCE, limits=(0.0, 100.0)),
    'camera_pitch': Setting(
        math.nan, 'By how many degrees the camera looks up (negative: down), where camera_height '
        'is known, too. The scale is then measured where the floor must be, which is surer than '
        'a floor that is fitted to depth. .nan: unknown.', AT_ONCE, limits=(-90.0, 90.0),
        may_be_nan=True),
    'camera_roll': Setting(
        0.0, "By how many degrees the camera's right side is lifted; of use with camera_pitch.",
        AT_ONCE, limits=(-180.0, 180.0)),
    'ground_frame': Setting(
        '', 'Frame on the floor with its z axis up, such as base_footprint, from which TF tells '
        "the camera's height, pitch and roll at each image's stamp, in place of the three "
        'parameters above. Needs tf2_ros. Empty: none.', AT_ONCE),
    'scale_from': Setting(
        '', 'Topic of a sensor_msgs/LaserScan or PointCloud2 that measures true depths in the '
        "camera's view; they set the scale, too, each by its certainty. TF must tell where the "
        'sensor is from the camera: needs tf2_ros. Empty: none.', AT_ONCE),
    'fov': Setting(
        0.0, 'Horizontal field of view of the image in degrees, for a camera without '
        'camera_info. 0: unknown.', AT_ONCE, limits=(0.0, 179.0)),
    'min_range': Setting(
        PUBLISHED.min_range,
        'Depth in metres below which a pixel is too near.', AT_ONCE, limits=(0.0, 1000.0)),
    'max_range': Setting(
        PUBLISHED.max_range,
        'Depth in metres above which a pixel is too far. The range also ends at 85 % of '
        'the depth to which the model was trained.', AT_ONCE, limits=(0.0, 1000.0)),
    'out_of_range': Setting(
        PUBLISHED.out_of_range,
        'What stands for a depth out of range: rep117 for -Inf (too near) and +Inf '
        '(too far), clamp for the limit itself, nan for NaN.',
        AT_ONCE, choices=tuple(OUT_OF_RANGE)),
    'edge_filter': Setting(
        PUBLISHED.edge_filter,
        'What becomes of the pixels on the edges of things, where a network draws a ramp from '
        'the foreground to the background: sharpen puts each to one of the two (what is close to '
        'neither becomes NaN), remove makes all of them NaN, off leaves them in the air.',
        AT_ONCE, choices=EDGE_FILTERS),
    'edge_threshold': Setting(
        PUBLISHED.edge_threshold,
        'Share by which depths near each other differ where there is an edge between them.',
        AT_ONCE, limits=(0.0, 10.0)),
    'min_confidence': Setting(
        PUBLISHED.min_confidence,
        'Pixels with less confidence become NaN, where the model tells a confidence. '
        '0: none.', AT_ONCE, limits=(0.0, 1.0)),
    'scan_min_height': Setting(
        LOW, 'Metres above the floor from which on a thing is an obstacle in depth/scan.',
        AT_ONCE, limits=(0.0, 100.0)),
    'scan_max_height': Setting(
        HIGH, 'Metres above the floor up to which a thing is an obstacle in depth/scan: the '
        "robot's height.", AT_ONCE, limits=(0.0, 100.0)),
    'rate': Setting(
        0.0, 'How often the network runs at most, in hertz: 0.01 to 1000. 0: for every image '
        'that it can.', AT_ONCE, limits=(0.0, 1000.0)),
    'lazy': Setting(
        False, 'Whether the network rests while nobody subscribes to a topic of pixels or ranges '
        'below depth/. The first image after somebody does gets its depth.', AT_ONCE),
    'stale_after': Setting(
        3.0, 'Seconds without an image after which the camera counts as stopped, and seconds '
        'without depth, while images come in, after which diagnostics tell an error.',
        AT_ONCE, limits=(0.1, 3600.0)),
    'inference_timeout': Setting(
        5.0, 'Seconds that the network may work on one image. After that diagnostics tell an '
        'error, and another model, once it is set, goes on without waiting for its end. A model '
        'that takes longer for its first image is refused.', AT_ONCE, limits=(0.1, 3600.0)),
    'max_image_pixels': Setting(
        MAX_PIXELS, 'An image of more pixels is dropped before it is decoded: a compressed one '
        'of some hundred bytes can claim more than there is memory for.', AT_ONCE,
        limits=(1, 1_000_000_000)),
    'autostart': Setting(
        True, 'Whether the node configures and activates itself when it starts.', AT_START),
}


@dataclass(frozen=True)
class Options:
    """
    What holds for one frame, read from the parameters once for all of it.

    Attributes
    ----------
    fit, size : str
        As in DepthEstimator.estimate.
    focal_scaling : bool
    scale : float
    mount : Mount
    scale_from : str
        The topic of a LaserScan or PointCloud2; empty for none.
    fov : float
        Degrees that an image without camera_info is wide; 0 where it isn't known.
    rate : float
        Hertz at most; 0 for no limit.
    lazy : bool
        Whether images go unanswered while nobody listens.
    stale_after, inference_timeout : float
        Seconds.
    validity : Validity
    scan_heights : (float, float), metres
        Above the floor, between which a thing is an obstacle.
    max_image_pixels : int

    """

    fit: str
    size: str
    focal_scaling: bool
    scale: float
    mount: Mount
    scale_from: str
    fov: float
    rate: float
    lazy: bool
    stale_after: float
    inference_timeout: float
    validity: Validity
    scan_heights: Tuple[float, float]
    max_image_pixels: int

    @property
    def period(self) -> float:
        """Seconds between two frames at least."""
        return 1.0 / self.rate if self.rate else 0.0

    @property
    def knows_depths(self) -> bool:
        """Tell whether something tells true depths, without which relative models give none."""
        return self.mount.tells_pose or bool(self.scale_from)

    @classmethod
    def read(cls, value_of: Callable) -> 'Options':
        """Read the parameters, of which `value_of` returns the value for the name."""
        return cls(
            value_of('fit'), value_of('depth_size'), value_of('focal_scaling') == 'auto',
            value_of('scale'),
            Mount.read(value_of), value_of('scale_from'), value_of('fov'), value_of('rate'),
            value_of('lazy'), value_of('stale_after'), value_of('inference_timeout'),
            Validity(**{name: value_of(name) for name in (
                'edge_filter', 'edge_threshold', 'min_confidence', 'min_range', 'max_range',
                'out_of_range')}),
            (value_of('scan_min_height'), value_of('scan_max_height')),
            value_of('max_image_pixels'))


def outdated(given: Dict[str, Any]) -> str:
    """Say what to write in place of a value that an earlier version took; empty where none is."""
    value = given.get('edge_filter')
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return ''
    now = (f'edge_filter: remove and edge_threshold: {value:g}' if value else
           'edge_filter: off')
    return (f'edge_filter is one of {", ".join(EDGE_FILTERS)}, not {value:g}: what was '
            f'edge_filter: {value:g} is {now} now; sharpen, the default, keeps thin things')


def problem(value_of: Callable) -> str:
    """Say what is wrong with values that are each right for themselves; empty where nothing is."""
    nearest, farthest = value_of('min_range'), value_of('max_range')
    if not nearest < farthest:
        return (f'min_range must be less than max_range, not {nearest:g} and {farthest:g}: set '
                'both together, or first the one that makes room')
    low, high = value_of('scan_min_height'), value_of('scan_max_height')
    if not low < high:
        return (f'scan_min_height must be less than scan_max_height, not {low:g} and {high:g}: '
                'set both together, or first the one that makes room')
    if 0.0 < value_of('rate') < LOWEST_RATE:
        return f'rate is 0 (no limit) or {LOWEST_RATE:g} to 1000, not {value_of("rate"):g}'
    uses_tf = next(filter(value_of, ('ground_frame', 'scale_from')), '')
    if uses_tf and importlib.util.find_spec('tf2_ros') is None:
        return (f'{uses_tf} needs the package tf2_ros, which is not installed '
                '(apt: ros-$ROS_DISTRO-tf2-ros-py)')
    return ''
