"""What a user sets on the depth node, over DDS, with a model whose depth is known."""

from pathlib import Path
import threading
import time

import color_model
import cv2
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import focal_ratio, Intrinsics
from depth_estimation_ros.images.messages import to_depth
from depth_estimation_ros.node import model_loader
from depth_estimation_ros.node.depth_node import DepthNode
from depth_estimation_ros.node.depth_settings import SETTINGS
from depth_estimation_ros.node.image_messages import from_array
from depth_estimation_ros.node.reporting import LOG_PERIOD
from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
import numpy as np
import pytest
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from ros_probe import Camera, NodeProcess, Running, TIMEOUT, values_of
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import SetBool

SAMPLE = Path(__file__).parents[1] / 'data' / 'sample'
DEFAULTS = {name: setting.default for name, setting in SETTINGS.items() if name not in (
    'model', 'image_transport', 'autostart')}
# Every depth as the model sees it.
BARE = {'edge_filter': 'off', 'min_range': 0.0, 'max_range': 1000.0}


@pytest.fixture(scope='module')
def models(tmp_path_factory):
    """Return two models whose depths differ by half, and one that is none."""
    folder = tmp_path_factory.mktemp('models')
    (folder / 'bad.onnx').write_bytes(b'no model')
    return {'one': color_model.write(folder / 'one.onnx'),
            'half': color_model.write(folder / 'half.onnx', 0.5, confidence=False, size=64),
            'floor': color_model.write(folder / 'floor.onnx', floor=True),
            'bad': str(folder / 'bad.onnx')}


@pytest.fixture(scope='module')
def node(probe, models):
    """Return an active node with a model whose depth is known."""
    with NodeProcess('depth_node', '-r', '__ns:=/set', '-p', f'model:={models["one"]}') as process:
        node = Running(probe, process, 'set')
        assert process.wait_for_output('Active')
        node.camera.intrinsics = color_model.TRAINED
        node.camera.send_until_answered(plain(5.0), node.camera_info)
        yield node
        assert 'Traceback' not in process.output


@pytest.fixture(autouse=True)
def defaults(node):
    """Begin each test with the training camera and the default parameters."""
    node.camera.intrinsics = color_model.TRAINED
    now = node.probe.get_parameters(node.name, DEFAULTS)
    # As text, in which NaN is NaN.
    changed = {name: value for name, value in DEFAULTS.items() if str(now[name]) != str(value)}
    if changed:
        node.set_parameters(**changed)


def plain(depth: float, confidence: float = 1.0) -> np.ndarray:
    """Return the picture of a wall."""
    return color_model.picture_of(np.full((144, 256), depth), confidence)


def test_points_lie_on_the_rendered_geometry_whatever_the_fit_and_the_size(node):
    truth = min((np.load(path).astype(np.float32)
                 for path in sorted((SAMPLE / 'depth' / 'val').iterdir())), key=share_of_edges)
    # Another camera than the training camera: 4 : 3, and a longer lens.
    left, width = 30, 192
    node.camera.intrinsics = color_model.TRAINED.cropped(left, 0, width, 144).resized(320, 240)
    seen = cv2.resize(truth[:, left:left + width], (320, 240), interpolation=cv2.INTER_LINEAR)
    node.set_parameters(**BARE)
    for fit, used in (('stretch', (320, 240)), ('crop', (320, 180))):
        share = used[1] / 240
        # What the network would see, if it saw with its training camera.
        ratio = focal_ratio(node.camera.intrinsics.fx, *used, color_model.INFO.focal,
                            color_model.SIZE, color_model.INFO.aspect)
        picture = color_model.picture_of(seen / ratio)
        for size, shape in (('input', (240, 320)), ('network', (224, 224))):
            node.set_parameters(fit=fit, depth_size=size)
            message = node.depth_of(picture)
            depth = to_depth(message)
            info = node.camera_info.wait(lambda info: info.header == message.header)
            assert depth.shape == shape == (info.height, info.width)
            known = np.isfinite(depth)
            assert known.mean() == pytest.approx(share if size == 'input' else 1.0, abs=0.01)
            error = distances(depth, info, truth)
            assert np.median(error) < 0.02 and np.percentile(error, 90) < 0.05, (fit, size)


