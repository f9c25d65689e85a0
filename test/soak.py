"""
Run the depth node for an hour, with faults in between, and tell whether it keeps its promises.

    make soak MINUTES=60

The node is a process of its own, and a camera of 640 x 480 feeds it at 30 Hz over DDS. Each round
brings about every kind of fault once, and after each fault depth has to come again.
"""

import argparse
from collections import Counter
import os
from pathlib import Path
import sys
import tempfile
import threading
import time
from typing import Dict, Iterator, List, NamedTuple, Tuple

import color_model
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.node.camera_info import fill_camera_info
from depth_estimation_ros.node.child_process import NodeProcess, TIMEOUT
from depth_estimation_ros.node.depth_settings import SETTINGS
from depth_estimation_ros.node.image_messages import from_array
from depth_estimation_ros.node.private_domain import enter_domain
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
import hostile_images
from lifecycle_msgs.msg import Transition
import numpy as np
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_parameters
from ros_probe import Inbox, picture, Probe, values_of
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool

ROOT = Path(__file__).resolve().parents[1]
COMPACT = ROOT / 'depth_estimation_ros' / 'models' / 'compact.onnx'
NAME = '/soak/depth_estimation'
WIDTH, HEIGHT, RATE = 640, 480, 30.0
SIZES = ((320, 240), (1280, 720), (641, 361), (64, 48), (WIDTH, HEIGHT))
WARM_UP = 60.0  # seconds until memory, threads and file descriptors are first noted
MEMORY_LIMIT = 5.0  # MB that may come in addition after that
STORM = 100  # requests
WHERE_THEY_END = ('out', 'replaced', 'refused', 'failed', 'paused')
# The parameters of a storm. Models are exchanged by a fault of its own.
DEFAULTS = {name: setting.default for name, setting in SETTINGS.items() if name not in (
    'model', 'device', 'image_transport', 'autostart')}


class BrokenPromise(RuntimeError):
    """The sentence says which."""


def require(promise: bool, sentence: str):
    """Raise BrokenPromise unless a promise is kept."""
    if not promise:
        raise BrokenPromise(sentence)


class Camera:
    """
    A camera that publishes a picture at a steady rate, in a thread of its own.

    Attributes
    ----------
    sent : int
        Images that it has published.
    is_on : bool
    size : (int, int)
        Width and height of its pictures.

    """

    def __init__(self, probe: Probe):
        self._probe = probe
        self._info_topic = probe.publisher(CameraInfo, '/soak/camera_info')
        self._topic = probe.publisher(Image, '/soak/image')
        self._lock = threading.Lock()
        self._between: List = []
        self._has_sent = threading.Condition(self._lock)
        self._ends = threading.Event()
        self.sent, self.is_on = 0, True
        self.see(WIDTH, HEIGHT)
        self._thread = threading.Thread(target=self._run, name='camera')
        self._thread.start()

    def see(self, width: int, height: int, is_jpeg: bool = False):
        """Take pictures of another size or type."""
        pixels = picture(width, height)
        message = hostile_images.compressed(hostile_images.encoded('.jpg', pixels), 'jpeg') \
            if is_jpeg else from_array(pixels, 'rgb8', Header())
        with self._lock:
            if self._topic.msg_type is not type(message):
                # A topic has one type at a time.
                self._probe.destroy(self._topic)
                self._topic = self._probe.publisher(type(message), '/soak/image')
            self._message, self.size = message, (width, height)
            self._info = fill_camera_info(
                CameraInfo(), Intrinsics.of_fov(90.0, width, height))

    def send_between(self, messages: List):
        """Publish images or camera_infos between the pictures, and wait until they are sent."""
        with self._has_sent:
            self._between += messages
            require(self._has_sent.wait_for(lambda: not self._between, TIMEOUT),
                    'the camera does not send')

    def end(self):
        """Publish nothing more."""
        self._ends.set()
        self._thread.join()

    def _run(self):
        due = time.monotonic()
        while not self._ends.wait(max(0.0, due - time.monotonic())):
            # What a camera could not take in time, it never takes.
            due = max(due + 1.0 / RATE, time.monotonic())
            with self._has_sent:
                if self.is_on:
                    self._send()

    def _send(self):
        if self._between:
            self._publish(self._between.pop(0))
            self._has_sent.notify_all()
        # By the clock that the latency is measured with.
        header = Header(frame_id='lens')
        header.stamp.sec, header.stamp.nanosec = divmod(time.monotonic_ns(), 10 ** 9)
        for message in (self._info, self._message):
            message.header = header
            self._publish(message)

    def _publish(self, message):
        if isinstance(message, CameraInfo):
            self._info_topic.publish(message)
        else:
            self._topic.publish(message)
            self.sent += 1


