"""The stand-in camera as a process of its own, over DDS."""

import json
import signal

import bag_writer
import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.messages import to_depth, to_rgb
import numpy as np
import pytest
from ros_probe import BEST_EFFORT, NodeProcess, picture, RELIABLE
from sensor_msgs.msg import CameraInfo, Image

FRAMES = 8


def frame(number: int) -> np.ndarray:
    """Return an image that differs from the others; uint8 (H, W, 3) BGR."""
    return np.roll(picture(), 20 * number, axis=1)


def truth(number: int) -> np.ndarray:
    """Return a depth map that differs from the others; float16 (H, W), metres."""
    return np.full((120, 160), 1.5 * number, np.float16)


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Return a dataset with a test split."""
    root = tmp_path_factory.mktemp('dataset')
    for kind in ('rgb', 'depth'):
        (root / kind / 'test').mkdir(parents=True)
    for number in range(FRAMES):
        cv2.imwrite(str(root / 'rgb' / 'test' / f'{number:03d}.png'), frame(number))
        np.save(root / 'depth' / 'test' / f'{number:03d}.npy', truth(number))
    (root / 'camera.json').write_text(json.dumps({
        'width': 160, 'height': 120, 'fx': 80.0, 'fy': 81.0, 'cx': 79.5, 'cy': 59.5}))
    return root


@pytest.fixture(scope='module')
def folder(dataset):
    """Return a folder of images and nothing else."""
    return dataset / 'rgb' / 'test'


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """Return a video file."""
    path = tmp_path_factory.mktemp('video') / 'drive.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (160, 120))
    for number in range(FRAMES):
        writer.write(frame(number))
    writer.release()
    return path


def camera(namespace: str, source, *arguments: str) -> NodeProcess:
    """Start a camera that plays to the end, once somebody looks."""
    return NodeProcess(
        'camera_node', '-r', f'__ns:=/{namespace}', '-p', f'source:={source}', '-p', 'loop:=false',
        '-p', 'rate:=30.0', '-p', 'wait_for_subscribers:=1', *arguments)


def stamp(message) -> float:
    """Return the stamp of a message in seconds."""
    return message.header.stamp.sec + 1e-9 * message.header.stamp.nanosec


def test_a_dataset_is_played_completely_with_camera_and_ground_truth(probe, dataset):
    depths = probe.listen(Image, '/dataset/ground_truth/depth/image')
    infos = probe.listen(CameraInfo, '/dataset/camera_info')
    with camera('dataset', dataset) as process:
        assert process.wait_for_output('Playing')
        # The subscription that it waits for comes last: nothing is lost.
        images = probe.listen(Image, '/dataset/image')
        assert process.wait() == 0
    assert images.wait_for_count(FRAMES) and depths.wait_for_count(FRAMES)
    assert infos.wait_for_count(FRAMES)
    for number, image in enumerate(images.messages):
        np.testing.assert_array_equal(to_rgb(image)[:, :, ::-1], frame(number))
        assert image.header.frame_id == 'camera_optical_frame'
    for number, depth in enumerate(depths.messages):
        np.testing.assert_array_equal(to_depth(depth), truth(number).astype(np.float32))
    headers = [image.header for image in images.messages]
    assert headers == [depth.header for depth in depths.messages]
    assert headers == [info.header for info in infos.messages]
    assert [infos.messages[0].k[i] for i in (0, 4, 2, 5)] == [80.0, 81.0, 79.5, 59.5]
    assert len(images.messages) == FRAMES
    intervals = np.diff([stamp(image) for image in images.messages])
    assert (intervals > 0.0).all()


def test_a_folder_of_images_has_a_camera_info_where_its_field_of_view_is_told(probe, folder):
    infos = probe.listen(CameraInfo, '/folder/camera_info')
    with camera('folder', folder, '-p', 'fov:=90.0', '-p', 'frame_id:=eye') as process:
        assert process.wait_for_output('with camera_info')
        images = probe.listen(Image, '/folder/image')
        assert process.wait() == 0
    assert images.wait_for_count(FRAMES) and infos.wait_for_count(FRAMES)
    info = infos.messages[0]
    assert info.k[0] == pytest.approx(80.0) and info.k[2] == 79.5
    assert info.header.frame_id == 'eye'


def test_a_video_is_played_without_camera_info_again_and_again(probe, video):
    infos = probe.listen(CameraInfo, '/video/camera_info')
    with camera('video', video, '-p', 'loop:=true') as process:
        assert process.wait_for_output('without camera_info')
        images = probe.listen(Image, '/video/image')
        assert images.wait_for_count(FRAMES + 3), 'it does not begin again'
        assert process.end(signal.SIGINT) == 0
        assert 'Traceback' not in process.output
    first, again = images.messages[0], images.messages[FRAMES]
    np.testing.assert_array_equal(to_rgb(first), to_rgb(again))
    assert not infos.messages


def test_a_bag_is_played_with_its_camera_and_its_depth_in_metres(probe, tmp_path):
    depth = np.full((60, 80), 2500, np.uint16)
    depth[:30] = 0  # where a depth camera knows no depth
    messages = []
    for number in range(FRAMES):
        messages += [
            bag_writer.camera_info('/front/camera_info', 1.0 + number,
                                   Intrinsics(160, 120, 80.0, 81.0, 79.5, 59.5)),
            bag_writer.image('/front/image_raw', 1.0 + number, frame(number), 'bgr8'),
            bag_writer.image('/front/depth', 1.0 + number, depth, '16UC1')]
    bag = bag_writer.write_bag(tmp_path / 'bag', 'mcap', messages)
    depths = probe.listen(Image, '/bag/ground_truth/depth/image')
    infos = probe.listen(CameraInfo, '/bag/camera_info')
    with camera('bag', bag) as process:
        assert process.wait_for_output('with camera_info')
        images = probe.listen(Image, '/bag/image')
        assert process.wait() == 0
    assert images.wait_for_count(FRAMES) and depths.wait_for_count(FRAMES)
    for number, image in enumerate(images.messages):
        np.testing.assert_array_equal(to_rgb(image)[:, :, ::-1], frame(number))
    assert [infos.messages[0].k[i] for i in (0, 4, 2, 5)] == [80.0, 81.0, 79.5, 59.5]
    played = to_depth(depths.messages[0])
    assert played.shape == (120, 160)
    assert np.isnan(played[:58]).all() and (played[62:] == 2.5).all()


def test_a_topic_of_a_bag_with_several_cameras_can_be_chosen(probe, tmp_path):
    messages = []
    for number in range(FRAMES):
        for side, focal in (('left', 80.0), ('right', 90.0)):
            messages += [
                bag_writer.camera_info(f'/{side}/camera_info', 1.0 + number,
                                       Intrinsics(160, 120, focal, focal, 79.5, 59.5)),
                bag_writer.image(f'/{side}/image_raw', 1.0 + number,
                                 frame(number + (side == 'right')), 'bgr8')]
    bag = bag_writer.write_bag(tmp_path / 'bag', 'mcap', messages)
    with camera('several', bag) as process:
        assert process.wait() == 1
        assert 'several topics with colour images: /left/image_raw, /right/image_raw' in \
            process.output
    infos = probe.listen(CameraInfo, '/several/camera_info')
    with camera('several', bag, '-p', 'image_topic:=/right/image_raw') as process:
        assert process.wait_for_output('with camera_info')
        images = probe.listen(Image, '/several/image')
        assert process.wait() == 0
    assert images.wait_for_count(FRAMES) and infos.wait_for_count(FRAMES)
    np.testing.assert_array_equal(to_rgb(images.messages[0])[:, :, ::-1], frame(1))
    assert infos.messages[0].k[0] == 90.0
    with camera('several', bag, '-p', 'image_topic:=/top') as process:
        assert process.wait() == 1
        assert "has no messages on '/top'" in process.output
        assert 'Traceback' not in process.output


def test_reliable_and_best_effort_subscribers_both_get_images(probe, folder):
    with camera('both', folder, '-p', 'loop:=true') as process:
        for qos in (RELIABLE, BEST_EFFORT):
            assert probe.listen(Image, '/both/image', qos).wait_for_count(1)
        assert process.end(signal.SIGTERM) == 0


@pytest.mark.parametrize('source, split, sentence', [
    ("''", 'test', 'set source to a dataset'),
    ('/no/such/folder', 'test', "There is no folder and no file '/no/such/folder'"),
    ('{dataset}', 'val', 'its splits with images are test'),
    ('{dataset}/depth/test', 'test', 'holds no .jpeg, .jpg, .png images'),
    ('{dataset}/camera.json', 'test', 'is not a video that OpenCV can read'),
])
def test_a_source_that_cannot_be_played_ends_the_process_with_a_sentence(
        dataset, source, split, sentence):
    with camera('wrong', source.format(dataset=dataset), '-p', f'split:={split}') as process:
        assert process.wait() == 1
        assert sentence in process.output and 'Traceback' not in process.output


def test_a_broken_image_in_the_middle_is_named(probe, tmp_path):
    cv2.imwrite(str(tmp_path / '0.png'), frame(0))
    (tmp_path / '1.png').write_bytes(b'broken')
    with camera('broken', tmp_path) as process:
        probe.listen(Image, '/broken/image')
        assert process.wait() == 1
        assert f'{tmp_path}/1.png cannot be read' in process.output
        assert 'Traceback' not in process.output
