"""Small rosbag2 recordings for the tests, written as ros2 bag record would."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, List

from depth_estimation_ros.geometry import Box, Intrinsics
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

STORE = get_typestore(Stores.ROS2_JAZZY)
STORAGES = {'mcap': StoragePlugin.MCAP, 'sqlite3': StoragePlugin.SQLITE3}


@dataclass(frozen=True)
class BagMessage:
    """A message, its topic, and the time of its stamp in seconds."""

    topic: str
    seconds: float
    message: Any


def write_bag(path: Path, storage: str, messages: List[BagMessage]) -> Path:
    """Write messages, in their order, and return the bag's folder."""
    with Writer(path, version=9, storage_plugin=STORAGES[storage]) as writer:
        connections = {}
        for number, each in enumerate(messages):
            kind = each.message.__msgtype__
            if each.topic not in connections:
                connections[each.topic] = writer.add_connection(each.topic, kind, typestore=STORE)
            writer.write(connections[each.topic], 1_000_000 * number,
                         STORE.serialize_cdr(each.message, kind))
    return path


def header(seconds: float, frame_id: str = 'camera'):
    """Return a std_msgs/Header."""
    nanoseconds = round(1e9 * seconds)
    stamp = STORE.types['builtin_interfaces/msg/Time'](
        sec=nanoseconds // 1_000_000_000, nanosec=nanoseconds % 1_000_000_000)
    return STORE.types['std_msgs/msg/Header'](stamp=stamp, frame_id=frame_id)


def image(topic: str, seconds: float, pixels: np.ndarray, encoding: str, padding: int = 0,
          frame_id: str = 'camera') -> BagMessage:
    """Return an image, each row followed by some bytes that mean nothing."""
    rows = np.ascontiguousarray(pixels).view(np.uint8).reshape(len(pixels), -1)
    data = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/Image'](
        header=header(seconds, frame_id), height=pixels.shape[0], width=pixels.shape[1],
        encoding=encoding, is_bigendian=0, step=data.shape[1], data=data.ravel()))


def compressed(topic: str, seconds: float, data: bytes, form: str) -> BagMessage:
    """Return a compressed image."""
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/CompressedImage'](
        header=header(seconds), format=form, data=np.frombuffer(data, np.uint8)))


def camera_info(topic: str, seconds: float, camera: Intrinsics, part: Box = Box(0, 0, 0, 0),
                binning: int = 0) -> BagMessage:
    """Return a camera_info; `part` is its region of interest, 0 x 0: the whole picture."""
    kind = STORE.types['sensor_msgs/msg/CameraInfo']
    roi = STORE.types['sensor_msgs/msg/RegionOfInterest'](
        x_offset=part.left, y_offset=part.top, height=part.height, width=part.width,
        do_rectify=False)
    k = np.array([camera.fx, 0, camera.cx, 0, camera.fy, camera.cy, 0, 0, 1.0])
    p = np.insert(k.reshape(3, 3), 3, 0.0, axis=1).ravel()
    return BagMessage(topic, seconds, kind(
        header=header(seconds), height=camera.height, width=camera.width,
        distortion_model='plumb_bob', d=np.zeros(5), k=k, r=np.eye(3).ravel(), p=p,
        binning_x=binning, binning_y=binning, roi=roi))
