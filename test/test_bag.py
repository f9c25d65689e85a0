"""Bags of a robot with a camera and a depth camera: what is read from them, and scored."""

from dataclasses import asdict, replace
import json
import math
from pathlib import Path
import shutil
import subprocess
import sys

from bag_writer import (
    BagMessage, camera_info, compressed, image, transforms, write_bag, write_ros1_bag)
import cv2
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Box, Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.recordings.bag import Bag
from depth_estimation_ros.recordings.recording import RecordingError
from depth_estimation_ros.recordings.registration import register
from depth_estimation_ros.recordings.sources import open_recording
from learning.pairs_table import read_records
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
DRIVE = ROOT / 'data' / 'drive'
EVALUATE = ROOT / 'training' / 'evaluate.py'

COLOR, COLOR_INFO = '/camera/color/image_raw', '/camera/color/camera_info'
DEPTH, DEPTH_INFO = '/camera/depth/image_rect', '/camera/depth/camera_info'


def evaluate(*arguments) -> subprocess.CompletedProcess:
    """Run the command."""
    return subprocess.run([sys.executable, EVALUATE, '--model', 'compact', *map(str, arguments)],
                          capture_output=True, text=True, timeout=300)


@pytest.fixture(scope='module')
def camera():
    """Return the camera of the drive with a longer lens, which no picture of it has."""
    drive = read_camera_json(DRIVE / 'camera.json')
    return replace(drive, fx=1.5 * drive.fx, fy=1.5 * drive.fy)


@pytest.fixture(scope='module')
def views(camera):
    """Return four images (BGR) and what the shipped model sees in them, in metres."""
    estimator = DepthEstimator('compact')
    images = [cv2.imread(str(path)) for path in sorted((DRIVE / 'rgb' / 'test').iterdir())[::25]]
    return [(each, estimator.estimate(np.ascontiguousarray(each[:, :, ::-1]), camera).depth)
            for each in images]


@pytest.fixture(scope='module', params=['mcap', 'sqlite3'])
def bag(request, camera, views, tmp_path_factory):
    """
    Return a bag whose depth camera measures what the model estimates, as far as it sees.

    It sees the middle of the image, at half the size. In its upper half it knows no depth; the
    first column is beyond the model's 20 m.
    """
    in_millimetres = request.param == 'mcap'
    depth_camera = camera.cropped(160, 60, 320, 240).resized(160, 120)
    messages = []
    for number, (pixels, depth) in enumerate(views):
        seconds = 1000.0 + number
        part = cv2.resize(depth[60:300, 160:480], (160, 120), interpolation=cv2.INTER_AREA)
        part[:60] = 0.0
        part[:, 0] = 30.0
        # The depth comes later than the image, and one that has no image comes before it.
        messages += [
            camera_info(COLOR_INFO, seconds, camera),
            camera_info(DEPTH_INFO, seconds, depth_camera),
            image(COLOR, seconds, pixels[:, :, ::-1], 'rgb8', padding=8),
            image(DEPTH, seconds - 0.5, np.ones_like(part), '32FC1') if not in_millimetres
            else image(DEPTH, seconds - 0.5, np.ones(part.shape, np.uint16), '16UC1')]
        if in_millimetres:
            messages.append(image(DEPTH, seconds + 0.01, np.round(1000.0 * part).astype(np.uint16),
                                  '16UC1', padding=4))
        else:
            part[0] = np.nan
            part[1] = np.inf
            messages.append(image(DEPTH, seconds + 0.01, part, '32FC1'))
    return write_bag(tmp_path_factory.mktemp('bag') / 'drive', request.param, messages)


