"""Small rosbag2 recordings for the tests, with what recordings of robots may have in them."""

from dataclasses import replace
from pathlib import Path
from typing import Any, List

from depth_estimation_ros.estimation.geometry import Box, Intrinsics
import numpy as np
from rosbags.rosbag1 import Writer
from rosbags.typesys import get_types_from_msg, get_typestore, Stores
import write_bag as write_command
from write_bag import BagMessage, header, STORE

TF = 'tf2_msgs/msg/TFMessage'


def write_bag(path: Path, storage: str, messages: List[BagMessage]) -> Path:
    """Write messages as they came in: in their order, whatever their stamps are."""
    return write_command.write_bag(path, storage, [
        replace(each, seconds=0.001 * number) for number, each in enumerate(messages)])


def write_ros1_bag(path: Path, messages: List[BagMessage]) -> Path:
    """Write messages of ROS 2 as ROS 1 records them."""
    store = get_typestore(Stores.ROS1_NOETIC)
    store.register(get_types_from_msg('geometry_msgs/TransformStamped[] transforms', TF))
    with Writer(path) as writer:
        for number, each in enumerate(messages):
            kind = each.message.__msgtype__
            connection = next((known for known in writer.connections if known.topic == each.topic),
                              None) or writer.add_connection(each.topic, kind, typestore=store)
            writer.write(connection, 1_000_000 * number,
                         store.serialize_ros1(_of_ros1(store, each.message), kind))
    return path


def _of_ros1(store: Any, value: Any) -> Any:
    """Return a message, and those in it, with the names and the headers of ROS 1."""
    if isinstance(value, list):
        return [_of_ros1(store, each) for each in value]
    kind = getattr(value, '__msgtype__', None)
    if kind is None or kind == 'builtin_interfaces/msg/Time':
        return value
    made, values = store.types[kind], {'seq': 0, **vars(value)}
    return made(**{name: _of_ros1(store, values[name if name in values else name.lower()])
                   for name in made.__dataclass_fields__ if name != '__msgtype__'})


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


def transforms(topic: str, seconds: float, *links: tuple) -> BagMessage:
    """Return a TF message; a link is the parent, the child, (x, y, z) and (x, y, z, w)."""
    return BagMessage(topic, seconds, STORE.types[TF](transforms=[
        STORE.types['geometry_msgs/msg/TransformStamped'](
            header=header(seconds, parent), child_frame_id=child,
            transform=STORE.types['geometry_msgs/msg/Transform'](
                translation=STORE.types['geometry_msgs/msg/Vector3'](*translation),
                rotation=STORE.types['geometry_msgs/msg/Quaternion'](*rotation)))
        for parent, child, translation, rotation in links]))


def cloud(topic: str, seconds: float, points: np.ndarray, frame_id: str) -> BagMessage:
    """Return a PointCloud2 of points (N, 3)."""
    data = np.ascontiguousarray(points, np.float32)
    fields = [STORE.types['sensor_msgs/msg/PointField'](name, 4 * axis, 7, 1)
              for axis, name in enumerate('xyz')]
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/PointCloud2'](
        header=header(seconds, frame_id), height=1, width=len(data), fields=fields,
        is_bigendian=False, point_step=12, row_step=12 * len(data),
        data=data.view(np.uint8).ravel(), is_dense=True))


def odometry(topic: str, seconds: float, child: str, translation: tuple, rotation: tuple
             ) -> BagMessage:
    """Return where a robot is in the frame odom."""
    types, zeros = STORE.types, np.zeros(36)
    still = types['geometry_msgs/msg/Vector3'](0.0, 0.0, 0.0)
    return BagMessage(topic, seconds, types['nav_msgs/msg/Odometry'](
        header=header(seconds, 'odom'), child_frame_id=child,
        pose=types['geometry_msgs/msg/PoseWithCovariance'](
            types['geometry_msgs/msg/Pose'](types['geometry_msgs/msg/Point'](*translation),
                                            types['geometry_msgs/msg/Quaternion'](*rotation)),
            zeros),
        twist=types['geometry_msgs/msg/TwistWithCovariance'](
            types['geometry_msgs/msg/Twist'](still, still), zeros)))


def scan(topic: str, seconds: float, ranges: np.ndarray, frame_id: str) -> BagMessage:
    """Return a LaserScan from -45 to 45 degrees."""
    least, most = np.radians((-45.0, 45.0))
    return BagMessage(topic, seconds, STORE.types['sensor_msgs/msg/LaserScan'](
        header=header(seconds, frame_id), angle_min=least, angle_max=most,
        angle_increment=(most - least) / (len(ranges) - 1), time_increment=0.0, scan_time=0.1,
        range_min=0.1, range_max=30.0, ranges=np.asarray(ranges, np.float32),
        intensities=np.zeros(0, np.float32)))
