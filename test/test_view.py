"""The viewer as a process, on topics that come over DDS, and what its recordings hold."""

import os
from pathlib import Path
import re
import signal
import socket
import time
from typing import Optional
from urllib.request import urlopen

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.node.camera_info import fill_camera_info
from depth_estimation_ros.node.image_messages import from_array
from depth_estimation_ros.viewer.node import ViewerNode, WAITING
from depth_estimation_ros.viewer.scene import GREY
import numpy as np
import pytest
from rerun.chunk import RrdReader
from ros_probe import BEST_EFFORT, NodeProcess, picture, RELIABLE, TIMEOUT
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

CAMERA = Intrinsics(160, 120, 100.0, 101.0, 79.0, 58.0)


class DepthCamera:
    """
    A camera, best effort as most are, and the depth node's answers to it.

    Parameters
    ----------
    depth_camera : Intrinsics
        Of its depth.
    image_camera : Intrinsics, optional
        Of its images; where there is none, camera_info is of an uncalibrated camera.

    """

    def __init__(self, probe, namespace: str, depth_camera: Intrinsics = CAMERA,
                 image_camera: Optional[Intrinsics] = None):
        self._cameras = image_camera, depth_camera

        def publisher(kind, topic, qos):
            return probe.node.create_publisher(kind, f'/{namespace}/{topic}', qos)
        self.image = publisher(Image, 'image', BEST_EFFORT)
        self.infos = [publisher(CameraInfo, topic, RELIABLE)
                      for topic in ('camera_info', 'depth/camera_info')]
        self.depth = publisher(Image, 'depth/image', RELIABLE)
        self.confidence = publisher(Image, 'depth/confidence', RELIABLE)
        self._seconds = 0

    @property
    def is_seen(self) -> bool:
        """Whether somebody subscribes to everything."""
        return all(each.get_subscription_count() for each in (
            self.image, *self.infos, self.depth, self.confidence))

    def send(self, image: np.ndarray, depth: np.ndarray, confidence: np.ndarray):
        """Publish a moment, in the depth node's order."""
        self._seconds += 1
        header = Header(frame_id='lens')
        header.stamp.sec = self._seconds
        for publisher, camera in zip(self.infos, self._cameras):
            info = CameraInfo(header=header)
            publisher.publish(fill_camera_info(info, camera) if camera else info)
        self.image.publish(from_array(image, 'rgb8', header))
        self.depth.publish(from_array(depth, '32FC1', header))
        self.confidence.publish(from_array(confidence, '32FC1', header))


@pytest.fixture(scope='module')
def view_of():
    """Return an image, its depth (metres) and its confidence."""
    depth = np.full((120, 160), 2.5, np.float32)
    depth[:60] = np.nan  # the sky, of which nothing is known
    depth[60:70] = 40.0  # beyond the range that is shown
    return picture(), depth, np.full((120, 160), 0.5, np.float32)


def last(path, entity: str):
    """Return the components that were last logged for an entity, by their names."""
    found = {}
    for chunk in RrdReader(path).stream():
        if chunk.entity_path == f'/{entity}':
            batch = chunk.to_record_batch()
            for name in batch.schema.names:
                _, _, component = name.partition(':')
                if component and batch.column(name)[-1].is_valid:
                    found[component] = batch.column(name)[-1].as_py()
    return found


def free_port() -> int:
    """Return a TCP port that nobody has."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def record(path: Path, namespace: str, camera: DepthCamera, *moment: np.ndarray) -> str:
    """Record some times an image, its depth and its confidence; returns the viewer's output."""
    with NodeProcess('view', '-r', f'__ns:=/{namespace}',
                     options=['--save', str(path)]) as process:
        assert process.wait_for_output(
            f'Waiting for /{namespace}/image, /{namespace}/camera_info, '
            f'/{namespace}/depth/camera_info')
        deadline = time.monotonic() + TIMEOUT
        # What comes before DDS has connected all topics is lost.
        while not (re.search('Showing', process.output) and camera.is_seen):
            assert time.monotonic() < deadline and process.is_alive
            camera.send(*moment)
            time.sleep(0.1)
        for _ in range(3):
            camera.send(*moment)
            time.sleep(0.1)
        assert process.end(signal.SIGINT) == 0
        assert 'Traceback' not in process.output
        return process.output


def colors_of(cloud) -> np.ndarray:
    """Return the colours of a cloud; uint8 (N, 3) RGB."""
    return np.array(cloud['colors'], np.uint32).astype('>u4').view(np.uint8).reshape(-1, 4)[:, :3]


def test_a_recording_holds_colour_depth_confidence_camera_and_cloud(probe, view_of, tmp_path):
    image, depth, confidence = view_of
    path = tmp_path / 'out.rrd'
    # It needs no camera_info of the image: depth is on its pixels.
    record(path, 'view', DepthCamera(probe, 'view'), image, depth, confidence)

    pinhole = last(path, 'camera')
    np.testing.assert_allclose(pinhole['image_from_camera'][0],
                               [100.0, 0, 0, 0, 101.0, 0, 79.0, 58.0, 1.0])
    millimetres = np.frombuffer(bytes(last(path, 'camera/depth')['buffer'][0]), np.uint16)
    millimetres = millimetres.reshape(120, 160)
    assert (millimetres[:60] == 0).all() and (millimetres[70:] == 2500).all()
    assert bytes(last(path, 'camera/color')['blob'][0]).startswith(b'\xff\xd8')  # a JPEG
    grey = np.frombuffer(bytes(last(path, 'camera/confidence')['buffer'][0]), np.uint8)
    assert (grey == 127).all() and grey.size == 120 * 160

    cloud = last(path, 'cloud')
    points = np.array(cloud['positions'])
    assert len(points) == 50 * 160
    np.testing.assert_allclose(points[:, 2], 2.5)
    u = points[:, 0] / 2.5 * 100.0 + 79.0
    v = points[:, 1] / 2.5 * 101.0 + 58.0
    np.testing.assert_allclose([u.min(), u.max(), v.min(), v.max()], [0, 159, 70, 119], atol=1e-3)
    np.testing.assert_array_equal(
        colors_of(cloud), image[np.rint(v).astype(int), np.rint(u).astype(int)])