def test_a_model_that_is_right_scores_so_in_the_geometry_of_the_depth_camera(bag, tmp_path):
    result = evaluate('--bag', bag, '--json', tmp_path / 'scores.json',
                      '--figures', tmp_path / 'figures')
    assert result.returncode == 0, result.stderr
    scores = json.loads((tmp_path / 'scores.json').read_text())
    assert scores['n'] == 4
    assert (scores['image_topic'], scores['depth_topic']) == (COLOR, DEPTH)
    assert scores['notes'] == []
    # The rest is the interpolation of edges. Half a pixel of the network's size off, another
    # focal length or a depth of another time make it several times as much.
    assert scores['per_image']['abs_rel'] < 0.01
    assert scores['per_image']['delta1'] > 0.995
    assert scores['per_image']['ratio'] == pytest.approx(1.0, abs=0.002)
    assert sum(each['share'] for each in scores['ranges']) == pytest.approx(1.0)
    pixels = scores['pixels']
    assert pixels['without_depth'] == pytest.approx(0.5, abs=0.01)
    assert pixels['beyond_max_depth'] >= 1 / 320
    assert sum(pixels.values()) == pytest.approx(1.0)
    for line in ('4 pairs of', 'per image', '4 to 6 m', 'AbsRel', 'beyond 20 m'):
        assert line in result.stdout
    assert {path.name for path in (tmp_path / 'figures').iterdir()} == {
        'best.png', 'median.png', 'worst.png'}


def test_a_bag_is_its_folder_or_the_file_in_it(bag):
    file = next(path for path in bag.iterdir() if path.suffix in ('.mcap', '.db3'))
    for path in (bag, file):
        frames = list(open_recording(str(path)))
        assert len(frames) == 4
        # On the image's pixels, so that it can be played as the ground truth of the image.
        assert frames[0].image.shape == (360, 640, 3) and frames[0].depth.shape == (360, 640)
        assert np.isnan(frames[0].depth[:, :159]).all()
        assert np.isfinite(frames[0].depth[181:299, 161:479]).all()


def scaled_bag(folder, camera, views, factor: float, more=()) -> Path:
    """Write a bag whose depth camera finds everything that many times as far as the model."""
    messages = list(more)
    for number, (pixels, depth) in enumerate(views):
        messages += [camera_info('/camera_info', number + 1.0, camera),
                     image('/image', number + 1.0, pixels, 'bgr8'),
                     image('/depth', number + 1.0, factor * depth, '32FC1')]
    return write_bag(folder / 'scaled', 'mcap', messages)


def test_the_table_tells_by_which_factor_depth_is_off_and_where(tmp_path, camera, views):
    path = scaled_bag(tmp_path, camera, views, 1.1)
    scores = json.loads(evaluate('--bag', path, '--json', '-').stdout)
    assert scores['per_image']['ratio'] == pytest.approx(1 / 1.1, abs=0.002)
    assert scores['per_image']['abs_rel'] == pytest.approx(1 - 1 / 1.1, abs=0.01)
    for each in scores['ranges']:
        assert each['bias'] == pytest.approx(1 / 1.1 - 1, abs=0.02)
    # The factor that it tells makes it right, and stays the same then.
    assert scores['scale'] == pytest.approx(1.1, abs=0.002)
    scaled = json.loads(evaluate('--bag', path, '--json', '-', '--scale', scores['scale']).stdout)
    assert scaled['per_image']['ratio'] == pytest.approx(1.0, abs=0.002)
    assert scaled['per_image']['abs_rel'] < 0.01
    assert scaled['scale'] == pytest.approx(scores['scale'], abs=0.002)


