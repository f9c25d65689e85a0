"""
Run the real node on a stand-in camera and show what comes back.

The two nodes are processes of their own and talk over DDS, as on a robot. What the depth node
answers is recorded, compared with the ground truth where there is one, and drawn.
"""

import argparse
from contextlib import ExitStack
from dataclasses import dataclass, field
import json
from pathlib import Path
import signal
import sys
import time
from typing import Dict, List, Optional, Tuple

import cv2
from depth_estimation_ros.estimation import mount
from depth_estimation_ros.images.messages import to_depth, to_rgb
from depth_estimation_ros.node.child_process import NodeProcess
from depth_estimation_ros.node.private_domain import DomainError, enter_domain
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import numpy as np
import rclpy
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from scoring import metrics
from scoring.depth_pictures import Moment, montage, write_video
from sensor_msgs.msg import Image

ROOT = Path(__file__).resolve().parents[1]
PROFILE = ROOT / 'config' / 'fastdds.xml'
MAX_DEPTH = 20.0  # metres at the far end of the colours
COLUMNS = 4  # moments in the montage
START_TIMEOUT = 60.0  # seconds until the first frame
LAST_TIMEOUT = 5.0  # seconds to wait for the depth of the last frame
INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Every message counts here.
QOS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)


class DemoError(RuntimeError):
    """The demo cannot go on; the sentence says why."""


@dataclass
class Received:
    """
    What came over DDS; the keys are stamps in nanoseconds.

    Attributes
    ----------
    scale : float or None
        What the node's last diagnostics say that the floor makes of the network's metres; None
        where the camera's mount isn't known.

    """

    images: Dict[int, Image] = field(default_factory=dict)
    truths: Dict[int, Image] = field(default_factory=dict)
    depths: Dict[int, Image] = field(default_factory=dict)
    latencies: Dict[int, float] = field(default_factory=dict)
    scale: Optional[float] = None

    def __str__(self) -> str:
        latest = f', {1e3 * list(self.latencies.values())[-1]:.0f} ms' if self.latencies else ''
        return f'{len(self.images)} frames sent, {len(self.depths)} depth images back{latest}'


class Recorder:
    """A node that records the camera's images, the ground truth and the depth images."""

    def __init__(self):
        self.recording = Received()
        self.problem = ''
        self.node = rclpy.create_node('recorder')
        self._matched = set()
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._subscribe('depth/image', self._on_depth)
        self._subscribe('ground_truth/depth/image', self._keep(self.recording.truths))

    def is_connected(self) -> bool:
        """Tell whether both nodes are there."""
        return len(self._matched) == 2

    def subscribe_to_images(self):
        """Subscribe to the camera; this is what it waits for with its first frame."""
        self._subscribe('image', self._keep(self.recording.images))

    def _subscribe(self, topic: str, callback):
        self.node.create_subscription(
            Image, topic, callback, QOS,
            event_callbacks=SubscriptionEventCallbacks(
                matched=lambda _: self._matched.add(topic)))

    @staticmethod
    def _keep(messages: Dict[int, Image]):
        return lambda message: messages.update({_stamp(message): message})

    def _on_depth(self, message: Image):
        now = self.node.get_clock().now().nanoseconds
        stamp = _stamp(message)
        self.recording.depths[stamp] = message
        self.recording.latencies[stamp] = 1e-9 * (now - stamp)

    def _on_diagnostics(self, message: DiagnosticArray):
        for status in message.status:
            if status.level == DiagnosticStatus.ERROR:
                self.problem = status.message
            values = {each.key: each.value for each in status.values}
            if values.get('camera pose from', 'none') != 'none':
                self.recording.scale = float(values['scale by the floor'])