def share_of_edges(depth: np.ndarray) -> float:
    """Return how many neighbours differ by over 5 %: resampling smears depth there."""
    return float((np.abs(np.diff(np.log(depth), axis=1)) > 0.05).mean())


def distances(depth: np.ndarray, info: CameraInfo, truth: np.ndarray) -> np.ndarray:
    """Project depth to points, and return how far they are from rendered depth, relatively."""
    v, u = np.mgrid[:depth.shape[0], :depth.shape[1]]
    p = np.array(info.p).reshape(3, 4)
    x, y = (u - p[0, 2]) / p[0, 0], (v - p[1, 2]) / p[1, 1]
    camera = color_model.TRAINED
    rendered = cv2.remap(
        truth, (camera.cx + camera.fx * x).astype(np.float32),
        (camera.cy + camera.fy * y).astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE)
    known = np.isfinite(depth)
    return np.abs(depth[known] - rendered[known]) / rendered[known]


def test_what_is_out_of_range_is_told_as_the_user_wants(node):
    # From 0.1 to 20 m, left to right.
    picture = color_model.picture_of(np.tile(np.linspace(0.1, 20.0, 256), (144, 1)))
    millimetres = node.probe.listen(Image, '/set/depth/image_raw')
    node.camera.send_until_answered(picture, millimetres)
    node.set_parameters(edge_filter='off', min_range=2.0, max_range=10.0)
    for choice, near, far in (('rep117', -np.inf, np.inf), ('clamp', 2.0, 10.0),
                              ('nan', np.nan, np.nan)):
        node.set_parameters(out_of_range=choice)
        message = node.depth_of(picture)
        depth = to_depth(message)
        np.testing.assert_array_equal(depth[:, :20], np.float32(near))
        np.testing.assert_array_equal(depth[:, 140:], np.float32(far))
        assert np.isfinite(depth[:, 30:120]).all()
        raw = millimetres.wait(lambda each: each.header == message.header)
        assert raw.encoding == '16UC1'
        whole = np.frombuffer(raw.data, np.uint16).reshape(depth.shape)
        np.testing.assert_array_equal(
            whole, np.where(np.isfinite(depth), np.rint(1000.0 * depth), 0.0))
    # Where training depths ended, however far the user looks.
    node.set_parameters(max_range=1000.0, out_of_range='rep117')
    assert (to_depth(node.depth_of(plain(19.5))) == np.inf).all()


def test_a_known_height_puts_the_ground_where_it_is(node):
    # Seen from 1.2 m; a wall behind it at 8 m.
    below = (np.arange(144) - color_model.TRAINED.cy) / color_model.TRAINED.fy
    rows = np.minimum(1.2 / below.clip(min=1e-3), 8.0)
    picture = color_model.picture_of(np.tile(rows[:, None], (1, 256)))
    node.set_parameters(edge_filter='off')
    depth = to_depth(node.depth_of(picture))
    node.set_parameters(camera_height=0.6)
    for _ in range(10):  # with each picture it is surer of the scale
        lower = to_depth(node.depth_of(picture))
    np.testing.assert_allclose(lower[140], depth[140] / 2.0, rtol=0.03)
    np.testing.assert_allclose(lower[10], 4.0, rtol=0.03)
    node.status(lambda values: 0.48 < float(values['scale by the floor']) < 0.52)
    # Where no ground is in sight, what it said last holds.
    np.testing.assert_allclose(to_depth(node.depth_of(plain(5.0))), 2.5, rtol=0.03)
    node.set_parameters(camera_height=0.0)
    np.testing.assert_allclose(to_depth(node.depth_of(plain(5.0))), 5.0, rtol=0.02)