def test_a_known_height_takes_a_bias_away(tmp_path, camera, views):
    # The depth camera finds everything half as far: so the camera is half as high.
    path = scaled_bag(tmp_path, camera, views, 0.5)
    seen = ScaleTracker(camera_height=1.0)
    for pixels, depth in views:
        seen.follow(depth, camera)
    assert seen.measured > 1
    height = 0.5 / seen.scale
    result = evaluate('--bag', path, '--camera-height', height, '--json', tmp_path / 'scores.json')
    scores = json.loads((tmp_path / 'scores.json').read_text())
    # At the network's size, where the plane of one picture more may be none.
    assert 1 < scores['floor']['measured'] <= len(views)
    assert 'the floor told the scale in' in result.stdout
    assert scores['floor']['scale'] == pytest.approx(0.5, rel=0.1)
    assert scores['per_image']['ratio'] == pytest.approx(1.0, abs=0.15)
    # With the pitch, too, no plane is fitted: the floor's place is known.
    result = evaluate('--bag', path, '--camera-height', height, '--camera-pitch', -2,
                      '--json', tmp_path / 'scores.json')
    posed = json.loads((tmp_path / 'scores.json').read_text())
    assert posed['floor']['pose']['pitch'] == pytest.approx(-0.0349, abs=1e-3)
    assert 0.3 < posed['floor']['scale'] < 0.8 and posed['floor']['sigma'] < 0.1
    # As TF does.
    pose = CameraPose(height, math.radians(-2.0))
    path = scaled_bag(tmp_path / 'tf', camera, views, 0.5, [transforms('/tf_static', 0.0, (
        'base_footprint', 'camera', (0.0, 0.0, height), pose.quaternion))])
    evaluate('--bag', path, '--ground-frame', 'base_footprint', '--figures', tmp_path / 'figures',
             '--json', tmp_path / 'scores.json')
    by_tf = json.loads((tmp_path / 'scores.json').read_text())
    assert by_tf['floor']['scale'] == pytest.approx(posed['floor']['scale'], rel=1e-3)
    assert cv2.imread(str(tmp_path / 'figures' / 'scale.png')) is not None


@pytest.mark.parametrize('arguments,sentence', [
    (('--bag', 'check', '--scale', 0), '--scale is a positive factor, not 0'),
    (('--data-dir', 'data', '--scale', 2),
     '--scale, --camera-height and --ground-frame are for a camera'),
    (('--bag', 'check', '--camera-height', -1), '--camera-height is in metres, not -1')])
def test_a_scale_that_cannot_be_is_refused_with_a_sentence(arguments, sentence):
    result = evaluate(*arguments)
    assert result.returncode == 2 and sentence in result.stderr


def test_registered_to_another_camera_each_pixel_looks_the_same_way():
    camera = Intrinsics(64, 48, 40.0, 42.0, 30.0, 25.0)
    other = Intrinsics(200, 90, 200.0, 100.0, 90.0, 50.0)
    # A depth that tells the direction of each pixel.
    x, y = np.meshgrid((np.arange(64) - 30.0) / 40.0, (np.arange(48) - 25.0) / 42.0)
    seen = register((5.0 + x + 2.0 * y).astype(np.float32), camera, other, (90, 200))
    x, y = np.meshgrid((np.arange(200) - 90.0) / 200.0, (np.arange(90) - 50.0) / 100.0)
    expected = 5.0 + x + 2.0 * y
    known = np.isfinite(seen)
    assert known[25:75].all()
    np.testing.assert_allclose(seen[25:75], expected[25:75], atol=1e-2)


def test_without_cameras_both_are_taken_to_show_the_same_stretched():
    depth = np.tile(np.arange(8, dtype=np.float32), (4, 1))
    np.testing.assert_allclose(register(depth, None, None, (2, 4)),
                               np.tile([0.5, 2.5, 4.5, 6.5], (2, 1)))
    assert np.isfinite(register(depth, None, None, (40, 80))).all()


def moments(messages, tmp_path, **options):
    """Return a recording, and which image goes with which depth by their first pixels."""
    recording = Bag(write_bag(tmp_path / 'bag', 'mcap', messages), **options)
    return recording, [(int(each.image[0, 0, 0]),
                        None if each.depth is None else round(1000 * float(each.depth[0, 0])))
                       for each in recording.moments()]


@pytest.mark.parametrize('part, binning, expected', [
    (Box(20, 6, 0, 0), 0, Intrinsics(60, 40, 50.0, 52.0, 29.0, 20.5)),
    (Box(20, 6, 24, 16), 0, Intrinsics(24, 16, 50.0, 52.0, 9.0, 14.5)),
    (Box(0, 0, 0, 0), 2, Intrinsics(30, 20, 25.0, 26.0, 14.25, 10.0)),
    (Box(20, 6, 24, 16), 2, Intrinsics(12, 8, 25.0, 26.0, 4.25, 7.0))])
