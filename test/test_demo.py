"""The demo, from its command line to its files, and what it leaves behind."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
import uuid

import bag_writer
import cv2
import numpy as np
import pytest
from ros_probe import picture, TIMEOUT

DEMO = Path(__file__).resolve().parents[1] / 'training' / 'demo.py'
FRAMES = 12


@pytest.fixture(scope='module')
def drive(tmp_path_factory):
    """Return a short drive with ground truth."""
    root = tmp_path_factory.mktemp('drive')
    for kind in ('rgb', 'depth'):
        (root / kind / 'test').mkdir(parents=True)
    for number in range(FRAMES):
        image = np.roll(picture(640, 360), 5 * number, axis=1)
        cv2.imwrite(str(root / 'rgb' / 'test' / f'{number:03d}.jpeg'), image)
        np.save(root / 'depth' / 'test' / f'{number:03d}.npy', np.full((360, 640), 10, np.float16))
    (root / 'camera.json').write_text(json.dumps({
        'width': 640, 'height': 360, 'fx': 320.0, 'fy': 320.0, 'cx': 319.5, 'cy': 179.5}))
    return root


class Demo:
    """A run of the demo, whose processes can be told from all others."""

    def __init__(self, out: Path, *arguments: str):
        self._mark = f'DEMO_OF_THIS_TEST={uuid.uuid4()}'
        name, value = self._mark.split('=')
        self.process = subprocess.Popen(
            [sys.executable, str(DEMO), '--out', str(out), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**os.environ, name: value})

    def wait(self) -> str:
        """Return what it wrote when it has ended."""
        return self.process.communicate(timeout=2 * TIMEOUT)[0]

    def processes(self):
        """Return the ids of its processes, its nodes' too."""
        found = []
        for environ in Path('/proc').glob('[0-9]*/environ'):
            try:
                if self._mark.encode() in environ.read_bytes().split(b'\0'):
                    found.append(int(environ.parent.name))
            except OSError:
                continue  # not ours to read, or just ended
        return found


def test_the_demo_plays_the_drive_and_writes_what_a_person_wants_to_see(drive, tmp_path):
    demo = Demo(tmp_path, '--data', str(drive), '--rate', '8')
    output = demo.wait()
    assert demo.process.returncode == 0, output
    assert demo.processes() == []

    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert summary['frames_sent'] == FRAMES
    assert 0 < summary['frames_received'] <= FRAMES
    assert summary['frames_dropped'] == FRAMES - summary['frames_received']
    assert 0.0 < summary['rate_hz'] < 30.0
    assert 0.0 < summary['latency_ms']['p50'] <= summary['latency_ms']['p95']
    assert 0.0 < summary['rmse'] < 20.0 and summary['abs_rel'] > 0.0
    assert 0.0 <= summary['delta1'] <= 1.0
    assert summary['scale'] is None and 'scale by' not in output
    for line in ('frames sent', 'dropped', 'rate', 'latency, median', 'RMSE', 'AbsRel', 'delta1'):
        assert line in output

    montage = cv2.imread(str(tmp_path / 'montage.png'))
    assert montage.shape[1] > 4 * 300 and montage.std() > 10.0
    video = cv2.VideoCapture(str(tmp_path / 'depth.mp4'))
    frames = 0
    while True:
        there_is_one, image = video.read()
        if not there_is_one:
            break
        frames += 1
        assert image.shape == (360, 1280, 3)
    assert frames == summary['frames_received']


def test_the_demo_is_told_how_the_camera_is_mounted(tmp_path):
    # The drive's camera stands at 1 m, so at 2 m all would be twice as far.
    demo = Demo(tmp_path, '--frames', '30', '--camera-height', '2', '--camera-pitch', '-2')
    output = demo.wait()
    assert demo.process.returncode == 0, output
    assert json.loads((tmp_path / 'summary.json').read_text())['scale'] > 1.5, output


def test_the_demo_plays_a_bag_and_scores_where_its_depth_camera_knows_depth(tmp_path):
    depth = np.zeros((180, 320), np.uint16)
    depth[90:] = 3000
    messages = []
    for number in range(2 * FRAMES):
        image = np.roll(picture(640, 360), 5 * number, axis=1)
        messages += [bag_writer.image('/front/image_raw', 1.0 + number, image, 'rgb8'),
                     bag_writer.image('/front/depth', 1.0 + number, depth, '16UC1')]
    bag = bag_writer.write_bag(tmp_path / 'bag', 'mcap', messages)
    demo = Demo(tmp_path, '--data', str(bag), '--rate', '8', '--frames', str(FRAMES))
    output = demo.wait()
    assert demo.process.returncode == 0, output
    assert demo.processes() == []
    summary = json.loads((tmp_path / 'summary.json').read_text())
    assert FRAMES <= summary['frames_sent'] < 2 * FRAMES
    assert 0.0 < summary['rmse'] < 20.0 and 0.0 < summary['abs_rel'] < 10.0
    assert cv2.imread(str(tmp_path / 'montage.png')).std() > 10.0


@pytest.mark.parametrize('reason', [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_no_process_behind(drive, tmp_path, reason):
    demo = Demo(tmp_path, '--data', str(drive), '--rate', '1')
    deadline = time.monotonic() + TIMEOUT
    # Both nodes at work: the log of the camera says so. There is no event to wait for.
    log = tmp_path / 'camera_node.log'
    while not (log.is_file() and 'Playing' in log.read_text()):
        assert time.monotonic() < deadline and demo.process.poll() is None
        time.sleep(0.05)
    assert len(demo.processes()) >= 3  # the demo and its nodes
    demo.process.send_signal(reason)
    output = demo.wait()
    assert demo.process.returncode == 130, output
    assert 'Interrupted' in output and 'Traceback' not in output
    assert demo.processes() == []


@pytest.mark.parametrize('arguments, sentence', [
    (['--data', '/no/such/drive'], "There is no folder and no file '/no/such/drive'"),
    (['--data', '{drive}', '--model', '/no/such.onnx'], "There is no model file '/no/such.onnx'"),
])
def test_a_demo_that_cannot_run_says_why_and_leaves_no_process_behind(
        drive, tmp_path, arguments, sentence):
    demo = Demo(tmp_path, *(each.format(drive=drive) for each in arguments))
    output = demo.wait()
    assert demo.process.returncode == 1
    assert sentence in output and 'Traceback' not in output
    assert demo.processes() == []