def test_a_known_pose_tells_the_scale_where_little_floor_is_in_sight(node):
    # Level, 1.2 m above a floor of which a wall, 3 m ahead, leaves a strip.
    below = (np.arange(144) - color_model.TRAINED.cy) / color_model.TRAINED.fy
    rows = np.minimum(1.2 / below.clip(min=1e-3), 3.0)
    picture = color_model.picture_of(np.tile(rows[:, None], (1, 256)))
    node.set_parameters(edge_filter='off', camera_pitch=0.0)
    node.depth_of(picture)
    node.status(lambda values: values['camera pose from'] == 'none')
    node.set_parameters(camera_height=0.6)
    for _ in range(10):
        depth = to_depth(node.depth_of(picture))
    np.testing.assert_allclose(depth[10], 1.5, rtol=0.03)
    node.status(lambda values: values['camera pose from'] == 'parameters'
                and float(values['sigma of the scale']) < 0.1)
    node.set_parameters(camera_pitch=float('nan'))
    node.status(lambda values: values['camera pose from'] == 'height alone')


def test_edges_are_sharp_or_have_no_depth_and_nothing_is_invented_between(node):
    step = np.full((144, 256), 3.0)
    step[:, 128:] = 9.0
    picture = color_model.picture_of(step)

    def is_on_a_wall(depth):
        known = depth[np.isfinite(depth)]
        return (np.abs(known[:, None] - (3.0, 9.0)).min(axis=1) < 0.05).all()

    depth = to_depth(node.depth_of(picture))
    assert is_on_a_wall(depth) and np.isnan(depth).mean() < 0.005
    assert (depth[:, :127] < 3.1).all() and (depth[:, 130:] > 8.9).all()
    node.set_parameters(edge_filter='remove')
    depth = to_depth(node.depth_of(picture))
    assert np.isnan(depth[:, 127:129]).all() and 0.0 < np.isnan(depth).mean() < 0.03
    assert is_on_a_wall(depth)
    node.set_parameters(edge_threshold=3.0)
    assert np.isfinite(to_depth(node.depth_of(picture))).all()
    node.set_parameters(edge_filter=False)  # as YAML reads off
    assert node.probe.get_parameters(node.name, ['edge_filter']) == {'edge_filter': 'off'}
    depth = to_depth(node.depth_of(picture))
    assert np.isfinite(depth).all() and not is_on_a_wall(depth)


def test_doubtful_pixels_have_no_depth_and_confidence_comes_to_those_who_listen(node, models):
    sure = np.zeros((144, 256))
    sure[:, :128] = 0.8
    picture = color_model.picture_of(np.full((144, 256), 5.0), sure)
    assert np.isfinite(to_depth(node.depth_of(picture))).all()
    node.set_parameters(min_confidence=0.5)
    depth = to_depth(node.depth_of(picture))
    assert np.isfinite(depth[:, :126]).all() and np.isnan(depth[:, 130:]).all()
    confidences = node.probe.listen(Image, '/set/depth/confidence')
    message = node.camera.send_until_answered(picture, confidences)
    assert message.encoding == '32FC1'
    np.testing.assert_allclose(to_depth(message)[:, :126], 0.8, atol=0.01)
    assert (to_depth(message)[:, 130:] < 0.01).all()
    # A model that tells none still works.
    node.set_parameters(model=models['half'])
    assert np.isfinite(to_depth(node.depth_of(picture))).all()
    node.set_parameters(model=models['one'])


def test_a_model_is_exchanged_between_two_images_and_a_bad_one_refused(node, models):
    node.set_parameters(**BARE)
    picture = plain(8.0)
    for model, before, after in (('half', 8.0, 4.0), ('bad', 4.0, 4.0), ('one', 4.0, 8.0)):
        results = []
        setting = threading.Thread(target=lambda model=model: results.append(
            node.probe.set_parameter(node.name, 'model', models[model])))
        setting.start()
        seen = []
        while setting.is_alive():
            seen.append(to_depth(node.depth_of(picture)).mean())  # fails where one is lost
        setting.join()
        assert results[0].successful == (model != 'bad'), results[0].reason
        assert len(seen) > 0
        seen.append(to_depth(node.depth_of(picture)).mean())
        wanted = [before] * seen.count(seen[0]) + [after] * len(seen)
        np.testing.assert_allclose(seen, wanted[:len(seen)], atol=0.05)
        assert seen[-1] == pytest.approx(after, abs=0.05)
    assert 'bad.onnx is not an ONNX file' in node.probe.set_parameter(
        node.name, 'model', models['bad']).reason
    assert not node.probe.set_parameter(node.name, 'device', 'abacus').successful
    node.status(lambda values: values['model'] == models['one'])


