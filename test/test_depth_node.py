"""The depth node as a process of its own, over DDS."""

import hashlib
import os
from pathlib import Path
import re
import signal
import threading
import time

import cv2
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.messages import to_depth
from depth_estimation_ros.node import depth_node, image_messages
from depth_estimation_ros.node.camera_info import fill_camera_info
from depth_estimation_ros.node.child_process import TIMEOUT
from depth_estimation_ros.node.depth_settings import Options, SETTINGS
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.msg import Transition
import numpy as np
import pytest
from rclpy.event_handler import PublisherEventCallbacks
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_probe import BEST_EFFORT, Camera, NodeProcess, picture, RELIABLE, Running, values_of
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_srvs.srv import SetBool

ROOT = Path(__file__).resolve().parents[1]
PARAMS_FILE = ROOT / 'config' / 'depth.yaml'
MODEL = ROOT / 'depth_estimation_ros' / 'models' / 'compact.onnx'
# Half of a 90 degree field of view, at the size of picture().
INTRINSICS = Intrinsics(160, 120, 80.0, 80.0, 79.5, 59.5)
DEFAULTS = Options.read(lambda name: SETTINGS[name].default)


@pytest.fixture(scope='module')
def running(probe):
    """Return an active node with default parameters."""
    with NodeProcess('depth_node', '-r', '__ns:=/default') as process:
        running = Running(probe, process, 'default', image='/default/image',
                          camera_info='/default/camera_info')
        assert process.wait_for_output('Active')
        running.camera.intrinsics = INTRINSICS
        running.camera.send_until_answered(picture(), running.camera_info)
        yield running


@pytest.fixture(scope='module')
def expected():
    """Return what the depth of an image of the default camera should be."""
    estimator = DepthEstimator()
    return lambda image: estimator.estimate(
        image, INTRINSICS, validity=DEFAULTS.validity).depth


def test_the_node_loads_nothing_of_openvino_that_only_converts_models(running):
    mapped = Path(f'/proc/{running.process.pid}/maps').read_text()
    assert 'libopenvino_intel_cpu_plugin' in mapped
    assert 'tensorflow' not in mapped


def test_a_lazy_node_runs_no_network_until_somebody_listens(probe):
    with NodeProcess('depth_node', '-p', 'lazy:=true', '-r', '__ns:=/lazy') as process:
        assert process.wait_for_output('Active')
        camera = Camera(probe, '/lazy/image', '/lazy/camera_info')
        diagnostics = probe.listen(DiagnosticArray, '/diagnostics')
        found = None
        deadline = time.monotonic() + TIMEOUT
        while found is None and time.monotonic() < deadline:
            camera.send(picture())
            found = diagnostics.wait(
                lambda message: message.status[0].name == 'lazy/depth_estimation: depth'
                and int(values_of(message.status[0])['frames paused']) > 0, 0.5)
        values = values_of(found.status[0])
        assert (values['state'], values['frames out']) == ('idle', '0')
        assert found.status[0].level == DiagnosticStatus.OK
        colors = probe.listen(Image, '/lazy/depth/color')
        camera.send_until_answered(picture(), colors)


def test_depth_has_the_stamp_the_frame_and_the_size_of_its_image(running, expected):
    header = running.camera.send(picture())
    message = running.depth.wait(lambda message: message.header == header)
    assert message is not None
    assert (message.encoding, message.width, message.height) == ('32FC1', 160, 120)
    assert message.step == 160 * 4 and len(message.data) == 120 * 160 * 4
    np.testing.assert_allclose(to_depth(message), expected(picture()), atol=1e-3)


def test_reliable_and_best_effort_subscribers_both_get_depth(running):
    inboxes = [running.probe.listen(Image, '/default/depth/image', qos)
               for qos in (RELIABLE, BEST_EFFORT)]
    for inbox in inboxes:
        running.camera.send_until_answered(picture(), inbox)


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'rgba8', 'bgra8', 'mono8'])
def test_every_encoding_gives_the_depth_of_the_same_image(running, expected, encoding):
    rgb = picture()
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    pixels = {
        'rgb8': rgb,
        'bgr8': cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR),
        'rgba8': cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA),
        'bgra8': cv2.cvtColor(rgb, cv2.COLOR_RGB2BGRA),
        'mono8': gray,
    }[encoding]
    seen = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB) if encoding == 'mono8' else rgb
    header = running.camera.send(pixels, encoding)
    message = running.depth.wait(lambda message: message.header == header)
    assert message is not None
    np.testing.assert_allclose(to_depth(message), expected(seen), atol=1e-3)


