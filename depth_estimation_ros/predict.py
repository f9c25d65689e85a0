"""
Predict the depth of pictures, videos and bags, without ROS.

For each picture, DIR gets NAME_depth.npy, float32 in metres along the camera's Z axis, and
NAME_color.png for people. Depth follows the focal length of the camera: tell it by --fov, --fx or
--camera, or by a camera.json beside the pictures. The exit code is 0 where every picture has got
its depth, 1 where one has not, and 2 where the command line is wrong.
"""

import argparse
from dataclasses import asdict, dataclass
import math
from pathlib import Path
import sys
import time
from typing import Dict, Iterator, List, Optional, Tuple

import cv2
from depth_estimation_ros.estimation import mount
from depth_estimation_ros.estimation.atomic_file import replacing, write_json
from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.depth_colors import colorize, scale_bar
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError, read_camera_json
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.recordings.recording import Recording, RecordingError
from depth_estimation_ros.recordings.sources import (
    IMAGE_SUFFIXES, ImageFiles, is_bag, open_recording)
import numpy as np

PROGRESS_PERIOD = 10.0  # seconds between two lines where there is no terminal
BAR_WIDTH = 30
FRAME_RATE = 30.0  # hertz: how fast a scale may change from one frame to the next


class PredictError(RuntimeError):
    """What keeps the command from going on; the sentence says why."""


@dataclass(frozen=True)
class Source:
    """
    One picture, or one video or bag.

    Attributes
    ----------
    path : str
        As it was given.
    recording : Recording
    is_sequence : bool
        Whether its frames are numbered.

    """

    path: str
    recording: Recording
    is_sequence: bool = False

    def name(self, number: int) -> str:
        """Return what the files of a frame are named after."""
        stem = Path(self.path).resolve().stem
        return f'{stem}_{number:06d}' if self.is_sequence else stem


class Progress:
    """
    How far the work is, on stderr: a bar on a terminal, elsewhere a line now and then.

    Parameters
    ----------
    total : int, optional
        How many pictures there are; None where nobody knows.

    """

    def __init__(self, total: Optional[int]):
        self._total = total
        self._bar = sys.stderr.isatty()
        self._last = time.monotonic()

    def show(self, done: int):
        """Tell how many pictures are done."""
        count = f'{done} of {self._total}' if self._total else f'{done} pictures'
        if self._bar:
            bar = ''
            if self._total:
                filled = BAR_WIDTH * done // self._total
                bar = f'[{"#" * filled}{"." * (BAR_WIDTH - filled)}] '
            sys.stderr.write(f'\r\x1b[K{bar}{count}')
            sys.stderr.flush()
        elif time.monotonic() - self._last > PROGRESS_PERIOD:
            self._last = time.monotonic()
            self.say(count)

    def say(self, sentence: str):
        """Write a line of its own."""
        start = '\r\x1b[K' if self._bar else ''
        print(f'{start}{sentence}', file=sys.stderr, flush=True)