class Loads:
    """What is loaded, and when: the one thing that cannot be seen from outside."""

    def __init__(self):
        self.made = []
        self.began = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.go_on.set()

    def __call__(self, *wanted):
        """Load as a DepthEstimator would."""
        self.made.append(wanted)
        self.began.release()
        assert self.go_on.wait(TIMEOUT)
        return DepthEstimator(*wanted)


@pytest.fixture
def loads(probe, models, monkeypatch):
    """Return the loads of /depth_estimation, an active node in this process."""
    loads = Loads()
    monkeypatch.setattr(model_loader, 'DepthEstimator', loads)
    node, executor = DepthNode(), SingleThreadedExecutor()
    node.set_parameters([Parameter('model', value=models['one'])])
    for trigger in (node.trigger_configure, node.trigger_activate):
        assert trigger() == TransitionCallbackReturn.SUCCESS
    assert loads.began.acquire(timeout=TIMEOUT)
    loads.made.clear()
    executor.add_node(node)
    spinning = threading.Thread(target=executor.spin)
    spinning.start()
    yield loads
    loads.go_on.set()
    executor.shutdown()
    spinning.join()
    node.destroy_node()


def test_a_request_loads_once_whatever_it_sets(probe, models, loads):
    for model, device, is_good in (('half', 'cpu', True), ('bad', 'auto', False),
                                   ('one', 'auto', True)):
        request = SetParameters.Request(parameters=[
            Parameter(name, value=value).to_parameter_msg() for name, value in (
                ('device', device), ('rate', 5.0), ('model', models[model]))])
        results = probe.call(
            SetParameters, '/depth_estimation/set_parameters', request).results
        assert [each.successful for each in results] == [is_good, True, is_good]
        assert loads.made == [(models[model], device, 0, False)]
        loads.made.clear()
    assert probe.set_parameters(
        '/depth_estimation', {'device': 'cpu', 'model': models['half']}).successful
    assert loads.made == [(models['half'], 'cpu', 0, False)]


def test_what_was_loaded_for_a_refused_request_is_not_used_later(probe, models, loads):
    assert not probe.set_parameters('/depth_estimation', {
        'model': models['half'], 'image_transport': 'compressed'}).successful
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert probe.change_state('/depth_estimation', transition)
    assert probe.set_parameter('/depth_estimation', 'model', models['half']).successful
    loads.made.clear()
    # The file may be another one by now.
    assert probe.change_state('/depth_estimation', Transition.TRANSITION_CONFIGURE)
    assert loads.made == [(models['half'], 'auto', 0, False)]


