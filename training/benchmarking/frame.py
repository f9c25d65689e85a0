"""
Section frame: where the time of one image goes, from the executor's wake-up to the last publish.

    python -m benchmarking.frame MODEL DEVICE WIDTH HEIGHT IMAGES

profiles one size, and prints JSON: the depth node in this process, fed by a camera in another over
DDS. Functions of the node are replaced by themselves with a clock around them.
"""

from collections import defaultdict
from contextlib import closing
import json
import subprocess
import sys
import threading
import time
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

from benchmarking.ros_processes import Process, PROFILE, TRAINING
from benchmarking.settings import Settings
from depth_estimation_ros.estimation import estimator
from depth_estimation_ros.estimation.edge_filter import Edges
from depth_estimation_ros.estimation.validity import Validity
from depth_estimation_ros.images import messages
from depth_estimation_ros.node import camera_info, image_messages, process_memory
from depth_estimation_ros.node.depth_node import DepthNode
from depth_estimation_ros.node.frame_worker import FrameWorker
from depth_estimation_ros.node.pipeline import Pipeline
from depth_estimation_ros.node.private_domain import enter_domain
import numpy as np
import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.publisher import Publisher
from sensor_msgs.msg import Image

SIZES = ((640, 480), (1280, 720))
RATE = 30.0  # hertz
WARM_UP = 10  # images
PATIENCE = 60.0  # seconds
NETWORK, DDS, OWN = 'network', 'DDS', 'own'


class Step(NamedTuple):
    """
    A step of an image's way, in the order in which they are told.

    Attributes
    ----------
    name : str
    kind : str
        NETWORK, DDS (what the middleware and rclpy do with a message) or OWN.
    copies : str
        What is copied, or written anew, in it.

    """

    name: str
    kind: str
    copies: str


TAKE = Step('rclpy takes the image', DDS,
            'shared memory to a C message, and that to an array.array')
EXECUTOR = Step('the executor, up to the callback', OWN, '')
HAND_OVER = Step('the worker wakes', OWN, '')
VIEW = Step('message to image', OWN, 'none of rgb8 and bgr8: it is a view')
RESIZE = Step("resize to the network's size", OWN, 'once, the smaller image')
RUN = Step('network', NETWORK, 'none: OpenVINO reads and writes where the arrays are')
EDGES = Step('edges of the map', OWN, "arrays of the network's size")
ENLARGE = Step("resize to the image's size", OWN, 'depth, once')
SHARPEN = Step('sharpen the edges', OWN, 'the pixels on edges')
RANGE = Step('mark what is out of range', OWN, 'two masks; what is out of range')
INFO = Step('camera_info of the depth', OWN, '')
FILL = Step('fill the message', OWN, 'depth, once')
PUBLISH_INFO = Step('rclpy publishes camera_info', DDS, '')
PUBLISH = Step('rclpy publishes depth', DDS,
               'array.array to a C message, that to DDS, that to shared memory')
REST = Step('all else', OWN, "depth times the scale, at the network's size")
STEPS = (TAKE, EXECUTOR, HAND_OVER, VIEW, RESIZE, RUN, EDGES, ENLARGE, SHARPEN, RANGE, INFO,
         PUBLISH_INFO, FILL, PUBLISH, REST)


class Profile:
    """
    Times the steps of each image in a depth node of this process.

    Attributes
    ----------
    images : list of dict
        Seconds by Step, of each image; their sum is its time.

    """

    def __init__(self):
        self.images: List[Dict[Step, float]] = []
        self.has_come = threading.Condition()
        self._woke = self._began = self._put = 0.0
        self._now: Dict[Step, float] = defaultdict(float)

    def install(self) -> None:
        """Put clocks around the node's functions."""
        for owner, name, step in (
                (messages, 'to_colour', VIEW), (estimator, 'resize', RESIZE),
                (Validity, 'edges', EDGES), (estimator, 'enlarge', ENLARGE),
                (Edges, 'sharpen', SHARPEN), (Validity, 'mark_range', RANGE),
                (camera_info, 'describe', INFO), (image_messages, 'from_array', FILL)):
            self._clock(owner, name, lambda *_, step=step: step)
        self._clock(Publisher, 'publish', lambda _, message: (
            PUBLISH if isinstance(message, Image) else PUBLISH_INFO))
        self._around(rclpy_implementation.WaitSet, 'wait', after=self._wake)
        self._around(Executor, '_take_subscription', before=self._begin_take,
                     after=self._end_take)
        self._around(FrameWorker, 'put', before=self._hand_over)
        self._around(Pipeline, 'work', before=self._begin_work, after=self._end_work)

    def watch(self, backend: Any) -> None:
        """Put a clock around a network."""
        self._clock(backend, 'run', lambda *_: RUN)

    def _clock(self, owner: Any, name: str, step_of: Callable[..., Step]) -> None:
        function = getattr(owner, name)

        def timed(*arguments, **options):
            start = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self._now[step_of(*arguments)] += time.perf_counter() - start
        setattr(owner, name, timed)

    def _around(self, owner: Any, name: str, before: Callable = lambda *_: None,
                after: Callable = lambda *_: None) -> None:
        function = getattr(owner, name)

        def around(*arguments, **options):
            before(*arguments)
            result = function(*arguments, **options)
            after(*arguments)
            return result
        setattr(owner, name, around)

    def _wake(self, *_):
        self._woke = time.perf_counter()

    def _begin_take(self, _, subscription):
        self._take = time.perf_counter()

    def _end_take(self, _, subscription):
        if subscription.msg_type is Image:
            self._began, self._taken = self._woke, time.perf_counter() - self._take

    def _hand_over(self, *_):
        self._put = time.perf_counter()

    def _begin_work(self, *_):
        now = time.perf_counter()
        self._now.clear()
        self._now.update({TAKE: self._taken, HAND_OVER: now - self._put,
                          EXECUTOR: self._put - self._began - self._taken})
        self._start = self._began

    def _end_work(self, *_):
        total = time.perf_counter() - self._start
        with self.has_come:
            self.images.append({**self._now, REST: total - sum(self._now.values())})
            self.has_come.notify_all()