def test_camera_info_comes_with_each_depth_image(running):
    header = running.camera.send(picture())
    message = running.camera_info.wait(lambda message: message.header == header)
    assert message is not None
    assert message.k[0] == INTRINSICS.fx and (message.width, message.height) == (160, 120)
    assert running.depth.wait(lambda message: message.header == header) is not None


def test_depth_is_proportional_to_the_focal_length_unless_told_otherwise(running):
    estimator = DepthEstimator()
    for setting in ('off', 'auto'):
        assert running.probe.set_parameter(running.name, 'focal_scaling', setting).successful
        header = running.camera.send(picture())
        message = running.depth.wait(lambda message: message.header == header)
        np.testing.assert_allclose(
            to_depth(message),
            estimator.estimate(picture(), INTRINSICS, focal_scaling=setting == 'auto',
                               validity=DEFAULTS.validity).depth, atol=1e-3)


def test_a_camera_may_have_a_factor_of_its_own(running):
    expected = DepthEstimator().estimate(picture(), INTRINSICS, validity=DEFAULTS.validity,
                                         scale=0.5).depth
    assert running.probe.set_parameter(running.name, 'scale', 0.5).successful
    try:
        header = running.camera.send(picture())
        message = running.depth.wait(lambda message: message.header == header)
        np.testing.assert_allclose(to_depth(message), expected, atol=1e-3)
        refused = running.probe.set_parameter(running.name, 'scale', 0.0)
        assert not refused.successful and 'scale' in refused.reason
    finally:
        assert running.probe.set_parameter(running.name, 'scale', 1.0).successful


def test_depth_goes_on_where_camera_info_does_not_fit(running):
    header = running.camera.send(picture(200, 100))
    assert running.depth.wait(lambda message: message.header == header) is not None
    assert running.diagnostics.wait(lambda message: '160 x 120 pixels, the image has 200 x 100' in
                                    message.status[0].message)
    later = running.camera.send(picture())
    assert running.camera_info.wait(lambda message: message.header == later) is not None
    assert not any(message.header == header for message in running.camera_info.messages)


def test_unusable_images_are_counted_and_the_node_lives_on(running):
    before = int(values_of(running.status())['frames refused'])
    bad = [image_messages.from_array(picture(), 'rgb8', running.camera.header())
           for _ in range(3)]
    bad[0].encoding = 'holographic'
    bad[1].data = bad[1].data[:-1]
    bad[2].step = 7
    for message, reason in zip(bad, ('holographic', 'bytes, but there are', 'step is 7')):
        running.camera.image.publish(message)
        running.status(lambda values: reason in values['last reason'])
        # A good one in between: it gets its depth.
        header = running.camera.send(picture())
        assert running.depth.wait(lambda message: message.header == header) is not None
    running.status(lambda values: int(values['frames refused']) == before + 3)
    assert running.process.wait_for_output('Image dropped: .*holographic')


def test_the_newest_frame_wins_and_every_frame_is_accounted_for(running):
    # With this rate no frame is due while they come, however fast the machine is.
    running.set_parameters(rate=0.01)
    running.depth_of(picture())
    headers = [running.camera.send(picture()) for _ in range(40)]
    running.status(lambda values: int(values['frames replaced']) > 5)
    running.set_parameters(rate=0.0)
    last = running.depth.wait(lambda message: message.header == headers[-1])
    assert last is not None, 'the newest frame has no depth'
    stamps = [message.header.stamp.sec for message in running.depth.messages]
    assert stamps == sorted(stamps), 'depth images are out of order'

    def balances(values):
        counts = {key: int(values[f'frames {key}'])
                  for key in ('in', 'out', 'replaced', 'refused', 'failed')}
        return counts['replaced'] > 5 and counts.pop('in') == sum(counts.values())
    running.status(balances)


def test_colors_come_to_those_who_listen(running):
    colors = running.probe.listen(Image, '/default/depth/color')
    message = running.camera.send_until_answered(picture(), colors)
    assert (message.encoding, message.width, message.height) == ('bgr8', 160, 120)


def test_diagnostics_tell_what_runs_and_how_fast(running):
    running.camera.send_until_answered(picture(), running.depth)
    values = values_of(running.status(lambda values: values['latency p95 (ms)'] != 'nan'))
    assert values['model'] == 'compact'
    assert values['backend'] == 'OpenVINO' and values['device'] == 'cpu'
    assert values['precision'] == 'int8'
    assert values['model file (SHA-256)'] == hashlib.sha256(MODEL.read_bytes()).hexdigest()[:8]
    assert 0.0 < float(values['latency p50 (ms)']) <= float(values['latency p95 (ms)'])
    assert float(values['age of newest depth (s)']) > 0.0