def main(arguments: Optional[List[str]] = None) -> int:
    """Predict the depth of everything that is named; returns the exit code."""
    options = parse(arguments)
    try:
        sources = list(find_sources(options))
        check_outputs(sources, options)
        estimator = DepthEstimator(options.model, options.device)
        estimator.refuse_unscaled(
            options.mount.tells_pose, '--camera-height with --camera-pitch, or --ground-frame')
        return predict(estimator, sources, options)
    except (PredictError, RecordingError, ModelFileError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nInterrupted: what is there is whole.', file=sys.stderr)
        return 130


def parse(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog='python -m depth_estimation_ros.predict', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('sources', nargs='+', metavar='SOURCE',
                        help='a picture, a folder of pictures, a video, or a rosbag2')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='where the depth goes')
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument('--fov', type=float, metavar='DEGREES',
                        help='horizontal field of view of the camera')
    camera.add_argument('--fx', type=float, metavar='PIXELS',
                        help="focal length of the camera, at the pictures' width")
    camera.add_argument('--camera', type=Path, metavar='camera.json',
                        help='width, height, fx, fy, cx and cy of the camera, in pixels')
    mount.add_options(parser)
    mount.add_ground_frame(parser)
    parser.add_argument('--model', default='compact',
                        help='a model file, or the name of a shipped model (%(default)s)')
    parser.add_argument('--device', default='auto', choices=DEVICES,
                        help='what runs the model (%(default)s)')
    parser.add_argument('--format', default='npy', choices=('npy', 'png'),
                        help='of depth: npy, or png with 16 bits: millimetres, 65.535 m at most, '
                             '0 where depth is unknown (%(default)s)')
    parser.add_argument('--range', type=float, metavar='METRES',
                        help="far end of the colours (by default, of the model's training depth)")
    parser.add_argument('--overwrite', action='store_true',
                        help='replace files of an earlier run')
    parser.add_argument('--json', metavar='FILE',
                        help="write there what became of each picture ('-': print it)")
    options = parser.parse_args(arguments)
    options.mount = mount.from_options(parser, options, options.ground_frame)
    if options.fov is not None and not 0.0 < options.fov < 180.0:
        parser.error(f'--fov is between 0 and 180 degrees, not {options.fov:g}')
    for option in ('fx', 'range'):
        value = getattr(options, option)
        if value is not None and not (value > 0.0 and math.isfinite(value)):
            parser.error(f'--{option} is a positive number, not {value:g}')
    if options.camera:
        try:
            options.camera_read = read_camera_json(options.camera)
        except IntrinsicsError as error:
            parser.error(str(error))
        if options.camera_read is None:
            parser.error(f'there is no file {str(options.camera)!r} for --camera')
    return options


def find_sources(options: argparse.Namespace) -> Iterator[Source]:
    """
    Give what is to be predicted, one source for each picture.

    Raises
    ------
    RecordingError
        Where there is nothing of that name, or nothing in it.

    """
    is_told = options.fov is not None or options.fx is not None or options.camera
    for path in map(Path, options.sources):
        if options.ground_frame and not is_bag(path):
            raise RecordingError(f'{path} is no bag, and --ground-frame is for the TF of one: '
                                 'give --camera-height, --camera-pitch and --camera-roll.')
        if path.is_file() and path.suffix.lower() in IMAGE_SUFFIXES:
            pictures = [path]
        elif path.is_dir() and not is_bag(path):
            pictures = sorted(each for each in path.iterdir()
                              if each.suffix.lower() in IMAGE_SUFFIXES)
            if not pictures:
                raise RecordingError(
                    f'{path} holds no {", ".join(IMAGE_SUFFIXES)} pictures' + (
                        f'. It is a dataset: give one of its folders, such as {path}/rgb/test, '
                        f'and --camera {path}/camera.json.' if (path / 'rgb').is_dir() else '.'))
        else:
            yield Source(str(path), open_recording(
                str(path), ground_frame=options.ground_frame), is_sequence=True)
            continue
        for picture in pictures:
            try:
                camera = None if is_told else read_camera_json(picture.parent / 'camera.json')
            except IntrinsicsError as error:
                raise RecordingError(str(error)) from error
            yield Source(str(picture), ImageFiles([picture], camera=camera))


def check_outputs(sources: List[Source], options: argparse.Namespace) -> None:
    """
    Make the folder for the results, and see to it that no file takes another's place.

    Raises
    ------
    PredictError
        Where two sources, or a source and an earlier run, share a name.

    """
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PredictError(f'{options.out} cannot be made ({error.strerror}): --out is the '
                           'folder for the results.') from error
    named: Dict[str, Source] = {}
    for source in sources:
        name = source.name(0)
        other = named.setdefault(name, source)
        if other is not source:
            raise PredictError(f'{other.path} and {source.path} would both be written as '
                               f'{options.out}/{name}_depth.{options.format}: give them one by '
                               'one, each with an --out of its own.')
        if not options.overwrite:
            for path in output_paths(name, options):
                if path.exists():
                    raise PredictError(f'{path} is there already: choose another folder for '
                                       '--out, or replace it with --overwrite.')


def output_paths(name: str, options: argparse.Namespace) -> Tuple[Path, Path]:
    """Return the files of depth and of colours."""
    return (options.out / f'{name}_depth.{options.format}', options.out / f'{name}_color.png')


def predict(estimator: DepthEstimator, sources: List[Source],
            options: argparse.Namespace) -> int:
    """
    Predict and write the depth of each picture; returns the exit code.

    Raises
    ------
    PredictError
        Where a file cannot be written.

    """
    frames: List[Dict] = []
    skipped: List[Dict] = []
    is_known = True
    countable = not any(source.is_sequence for source in sources)
    progress = Progress(len(sources) if countable else None)
    for source in sources:
        try:
            number = 0
            # Each picture is looked at by itself; a video's scale is followed.
            tracker = options.mount.new_tracker(lambda: number / FRAME_RATE)
            for number, frame in enumerate(source.recording):
                height, width = frame.image.shape[:2]
                camera = camera_of(source, options, width, height) or frame.camera
                if camera is None and is_known:
                    progress.say(_without_camera(source, estimator))
                is_known = is_known and camera is not None
                if frame.pose is not None:
                    tracker.pose = frame.pose
                depth = estimator.estimate(cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), camera,
                                           tracker=tracker, want_confidence=False).depth
                files = write(depth, source.name(number), estimator, options)
                frames.append(_record(source, number, depth, camera, files))
                progress.show(len(frames) + len(skipped))
        except RecordingError as error:
            progress.say(f'Skipped: {error}')
            skipped.append({'source': source.path, 'reason': str(error)})
    progress.say(f'Depth maps in {options.out}: {len(frames)}'
                 + (f'. Skipped: {len(skipped)} of {len(sources)}.' if skipped else ''))
    if options.json:
        try:
            write_json({'model': options.model, 'runs_on': estimator.backend.device,
                        'frames': frames, 'skipped': skipped}, options.json)
        except OSError as error:
            raise PredictError(f'{options.json} cannot be written ({error.strerror}).'
                               ) from error
    return 1 if skipped else 0


