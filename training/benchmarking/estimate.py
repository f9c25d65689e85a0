"""Section estimate: the steps from an image to its depth, without ROS."""

from typing import Dict

from benchmarking.settings import Settings
from benchmarking.timing import take_turns
import cv2
from depth_estimation_ros.estimation.edge_filter import find_edges
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.validity import PUBLISHED
import numpy as np

SIZES = ((640, 480), (1280, 720))


def measure(settings: Settings) -> Dict[str, Dict[str, Dict[str, float]]]:
    """Return the median milliseconds of the steps of DepthEstimator.estimate, by image size."""
    estimator = DepthEstimator(settings.model, settings.device)
    height, width = estimator.metadata.input_size
    random = np.random.default_rng(0)
    # Flat ground from the middle of the picture down.
    camera = Intrinsics(width, height, width / 2, width / 2, width / 2, height / 2)
    rows = (np.arange(height) - camera.cy).clip(min=0.1) / camera.fy
    ground = np.repeat((1.0 / rows)[:, None], width, axis=1).astype(np.float32)
    # Posts before it, so that a seventh of the pixels lies on their edges.
    posts = np.minimum(ground, 8.0)
    posts[:, ::60] = posts[:, 1::60] = 2.0
    tracker = ScaleTracker(CameraPose(height=1.0))
    results = {}
    for size in SIZES:
        image = random.integers(0, 256, (size[1], size[0], 3), np.uint8)
        small = np.ascontiguousarray(resize(image, width, height))
        depth = estimator.backend.run(small).depth.copy()
        enlarged = cv2.resize(posts, size)
        times = take_turns({
            'resize to the network': lambda: resize(image, width, height),
            'network': lambda: estimator.backend.run(small),
            'resize to the image': lambda: cv2.resize(depth, size),
            'besides, edge_filter: sharpen': lambda: _sharpen(posts, enlarged),
            'besides, with a camera_height': lambda: fit_floor(ground, camera),
            'besides, with the pose known': lambda: tracker.follow(ground, camera),
            'estimate()': lambda: estimator.estimate(image)}, settings.rounds)
        results[f'{size[0]} x {size[1]}'] = {name: each.p50 for name, each in times.items()}
    return {'estimate_ms': results}


def table(results: Dict[str, Dict[str, Dict[str, float]]]) -> str:
    """Return the steps for people."""
    lines = []
    for size, steps in results['estimate_ms'].items():
        lines.append(f'an image of {size}')
        lines += [f'  {name:<42}{value:8.2f} ms{100 * value / steps["estimate()"]:7.0f} %'
                  for name, value in steps.items()]
    return '\n'.join(lines)


def _sharpen(depth: np.ndarray, enlarged: np.ndarray) -> None:
    """Find the edges of a network's depth map, and sharpen those of one brought to a size."""
    edges = find_edges(depth, PUBLISHED.edge_threshold)
    if edges is not None:
        edges.sharpen(enlarged)
