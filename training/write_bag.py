#!/usr/bin/env python3
"""
Write a dataset as a rosbag2, as if a robot with a depth camera had recorded it.

    python training/write_bag.py --data-dir data/drive --out drive_bag

`ros2 bag play` plays it, `evaluate.py --bag` scores a model on it. Colour is on
/camera/color/image_raw (rgb8), depth on /camera/aligned_depth_to_color/image_raw (16UC1,
millimetres, 0 where the dataset's depth ends, as in the sky), each with its camera_info. Where
pairs.csv tells how the camera stood, /tf_static tells it above base_footprint, or /tf where it
changes.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
import shutil
import sys
from typing import Any, Iterable, Iterator

from depth_estimation_ros.estimation.geometry import Intrinsics, IntrinsicsError
from depth_estimation_ros.estimation.pose import CameraPose
from learning.dataset import DepthDataset
from learning.dataset_error import DatasetError
from learning.pairs import SPLITS
from learning.progress import Progress
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

STORE = get_typestore(Stores.ROS2_JAZZY)
STORAGES = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}
GROUND_FRAME = 'base_footprint'
COLOR, DEPTH = '/camera/color', '/camera/aligned_depth_to_color'
FIRST_STAMP = 1.0  # seconds: 0 means that a message has no stamp
MAX_DEPTH = 20.0  # metres: that of the paper's dataset and of the rendered ones


@dataclass(frozen=True)
class BagMessage:
    """A message, its topic, and the time of its stamp in seconds."""

    topic: str
    seconds: float
    message: Any


def write_bag(path: Path, storage: str, messages: Iterable[BagMessage]) -> Path:
    """Write messages, in their order and at the times of their stamps; return the bag's folder."""
    with Writer(path, version=9, storage_plugin=STORAGES[storage]) as writer:
        connections = {}
        for each in messages:
            kind = each.message.__msgtype__
            if each.topic not in connections:
                connections[each.topic] = writer.add_connection(each.topic, kind, typestore=STORE)
            writer.write(connections[each.topic], round(1e9 * each.seconds),
                         STORE.serialize_cdr(each.message, kind))
    return path


def header(seconds: float, frame_id: str = 'camera'):
    """Return a std_msgs/Header."""
    nanoseconds = round(1e9 * seconds)
    stamp = STORE.types['builtin_interfaces/msg/Time'](
        sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)
    return STORE.types['std_msgs/msg/Header'](stamp=stamp, frame_id=frame_id)


def image(topic: str, seconds: float, pixels: np.ndarray, encoding: str,
          frame_id: str = 'camera') -> BagMessage:
    """Return an image of the pixels (H, W) or (H, W, channels)."""
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/Image'](
        header=header(seconds, frame_id), height=pixels.shape[0], width=pixels.shape[1],
        encoding=encoding, is_bigendian=0, step=rows.shape[1], data=rows.ravel()))


def camera_info(topic: str, seconds: float, camera: Intrinsics) -> BagMessage:
    """Return a camera_info of the whole picture, without distortion."""
    k = np.array([camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1.0])
    p = np.insert(k.reshape(3, 3), 3, 0.0, axis=1).ravel()
    whole = STORE.types['sensor_msgs/msg/RegionOfInterest'](
        x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/CameraInfo'](
        header=header(seconds), height=camera.height, width=camera.width,
        distortion_model='plumb_bob', d=np.zeros(5), k=k, r=np.eye(3).ravel(), p=p,
        binning_x=0, binning_y=0, roi=whole))


def transform(topic: str, seconds: float, pose: CameraPose) -> BagMessage:
    """Return a TF message that tells the camera's pose above GROUND_FRAME."""
    types = STORE.types
    stamped = types['geometry_msgs/msg/TransformStamped'](
        header=header(seconds, GROUND_FRAME), child_frame_id='camera',
        transform=types['geometry_msgs/msg/Transform'](
            translation=types['geometry_msgs/msg/Vector3'](0.0, 0.0, pose.height),
            rotation=types['geometry_msgs/msg/Quaternion'](*pose.quaternion.tolist())))
    return BagMessage(topic, seconds, types['tf2_msgs/msg/TFMessage'](transforms=[stamped]))


def recorded(dataset: DepthDataset, rate: float) -> Iterator[BagMessage]:
    """Give what a robot would have recorded of a dataset's pairs, at `rate` hertz."""
    poses = {pair.pose for pair in dataset.pairs}
    for number, pair in enumerate(Progress(dataset.pairs, unit=' pairs')):
        seconds = FIRST_STAMP + number / rate
        if pair.pose is not None and (len(poses) > 1 or number == 0):
            yield transform('/tf' if len(poses) > 1 else '/tf_static', seconds, pair.pose)
        depth = pair.read_depth(dataset.max_depth)
        known = depth < dataset.max_depth  # neither NaN nor where depth ends
        millimetres = np.where(known, np.round(1000.0 * depth), 0.0).astype(np.uint16)
        for topic, pixels, encoding in ((COLOR, pair.read_rgb(), 'rgb8'),
                                        (DEPTH, millimetres, '16UC1')):
            if pair.camera is not None:
                yield camera_info(f'{topic}/camera_info', seconds, pair.camera)
            yield image(f'{topic}/image_raw', seconds, pixels, encoding)


def main() -> int:
    """Write the bag; it has its name when it is whole."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--data-dir', type=Path, required=True,
                        help='dataset: rgb/SPLIT, depth/SPLIT, and camera.json if there is one')
    parser.add_argument('--split', choices=SPLITS, default='test')
    parser.add_argument('--rate', type=float, default=10.0, help='pairs a second (default: 10)')
    parser.add_argument('--storage', choices=tuple(STORAGES), default='mcap')
    parser.add_argument('--out', type=Path, required=True, help="the bag's folder; must not exist")
    options = parser.parse_args()
    if not options.rate > 0.0:
        parser.error(f'--rate is {options.rate:g}, and must be positive')
    if options.out.exists():
        parser.error(f'{options.out} exists already: name another folder')
    partial = options.out.with_name(f'{options.out.name}.partial')
    try:
        dataset = DepthDataset(options.data_dir, options.split, max_depth=MAX_DEPTH).in_metres()
        shutil.rmtree(partial, ignore_errors=True)
        write_bag(partial, options.storage, recorded(dataset, options.rate))
    except (DatasetError, IntrinsicsError) as error:
        print(f'write_bag: {error}', file=sys.stderr)
        return 1
    partial.rename(options.out)
    print(options.out)
    return 0


if __name__ == '__main__':
    sys.exit(main())