def test_the_cloud_of_a_part_of_the_image_has_that_parts_colours(probe, tmp_path):
    # As the depth node gives it with fit: crop and depth_size: network.
    part = CAMERA.cropped(20, 30, 120, 68).resized(56, 56)
    # An image whose colours tell where they are.
    v, u = np.mgrid[:120, :160]
    image = np.dstack([u, v, np.zeros_like(u)]).astype(np.uint8)
    flat = np.full((56, 56), 2.5, np.float32)
    path = tmp_path / 'part.rrd'
    record(path, 'part', DepthCamera(probe, 'part', part, CAMERA), image, flat, flat)
    colors = colors_of(last(path, 'cloud')).reshape(56, 56, 3).astype(float)
    centres = np.arange(56) + 0.5
    np.testing.assert_allclose(colors[0, :, 0] + 0.5, 20 + centres * 120 / 56, atol=0.5)
    np.testing.assert_allclose(colors[:, 0, 1] + 0.5, 30 + centres * 68 / 56, atol=0.5)
    # The picture that stands before the cloud is the whole one.
    assert last(path, 'camera')['resolution'][0] == [160.0, 120.0]

    path = tmp_path / 'unknown.rrd'
    output = record(path, 'unknown', DepthCamera(probe, 'unknown', part), image, flat, flat)
    assert re.search('The cloud has no colours: .*uncalibrated camera.*/unknown/camera_info',
                     output)
    assert (colors_of(last(path, 'cloud')) == GREY).all()


def test_a_browser_finds_the_viewer_where_it_says(tmp_path):
    page, data = free_port(), free_port()
    with NodeProcess('view', '-r', '__ns:=/web', options=[
            '--web', '--port', str(page), '--data-port', str(data)]) as process:
        line = process.wait_for_output('Open http')
        assert line.strip() == (
            f'Open http://localhost:{page}/?url=rerun%2Bhttp://localhost:{data}/proxy')
        assert b'<html' in urlopen(line.split()[1], timeout=TIMEOUT).read().lower()
        with socket.create_connection(('127.0.0.1', data), TIMEOUT):
            pass
        assert process.wait_for_output('Waiting for')
        assert process.end(signal.SIGTERM) == 0


@pytest.mark.parametrize('option', ['--port', '--data-port'])
def test_a_port_that_is_taken_is_named(option):
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        other = {'--port', '--data-port'} - {option}
        with NodeProcess('view', options=[
                '--web', *other, str(free_port()), option, str(port)]) as process:
            assert process.wait() == 1
            assert f'The port {port} is taken: choose another one with {option}.' in process.output


class Shown:
    """A scene that remembers the stamps that it was given."""

    def __init__(self):
        self.stamps = []

    def show(self, stamp, image, depth, camera=None, image_camera=None):
        """Show an image and its depth."""
        self.stamps.append(stamp)

    def show_confidence(self, stamp, confidence):
        """Show the confidence of a depth image."""


@pytest.mark.usefixtures('probe')  # for rclpy.init
def test_images_wait_for_their_depth_in_bounded_memory(view_of):
    image, depth, _ = view_of
    scene = Shown()
    node = ViewerNode(scene)
    # As the executor would, without the time that DDS takes.
    on_topic = {each.topic_name: each.callback for each in node.subscriptions}
    try:
        def send(topic, seconds):
            header = Header()
            header.stamp.sec = seconds
            on_topic[topic](from_array(*((image, 'rgb8') if topic == '/image' else
                                         (depth, '32FC1')), header))
        for seconds in range(1, 6):
            send('/image', seconds)
        for topic, seconds in (('/depth/image', 3), ('/depth/image', 2), ('/depth/image', 5),
                               ('/depth/image', 7), ('/image', 7)):
            send(topic, seconds)
        # Depth of 2 s has lost its image to the newer one of 3 s.
        assert scene.stamps == [3.0, 5.0, 7.0]
        for seconds in range(100, 100 + WAITING + 10):
            send('/image', seconds)
        send('/depth/image', 109)
        assert scene.stamps == [3.0, 5.0, 7.0], 'an image was kept for too long'
        send('/depth/image', 110)
        assert scene.stamps[-1] == 110.0
    finally:
        node.destroy_node()


@pytest.mark.parametrize('options, missing, sentence', [
    ([], 'rerun', 'needs rerun-sdk 0.39 or later'),
    ([], 'rclpy', 'needs ROS 2'),
    ([], '', 'There is no display for a window: use --web, or --save FILE.rrd.'),
    (['--range', '0'], '', '--range is a positive number of metres, not 0'),
    (['--save', '/no/such/folder/out.rrd'], '', 'The viewer cannot start'),
])
def test_a_viewer_that_cannot_start_says_why(options, missing, sentence, tmp_path):
    env = {name: value for name, value in os.environ.items()
           if name not in ('DISPLAY', 'WAYLAND_DISPLAY')}
    if missing:
        (tmp_path / f'{missing}.py').write_text(f'raise ImportError("No module {missing}")\n')
        env['PYTHONPATH'] = f'{tmp_path}:{env.get("PYTHONPATH", "")}'
    with NodeProcess('view', options=options, env=env) as process:
        assert process.wait() != 0
        assert sentence in process.output and 'Traceback' not in process.output