@dataclass(frozen=True)
class Summary:
    """What is printed and written as summary.json; times are those of this run."""

    frames_sent: int
    frames_received: int
    frames_dropped: int
    rate_hz: float
    latency_ms: Dict[str, float]
    unknown: float
    scale: Optional[float]
    rmse: Optional[float]
    abs_rel: Optional[float]
    delta1: Optional[float]

    def table(self) -> str:
        """Return the summary for people."""
        rows = [
            ('frames sent', f'{self.frames_sent}'),
            ('depth images received', f'{self.frames_received}'),
            ('dropped', f'{self.frames_dropped}'),
            ('rate', f'{self.rate_hz:.1f} Hz'),
            ('latency, median', f'{self.latency_ms["p50"]:.0f} ms'),
            ('latency, 95 %', f'{self.latency_ms["p95"]:.0f} ms'),
            ('pixels without depth', f'{100.0 * self.unknown:.1f} %'),
        ]
        if self.scale is not None:
            rows.append(('scale by the floor', f'{self.scale:.2f}'))
        if self.rmse is not None:
            rows += [('RMSE', f'{self.rmse:.2f} m'),
                     ('AbsRel', f'{self.abs_rel:.3f}'),
                     ('delta1', f'{self.delta1:.3f}')]
        return '\n'.join(f'  {name:<24}{value:>10}' for name, value in rows)


def has_ended(node: NodeProcess) -> bool:
    """
    Tell whether a node's process has ended well.

    Raises
    ------
    DemoError
        Where it has ended otherwise; with what it wrote.

    """
    code = node.exit_code()
    if code:
        node.wait()
        raise DemoError(
            f'{node.module} ended with exit code {code}:\n{node.output.rstrip()}')
    return code == 0


def record(options: argparse.Namespace, known: mount.Mount) -> Received:
    """Let the two nodes play through the source, and return what came back."""
    camera_parameters = {
        'source': str(options.data), 'split': options.split, 'rate': options.rate, 'loop': False,
        # The depth node, once it is active, and the recorder.
        'wait_for_subscribers': 2}
    depth_parameters = {'model': options.model, 'device': options.device,
                        'camera_height': known.height, 'camera_roll': known.roll}
    if known.pitch is not None:
        depth_parameters['camera_pitch'] = known.pitch
    with ExitStack() as stack:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        stack.callback(rclpy.try_shutdown)
        recorder = Recorder()
        depth, camera = (
            stack.enter_context(NodeProcess(
                module, parameters=parameters, log=options.out / f'{module}.log'))
            for module, parameters in (
                ('depth_node', depth_parameters),
                ('camera_node', camera_parameters)))

        def spin_until(condition, patience: float):
            deadline = time.monotonic() + patience
            while not condition():
                rclpy.spin_once(recorder.node, timeout_sec=0.1)
                has_ended(depth)
                if recorder.problem:
                    raise DemoError(f'The depth node has a problem: {recorder.problem}')
                if time.monotonic() > deadline:
                    return False
                _show_status(recorder.recording)
            return True

        recording = recorder.recording
        if not spin_until(lambda: recorder.is_connected() or has_ended(camera), START_TIMEOUT):
            raise DemoError(f'The nodes did not start within {START_TIMEOUT:.0f} s; see '
                            f'{options.out}/*.log.')
        recorder.subscribe_to_images()
        if not spin_until(lambda: recording.images, START_TIMEOUT):
            raise DemoError(f'No image came within {START_TIMEOUT:.0f} s; see '
                            f'{options.out}/*.log.')
        spin_until(lambda: has_ended(camera) or len(recording.images) >= options.frames,
                   float('inf'))
        camera.end()
        spin_until(lambda: max(recording.images) in recording.depths, LAST_TIMEOUT)
        print()
    return recording


def moments_of(recording: Received) -> List[Moment]:
    """Return the frames for which depth came back, in the order of time."""
    stamps = sorted(recording.depths.keys() & recording.images.keys())
    return [Moment(seconds=1e-9 * (stamp - min(recording.images)),
                   image=to_rgb(recording.images[stamp])[:, :, ::-1],
                   prediction=to_depth(recording.depths[stamp]),
                   truth=to_depth(recording.truths[stamp]) if stamp in recording.truths else None)
            for stamp in stamps]


def scores_of(moment: Moment) -> Optional[Tuple[float, float, float]]:
    """Return RMSE, AbsRel and delta1 where both know depth; None where that is nowhere."""
    if moment.truth is None:
        return None
    # A depth camera has holes, and may see beyond what the model knows.
    known = (moment.truth > 0.0) & (moment.truth <= MAX_DEPTH) & ~np.isnan(moment.prediction)
    if not known.any():
        return None
    # What is out of range (infinite, REP 117) counts as the range's end.
    prediction, truth = moment.prediction[known].clip(0.0, MAX_DEPTH), moment.truth[known]
    return (metrics.rmse(prediction, truth), metrics.abs_rel(prediction, truth),
            metrics.delta(prediction, truth))