class Depth(NamedTuple):
    """A depth image that came: when it was taken and came (monotonic nanoseconds), its size."""

    taken: int
    came: int
    size: Tuple[int, int]


class DepthInbox(Inbox):
    """What is noted of the depth images."""

    def __init__(self):
        super().__init__(keep=20)
        self.latencies: List[Tuple[float, float]] = []  # when (s), how long (ms)

    def put(self, message: Image):
        """Take a message."""
        stamp, now = message.header.stamp, time.monotonic_ns()
        taken = stamp.sec * 10 ** 9 + stamp.nanosec
        if taken:  # the hostile images have no stamp
            self.latencies.append((now / 1e9, (now - taken) / 1e6))
        super().put(Depth(taken, now, (message.width, message.height)))


class Usage(NamedTuple):
    """
    What a process uses: memory in MB, threads, file descriptors.

    `idle` is the memory while no model is loaded and no image taken: what was not freed shows
    there best, since what malloc keeps for later changes by some MB from one moment to the next.
    `shared` is shared memory.
    """

    idle: float
    memory: float
    shared: float
    threads: int
    files: int


def status_of(pid: int) -> Dict[str, str]:
    """Return what Linux tells of a process."""
    return dict(line.split(':', 1) for line in
                Path(f'/proc/{pid}/status').read_text().splitlines())


def memory_of(pid: int, kind: str = 'RssAnon') -> float:
    """
    Return the memory of a process in MB: by default its own.

    'RssShmem' is what it has touched of Fast DDS's shared memory, of which each process has as
    much as config/fastdds.xml gives it, and 'RssFile' are the libraries.
    """
    return int(status_of(pid)[kind].split()[0]) / 1024.0