def test_a_camera_info_is_of_the_part_that_its_images_show(tmp_path, part, binning, expected):
    camera = Intrinsics(60, 40, 50.0, 52.0, 29.0, 20.5)
    pixels = np.zeros((expected.height, expected.width, 3), np.uint8)
    recording = Bag(write_bag(tmp_path / 'bag', 'mcap', [
        *(camera_info(f'/{name}/camera_info', 1.0, camera, part, binning) for name in 'cd'),
        image('/c/image', 1.0, pixels, 'bgr8'),
        image('/d/image', 1.0, pixels[:, :, 0].astype(np.uint16), '16UC1')]))
    assert recording.camera == recording.depth_camera == expected
    assert recording.notes == []


def test_images_of_the_whole_picture_are_not_of_a_part(tmp_path):
    camera = Intrinsics(60, 40, 50.0, 52.0, 29.0, 20.5)
    recording = Bag(write_bag(tmp_path / 'bag', 'mcap', [
        camera_info('/c/camera_info', 1.0, camera, Box(20, 6, 24, 16)),
        image('/c/image', 1.0, np.zeros((40, 60, 3), np.uint8), 'bgr8')]))
    assert recording.camera is None
    assert ('is for 24 x 16 pixels (after its region of interest and binning, of 60 x 40), but '
            '/c/image has 60 x 40') in recording.notes[0]


@pytest.mark.parametrize('encoding', ['nv12', 'nv21'])
@pytest.mark.parametrize('padding', [0, 10])
def test_rows_of_colour_below_those_of_brightness_are_read(tmp_path, encoding, padding):
    rng = np.random.default_rng(0)
    colour = cv2.resize(rng.integers(60, 200, (2, 3, 3), np.uint8), (12, 8))
    planes = cv2.cvtColor(colour, cv2.COLOR_BGR2YUV_I420)
    u, v = planes[8:].reshape(2, 4, 6)
    pair = (u, v) if encoding == 'nv12' else (v, u)
    rows = np.vstack([planes[:8], np.dstack(pair).reshape(4, 12)])
    stored = image('/image', 1.0, rows, encoding, padding)
    stored = replace(stored, message=replace(stored.message, height=8))
    frame, = Bag(write_bag(tmp_path / 'bag', 'mcap', [stored]))
    assert frame.image.shape == (8, 12, 3)
    assert np.abs(frame.image.astype(int) - colour).mean() < 8
    for odd, sentence in (({'height': 7}, 'groups of 2 x 2'), ({'height': 10}, 'rows of')):
        broken = replace(stored, message=replace(stored.message, **odd))
        path = write_bag(tmp_path / str(odd['height']), 'mcap', [broken])
        with pytest.raises(RecordingError, match=sentence):
            Bag(path)


def flat(topic, seconds, value, encoding='bgr8') -> BagMessage:
    """Return an image of one value."""
    kind, shape = (np.uint8, (4, 6, 3)) if encoding == 'bgr8' else (np.uint16, (4, 6))
    return image(topic, seconds, np.full(shape, value, kind), encoding)


def test_images_and_depth_are_paired_by_the_nearest_stamp_whatever_their_order(tmp_path):
    recording, pairs = moments([
        flat('/depth', 5.010, 1, '16UC1'), flat('/image', 5.0, 11), flat('/image', 5.033, 12),
        flat('/image', 5.066, 13), flat('/depth', 5.060, 3, '16UC1'),
        flat('/depth', 5.074, 4, '16UC1'), flat('/image', 5.5, 14)], tmp_path)
    assert pairs == [(11, 1), (12, None), (13, 3), (14, None)]
    assert recording.counts == (4, 3, 2)