def test_lifecycle_from_outside_with_a_wrong_model_first(probe):
    with NodeProcess('depth_node', '-r', '__ns:=/managed', '-p', 'autostart:=false',
                     '-p', 'model:=/no/such.onnx') as process:
        managed = Running(probe, process, 'managed', image='/managed/image',
                          camera_info='/managed/camera_info')

        def change(transition):
            return probe.change_state(managed.name, transition)

        assert probe.state(managed.name) == 'unconfigured'
        assert not change(Transition.TRANSITION_CONFIGURE)
        assert process.wait_for_output("Cannot configure: There is no model file '/no/such.onnx'")
        assert probe.state(managed.name) == 'unconfigured' and process.is_alive
        assert managed.diagnostics.wait(
            lambda message: message.status[0].level == DiagnosticStatus.ERROR
            and '/no/such.onnx' in message.status[0].message)

        assert probe.set_parameter(managed.name, 'model', 'compact').successful
        assert change(Transition.TRANSITION_CONFIGURE)
        assert probe.state(managed.name) == 'inactive'
        assert not change(Transition.TRANSITION_CONFIGURE), 'impossible in this state'
        assert process.is_alive
        assert change(Transition.TRANSITION_ACTIVATE)
        managed.camera.send_until_answered(picture(), managed.depth)

        assert change(Transition.TRANSITION_DEACTIVATE)
        unseen = managed.camera.send(picture())
        assert change(Transition.TRANSITION_CLEANUP)
        assert change(Transition.TRANSITION_CONFIGURE)
        assert change(Transition.TRANSITION_ACTIVATE)
        managed.camera.send_until_answered(picture(), managed.depth)
        assert not any(message.header == unseen for message in managed.depth.messages)
        assert process.wait_for_output('no camera_info has come in')
        assert not managed.camera_info.messages

        assert change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
        assert probe.state(managed.name) == 'finalized'
        status = managed.status(lambda values: values['state'] == 'finalized')
        assert (status.level, status.message) == (DiagnosticStatus.OK, 'finalized')
        assert process.end(signal.SIGINT) == 0
        assert 'Traceback' not in process.output


def test_a_node_that_cannot_be_activated_says_why_and_lives_on(probe):
    # A mistake in remapping: one topic, two types.
    with NodeProcess('depth_node', '-r', '__ns:=/mixed', '-r', 'camera_info:=image') as process:
        mixed = Running(probe, process, 'mixed')
        assert process.wait_for_output('Cannot activate: Failed to create subscription')
        status = mixed.status(lambda values: values['state'] == 'unconfigured')
        assert status.level == DiagnosticStatus.ERROR
        assert 'Failed to create subscription' in status.message
        assert probe.state(mixed.name) == 'unconfigured'
        assert process.end(signal.SIGINT) == 0


def test_parameter_file_namespace_remapping_and_compressed_images(probe):
    with NodeProcess('depth_node', '--params-file', str(PARAMS_FILE),
                     '-p', 'image_transport:=compressed', '-r', '__ns:=/robot1',
                     '-r', 'image:=/front/image_raw/compressed') as process:
        assert process.wait_for_output(
            'Active: /front/image_raw/compressed -> /robot1/depth/image')
        robot = Running(probe, process, 'robot1', kind=CompressedImage,
                        image='/front/image_raw/compressed', camera_info='/robot1/camera_info')
        jpeg = cv2.imencode('.jpg', picture()[:, :, ::-1])[1].tobytes()
        answer = robot.camera.send_until_answered(jpeg, robot.depth, 'jpeg')
        assert (answer.width, answer.height) == (160, 120)
        robot.camera.send(b'no picture', 'jpeg')
        robot.status(lambda values: 'no JPEG or PNG' in values['last reason'])
        assert process.end(signal.SIGTERM) == 0
        assert 'Traceback' not in process.output


def test_the_type_that_is_published_is_subscribed_to(probe):
    with NodeProcess('depth_node', '-r', '__ns:=/follows') as process:
        assert process.wait_for_output('Active: /follows/image ')
        running = Running(probe, process, 'follows', kind=CompressedImage)
        assert process.wait_for_output('/follows/image is of sensor_msgs/msg/CompressedImage')
        jpeg = cv2.imencode('.jpg', picture()[:, :, ::-1])[1].tobytes()
        running.camera.send_until_answered(jpeg, running.depth, 'jpeg')
        assert process.end() == 0