def profile(model: str, device: str, size: Tuple[int, int], images: int) -> Dict[str, float]:
    """Return the median milliseconds of each step, and of their sums by kind."""
    process_memory.keep_freed()
    clocks = Profile()
    clocks.install()
    rclpy.init(args=['--ros-args', '-p', f'model:={model}', '-p', f'device:={device}',
                     '-p', 'autostart:=false'])
    node, executor = DepthNode(), SingleThreadedExecutor()
    executor.add_node(node)
    node.trigger_configure()
    assert node._pipeline is not None  # or the model cannot be loaded, which has been told
    clocks.watch(node._pipeline.estimator.backend)
    node.trigger_activate()
    spinning = threading.Thread(target=executor.spin, daemon=True)
    spinning.start()
    # Depth goes on its way, too, where somebody listens.
    listener = rclpy.create_node('listener')
    listener.create_subscription(Image, 'depth/image', lambda _: None, 1)
    with Process('camera', '/image', *size, RATE), clocks.has_come:
        clocks.has_come.wait_for(lambda: len(clocks.images) >= WARM_UP + images,
                                 PATIENCE + 2 * images / RATE)
    executor.shutdown()
    spinning.join()
    node.destroy_node()
    rclpy.shutdown()
    return medians(clocks.images[WARM_UP:WARM_UP + images])


def medians(images: List[Dict[Step, float]]) -> Dict[str, float]:
    """Return the median milliseconds of each step, of each kind, and of the whole."""
    table = 1e3 * np.array([[each.get(step, 0.0) for step in STEPS] for each in images])
    result = {step.name: float(np.median(table[:, column]))
              for column, step in enumerate(STEPS)}
    for kind in (NETWORK, DDS, OWN):
        columns = [column for column, step in enumerate(STEPS) if step.kind == kind]
        result[f'sum, {kind}'] = float(np.median(table[:, columns].sum(axis=1)))
    result['whole'] = float(np.median(table.sum(axis=1)))
    return result


def measure(settings: Settings) -> Dict[str, Dict[str, Dict[str, float]]]:
    """Return the milliseconds of each step, by the image's size."""
    results = {}
    with closing(enter_domain(PROFILE)):
        for width, height in SIZES:
            # A process of its own for each, as a node has one.
            run = subprocess.run(
                [sys.executable, '-m', 'benchmarking.frame', settings.model, settings.device,
                 str(width), str(height), str(settings.rounds)],
                cwd=TRAINING, stdout=subprocess.PIPE, text=True, check=True)
            results[f'{width} x {height}'] = json.loads(run.stdout.splitlines()[-1])
    return {'frame_ms': results}


def table(results: Dict[str, Dict[str, Dict[str, float]]]) -> str:
    """Return the steps for doc/speed.md."""
    sizes = results['frame_ms']
    lines = [f'| step | {" | ".join(f"{size}, ms" for size in sizes)} | copied |',
             f'| --- |{" ---: |" * len(sizes)} --- |']
    copies = {step.name: step.copies for step in STEPS}
    for name in next(iter(sizes.values())):
        cells = ' | '.join(f'{steps[name]:.2f}' for steps in sizes.values())
        lines.append(f'| {name} | {cells} | {copies.get(name, "")} |')
    return '\n'.join(lines)


if __name__ == '__main__':
    print(json.dumps(profile(
        sys.argv[1], sys.argv[2], (int(sys.argv[3]), int(sys.argv[4])), int(sys.argv[5]))))