def summarize(recording: Received, moments: List[Moment]) -> Summary:
    """Return counts, times, and the mean scores of the frames that have a ground truth."""
    scores = [score for score in map(scores_of, moments) if score is not None]
    rmse, abs_rel, delta1 = np.mean(scores, axis=0).tolist() if scores else (None, None, None)
    # Arrivals, not stamps: the rate at which depth came back.
    arrivals = [1e-9 * stamp + latency for stamp, latency in recording.latencies.items()]
    span = max(arrivals) - min(arrivals)
    p50, p95 = np.percentile([1e3 * latency for latency in recording.latencies.values()],
                             (50, 95))
    return Summary(
        frames_sent=len(recording.images), frames_received=len(recording.depths),
        frames_dropped=len(recording.images.keys() - recording.depths.keys()),
        rate_hz=(len(arrivals) - 1) / span if span else 0.0,
        latency_ms={'p50': float(p50), 'p95': float(p95)},
        unknown=float(np.mean([np.isnan(moment.prediction).mean() for moment in moments])),
        scale=recording.scale, rmse=rmse, abs_rel=abs_rel, delta1=delta1)


def parse(arguments: Optional[List[str]] = None) -> Tuple[argparse.Namespace, mount.Mount]:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Runs the depth node on a stand-in camera, in two processes over DDS, and '
                    'writes what came back: summary.json, montage.png and depth.mp4.',
        formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--data', type=Path, default=ROOT / 'data' / 'drive',
                        help='dataset (the folder that holds rgb/), folder of images, video, or '
                             'rosbag2 (its folder, or its .mcap or .db3 file)')
    parser.add_argument('--split', default='test', help='part of the dataset')
    parser.add_argument('--out', type=Path, default=ROOT / 'out' / 'demo', help='where to write')
    parser.add_argument('--model', default='compact', help='model file, or name of a shipped one')
    parser.add_argument('--device', default='auto', choices=['auto', 'cpu', 'cuda'],
                        help='what runs the network')
    parser.add_argument('--rate', type=float, default=10.0, help='camera images per second')
    parser.add_argument('--frames', type=int, default=100,
                        help='images after which it ends; all are kept in memory')
    mount.add_options(parser)
    options = parser.parse_args(arguments)
    return options, mount.from_options(parser, options)


def main(arguments: Optional[List[str]] = None) -> int:
    """Run the demo."""
    options, known = parse(arguments)
    for reason in INTERRUPTIONS:
        signal.signal(reason, _interrupt)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        # A run that fails must not leave an earlier one's figures as its own.
        (options.out / 'summary.json').unlink(missing_ok=True)
        with enter_domain(PROFILE):
            recording = record(options, known)
        moments = moments_of(recording)
        if not moments:
            raise DemoError(f'No depth came back; see {options.out}/depth_node.log.')
    except (DemoError, DomainError) as error:
        print(f'\n{error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nInterrupted.', file=sys.stderr)
        return 130
    summary = summarize(recording, moments)
    (options.out / 'summary.json').write_text(json.dumps(vars(summary), indent=2) + '\n')
    chosen = moments[len(moments) // (2 * COLUMNS)::max(1, len(moments) // COLUMNS)][:COLUMNS]
    cv2.imwrite(str(options.out / 'montage.png'), montage(chosen, MAX_DEPTH))
    write_video(options.out / 'depth.mp4', moments, options.rate, MAX_DEPTH)
    print(summary.table())
    print(f'\n  {options.out}/summary.json, montage.png, depth.mp4')
    return 0


def _interrupt(*_):
    # Once: a second one must not keep the nodes from being ended.
    for reason in INTERRUPTIONS:
        signal.signal(reason, signal.SIG_IGN)
    raise KeyboardInterrupt


def _stamp(message: Image) -> int:
    stamp = message.header.stamp
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def _show_status(recording: Received):
    if sys.stdout.isatty():
        print(f'\r  {recording}', end='', flush=True)


if __name__ == '__main__':
    sys.exit(main())
