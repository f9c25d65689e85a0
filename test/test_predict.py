"""`python -m depth_estimation_ros.predict`: depth of pictures and videos, without ROS."""

import json
import os
from pathlib import Path
import pty
import subprocess
import sys

import cv2
from depth_estimation_ros import predict
from depth_estimation_ros.estimation.depth_colors import colorize
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
import described_model
import numpy as np
import pytest

SAMPLE = Path(__file__).resolve().parents[1] / 'data' / 'sample'
PICTURES = sorted((SAMPLE / 'rgb' / 'val').iterdir())[:3]
CAMERA = SAMPLE / 'camera.json'


@pytest.fixture(scope='module')
def estimator():
    """Return what the command should agree with."""
    return DepthEstimator()


def rgb(path: Path) -> np.ndarray:
    """Read a picture; uint8 (H, W, 3) RGB."""
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def depth_of(out: Path, picture: Path) -> np.ndarray:
    """Return what was written for a picture; float32 (H, W), metres."""
    return np.load(out / f'{picture.stem}_depth.npy')


def test_each_picture_gets_depth_and_colours(estimator, tmp_path):
    assert predict.main([*map(str, PICTURES), '--fov', '78', '--out', str(tmp_path)]) == 0
    assert len(list(tmp_path.iterdir())) == 2 * len(PICTURES)
    for picture in PICTURES:
        image = rgb(picture)
        height, width = image.shape[:2]
        expected = estimator.estimate(image, Intrinsics.of_fov(78.0, width, height)).depth
        depth = depth_of(tmp_path, picture)
        assert depth.dtype == np.float32
        np.testing.assert_allclose(depth, expected, rtol=1e-5)
        colors = cv2.imread(str(tmp_path / f'{picture.stem}_color.png'))
        assert colors.shape[1] == width
        np.testing.assert_array_equal(colors[:height], colorize(expected, 20.0))


def test_a_longer_lens_sees_what_is_farther(estimator, tmp_path, capsys):
    depths = []
    for number, options in enumerate((['--fx', '100'], ['--fx', '200'], [])):
        out = tmp_path / str(number)
        assert predict.main([str(PICTURES[0]), *options, '--out', str(out)]) == 0
        depths.append(depth_of(out, PICTURES[0]))
        # What is unknown about the camera is said, once for all pictures.
        assert capsys.readouterr().err.count('field of view') == (0 if options else 1)
    assert 1.5 < np.median(depths[1] / depths[0]) < 2.5
    np.testing.assert_allclose(depths[2], estimator.estimate(rgb(PICTURES[0])).depth, rtol=1e-5)


def test_a_known_mount_sets_the_scale(estimator, tmp_path):
    drive = SAMPLE.parent / 'drive'
    picture = drive / 'rgb' / 'test' / 'street_8990000_0000.jpeg'
    camera, image = read_camera_json(drive / 'camera.json'), rgb(picture)
    for number, (options, tracker) in enumerate((
            (['--camera-pitch', '-5', '--camera-roll', '1'],
             ScaleTracker(CameraPose(0.5, np.radians(-5.0), np.radians(1.0)))),
            ([], ScaleTracker(camera_height=0.5)))):
        out = tmp_path / str(number)
        assert predict.main([
            str(picture), '--camera', str(drive / 'camera.json'), '--out', str(out),
            '--camera-height', '0.5', *options]) == 0
        depth = estimator.estimate(image, camera, tracker=tracker).depth
        assert tracker.scale < 0.8
        np.testing.assert_allclose(depth_of(out, picture), depth, rtol=1e-5)


@pytest.mark.parametrize('options, sentence', [
    (['--camera-height', '-1'], '--camera-height is in metres, not -1'),
    (['--camera-pitch', '-5'], 'of use only with --camera-height'),
    (['--camera-height', '1', '--camera-roll', '5'], 'of use only with --camera-pitch'),
    (['--camera-height', '1', '--camera-pitch', '100'], 'are in degrees')])
def test_a_mount_that_cannot_be_is_refused(tmp_path, capsys, options, sentence):
    with pytest.raises(SystemExit):
        predict.main([str(PICTURES[0]), '--out', str(tmp_path), *options])
    assert sentence in capsys.readouterr().err


def test_a_relative_model_needs_the_mount(tmp_path, capsys):
    picture, model = PICTURES[0], described_model.write_relative(tmp_path / 'relative.onnx')
    arguments = [str(picture), '--fov', '90', '--model', model, '--out', str(tmp_path / 'out')]
    assert predict.main(arguments) == 1
    assert 'it needs --camera-height with --camera-pitch' in capsys.readouterr().err
    assert predict.main([*arguments, '--camera-height', '1.5', '--camera-pitch', '0']) == 0


def test_a_camera_json_is_taken_from_the_option_or_from_beside_the_picture(tmp_path):
    pictures = tmp_path / 'pictures'
    pictures.mkdir()
    half = cv2.resize(cv2.imread(str(PICTURES[0])), None, fx=0.5, fy=0.5)
    cv2.imwrite(str(pictures / 'half.png'), half)
    results = []
    for number in range(2):
        out = tmp_path / str(number)
        options = ['--camera', str(CAMERA)] if number == 0 else []
        assert predict.main([str(pictures), *options, '--out', str(out),
                             '--json', str(out / 'results.json')]) == 0
        results.append(json.loads((out / 'results.json').read_text())['frames'][0]['camera'])
        (pictures / 'camera.json').write_text(CAMERA.read_text())
    whole = json.loads(CAMERA.read_text())
    assert results[0] == results[1]
    assert results[0]['width'] == half.shape[1]
    assert results[0]['fx'] == pytest.approx(whole['fx'] / 2)