class Soak:
    """
    A node with its camera, what it answers, and the faults.

    Attributes
    ----------
    survived : Counter
        How often depth came again after a fault, by kind of fault.
    counts : Counter
        What became of the frames, as the node's diagnostics tell.
    usages : list of (float, Usage)
        After each round: seconds since the beginning, and what the node used.

    Parameters
    ----------
    probe : Probe
    folder : Path
        For model files and the node's log.

    """

    def __init__(self, probe: Probe, folder: Path):
        self.survived: Counter = Counter()
        self.counts: Counter = Counter()
        self.usages: List[Tuple[float, Usage]] = []
        self.began = time.monotonic()
        self._idle_memory = 0.0
        self._models = write_models(folder)
        self._random = np.random.default_rng(0)
        self._probe = probe
        self.process = NodeProcess('depth_node', '-r', '__ns:=/soak', log=folder / 'node.log')
        self.depths = DepthInbox()
        probe.subscribe(Image, '/soak/depth/image', self.depths)
        self._diagnostics = Inbox(keep=20)
        probe.subscribe(DiagnosticArray, '/diagnostics', self._diagnostics)
        # With room for a storm; a client's default has it for ten requests.
        self._parameters = probe.node.create_client(
            SetParameters, f'{NAME}/set_parameters', qos_profile=qos_profile_parameters)
        self.camera = Camera(probe)

    def run(self, seconds: float, calm: float):
        """
        Bring about faults, a round at least, and end the node.

        Parameters
        ----------
        seconds : float
            After which no more round begins.
        calm : float
            Seconds without a fault after each of them.

        """
        try:
            self._expect_depth('the start')
            while not self.usages or time.monotonic() < self.began + seconds:
                for fault in FAULTS:
                    fault(self)
                    self._expect_depth(fault.__name__)
                    self.survived[fault.__name__] += 1
                    time.sleep(calm)
                self._note_usage()
                print(self.progress(), flush=True)
            self._deactivate()
        finally:
            self.camera.end()
            code = self.process.end()
        require(code == 0, f'the node ended with {code} when it was asked to end')
        require('Traceback' not in self.process.output, "there is a traceback in the node's log")

    def _note_usage(self):
        pid = self.process.pid
        self.usages.append((time.monotonic() - self.began, Usage(
            self._idle_memory, memory_of(pid), memory_of(pid, 'RssShmem'),
            int(status_of(pid)['Threads']), len(os.listdir(f'/proc/{pid}/fd')))))

    # Faults -------------------------------------------------------------------------------------

    def hostile_images(self):
        """Send what is no image, raw and compressed."""
        self.camera.send_between(hostile_images.refused_images())
        self.camera.see(WIDTH, HEIGHT, is_jpeg=True)
        self._expect_depth('another type of image')
        self.camera.send_between([*hostile_images.refused_compressed_images(),
                                  *hostile_images.damaged(20, self._random)])
        self.camera.see(WIDTH, HEIGHT)

    def wrong_camera_info(self):
        """Send camera_infos that cannot be a camera's."""
        infos = []
        for k in ((1e308, 0, 1, 0, 1, 1), (80, 0, 1.7e308, 0, 80, 59), (0,) * 6,
                  (float('nan'),) * 6, (-5, 0, 5, 0, -5, 5)):
            infos.append(CameraInfo(width=WIDTH, height=HEIGHT, k=[*map(float, k), 0., 0., 1.]))
        self.camera.send_between([*infos, CameraInfo(), CameraInfo(width=2 ** 32 - 1, height=1)])

    def camera_stops(self):
        """Stop the camera until diagnostics tell."""
        self._set_parameters(stale_after=0.5)
        self.camera.is_on = False
        self._wait_for_status(lambda status: status.level == DiagnosticStatus.STALE,
                              'diagnostics do not tell that the camera has stopped')
        self.camera.is_on = True
        self._set_parameters(stale_after=DEFAULTS['stale_after'])

    def sizes_change(self):
        """Take pictures of other sizes."""
        for size in SIZES:
            self.camera.see(*size)
            self._expect_depth(f'{size[0]} x {size[1]}')

    def models_change(self):
        """Exchange the model, for good files and for bad ones."""
        for name, path in self._models.items():
            result = self._probe.set_parameter(NAME, 'model', path)
            is_good = not name.startswith('bad')
            require(result.successful == is_good,
                    f'the model file {path} was {"refused" if is_good else "taken"}: '
                    f'{result.reason}')
            self._expect_depth(f'the model {name}')

    def parameters_storm(self):
        """Ask for a hundred values at once, many of them wrong."""
        futures = [self._parameters.call_async(SetParameters.Request(
            parameters=[Parameter(*each).to_parameter_msg()]))
            for each in random_parameters(self._random)]
        answered = threading.Semaphore(0)
        for future in futures:
            future.add_done_callback(lambda _: answered.release())
        for _ in futures:
            require(answered.acquire(timeout=TIMEOUT), 'a request for a parameter has no answer')
        self._set_parameters(**DEFAULTS)

    def listeners_come_and_go(self):
        """Subscribe to what is made only while somebody listens."""
        inboxes = [Inbox(keep=1) for _ in range(4)]
        subscriptions = [
            self._probe.subscribe(Image, f'/soak/depth/{name}', inbox)
            for name, inbox in zip(('color', 'confidence', 'floor', 'image_raw'), inboxes)]
        require(inboxes[0].wait_for_count(1), 'no colours came to a listener')
        self._probe.destroy(*subscriptions)

    def pauses(self):
        """Pause inference, and go on."""
        for is_enabled, state in ((False, 'paused'), (True, 'active')):
            answer = self._probe.call(
                SetBool, '/soak/depth/set_enabled', SetBool.Request(data=is_enabled))
            require(answer.success, f'set_enabled was refused: {answer.message}')
            self._wait_for_status(lambda status: values_of(status)['state'] == state,
                                  f'the node does not say that it is {state}')

    def transitions(self):
        """Let go of everything, begin anew, and ask for what is impossible."""
        self._deactivate()
        for transition, is_possible in (
                (Transition.TRANSITION_CONFIGURE, False), (Transition.TRANSITION_CLEANUP, True),
                (Transition.TRANSITION_ACTIVATE, False), (Transition.TRANSITION_CONFIGURE, True),
                (Transition.TRANSITION_ACTIVATE, True)):
            require(self._probe.change_state(NAME, transition) == is_possible,
                    f'transition {transition} was {"refused" if is_possible else "taken"}')
            if transition == Transition.TRANSITION_CLEANUP:
                self._idle_memory = memory_of(self.process.pid)

    # What is promised ---------------------------------------------------------------------------

    def _expect_depth(self, what: str):
        """Wait for depth of a picture that is taken from now on."""
        now = time.monotonic_ns()
        found = self.depths.wait(
            lambda depth: depth.taken > now and depth.size == self.camera.size)
        require(found is not None, f'no depth comes after {what}')

    def _deactivate(self):
        """Take no more images; each one that came in must have been counted once."""
        require(self._probe.change_state(NAME, Transition.TRANSITION_DEACTIVATE),
                'the node could not be deactivated')
        values = values_of(self._wait_for_status(
            lambda status: values_of(status)['state'] == 'inactive', 'the node is not inactive'))
        counts = {name: int(values[f'frames {name}'])
                  for name in ('in', *WHERE_THEY_END, 'lost by DDS')}
        ended = sum(counts[name] for name in WHERE_THEY_END)
        self.counts.update(counts)
        require(ended == counts['in'],
                f'{counts["in"]} frames came in, and {ended} were accounted for')

    def _wait_for_status(self, wanted, otherwise: str) -> DiagnosticStatus:
        """Return the first status from now on that is wanted."""
        now = time.time()

        def is_it(message: DiagnosticArray) -> bool:
            stamp, status = message.header.stamp, message.status[0]
            return stamp.sec + stamp.nanosec / 1e9 > now and \
                status.name == f'{NAME[1:]}: depth' and wanted(status)
        message = self._diagnostics.wait(is_it)
        require(message is not None, otherwise)
        return message.status[0]

    def _set_parameters(self, **parameters):
        result = self._probe.set_parameters(NAME, parameters)
        require(result.successful, f'{parameters} were refused: {result.reason}')

    # What is told -------------------------------------------------------------------------------

    def since_warm_up(self) -> List[Usage]:
        """Return what the node used after each round from the first minute on."""
        return [usage for at, usage in self.usages if at >= WARM_UP]

    def growth(self) -> str:
        """Say what of its resources the node has come to need more of; empty where of nothing."""
        usages = self.since_warm_up()
        if not usages:
            return ''
        first, last = usages[0], usages[-1]
        grown = (('MB without a model', last.idle - first.idle, MEMORY_LIMIT),
                 ('threads', last.threads - first.threads, 0),
                 ('file descriptors', last.files - first.files, 0))
        return '; '.join(f'{more:.0f} {what} more than after a minute'
                         for what, more, limit in grown if more > limit)

    def progress(self) -> str:
        """Return a line about the rounds so far."""
        at, usage = self.usages[-1]
        return (f'{at / 60.0:5.1f} min  {sum(self.survived.values())} faults  '
                f'{usage.memory:.1f} MB, {usage.idle:.1f} without a model  '
                f'{usage.threads} threads  {usage.files} files  {self.latency(0.75)} ms')

    def latency(self, begin: float) -> str:
        """Return the median and the 95 % of a quarter's latencies, in ms."""
        times, latencies = np.array(self.depths.latencies).T
        since = (times - times[0]) / (times[-1] - times[0])
        quarter = latencies[(since >= begin) & (since <= begin + 0.25)]
        return ' / '.join(f'{each:.0f}' for each in np.percentile(quarter, (50, 95)))

    def table(self) -> str:
        """Return what came of it, as a table in Markdown."""
        usages = self.since_warm_up() or [self.usages[-1][1]]
        counts = self.counts
        lines = [
            ('duration', f'{self.usages[-1][0] / 60.0:.0f} min, {len(self.usages)} rounds'),
            ('images sent', self.camera.sent),
            ('of these came in while the node was active', counts['in']),
            ('= out + replaced + refused + failed + paused',
             ' + '.join(str(counts[name]) for name in WHERE_THEY_END)),
            ('lost by DDS, as the node tells', counts['lost by DDS']),
            *((f'survived: {name.replace("_", " ")}', count)
              for name, count in self.survived.items()),
            ('memory without a model, after a minute, at the end',
             f'{usages[0].idle:.1f}, {usages[-1].idle:.1f} MB'),
            ('memory while active, after a minute, at the end; least and most between',
             f'{usages[0].memory:.1f}, {usages[-1].memory:.1f}; '
             f'{min(each.memory for each in usages):.1f}, '
             f'{max(each.memory for each in usages):.1f} MB'),
            ('shared memory after a minute, at the end',
             f'{usages[0].shared:.1f}, {usages[-1].shared:.1f} MB'),
            ('threads after a minute, at the end', f'{usages[0].threads}, {usages[-1].threads}'),
            ('file descriptors after a minute, at the end',
             f'{usages[0].files}, {usages[-1].files}'),
            ('latency (median / 95 %), first quarter', f'{self.latency(0.0)} ms'),
            ('latency (median / 95 %), last quarter', f'{self.latency(0.75)} ms')]
        return '\n'.join(['| | |', '| --- | --- |', *(
            f'| {name} | {value} |' for name, value in lines)])


