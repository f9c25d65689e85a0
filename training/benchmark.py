"""
What a frame costs: the networks against the paper's run as it was published, and the hot path.

All candidates take turns, frame by frame, so that a machine whose speed drifts slows each alike:
trust the ratios. The paper's network has random weights here; its speed doesn't depend on them.
"""

import argparse
import json
from pathlib import Path
import sys
import tempfile
import time
from typing import Callable, Dict, List

import cv2
from depth_estimation_ros.estimation import backends, model_file
from depth_estimation_ros.estimation.edge_filter import find_edges
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.networks import create
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.validity import PUBLISHED
import export
from learning.progress import Progress
import numpy as np
import onnx
import torch

PAPER = "the paper's network, PyTorch"
SIZES = ((640, 480), (1280, 720))


def measure(candidates: Dict[str, Callable], frames: int) -> Dict[str, float]:
    """Return the median time of each candidate in milliseconds; they are called in turn."""
    times: Dict[str, List[float]] = {name: [] for name in candidates}
    for index in Progress(range(-3, frames), unit=' rounds', leave=False):
        for name, call in candidates.items():
            start = time.perf_counter()
            call()
            if index >= 0:
                times[name].append(time.perf_counter() - start)
    return {name: 1000.0 * float(np.median(values)) for name, values in times.items()}


def papers_network(folder: Path) -> Dict[str, backends.Backend]:
    """Return the paper's network on each backend of the CPU."""
    torch.manual_seed(0)
    module = create('resnet34_upsample').eval()
    weights, graph = folder / 'paper.pth', folder / 'paper.onnx'
    torch.save(module.state_dict(), weights)
    onnx.save(export.to_onnx(module, model_file.AUTHORS_CHECKPOINT), graph)
    return {PAPER: backends.load(str(weights), 'cpu'),
            "the paper's network, OpenVINO": backends.load(str(graph), 'cpu')}


def without_confidence(model: str, folder: Path) -> Dict[str, backends.Backend]:
    """Return the same .onnx file without its second output; nothing where it has none."""
    path = model_file.find(model, cuda=False)
    graph = onnx.load(path) if path.suffix == '.onnx' else None
    if graph is None or len(graph.graph.output) < 2:
        return {}
    # What only that output needs is never run.
    del graph.graph.output[1:]
    depth_only = folder / 'depth_only.onnx'
    onnx.save(graph, depth_only)
    return {f'{path.stem} without confidence, OpenVINO': backends.load(str(depth_only), 'cpu')}


def networks(model: str, frames: int) -> Dict[str, float]:
    """Time the networks alone, at their input size."""
    with tempfile.TemporaryDirectory() as folder:
        runners = papers_network(Path(folder))
        for device in ('cpu', 'cuda') if backends.has_cuda() else ('cpu',):
            backend = backends.load(model, device)
            runners[f'{model}, {backend.name} on {backend.device}'] = backend
        runners.update(without_confidence(model, Path(folder)))
        candidates = {}
        for name, backend in runners.items():
            image = np.zeros((*backend.metadata.input_size, 3), np.uint8)
            candidates[name] = lambda run=backend.run, image=image: run(image)
        return measure(candidates, frames)


def sharpen(depth: np.ndarray, enlarged: np.ndarray) -> None:
    """Find the edges of a network's depth map, and sharpen those of one brought to a size."""
    edges = find_edges(depth, PUBLISHED.edge_threshold)
    if edges is not None:
        edges.sharpen(enlarged)


def hot_path(model: str, device: str, frames: int) -> Dict[str, Dict[str, float]]:
    """Time the steps of DepthEstimator.estimate for two sizes of image."""
    estimator = DepthEstimator(model, device)
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
        results[f'{size[0]} x {size[1]}'] = measure({
            'resize to the network': lambda: resize(image, width, height),
            'network': lambda: estimator.backend.run(small),
            'resize to the image': lambda: cv2.resize(depth, size),
            'besides, edge_filter: sharpen': lambda: sharpen(posts, enlarged),
            'besides, with a camera_height': lambda: fit_floor(ground, camera),
            'besides, with the pose known': lambda: tracker.follow(ground, camera),
            'estimate()': lambda: estimator.estimate(image)}, frames)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='compact',
                        help='a model file, or the name of a shipped model')
    parser.add_argument('--device', choices=backends.DEVICES, default='auto')
    parser.add_argument('--frames', type=int, default=100, help='timed rounds')
    parser.add_argument('--json', action='store_true', help='print JSON')
    options = parser.parse_args()
    try:
        alone = networks(options.model, options.frames)
        path = hot_path(options.model, options.device, options.frames)
    except (ModelFileError, backends.DeviceError) as error:
        print(f'benchmark: {error}', file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps({'networks_ms': alone, 'hot_path_ms': path}, indent=2))
        return 0
    print(f'{torch.get_num_threads()} threads, medians of {options.frames}')
    for name, value in alone.items():
        print(f'{name:<44}{value:8.2f} ms{alone[PAPER] / value:8.1f} x')
    for size, steps in path.items():
        print(f'\nan image of {size}')
        for name, value in steps.items():
            print(f'  {name:<42}{value:8.2f} ms{100 * value / steps["estimate()"]:7.0f} %')
    return 0


if __name__ == '__main__':
    sys.exit(main())
