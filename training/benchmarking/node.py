"""
Section node: from a camera's publish to the arrival of depth in a third process.

The reference is a plain node around the same network (plain_node.py). Both run all the time, and
the camera, a process too, feeds them in turns.
"""

from contextlib import closing, contextmanager, ExitStack
import os
from tempfile import TemporaryDirectory
import threading
import time
from typing import Dict, Iterator, List, NamedTuple, Tuple

from benchmarking.camera import picture
from benchmarking.ros_processes import memory, Process, PROFILE
from benchmarking.settings import Settings
from depth_estimation_ros.estimation.estimator import DepthEstimator, resize
from depth_estimation_ros.node.child_process import NodeProcess
from depth_estimation_ros.node.private_domain import enter_domain
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

SIZES = ((640, 480), (1280, 720))
RATE = 30.0  # hertz
MOST_TURNS = 4  # of each node, for each size
WARM_UP = 10  # images at the beginning of each turn
MOST_STARTS = 3  # after which the median time to the first depth image is taken
PATIENCE = 60.0  # seconds
QUIET = 0.5  # seconds without depth after which a node has nothing more to answer
QOS = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)


class Arrival(NamedTuple):
    """When an image was published, and when its depth came, in seconds."""

    sent: float
    came: float


class Listener:
    """What listens to depth: a node of this process, with a thread of its own."""

    def __init__(self):
        self._node = rclpy.create_node('listener')
        self._arrivals: Dict[str, List[Arrival]] = {}
        self._has_come = threading.Condition()
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin)

    def listen(self, *namespaces: str) -> None:
        """Subscribe to the depth of nodes."""
        for each in namespaces:
            self._arrivals[each] = []
            self._node.create_subscription(
                Image, f'/{each}/depth/image',
                lambda message, each=each: self._on_depth(each, message), QOS)
        self._thread.start()

    def wait_for(self, namespace: str, count: int) -> List[Arrival]:
        """Return the next depth images that come of a node."""
        arrivals = self._arrivals[namespace]
        with self._has_come:
            arrivals.clear()
            if not self._has_come.wait_for(lambda: len(arrivals) >= count, PATIENCE + count):
                raise TimeoutError(f'{len(arrivals)} of {count} depth images came of /{namespace}')
            return list(arrivals)

    def wait_until_quiet(self, namespace: str) -> None:
        """Wait until a node has answered what it still had in its queue."""
        arrivals = self._arrivals[namespace]
        with self._has_come:
            while self._has_come.wait_for(lambda: bool(arrivals), QUIET):
                arrivals.clear()

    def close(self) -> None:
        """End it."""
        self._executor.shutdown()
        self._thread.join()

    def _on_depth(self, namespace: str, message: Image):
        now, stamp = time.time(), message.header.stamp
        with self._has_come:
            self._arrivals[namespace].append(Arrival(stamp.sec + 1e-9 * stamp.nanosec, now))
            self._has_come.notify_all()


class Turn(NamedTuple):
    """What came of a node in one turn: milliseconds, and depth images a second."""

    latencies: np.ndarray
    rate: float


def measure(settings: Settings) -> Dict:
    """Return a row for each size, seconds to the first depth, and the node's memory in MB."""
    starts = range(min(MOST_STARTS, settings.rounds))
    first_depth, uncached = (float(np.median([_first_depth(settings, cached) for _ in starts]))
                             for cached in (True, False))
    with ExitStack() as stack:
        listener = stack.enter_context(_listening('ours', 'plain'))
        ours = stack.enter_context(_depth_node(settings, 'ours'))
        stack.enter_context(Process('plain_node', settings.model, settings.device, 'plain'))
        estimator = DepthEstimator(settings.model, settings.device)
        rows, resident = [], 0.0
        for size in SIZES:
            rows.append(_row(size, settings, listener, estimator))
            resident = max(resident, memory(ours.pid)['resident'])
    return {'node': rows, 'first_depth_s': first_depth, 'first_depth_uncached_s': uncached,
            'resident_mb': resident}