def test_the_node_answers_while_a_model_loads(probe, models, loads):
    loads.go_on.clear()
    results = []
    setting = threading.Thread(target=lambda: results.append(
        probe.set_parameter('/depth_estimation', 'model', models['half'])))
    setting.start()
    assert loads.began.acquire(timeout=TIMEOUT)
    assert probe.state('/depth_estimation') == 'active'
    assert probe.call(SetBool, '/depth/set_enabled', SetBool.Request(data=False)).success
    assert probe.get_parameters('/depth_estimation', ['model']) == {'model': models['one']}
    for transition in (Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert probe.change_state('/depth_estimation', transition)
    assert not results
    loads.go_on.set()
    setting.join(TIMEOUT)
    # It is set, and the node is as it was told to be meanwhile.
    assert results[0].successful and probe.state('/depth_estimation') == 'unconfigured'
    assert probe.get_parameters('/depth_estimation', ['model']) == {'model': models['half']}


def test_a_model_that_does_not_end_is_refused_and_the_old_one_stays(
        probe, models, loads, monkeypatch):
    monkeypatch.setattr(model_loader, 'LOAD_TIME', 0.0)
    assert probe.set_parameter('/depth_estimation', 'inference_timeout', 0.2).successful
    loads.go_on.clear()
    refused = probe.set_parameter('/depth_estimation', 'model', models['half'])
    assert not refused.successful and 'is not ready after 0 s' in refused.reason
    assert probe.get_parameters('/depth_estimation', ['model']) == {'model': models['one']}


def test_another_model_goes_on_where_the_network_does_not_end(
        probe, models, loads, monkeypatch):
    node = Running(probe, None, 'depth_estimation')
    node.name = '/depth_estimation'
    node.camera = Camera(probe, '/image', '/camera_info')
    node.depth = probe.listen(Image, '/depth/image')
    node.camera.send_until_answered(plain(5.0), node.depth)
    ends, has_ended, estimate = threading.Event(), threading.Event(), DepthEstimator.estimate

    def stuck(*arguments, **options):
        ends.wait(TIMEOUT)
        has_ended.set()
        return estimate(*arguments, **options)
    with monkeypatch.context() as patch:
        patch.setattr(DepthEstimator, 'estimate', stuck)
        node.set_parameters(inference_timeout=0.2)
        node.camera.send(plain(5.0))
        status = send_until(node, lambda: None, lambda status: 'on one image' in status.message)
        assert status.level == DiagnosticStatus.ERROR
    node.set_parameters(model=models['half'])
    depth = to_depth(node.camera.send_until_answered(plain(5.0), node.depth))
    np.testing.assert_allclose(depth, 2.5, rtol=0.05)
    # What comes of it late is not published, nor counted twice.
    ends.set()
    assert has_ended.wait(TIMEOUT)
    node.camera.send_until_answered(plain(5.0), node.depth)
    stamps = [message.header.stamp.sec for message in node.depth.messages]
    assert stamps == sorted(stamps)


@pytest.mark.parametrize('name, value, sentence', [
    ('fit', 'squeeze', "fit is one of stretch, crop, not 'squeeze'"),
    ('max_range', 0.05, 'min_range must be less than max_range, not 0.1 and 0.05'),
    ('max_range', float('nan'), 'max_range'),
    ('camera_pitch', -91.0, 'camera_pitch is from -90 to 90, or .nan where it is unknown'),
    ('edge_filter', 'blur', "edge_filter is one of sharpen, remove, off, not 'blur'"),
    ('edge_threshold', -1.0, 'edge_threshold out of range'),
    ('min_confidence', 2.0, 'min_confidence out of range'),
    ('image_transport', 'compressed', 'deactivate the node first'),
    ('rate', 1e-10, 'rate is 0 (no limit) or 0.01 to 1000, not 1e-10'),
    ('scale', 'large', 'Wrong parameter type'),
    ('autostart', False, 'read-only'),
])
def test_a_wrong_value_is_refused_with_a_sentence(node, name, value, sentence):
    result = node.probe.set_parameter(node.name, name, value)
    assert not result.successful
    assert sentence in result.reason


def test_every_parameter_tells_what_it_means_and_what_it_may_be(node):
    described = node.probe.call(
        DescribeParameters, f'{node.name}/describe_parameters',
        DescribeParameters.Request(names=list(SETTINGS))).descriptors
    for setting, descriptor in zip(SETTINGS.values(), described):
        assert descriptor.description.endswith('.')
        if isinstance(setting.default, float) and not setting.may_be_nan:
            limits = descriptor.floating_point_range[0]
            assert limits.from_value <= setting.default <= limits.to_value


def test_the_floor_comes_to_those_who_listen(node, models):
    node.set_parameters(model=models['floor'])
    share = np.zeros((144, 256))
    share[72:] = 0.8
    floors = node.probe.listen(Image, '/set/depth/floor')
    message = node.camera.send_until_answered(
        color_model.picture_of(np.full((144, 256), 5.0), share), floors)
    assert message.encoding == '32FC1'
    np.testing.assert_allclose(to_depth(message)[74:], 0.8, atol=0.01)
    assert (to_depth(message)[:70] < 0.01).all()
    node.set_parameters(model=models['one'])


def test_size_and_encoding_may_change_at_any_time(node):
    node.set_parameters(**BARE)
    depth = np.tile(np.linspace(2.0, 12.0, 160), (90, 1))
    rgb = color_model.picture_of(depth)
    large = cv2.resize(rgb, (642, 362))
    pictures = (('rgb8', rgb), ('bgr8', np.ascontiguousarray(large[:, :, ::-1])),
                ('rgb16', rgb.astype(np.uint16) * 257), ('rgb8', rgb[:50, :70]),
                ('bayer_rggb8', large[:, :, 0]), ('yuv422', large[:, :, :2]), ('rgb8', large))
    for encoding, pixels in pictures:
        node.camera.intrinsics = Intrinsics(
            pixels.shape[1], pixels.shape[0], pixels.shape[1] / 2.0, pixels.shape[1] / 2.0,
            0.0, 0.0)
        message = node.depth_of(np.ascontiguousarray(pixels), encoding)
        assert (message.height, message.width) == pixels.shape[:2]
        if encoding.startswith(('rgb', 'bgr')) and pixels.shape[1] != 70:
            np.testing.assert_allclose(
                to_depth(message).mean(), depth.mean(), atol=0.1, err_msg=encoding)


def test_a_rate_keeps_the_newest_image_waiting_until_it_is_due(node):
    node.set_parameters(rate=0.01)
    node.depth_of(plain(5.0))
    node.diagnostics.wait_for_count(len(node.diagnostics.messages) + 1)
    before = int(values_of(node.diagnostics.messages[-1].status[0])['frames in'])
    waiting = []
    for count in (1, 2):
        waiting.append(node.camera.send(plain(5.0)))
        node.status(lambda values: int(values['frames in']) == before + count)
    node.set_parameters(rate=0.0)
    assert node.depth.wait(lambda message: message.header == waiting[-1])
    assert not any(message.header in waiting[:-1] for message in node.depth.messages)


def test_inference_can_be_paused_and_go_on(node):
    def switch(on):
        response = node.probe.call(
            SetBool, '/set/depth/set_enabled', SetBool.Request(data=on))
        assert response.success

    before = int(values_of(node.status())['frames paused'])
    switch(False)
    unseen = [node.camera.send(plain(5.0)) for _ in range(3)]
    status = node.status(lambda values: int(values['frames paused']) > before)
    assert (status.level, status.message) == (DiagnosticStatus.OK, 'paused')
    assert node.probe.state(node.name) == 'active'
    switch(True)
    node.depth_of(plain(5.0))
    assert not any(message.header in unseen for message in node.depth.messages)


def test_the_camera_that_stops_and_comes_back_is_noticed(node):
    node.set_parameters(stale_after=0.3)
    node.depth_of(plain(5.0))
    stale = node.diagnostics.wait(
        lambda message: message.status[0].level == DiagnosticStatus.STALE)
    assert 'no image on /set/image for' in stale.status[0].message
    assert node.process.wait_for_output('Waiting for the camera: no image on /set/image')
    node.set_parameters(stale_after=3.0)
    node.depth_of(plain(5.0))
    assert node.process.wait_for_output('The camera is back')


def send_until(node: Running, send, wanted) -> DiagnosticStatus:
    """Send again and again until the diagnostics are wanted, and return them."""
    seen, deadline = len(node.diagnostics.messages), time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        send()
        for message in node.diagnostics.messages[seen:]:
            if message.status[0].name.startswith(node.name[1:]) and wanted(message.status[0]):
                return message.status[0]
        node.diagnostics.wait_for_count(len(node.diagnostics.messages) + 1, 0.1)
    raise AssertionError('no such diagnostics')


def test_images_that_come_without_any_depth_are_an_error_with_its_reason(node):
    node.set_parameters(stale_after=0.5)
    odd = from_array(plain(5.0), 'rgb8', node.camera.header())
    odd.encoding = 'holographic'
    status = send_until(node, lambda: node.camera.image.publish(odd),
                        lambda status: 'no depth went out' in status.message)
    assert status.level == DiagnosticStatus.ERROR
    assert "the encoding 'holographic' is not one of" in status.message
    node.set_parameters(stale_after=3.0)
    send_until(node, lambda: node.camera.send(plain(5.0)),
               lambda status: status.level != DiagnosticStatus.ERROR)


@pytest.mark.parametrize('out_of_range', ['rep117', 'clamp', 'nan'])
def test_depth_without_a_pixel_in_range_is_a_warning(node, out_of_range):
    node.set_parameters(stale_after=0.5, max_range=1.0, out_of_range=out_of_range)
    status = send_until(node, lambda: node.camera.send(plain(5.0)),
                        lambda status: 'no pixel has had a depth in range' in status.message)
    assert status.level == DiagnosticStatus.WARN


def test_a_whole_number_is_taken_for_a_float(node):
    node.set_parameters(scale=2, **BARE)
    assert node.probe.get_parameters(node.name, ['scale']) == {'scale': 2.0}
    np.testing.assert_allclose(to_depth(node.depth_of(plain(5.0))), 10.0, atol=0.1)


def send_with(node: Running, info: CameraInfo, pixels: np.ndarray) -> Image:
    """Publish an image after a camera_info of any kind, and return its depth image."""
    info.header = node.camera.header()
    node.camera.camera_info.publish(info)
    node.camera.image.publish(from_array(pixels, 'rgb8', info.header))
    message = node.depth.wait(lambda message: message.header == info.header)
    assert message is not None
    return message


def test_depth_goes_on_without_a_usable_camera_info(node):
    picture = plain(5.0)
    uncalibrated = CameraInfo(width=256, height=144)
    header = send_with(node, uncalibrated, picture).header
    assert node.diagnostics.wait(
        lambda message: message.status[0].level == DiagnosticStatus.WARN and
        'uncalibrated' in message.status[0].message)
    later = node.depth_of(picture)
    assert node.camera_info.wait(lambda info: info.header == later.header)
    assert not any(info.header == header for info in node.camera_info.messages)


def test_a_camera_info_that_comes_and_goes_does_not_fill_the_log(node):
    uncalibrated = CameraInfo(width=256, height=144)

    def complaints():
        return node.process.output.count('Depth without depth/camera_info')
    before, began = complaints(), time.monotonic()
    for _ in range(10):
        send_with(node, uncalibrated, plain(5.0))
        node.depth_of(plain(5.0))
    assert complaints() - before <= 1 + (time.monotonic() - began) / LOG_PERIOD
    # One that stays is told, if later.
    told, deadline = complaints(), time.monotonic() + TIMEOUT
    while complaints() == told:
        assert time.monotonic() < deadline
        send_with(node, uncalibrated, plain(5.0))
        time.sleep(0.1)


def test_region_of_interest_and_binning_are_understood(node):
    # A camera of 1280 x 720, of which every other pixel of a window is read.
    info = CameraInfo(width=1280, height=720, binning_x=2, binning_y=2, distortion_model='fisheye',
                      d=[0.1, 0.0, 0.0, 0.0])
    info.k = [640.0, 0.0, 639.5, 0.0, 640.0, 359.5, 0.0, 0.0, 1.0]
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 384, 216, 512, 288
    message = send_with(node, info, plain(5.0))
    answer = node.camera_info.wait(lambda each: each.header == message.header)
    assert (answer.width, answer.height, answer.binning_x, answer.roi.width) == (256, 144, 0, 0)
    expected = Intrinsics(1280, 720, 640.0, 640.0, 639.5, 359.5).cropped(
        384, 216, 512, 288).resized(256, 144)
    for matrix, places in ((answer.k, (0, 4, 2, 5)), (answer.p, (0, 5, 2, 6))):
        assert [matrix[place] for place in places] == [
            expected.fx, expected.fy, expected.cx, expected.cy]
    # 320 pixels are 2.5 training focal lengths here.
    np.testing.assert_allclose(to_depth(message), 12.5, atol=0.1)
    # Its lens distorts, and the topic's name tells nothing of rectification. Once is enough.
    send_with(node, info, plain(5.0))
    assert node.process.wait_for_output('seems not to be rectified')
    assert node.process.output.count('seems not to be rectified') == 1