def test_png_holds_millimetres(tmp_path, capsys):
    assert predict.main([str(PICTURES[0]), '--camera', str(CAMERA), '--out', str(tmp_path)]) == 0
    capsys.readouterr()
    assert predict.main([str(PICTURES[0]), '--camera', str(CAMERA), '--out', str(tmp_path),
                         '--format', 'png', '--overwrite', '--json', '-']) == 0
    frame = json.loads(capsys.readouterr().out)['frames'][0]
    pixels = cv2.imread(frame['depth'], cv2.IMREAD_UNCHANGED)
    assert pixels.dtype == np.uint16
    depth = depth_of(tmp_path, PICTURES[0])
    np.testing.assert_allclose(pixels / 1000.0, depth, atol=0.0006)
    assert frame['metres']['median'] == pytest.approx(float(np.median(depth)))
    np.testing.assert_array_equal(
        predict.millimetres(np.float32([[np.nan, 0.0, 1.5, 70.0, np.inf]])),
        [[0, 0, 1500, 65535, 65535]])


def test_the_frames_of_a_video_are_numbered(tmp_path):
    video = tmp_path / 'drive.avi'
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (256, 144))
    for picture in PICTURES:
        writer.write(cv2.imread(str(picture)))
    writer.release()
    assert predict.main([str(video), '--fov', '90', '--out', str(tmp_path / 'out')]) == 0
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        f'drive_{number:06d}_{what}' for number in range(3) for what in ('depth.npy', 'color.png')}


def test_a_picture_that_cannot_be_read_is_skipped_and_told(tmp_path, capsys):
    broken = tmp_path / 'broken.png'
    broken.write_bytes(b'\x89PNG and nothing more')
    out = tmp_path / 'out'
    assert predict.main([str(PICTURES[0]), str(broken), str(PICTURES[1]), '--fov', '90',
                         '--out', str(out), '--json', '-']) == 1
    captured = capsys.readouterr()
    assert str(broken) in captured.err
    results = json.loads(captured.out)
    assert [each['source'] for each in results['skipped']] == [str(broken)]
    assert [each['source'] for each in results['frames']] == [str(PICTURES[0]), str(PICTURES[1])]
    assert len(list(out.iterdir())) == 4


def test_nothing_is_overwritten_unasked(tmp_path, capsys):
    command = [str(PICTURES[0]), '--fov', '90', '--out', str(tmp_path)]
    written = tmp_path / f'{PICTURES[0].stem}_depth.npy'
    written.write_text('mine')
    assert predict.main(command) == 1
    assert '--overwrite' in capsys.readouterr().err
    assert written.read_text() == 'mine'
    assert predict.main([*command, '--overwrite']) == 0
    assert depth_of(tmp_path, PICTURES[0]).ndim == 2

    twin = tmp_path / 'twin' / PICTURES[0].name
    twin.parent.mkdir()
    twin.write_bytes(PICTURES[0].read_bytes())
    assert predict.main([str(twin), *command, '--overwrite']) == 1
    error = capsys.readouterr().err
    assert str(twin) in error and str(PICTURES[0]) in error


@pytest.mark.parametrize('arguments, code, sentence', [
    (['/no/such/picture.png'], 1, '/no/such/picture.png'),
    ([str(SAMPLE)], 1, 'rgb/test'),
    ([str(PICTURES[0]), '--model', 'vast'], 1, "There is no model file 'vast'"),
    ([str(PICTURES[0]), '--fov', '180'], 2, '--fov is between 0 and 180 degrees'),
    ([str(PICTURES[0]), '--fx', 'nan'], 2, '--fx is a positive number'),
    ([str(PICTURES[0]), '--camera', '/no/camera.json'], 2, '/no/camera.json'),
])
def test_what_is_wrong_is_told_in_a_sentence(arguments, code, sentence, tmp_path, capsys):
    try:
        returned = predict.main([*arguments, '--out', str(tmp_path / 'out')])
    except SystemExit as error:
        returned = error.code
    assert returned == code
    assert sentence in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told(tmp_path, capsys):
    (tmp_path / 'file').touch()
    assert predict.main([str(PICTURES[0]), '--out', str(tmp_path / 'file')]) == 1
    assert 'cannot be made' in capsys.readouterr().err


def test_pictures_of_other_proportions_than_the_camera_are_skipped(tmp_path, capsys):
    square = tmp_path / 'square.png'
    cv2.imwrite(str(square), np.zeros((64, 64, 3), np.uint8))
    assert predict.main([str(square), '--camera', str(CAMERA),
                         '--out', str(tmp_path / 'out')]) == 1
    assert '64 x 64 pixels' in capsys.readouterr().err


def test_the_bar_is_for_terminals_and_neither_ros_nor_torch_is_loaded(tmp_path):
    code = ('import sys\n'
            'sys.modules["rclpy"] = sys.modules["torch"] = None  # importing them fails\n'
            'from depth_estimation_ros import predict\n'
            'sys.exit(predict.main())')
    command = [sys.executable, '-c', code, *map(str, PICTURES), '--fov', '90', '--overwrite',
               '--out', str(tmp_path)]
    log = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True).stderr
    assert log == f'Depth maps in {tmp_path}: 3\n'

    terminal, child_side = pty.openpty()
    with subprocess.Popen(command, stderr=child_side) as process:
        os.close(child_side)
        shown = b''
        # Reading fails where the last writer has closed a terminal.
        try:
            while part := os.read(terminal, 4096):
                shown += part
        except OSError:
            pass
    os.close(terminal)
    assert process.returncode == 0
    assert b'[####################..........] 2 of 3' in shown