def test_messages_without_stamps_have_the_time_of_the_recording(tmp_path):
    _, pairs = moments([flat('/image', 0.0, 11), flat('/depth', 0.0, 1, '16UC1')], tmp_path)
    assert pairs == [(11, 1)]


def test_compressed_colour_is_read_and_its_camera_info_found(tmp_path):
    camera = Intrinsics(6, 4, 5.0, 5.0, 2.5, 1.5)
    png = cv2.imencode('.png', np.full((4, 6, 3), 40, np.uint8))[1].tobytes()
    recording, pairs = moments([
        compressed('/c/image_raw/compressed', 1.0, png, 'bgr8; png compressed bgr8'),
        compressed('/d/image/compressedDepth', 1.0, b'', '16UC1; compressedDepth png'),
        compressed('/e/image/compressed', 1.0, b'', '16UC1; png compressed '),
        camera_info('/c/camera_info', 1.0, camera),
        flat('/d/image', 1.0, 7, '16UC1')], tmp_path)
    assert pairs == [(40, 7)]
    assert recording.image_topic == '/c/image_raw/compressed' and recording.camera == camera


def test_compressed_depth_is_read_and_its_camera_info_found(tmp_path):
    camera = Intrinsics(6, 4, 5.0, 5.0, 2.5, 1.5)
    png = cv2.imencode('.png', np.full((4, 6), 1500, np.uint16))[1].tobytes()
    recording, pairs = moments([
        flat('/c/image_raw', 1.0, 5), camera_info('/d/camera_info', 1.0, camera),
        compressed('/d/image/compressedDepth', 1.0, bytes(12) + png,
                   '16UC1; compressedDepth png')], tmp_path)
    assert pairs == [(5, 1500)]
    assert recording.depth_camera == camera


@pytest.mark.parametrize('infrared_first', [True, False])
def test_a_topic_in_colour_is_preferred_to_infrared(tmp_path, infrared_first):
    infrared = image('/infra', 1.0, np.zeros((4, 6), np.uint8), 'mono8')
    messages = [flat('/color', 1.0, 5)]
    messages.insert(0 if infrared_first else 1, infrared)
    recording, _ = moments(messages, tmp_path)
    assert recording.image_topic == '/color' and recording.depth_topic == ''


def test_what_was_presumed_is_said(tmp_path):
    camera = Intrinsics(60, 40, 5.0, 5.0, 2.5, 1.5)
    recording, _ = moments([
        camera_info('/c/camera_info', 1.0, camera), flat('/c/image', 1.0, 5),
        image('/d/image', 1.0, np.ones((4, 6), np.uint16), '16UC1', frame_id='infrared')],
        tmp_path)
    text = '\n'.join(recording.notes)
    assert '/c/camera_info is for 60 x 40 pixels, but /c/image has 6 x 4' in text
    assert 'There is no /d/camera_info' in text
    assert "in the frame 'camera' and depth is in 'infrared'" in text
    assert recording.camera is None and recording.depth_camera is None


@pytest.fixture(scope='module')
def two_cameras(tmp_path_factory):
    """Return a bag with two cameras, and depth that belongs to neither's time."""
    return write_bag(tmp_path_factory.mktemp('two') / 'bag', 'mcap', [
        flat('/left', 1.0, 1), flat('/right', 1.0, 2), flat('/depth', 1.5, 3, '16UC1')])