def test_an_image_of_another_type_is_named_with_the_mend(probe):
    wrong = probe.publisher(CompressedImage, '/insists/image')
    with NodeProcess('depth_node', '-r', '__ns:=/insists', parameters={
            'image_transport': 'raw', 'stale_after': 0.1}) as process:
        assert process.wait_for_output(
            'Waiting for the camera: .*/insists/image is of sensor_msgs/msg/CompressedImage, and '
            'image_transport is raw: set it to auto')
    probe.destroy(wrong)


def test_a_field_of_view_stands_in_for_camera_info_until_it_comes(probe, expected):
    with NodeProcess('depth_node', '-r', '__ns:=/told', '-p', 'fov:=90') as process:
        assert process.wait_for_output('Active')
        told = Running(probe, process, 'told')
        depth = told.camera.send_until_answered(picture(), told.depth)
        np.testing.assert_allclose(to_depth(depth), expected(picture()), atol=1e-3)
        info = told.camera.send_until_answered(picture(), told.camera_info)
        assert info.k[0] == pytest.approx(80.0) and info.k[2] == 79.5
        status = told.status(lambda values: values['focal length from'] == 'fov, 90 degrees')
        assert status.level == DiagnosticStatus.OK, status.message
        told.camera.intrinsics = INTRINSICS
        told.camera.send_until_answered(picture(), told.depth)
        told.status(lambda values: values['focal length from'] == 'camera_info')


def test_a_camera_info_that_was_published_once_and_before_the_node_is_taken(probe):
    latched = probe.node.create_publisher(CameraInfo, '/once/camera_info', QoSProfile(
        depth=1, reliability=ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL))
    latched.publish(fill_camera_info(CameraInfo(), INTRINSICS))
    with NodeProcess('depth_node', '-r', '__ns:=/once') as process:
        once = Running(probe, process, 'once', camera_info='/once/not_this_one')
        info = once.camera.send_until_answered(picture(), once.camera_info)
        assert info.k[0] == INTRINSICS.fx
        assert process.end() == 0
        assert 'incompatible QoS' not in process.output
    probe.destroy(latched)


def test_a_driver_that_keeps_no_camera_info_hears_of_no_incompatible_qos(probe):
    mismatches = []
    driver = probe.node.create_publisher(
        CameraInfo, '/volatile/camera_info', RELIABLE,
        event_callbacks=PublisherEventCallbacks(incompatible_qos=mismatches.append))
    with NodeProcess('depth_node', '-r', '__ns:=/volatile') as process:
        volatile = Running(probe, process, 'volatile', camera_info='/volatile/not_this_one')
        assert process.wait_for_output('Active')
        driver.publish(fill_camera_info(CameraInfo(), INTRINSICS))
        volatile.camera.send_until_answered(picture(), volatile.depth)
        volatile.status(lambda values: int(values['frames out']) > 0)
        assert process.end() == 0
    probe.destroy(driver)
    assert not mismatches


def test_a_misspelt_parameter_is_told_with_the_nearest_name():
    with NodeProcess('depth_node', '-p', 'camera_hight:=1.0', '-p', 'use_sim_time:=false',
                     '-p', 'camera_height:=1', '-r', '__ns:=/misspelt') as process:
        assert process.wait_for_output("no parameter 'camera_hight', .* is it camera_height?")
        assert process.wait_for_output('Active')
        assert process.output.count('There is no parameter') == 1


@pytest.mark.parametrize('module', ['cv2', 'openvino'])
@pytest.mark.parametrize('request_to_stop', [signal.SIGINT, signal.SIGTERM])
def test_a_node_that_is_still_loading_stops_at_once_and_quietly(
        tmp_path, module, request_to_stop):
    # A module, imported at start or with the model, that takes for ever.
    os.mkfifo(tmp_path / 'fifo')
    (tmp_path / f'{module}.py').write_text(f'open({str(tmp_path / "fifo")!r}).read()\n')
    env = {**os.environ, 'PYTHONPATH': f'{tmp_path}:{os.environ.get("PYTHONPATH", "")}'}
    with NodeProcess('depth_node', '-r', '__ns:=/loading', env=env) as process:
        with open(tmp_path / 'fifo', 'w'):  # which waits until the node reads
            assert process.end(request_to_stop) == 0
        assert process.output == ''