def table(results: Dict) -> str:
    """Return the rows for people."""
    lines = [f'{"image":<14}{"":>10}{"median":>10}{"p95":>10}{"images/s":>10}'
             f'{"network":>10}{"besides":>10}']
    for row in results['node']:
        size = f'{row["width"]} x {row["height"]}'
        lines.append(f'{size:<14}{"node":>10}{row["latency_ms_p50"]:7.1f} ms'
                     f'{row["latency_ms_p95"]:7.1f} ms{row["rate_hz"]:10.1f}'
                     f'{row["network_ms_p50"]:7.1f} ms{row["overhead_ms_p50"]:7.1f} ms'
                     f'{row["times_faster"]:7.1f} x')
        lines.append(f'{"":<14}{"plain":>10}{row["plain_latency_ms_p50"]:7.1f} ms'
                     f'{row["plain_latency_ms_p95"]:7.1f} ms{row["plain_rate_hz"]:10.1f}')
    return '\n'.join(lines + [
        f'first depth {results["first_depth_s"]:.2f} s after the start of the process, '
        f'{results["first_depth_uncached_s"]:.2f} s where no model is in the cache; '
        f'{results["resident_mb"]:.0f} MB resident'])


def _depth_node(settings: Settings, namespace: str, **environment: str) -> NodeProcess:
    return NodeProcess('depth_node', '-r', f'__ns:=/{namespace}', parameters={
        'model': settings.model, 'device': settings.device}, env={**os.environ, **environment})


@contextmanager
def _listening(*namespaces: str) -> Iterator[Listener]:
    """Listen in a domain of its own, in which nobody has been before."""
    with ExitStack() as stack:
        stack.enter_context(closing(enter_domain(PROFILE)))
        rclpy.init()
        stack.callback(rclpy.shutdown)
        listener = stack.enter_context(closing(Listener()))
        listener.listen(*namespaces)
        yield listener


def _first_depth(settings: Settings, cached: bool) -> float:
    """
    Return after how many seconds a node that is started has sent depth.

    The model is in the user's cache, or the cache is empty.

    To a new listener each time: one that has heard an earlier node was seen to hear the next
    one only 2 to 3 s after its start.
    """
    with TemporaryDirectory() as empty, _listening('first') as listener, \
            Process('camera', '/first/image', *SIZES[0], RATE):
        environment = {} if cached else {'XDG_CACHE_HOME': empty}
        start = time.time()
        with _depth_node(settings, 'first', **environment):
            return listener.wait_for('first', 1)[0].came - start


def _row(size: Tuple[int, int], settings: Settings, listener: Listener,
         estimator: DepthEstimator) -> Dict:
    """Measure both nodes on images of a size, in turns."""
    turns: Dict[str, List[Turn]] = {'ours': [], 'plain': []}
    network: List[float] = []
    count = min(MOST_TURNS, settings.rounds)
    images = max(2, settings.rounds // count)
    small = np.ascontiguousarray(resize(picture(*size), *estimator.metadata.input_size[::-1]))
    for _ in range(count):
        network += _network_alone(estimator, small, images)
        for each, taken in turns.items():
            taken.append(_turn(each, size, images, listener))
    ours, plain = (np.concatenate([turn.latencies for turn in turns[each]])
                   for each in ('ours', 'plain'))
    p50, network_p50 = float(np.median(ours)), float(np.median(network))
    return {
        'width': size[0], 'height': size[1], 'camera_hz': RATE,
        'rate_hz': float(np.median([turn.rate for turn in turns['ours']])),
        'latency_ms_p50': p50, 'latency_ms_p95': float(np.percentile(ours, 95)),
        'network_ms_p50': network_p50, 'overhead_ms_p50': p50 - network_p50,
        'plain_rate_hz': float(np.median([turn.rate for turn in turns['plain']])),
        'plain_latency_ms_p50': float(np.median(plain)),
        'plain_latency_ms_p95': float(np.percentile(plain, 95)),
        'times_faster': float(np.median([
            np.median(reference.latencies) / np.median(turn.latencies)
            for reference, turn in zip(turns['plain'], turns['ours'])]))}


def _network_alone(estimator: DepthEstimator, small: np.ndarray, images: int) -> List[float]:
    """Return milliseconds of the network, run at the camera's rate as in the node."""
    result = []
    for _ in range(images):
        time.sleep(1.0 / RATE)
        start = time.perf_counter()
        estimator.backend.run(small)
        result.append(1e3 * (time.perf_counter() - start))
    return result


def _turn(namespace: str, size: Tuple[int, int], images: int, listener: Listener) -> Turn:
    """Feed one node until so many depth images have come."""
    with Process('camera', f'/{namespace}/image', *size, RATE):
        arrivals = listener.wait_for(namespace, WARM_UP + images)
    listener.wait_until_quiet(namespace)
    # A network that has slept, and memory that is new, are slower.
    warm = arrivals[WARM_UP:]
    return Turn(1e3 * np.array([each.came - each.sent for each in warm]),
                (len(warm) - 1) / (warm[-1].came - warm[0].came))