FAULTS = (Soak.hostile_images, Soak.wrong_camera_info, Soak.camera_stops, Soak.sizes_change,
          Soak.models_change, Soak.parameters_storm, Soak.listeners_come_and_go, Soak.pauses,
          Soak.transitions)


def write_models(folder: Path) -> Dict[str, str]:
    """Write model files, good and bad ones, and return their paths; the last is the shipped."""
    data = COMPACT.read_bytes()
    files = {'copy': data, 'bad: no model': b'no model', 'bad: cut': data[:len(data) // 3]}
    paths = {name: folder / f'{name.replace(": ", "_").replace(" ", "_")}.onnx'
             for name in (*files, 'small', 'bad: rows are missing')}
    for name, content in files.items():
        paths[name].write_bytes(content)
    color_model.write(paths['small'], size=64)
    color_model.write(paths['bad: rows are missing'], maps=4)
    return {**{name: str(path) for name, path in paths.items()}, 'shipped': 'compact'}


def random_parameters(random: np.random.Generator) -> Iterator[Tuple]:
    """Yield the name, type and value of parameters, of which many can't be set."""
    for _ in range(STORM):
        name = str(random.choice(list(DEFAULTS)))
        setting = SETTINGS[name]
        values = ['', 'nowhere', -1, 0, 2 ** 62, float('nan'), float('inf'), -1e308, True, [1.0]]
        if setting.limits:
            values += [type(setting.default)(random.uniform(*setting.limits)) for _ in values]
        values += list(setting.choices) * 5
        yield name, None, values[random.integers(len(values))]


def main() -> int:
    """Run the soak."""
    parser = argparse.ArgumentParser(
        description='Run the depth node with faults in between, and tell whether it keeps its '
                    'promises.', formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument('--minutes', type=float, default=60.0, help='how long')
    parser.add_argument('--calm', type=float, default=5.0,
                        help='seconds without a fault after each of them')
    options = parser.parse_args()
    with enter_domain(ROOT / 'config' / 'fastdds.xml'), tempfile.TemporaryDirectory() as folder:
        probe = Probe()
        soak = Soak(probe, Path(folder))
        try:
            soak.run(60.0 * options.minutes, options.calm)
            problem = soak.growth()
        except KeyboardInterrupt:
            problem = 'it was interrupted'
        except (BrokenPromise, AssertionError) as error:  # the probe's are assertions
            problem = f"{error}; the node's log ends so:\n{soak.process.output[-3000:]}"
        finally:
            probe.close()
    if soak.usages:
        print(soak.table())
    if problem:
        print(f'\nBroken: {problem}', file=sys.stderr)
    return 1 if problem else 0


if __name__ == '__main__':
    sys.exit(main())