def test_two_instances_run_side_by_side_each_with_its_names_and_its_time(probe):
    names = {'image': 'eye', 'camera_info': 'eye_info', 'depth/image': 'far/image',
             'depth/camera_info': 'far/info', 'depth/set_enabled': 'pause'}
    remapped = [word for name, new in names.items() for word in ('-r', f'{name}:={new}')]
    with NodeProcess('depth_node', '-r', '__ns:=/left', '-p', 'use_sim_time:=true',
                     *remapped) as first, \
            NodeProcess('depth_node', '-r', '__ns:=/right') as second:
        assert first.wait_for_output('Active: /left/eye -> /left/far/image')
        assert second.wait_for_output('Active: /right/image -> /right/depth/image')
        left = Running(probe, first, 'left', image='/left/eye', camera_info='/left/eye_info')
        right = Running(probe, second, 'right')
        left.depth = probe.listen(Image, '/left/far/image')
        infos = probe.listen(CameraInfo, '/left/far/info')
        for each in (left, right):
            each.camera.intrinsics = INTRINSICS
            each.camera.send_until_answered(picture(), each.depth)
        left.camera.send_until_answered(picture(), infos)
        assert probe.call(SetBool, '/left/pause', SetBool.Request(data=True)).success
        # A simulation's time: the left node's diagnostics have it, the right one's don't.
        clock = probe.node.create_publisher(Clock, '/clock', 10)
        time = Clock()
        time.clock.sec = 12345
        # Again and again, as a simulator does: the first may come before they have met.
        ticks = probe.node.create_timer(0.2, lambda: clock.publish(time))
        for each, is_simulated in ((left, True), (right, False)):
            assert each.diagnostics.wait(lambda message: message.status[0].name.startswith(
                each.name[1:]) and (message.header.stamp.sec == 12345) == is_simulated)
        probe.node.destroy_timer(ticks)
        left.depth_of(picture())
        right.depth_of(picture())


def test_an_interrupt_in_the_middle_of_work_ends_the_process_quietly(probe):
    with NodeProcess('depth_node', '-r', '__ns:=/busy') as process:
        busy = Running(probe, process, 'busy', image='/busy/image',
                       camera_info='/busy/camera_info')
        busy.camera.send_until_answered(picture(), busy.depth)
        for _ in range(20):
            busy.camera.send(picture())
        assert process.end(signal.SIGINT) == 0, process.output
        assert 'Traceback' not in process.output and 'ERROR' not in process.output


def test_a_node_that_ends_leaves_nothing_in_shared_memory(probe):
    before = set(os.listdir('/dev/shm'))
    with NodeProcess('depth_node', '-r', '__ns:=/leaves') as process:
        assert process.wait_for_output('Active')
        mapped = Path(f'/proc/{process.pid}/maps').read_text()
        segments = set(re.findall(r'/dev/shm/(\w+_[0-9a-f]{16})$', mapped, re.MULTILINE)) - before
        assert segments
        assert process.end() == 0
    assert not segments & set(os.listdir('/dev/shm'))


@pytest.mark.parametrize('argument, sentence', [
    ('image_transport:=smoke', "image_transport is one of auto, raw, compressed, not 'smoke'"),
    ('edge_filter:=0.3', 'edge_filter is one of sharpen, remove, off, not 0.3: what was '
     'edge_filter: 0.3 is edge_filter: remove and edge_threshold: 0.3'),
    ('edge_filter:=0', 'what was edge_filter: 0 is edge_filter: off'),
    ('model:=3', "'model' to '3' of type 'INTEGER', expecting type 'STRING'"),
])
def test_a_wrong_parameter_ends_the_process_with_a_sentence(argument, sentence):
    with NodeProcess('depth_node', '-p', argument) as process:
        assert process.wait() == 1
        assert sentence in process.output and 'Traceback' not in process.output


def test_a_failing_network_costs_a_frame_and_not_the_node(probe, monkeypatch):
    # The one thing that cannot be brought about from outside.
    node, executor = depth_node.DepthNode(), SingleThreadedExecutor()
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin)
    try:
        node.start()
        spinning.start()
        inside = Running(probe, None, 'depth_estimation')
        inside.name = '/depth_estimation'
        inside.camera = Camera(probe, '/image', '/camera_info')
        inside.depth = probe.listen(Image, '/depth/image')
        inside.camera.send_until_answered(picture(), inside.depth)
        with monkeypatch.context() as patch:
            patch.setattr(node._pipeline.estimator, 'estimate', lambda *_, **__: 1 / 0)
            inside.camera.send(picture())
            status = inside.status(lambda values: 'ZeroDivisionError' in values['last reason'])
            assert status.level == DiagnosticStatus.ERROR
        inside.camera.send_until_answered(picture(), inside.depth)
    finally:
        executor.shutdown()
        spinning.join()
        node.destroy_node()