def camera_of(source: Source, options: argparse.Namespace, width: int,
              height: int) -> Optional[Intrinsics]:
    """
    Return the camera that the command line tells for a picture, or None.

    Raises
    ------
    RecordingError
        Where it is a camera of pictures with other proportions.

    """
    if options.fov is not None:
        return Intrinsics.of_fov(options.fov, width, height)
    if options.fx is not None:
        return Intrinsics(width, height, options.fx, options.fx,
                          (width - 1) / 2.0, (height - 1) / 2.0)
    if not options.camera:
        return None
    try:
        return options.camera_read.of_size(width, height)
    except IntrinsicsError as error:
        raise RecordingError(f'{options.camera} does not fit {source.path}: {error}.') from error


def write(depth: np.ndarray, name: str, estimator: DepthEstimator,
          options: argparse.Namespace) -> Tuple[Path, Path]:
    """
    Write a depth map and its colours, each whole or not at all.

    Parameters
    ----------
    depth : float32 (H, W), metres
    name : str
    estimator : DepthEstimator
    options : argparse.Namespace

    Returns
    -------
    (Path, Path)
        The files of depth and of colours.

    Raises
    ------
    PredictError
        Where a file cannot be written.

    """
    depth_path, color_path = output_paths(name, options)
    far = options.range or estimator.metadata.max_depth
    colors = np.vstack([colorize(depth, far), scale_bar(depth.shape[1], far)])
    try:
        with replacing(depth_path) as partial, partial.open('wb') as file:
            if options.format == 'npy':
                np.save(file, depth)
            else:
                file.write(cv2.imencode('.png', millimetres(depth))[1].tobytes())
        with replacing(color_path) as partial:
            partial.write_bytes(cv2.imencode('.png', colors)[1].tobytes())
    except OSError as error:
        raise PredictError(f'{name} cannot be written to {options.out} ({error.strerror}).'
                           ) from error
    return depth_path, color_path


def millimetres(depth: np.ndarray) -> np.ndarray:
    """
    Return depth as the 16-bit images of depth cameras have it.

    Parameters
    ----------
    depth : float32 (H, W), metres

    Returns
    -------
    uint16 (H, W), millimetres
        0 where depth is unknown, 65535 for everything beyond that.

    """
    return np.rint(np.nan_to_num(1000.0 * depth, nan=0.0).clip(0.0, 65535.0)).astype(np.uint16)


def _without_camera(source: Source, estimator: DepthEstimator) -> str:
    focal, (_, width) = estimator.metadata.focal, estimator.metadata.input_size
    if focal is None:
        return 'This model does not follow the field of view of the camera.'
    fov = math.degrees(2.0 * math.atan(width / 2.0 / focal))
    return (f'Nothing tells the field of view of {source.path}: depth is right for a camera of '
            f'{fov:.0f} degrees, as in training. Give --fov, --fx or --camera.')


def _record(source: Source, number: int, depth: np.ndarray, camera: Optional[Intrinsics],
            files: Tuple[Path, Path]) -> Dict:
    return {
        'source': source.path,
        'frame': number if source.is_sequence else None,
        'depth': str(files[0]),
        'color': str(files[1]),
        'camera': None if camera is None else asdict(camera),
        'metres': {'min': float(depth.min()), 'median': float(np.median(depth)),
                   'max': float(depth.max())},
    }


if __name__ == '__main__':
    sys.exit(main())
