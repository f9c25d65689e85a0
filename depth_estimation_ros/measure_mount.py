"""
Measure how a camera is mounted: its pitch and roll by the floor's shape, its height by a tape.

Put the robot on a level floor that is free for some metres before the camera, and measure the
height of the lens above it. The camera's image and camera_info are listened to; other names are
given as to every node (--ros-args -r image:=/camera/image_rect -r ...). Or name a recording.
"""

import argparse
from itertools import islice
import sys
import time
from typing import Iterator, List, Optional, Tuple

import cv2
from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.mount import Mount
from depth_estimation_ros.estimation.mount_measurement import (
    MountMeasurement, seen_floor, summarize)
from depth_estimation_ros.recordings.recording import RecordingError
from depth_estimation_ros.recordings.sources import open_recording
import numpy as np

PATIENCE = 10.0  # seconds without an image


class MeasureError(RuntimeError):
    """Why the mount cannot be measured, in a sentence."""


def parse(arguments: List[str]) -> Tuple[argparse.Namespace, List[str]]:
    """Return the options, and what is for ROS."""
    parser = argparse.ArgumentParser(
        prog='ros2 run depth_estimation_ros measure_mount', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--height', type=float, required=True, metavar='METRES',
                        help='of the lens above the floor, by tape measure')
    parser.add_argument('--images', type=int, default=30, help='how many are taken (%(default)s)')
    parser.add_argument('--source', metavar='PATH',
                        help='a dataset, a folder of pictures, a video or a bag, in place of the '
                             'topics')
    parser.add_argument('--fov', type=float, default=0.0, metavar='DEGREES',
                        help='horizontal field of view, where no camera_info or camera.json '
                             'tells the camera')
    parser.add_argument('--ground-frame', default='base_footprint', metavar='FRAME',
                        help='on the floor below the camera, for the command that publishes the '
                             'transform (%(default)s)')
    parser.add_argument('--model', default='compact',
                        help='a model file, or the name of a shipped model (%(default)s)')
    parser.add_argument('--device', default='auto', choices=DEVICES,
                        help='what runs the model (%(default)s)')
    options, for_ros = parser.parse_known_args(arguments)
    if for_ros and for_ros[0] != '--ros-args':
        parser.error(f'unrecognized arguments: {" ".join(for_ros)}')
    if not 0.0 < options.height <= 100.0:
        parser.error(f'--height is in metres, not {options.height:g}')
    if options.images < 5:
        parser.error(f'--images is 5 or more, not {options.images}')
    if not 0.0 <= options.fov < 180.0:
        parser.error(f'--fov is between 0 and 180 degrees, not {options.fov:g}')
    return options, for_ros


def recorded(options: argparse.Namespace) -> Iterator[Tuple[np.ndarray, Intrinsics, str]]:
    """Give image (uint8 RGB), camera and frame of a recording."""
    for frame in open_recording(options.source):
        height, width = frame.image.shape[:2]
        camera = frame.camera
        if camera is None and options.fov:
            camera = Intrinsics.of_fov(options.fov, width, height)
        if camera is None:
            raise MeasureError(f'Nothing tells the field of view of {options.source}: give --fov.')
        yield cv2.cvtColor(frame.image, cv2.COLOR_BGR2RGB), camera, 'camera_optical_frame'


def listened(options: argparse.Namespace, for_ros: List[str]
             ) -> Iterator[Tuple[np.ndarray, Intrinsics, str]]:
    """Give image (uint8 RGB), camera and frame of what a camera publishes."""
    from depth_estimation_ros.images import messages
    from depth_estimation_ros.node import inputs
    from depth_estimation_ros.node.camera_tracker import CameraTracker
    import rclpy
    rclpy.init(args=for_ros)
    try:
        node = rclpy.create_node('measure_mount')
        came: List = []
        tracker = CameraTracker(node.get_logger(), lambda: 'no camera_info has come in')
        infos = inputs.CameraInfoInput(node, tracker.take)
        images = inputs.ImageInput(node, came.append, lambda count: None)
        last = time.monotonic()
        while True:
            rclpy.spin_once(node, timeout_sec=0.5)
            images.follow()
            infos.follow()
            if came:
                # What came while the network worked is left out.
                message = came[-1]
                came.clear()
                image = messages.to_rgb(message)
                camera = tracker.camera_of(
                    image.shape[1], image.shape[0], images.topic, options.fov)
                if camera is not None:
                    last = time.monotonic()
                    yield image, camera.intrinsics, message.header.frame_id
            if time.monotonic() - last > PATIENCE:
                reason = tracker.problem or images.why_missing()
                raise MeasureError(f'No image of a known camera on {images.topic} for '
                                   f'{PATIENCE:g} s ({reason}).')
    finally:
        rclpy.try_shutdown()


def report(measured: MountMeasurement, options: argparse.Namespace, frame: str) -> str:
    """Return what was measured, and where to write it."""
    mount = Mount(options.height, round(measured.pitch, 1), round(measured.roll, 1))
    assert mount.pose is not None
    x, y, z, w = mount.pose.quaternion
    return '\n'.join([
        f'pitch {measured.pitch:+.1f} degrees (the middle half within +-'
        f'{measured.pitch_spread:.1f}), roll {measured.roll:+.1f} '
        f'(+-{measured.roll_spread:.1f}), height {options.height:g} m by the tape', '',
        'In params.yaml:', '',
        f'    camera_height: {options.height:g}' + '.0' * options.height.is_integer(),
        f'    camera_pitch: {mount.pitch}',
        f'    camera_roll: {mount.roll}', '',
        f'or as a transform, for ground_frame:={options.ground_frame}:', '',
        f'    ros2 run tf2_ros static_transform_publisher --z {options.height:g} --qx {x:.5f} '
        f'--qy {y:.5f} --qz {z:.5f} --qw {w:.5f} --frame-id {options.ground_frame} '
        f'--child-frame-id {frame}'])


def measure(options: argparse.Namespace, for_ros: List[str]) -> str:
    """
    Return the report.

    Raises
    ------
    MeasureError, RecordingError, ModelFileError, DeviceError
        With a sentence.

    """
    estimator = DepthEstimator(options.model, options.device)
    frames = recorded(options) if options.source else listened(options, for_ros)
    seen, frame_id = [], ''
    for image, camera, frame_id in islice(frames, options.images):
        seen.append(seen_floor(estimator, image, camera))
        print(f'\r{len(seen)}/{options.images}', end='', file=sys.stderr, flush=True)
    print('\r', end='', file=sys.stderr)
    with_floor = sum(pose is not None for pose in seen)
    measured = summarize(seen)
    if measured is None:
        raise MeasureError(
            f'A floor was found in {with_floor} of {len(seen)} images, which is too few: it must '
            'be level, and free for some metres before the camera.')
    return f'a floor in {with_floor} of {len(seen)} images\n' + report(
        measured, options, frame_id)


def main(arguments: Optional[List[str]] = None) -> int:
    """Measure and tell; returns the exit code."""
    options, for_ros = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        print(measure(options, for_ros))
    except (MeasureError, RecordingError, ModelFileError, DeviceError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