@pytest.mark.parametrize('arguments, sentence', [
    (['--bag', '/no/such/bag'], '/no/such/bag is not a bag that can be read'),
    (['--bag', str(EVALUATE)], 'is not a bag that can be read'),
    (['--bag', '{bag}'], 'several topics with colour images: /left, /right. Choose one with '
                         '--image-topic'),
    (['--bag', '{bag}', '--image-topic', '/top'], "no messages on '/top' (--image-topic); its "
                                                  'topics are /depth (sensor_msgs/msg/Image)'),
    (['--bag', '{bag}', '--image-topic', '/left'], 'a larger --tolerance may pair them'),
    (['--bag', '{bag}', '--image-topic', '/left', '--depth-topic', '/right'],
     "/right cannot be read: depth is encoded as 16UC1 or 32FC1, not 'bgr8'"),
    (['--bag', '{bag}', '--image-topic', '/depth'],
     'an image on /depth cannot be read: the encoding 16UC1 is that of depth'),
    (['--bag', '{bag}', '--model', 'mean'], 'A bag has no training depth maps'),
    (['--bag', '{bag}', '--data-dir', 'data'], 'not allowed with argument'),
])
def test_a_bag_that_cannot_be_scored_is_refused_with_a_sentence(two_cameras, arguments, sentence):
    result = evaluate(*(each.format(bag=two_cameras) for each in arguments))
    assert result.returncode in (1, 2) and sentence in result.stderr
    assert 'Traceback' not in result.stderr


