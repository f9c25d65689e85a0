"""Small rosbag2 recordings for the tests, with what recordings of robots may have in them."""

from dataclasses import replace
from pathlib import Path
from typing import List

from depth_estimation_ros.estimation.geometry import Box, Intrinsics
import numpy as np
from rosbags.rosbag1 import Writer
from rosbags.typesys import get_typestore, Stores
import write_bag as write_command
from write_bag import BagMessage, header, STORE


def write_bag(path: Path, storage: str, messages: List[BagMessage]) -> Path:
    """Write messages as they came in: in their order, whatever their stamps are."""
    return write_command.write_bag(path, storage, [
        replace(each, seconds=0.001 * number) for number, each in enumerate(messages)])


def write_ros1_bag(path: Path, messages: List[BagMessage]) -> Path:
    """Write images and camera_infos of ROS 2 as ROS 1 records them."""
    store = get_typestore(Stores.ROS1_NOETIC)
    with Writer(path) as writer:
        for number, each in enumerate(messages):
            kind, values = each.message.__msgtype__, vars(each.message)
            made = store.types[kind]
            values = {name: values[name if name in values else name.lower()]
                      for name in made.__dataclass_fields__ if name != '__msgtype__'}
            values['header'] = store.types['std_msgs/msg/Header'](
                seq=number, stamp=values['header'].stamp, frame_id=values['header'].frame_id)
            connection = next((known for known in writer.connections if known.topic == each.topic),
                              None) or writer.add_connection(each.topic, kind, typestore=store)
            writer.write(connection, 1_000_000 * number,
                         store.serialize_ros1(made(**values), kind))
    return path


def image(topic: str, seconds: float, pixels: np.ndarray, encoding: str, padding: int = 0,
          frame_id: str = 'camera') -> BagMessage:
    """Return an image, each row followed by some bytes that mean nothing."""
    whole = write_command.image(topic, seconds, pixels, encoding, frame_id)
    data = np.pad(whole.message.data.reshape(len(pixels), -1), ((0, 0), (0, padding)),
                  constant_values=77)
    return replace(whole, message=replace(
        whole.message, step=data.shape[1], data=data.ravel()))


def compressed(topic: str, seconds: float, data: bytes, form: str) -> BagMessage:
    """Return a compressed image."""
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/CompressedImage'](
        header=header(seconds), format=form, data=np.frombuffer(data, np.uint8)))


def camera_info(topic: str, seconds: float, camera: Intrinsics, part: Box = Box(0, 0, 0, 0),
                binning: int = 0) -> BagMessage:
    """Return a camera_info; `part` is its region of interest, 0 x 0: the whole picture."""
    whole = write_command.camera_info(topic, seconds, camera)
    roi = replace(whole.message.roi, x_offset=part.left, y_offset=part.top, height=part.height,
                  width=part.width)
    return replace(whole, message=replace(
        whole.message, roi=roi, binning_x=binning, binning_y=binning))