def test_an_interrupted_recording_is_refused_with_a_sentence(two_cameras, tmp_path):
    whole = next(two_cameras.glob('*.mcap')).read_bytes()
    for length in (0, 5, len(whole) // 2, len(whole) - 20):
        path = tmp_path / f'{length}.mcap'
        path.write_bytes(whole[:length])
        with pytest.raises(RecordingError, match='is not a bag that can be read'):
            Bag(path)


@pytest.mark.parametrize('metadata', ['a: ' + 300 * '[', 'a: ' + 3000 * '[', '', '- 1', '\0',
                                      'rosbag2_bagfile_information: {version: 5}'])
def test_metadata_that_is_none_is_refused_with_a_sentence(tmp_path, metadata):
    (tmp_path / 'metadata.yaml').write_text(metadata)
    with pytest.raises(RecordingError, match='is not a bag that can be read'):
        open_recording(str(tmp_path))


def test_a_folder_without_metadata_is_the_bag_of_its_files(two_cameras, tmp_path):
    file = next(two_cameras.glob('*.mcap'))
    shutil.copy(file, tmp_path)
    assert len(list(open_recording(str(tmp_path), image_topic='/left'))) == 1
    (tmp_path / file.name).write_bytes(file.read_bytes()[:200])
    with pytest.raises(RecordingError, match='no metadata.yaml, as where the recording was inte'):
        open_recording(str(tmp_path), image_topic='/left')


def test_a_folder_that_is_no_bag_is_refused_with_a_sentence(tmp_path):
    with pytest.raises(RecordingError, match='is not a bag: it holds neither metadata.yaml nor'):
        Bag(tmp_path)


def test_a_bag_of_ros_1_is_read_like_the_others(tmp_path):
    camera = Intrinsics(6, 4, 5.0, 5.0, 2.5, 1.5)
    path = write_ros1_bag(tmp_path / 'robot.bag', [
        camera_info('/c/camera_info', 1.0, camera), flat('/c/image', 1.0, 40),
        flat('/d/image', 1.01, 1500, '16UC1')])
    for source in (path, tmp_path):
        bag = open_recording(str(source))
        frame, = bag
        assert bag.camera == frame.camera == camera
        assert (frame.image == 40).all()
        np.testing.assert_allclose(frame.depth, 1.5)


def test_the_intrinsics_follow_an_image_that_changes_its_size(tmp_path, caplog):
    camera = Intrinsics(6, 4, 5.0, 5.0, 2.5, 1.5)
    messages = [camera_info('/camera_info', 1.0, camera), flat('/image', 1.0, 1)]
    larger = [image('/image', 2.0 + number, np.zeros((8, 12, 3), np.uint8), 'rgb8')
              for number in range(3)]
    bag = Bag(write_bag(tmp_path / 'scaled', 'mcap', messages + larger))
    assert [frame.camera for frame in bag] == [camera] + 3 * [camera.resized(12, 8)]
    told, = caplog.messages
    assert 'is for 6 x 4 pixels and scaled' in told and '/image has (12 x 8)' in told
    square = image('/image', 2.0, np.zeros((8, 8, 3), np.uint8), 'rgb8')
    bag = Bag(write_bag(tmp_path / 'square', 'mcap', messages + [square]))
    with pytest.raises(RecordingError, match='/image: 8 x 8 pixels have other proportions than'):
        list(bag)


def test_pictures_of_another_size_than_camera_json_scale_it_or_are_refused(tmp_path, caplog):
    (tmp_path / 'camera.json').write_text(json.dumps(
        {'width': 64, 'height': 48, 'fx': 50.0, 'fy': 50.0, 'cx': 31.5, 'cy': 23.5}))
    for name, size in (('a', (48, 64)), ('b', (24, 32)), ('c', (24, 32))):
        cv2.imwrite(str(tmp_path / f'{name}.png'), np.zeros((*size, 3), np.uint8))
    frames = list(open_recording(str(tmp_path)))
    assert [(frame.camera.width, frame.camera.fx) for frame in frames] == [
        (64, 50.0), (32, 25.0), (32, 25.0)]
    assert len(caplog.messages) == 1
    cv2.imwrite(str(tmp_path / 'd.png'), np.zeros((48, 48, 3), np.uint8))
    with pytest.raises(RecordingError, match='camera.json does not fit .*d.png: 48 x 48 pixels'):
        list(open_recording(str(tmp_path)))


@pytest.mark.parametrize('name, data, sentence', [
    ('rgb/test/a.png', b'', 'a.png cannot be read: 0 bytes that are no JPEG or PNG'),
    ('rgb/test/a.png', b'junk', 'a.png cannot be read'),
    ('depth/test/a.npy', b'', 'a.npy cannot be read: it is empty, cut off or no .npy array'),
    ('depth/test/a.npy', b'PK\x03\x04', 'a.npy cannot be read'),
    ('camera.json', b'[', 'camera.json must be')])
def test_each_file_of_a_recording_that_cannot_be_read_is_named(tmp_path, name, data, sentence):
    for folder in ('rgb', 'depth'):
        (tmp_path / folder / 'test').mkdir(parents=True)
    cv2.imwrite(str(tmp_path / 'rgb/test/a.png'), np.zeros((4, 6, 3), np.uint8))
    np.save(tmp_path / 'depth/test/a.npy', np.ones((4, 6), np.float32))
    assert len(list(open_recording(str(tmp_path)))) == 1
    (tmp_path / name).write_bytes(data)
    with pytest.raises(RecordingError, match=sentence):
        list(open_recording(str(tmp_path)))


def test_a_dataset_becomes_the_bag_of_a_depth_camera(tmp_path):
    source = ROOT / 'data' / 'sample'
    command = [sys.executable, ROOT / 'training' / 'write_bag.py', '--data-dir', source,
               '--rate', '20', '--out', tmp_path / 'bag']
    assert subprocess.run(command, capture_output=True, timeout=300).returncode == 0
    recording = Bag(tmp_path / 'bag')
    assert recording.camera == recording.depth_camera == read_camera_json(source / 'camera.json')
    moments = list(recording.moments())
    pictures = sorted((source / 'rgb' / 'test').iterdir())
    assert len(moments) == len(pictures) == 24
    assert moments[3].seconds - moments[0].seconds == pytest.approx(0.15)
    posed = list(Bag(tmp_path / 'bag', ground_frame='base_footprint').moments())
    told = read_records(source, 'test')[pictures[3].stem].pose_above_plane
    assert asdict(posed[3].pose) == pytest.approx(asdict(told), abs=1e-6)
    with pytest.raises(RecordingError, match="joins 'camera' to 'floor' nowhere"):
        list(Bag(tmp_path / 'bag', ground_frame='floor').moments())
    assert (moments[3].image[:, :, ::-1] == cv2.imread(str(pictures[3]))).all()
    truth = np.load(source / 'depth' / 'test' / f'{pictures[3].stem}.npy').astype(np.float32)
    truth[truth >= 20.0] = np.nan
    np.testing.assert_allclose(moments[3].depth, truth, atol=6e-4)
    again = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert again.returncode == 2 and 'exists already' in again.stderr
