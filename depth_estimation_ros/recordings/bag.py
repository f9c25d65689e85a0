"""Recorded frames from a rosbag2 (MCAP or SQLite): a camera, and where there is one, its depth."""

from bisect import bisect_left
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import cv2
from depth_estimation_ros.estimation.geometry import (
    image_of_camera_info, Intrinsics, IntrinsicsError)
from depth_estimation_ros.images import compressed, ImageError, messages
from depth_estimation_ros.images.raw import DEPTH_ENCODINGS, ENCODINGS
from depth_estimation_ros.recordings.recording import RecordedFrame, RecordingError
import numpy as np
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.typesys import get_typestore, Stores

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'

# Seconds between an image and the depth image that is taken for the same moment. Half the period
# of cameras at 30 Hz, and a little.
TOLERANCE = 0.02


@dataclass(frozen=True)
class BagMoment:
    """
    An image, and the depth camera's answer to it.

    Attributes
    ----------
    seconds : float
        Its stamp.
    image : uint8 (H, W, 3) RGB
    depth : float32 (h, w), metres, or None
        As the depth camera gave it, at its own size; NaN where it knows no depth.

    """

    seconds: float
    image: np.ndarray
    depth: Optional[np.ndarray] = None


class BagRecording:
    """
    The images of one topic of a bag, each with the depth image that is nearest in time.

    Parameters
    ----------
    path : Path
        A rosbag2: its folder, or its .mcap or .db3 file.
    image_topic, depth_topic, camera_info_topic : str
        Empty: the only topic of the bag that fits.
    tolerance : float
        Seconds by which the stamps of an image and its depth may differ.

    Attributes
    ----------
    image_topic : str
    depth_topic : str
        Empty where the bag has no depth.
    camera, depth_camera : Intrinsics or None
        Of the images and of the depth images, where a camera_info that fits tells them.
    counts : tuple of int
        How many images, depth images and pairs of both there are.
    notes : list of str
        Sentences on what was presumed.

    Raises
    ------
    RecordingError
        With a sentence that says what is wrong and what would be right.

    """

    def __init__(self, path: Path, image_topic: str = '', depth_topic: str = '',
                 camera_info_topic: str = '', tolerance: float = TOLERANCE):
        self.notes: List[str] = []
        self._path = path
        with self._open() as reader:
            self._types = {each.topic: each.msgtype for each in reader.connections}
            first = {topic: self._first(reader, topic) for topic in self._types
                     if self._types[topic] in (IMAGE, COMPRESSED_IMAGE, CAMERA_INFO)}
            first = {topic: message for topic, message in first.items() if message is not None}
            self.depth_topic = self._choose(
                'depth (16UC1 or 32FC1)', '--depth-topic', depth_topic,
                _depth_topics(first), required=False)
            self.image_topic = self._choose(
                'colour images', '--image-topic (camera_node: image_topic)', image_topic,
                _color_topics(first))
            image_message = self._message(first, self.image_topic, '--image-topic')
            image = self._image(image_message)
            self.camera = self._camera(
                first, camera_info_topic, self.image_topic, image.shape,
                'depth cannot be corrected for its focal length')
            self.depth_camera = None
            if self.depth_topic:
                depth_message = self._message(first, self.depth_topic, '--depth-topic')
                depth = self._depth(depth_message)
                self.depth_camera = self._camera(
                    first, '', self.depth_topic, depth.shape,
                    'depth is taken to show what the image shows, to its edges')
                self._compare_frames(image_message, depth_message)
            stamps: Dict[str, List[int]] = {self.image_topic: [], self.depth_topic: []}
            for topic, stamp, _ in self._messages(reader):
                stamps[topic].append(stamp)
        self._depth_of_image = _pairs(stamps[self.image_topic], stamps[self.depth_topic],
                                      round(1e9 * tolerance)) if self.depth_topic else {}
        self.counts = (len(stamps[self.image_topic]), len(stamps[self.depth_topic]),
                       len(self._depth_of_image))

    def __iter__(self) -> Iterator[RecordedFrame]:
        """Give all images; depth, where there is one, on the image's pixels."""
        for moment in self.moments():
            depth = moment.depth
            if depth is not None:
                depth = seen_by(depth, self.depth_camera, self.camera, moment.image.shape[:2],
                                cv2.INTER_NEAREST)
            yield RecordedFrame(cv2.cvtColor(moment.image, cv2.COLOR_RGB2BGR), depth)

    def moments(self, with_depth_only: bool = False) -> Iterator[BagMoment]:
        """Give the images in the order of the bag, each with its depth at the depth's size."""
        # What has come, by its number in its topic, and waits for its partner.
        images: deque = deque()
        depths: Dict[int, Any] = {}
        wanted = set(self._depth_of_image.values())
        counts = {self.image_topic: 0, self.depth_topic: 0}
        with self._open() as reader:
            for topic, stamp, message in self._messages(reader):
                number = counts[topic]
                counts[topic] += 1
                if topic == self.image_topic:
                    partner = self._depth_of_image.get(number)
                    if partner is not None or not with_depth_only:
                        images.append((stamp, message, partner))
                elif number in wanted:
                    depths[number] = message
                while images and (images[0][2] is None or images[0][2] in depths):
                    stamp_of_image, image, partner = images.popleft()
                    yield BagMoment(
                        1e-9 * stamp_of_image, self._image(image),
                        None if partner is None else self._depth(depths.pop(partner)))

    @contextmanager
    def _open(self) -> Iterator[AnyReader]:
        try:
            # Bags of releases before Iron carry no definitions of their messages.
            with AnyReader([self._path],
                           default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
                yield reader
        except (AnyReaderError, ReaderError, OSError, UnicodeDecodeError) as error:
            raise RecordingError(
                f'{self._path} is not a rosbag2 that can be read ({error}).') from error

    def _messages(self, reader: AnyReader) -> Iterator[Tuple[str, int, Any]]:
        """Give the messages of the two topics, with their stamps in nanoseconds."""
        wanted = [each for each in reader.connections
                  if each.topic in (self.image_topic, self.depth_topic)]
        for connection, received, data in reader.messages(wanted):
            message: Any = reader.deserialize(data, connection.msgtype)
            stamp = message.header.stamp
            # A driver that stamps nothing leaves the time of the recording.
            yield (connection.topic, stamp.sec * 1_000_000_000 + stamp.nanosec or received,
                   message)

    @staticmethod
    def _first(reader: AnyReader, topic: str) -> Any:
        wanted = [each for each in reader.connections if each.topic == topic]
        for connection, _, data in reader.messages(wanted):
            return reader.deserialize(data, connection.msgtype)
        return None

    def _choose(self, what: str, option: str, given: str, groups: Sequence[List[str]],
                required: bool = True) -> str:
        """Return the topic that is asked for, else the only one of the first group with any."""
        if given:
            return given
        candidates = next((group for group in groups if group), [])
        if len(candidates) > 1:
            raise RecordingError(
                f'{self._path} has several topics with {what}: {", ".join(candidates)}. Choose '
                f'one with {option}.')
        if not candidates and required:
            raise RecordingError(f'{self._path} has no topic with {what}; '
                                 f'its topics are {self._all_topics()}.')
        return candidates[0] if candidates else ''

    def _message(self, first: Dict[str, Any], topic: str, option: str) -> Any:
        if topic not in first:
            raise RecordingError(f'{self._path} has no messages on {topic!r} ({option}); '
                                 f'its topics are {self._all_topics()}.')
        return first[topic]

    def _all_topics(self) -> str:
        return ', '.join(f'{topic} ({kind})' for topic, kind in sorted(self._types.items()))

    def _camera(self, first: Dict[str, Any], given: str, topic: str, shape: Tuple[int, ...],
                otherwise: str) -> Optional[Intrinsics]:
        """Return the intrinsics of a topic of images, from the camera_info beside it."""
        base, _, transport = topic.rpartition('/')
        if transport in ('compressed', 'compressedDepth'):
            base = base.rpartition('/')[0]
        info_topic = given or f'{base}/camera_info'
        if given:
            self._message(first, given, '--camera-info-topic')
        if info_topic not in first:
            self.notes.append(f'There is no {info_topic}: {otherwise}.')
            return None
        info = first[info_topic]
        try:
            intrinsics = image_of_camera_info(info)
        except (AttributeError, IntrinsicsError) as error:
            raise RecordingError(
                f'{info_topic} is not a usable {CAMERA_INFO} ({error}).') from error
        if intrinsics is None:
            self.notes.append(f'{info_topic} is of an uncalibrated camera: {otherwise}.')
        elif (intrinsics.height, intrinsics.width) != shape[:2]:
            part = '' if (intrinsics.width, intrinsics.height) == (info.width, info.height) else (
                f' (after its region of interest and binning, of {info.width} x {info.height})')
            self.notes.append(
                f'{info_topic} is for {intrinsics.width} x {intrinsics.height} pixels{part}, but '
                f'{topic} has {shape[1]} x {shape[0]}: {otherwise}.')
            return None
        return intrinsics

    def _compare_frames(self, image: Any, depth: Any):
        frames = image.header.frame_id, depth.header.frame_id
        if frames[0] != frames[1]:
            self.notes.append(
                f'Images are in the frame {frames[0]!r} and depth is in {frames[1]!r}: depth is '
                "taken as registered to the image (the driver's aligned topic); where it is not, "
                'the scores are worse than the model.')

    def _image(self, message: Any) -> np.ndarray:
        """Return uint8 (H, W, 3) RGB."""
        try:
            return messages.to_rgb(message)
        except ImageError as error:
            raise RecordingError(
                f'{self._path}: an image on {self.image_topic} cannot be read: {error}.'
            ) from error

    def _depth(self, message: Any) -> np.ndarray:
        """Return float32 (h, w) in metres, NaN where there is no depth."""
        try:
            depth = messages.to_depth(message)
        except ImageError as error:
            raise RecordingError(
                f'{self._path}: a depth image on {self.depth_topic} cannot be read: {error}.'
            ) from error
        return np.where(np.isfinite(depth) & (depth > 0.0), depth, np.float32(np.nan))


def seen_by(depth: np.ndarray, camera: Optional[Intrinsics], other: Optional[Intrinsics],
            size: Tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> np.ndarray:
    """
    Return a depth map on the pixels of another camera at the same place.

    Parameters
    ----------
    depth : float32 (H, W), metres
    camera, other : Intrinsics or None
        Of `depth`, and of the camera that is asked for, each for any size of its pictures.
        Without either, both are presumed to see the same picture, stretched.
    size : (int, int)
        Height and width that are asked for.
    interpolation : int
        cv2.INTER_LINEAR or cv2.INTER_NEAREST.

    Returns
    -------
    float32 (`size`), metres
        NaN where `depth` does not reach.

    """
    height, width = depth.shape
    if camera is None or other is None:
        camera = other = Intrinsics(1, 1, 1.0, 1.0, 0.0, 0.0)
    camera, other = camera.resized(width, height), other.resized(size[1], size[0])
    x = (np.arange(size[1]) - other.cx) * (camera.fx / other.fx) + camera.cx
    y = (np.arange(size[0]) - other.cy) * (camera.fy / other.fy) + camera.cy
    # Half a pixel around the outermost centres still belongs to the picture (and rounding).
    inside = (np.abs(y - (height - 1) / 2) <= height / 2 + 1e-3)[:, None] & (
        np.abs(x - (width - 1) / 2) <= width / 2 + 1e-3)
    x_map, y_map = np.meshgrid(x.clip(0, width - 1).astype(np.float32),
                               y.clip(0, height - 1).astype(np.float32))
    seen = cv2.remap(depth, x_map, y_map, interpolation)
    seen[~inside] = np.nan
    return seen


def _color_topics(first: Dict[str, Any]) -> List[List[str]]:
    """Return raw, compressed and grey topics of images; a depth camera's infrared is grey."""
    raw, of_files, grey = [], [], []
    for topic, message in first.items():
        encoding = getattr(message, 'encoding', None)
        if encoding is None:
            if hasattr(message, 'format') and not compressed.is_depth(message):
                of_files.append(topic)
        elif encoding.startswith('mono'):
            grey.append(topic)
        elif encoding in ENCODINGS:
            raw.append(topic)
    return [raw, of_files, grey]


def _depth_topics(first: Dict[str, Any]) -> List[List[str]]:
    """Return raw and compressed topics of depth."""
    raw = [topic for topic, message in first.items()
           if getattr(message, 'encoding', None) in DEPTH_ENCODINGS]
    of_files = [topic for topic, message in first.items()
                if hasattr(message, 'format') and compressed.is_depth(message)]
    return [raw, of_files]


def _pairs(images: List[int], depths: List[int], tolerance: int) -> Dict[int, int]:
    """Return which depth goes with which image: those that are each other's nearest in time."""
    def nearest(stamps: List[int]):
        order = sorted(range(len(stamps)), key=stamps.__getitem__)
        ordered = [stamps[number] for number in order]

        def find(stamp: int) -> int:
            after = bisect_left(ordered, stamp)
            around = [each for each in (after - 1, after) if 0 <= each < len(ordered)]
            return order[min(around, key=lambda each: abs(ordered[each] - stamp))]
        return find

    if not images or not depths:
        return {}
    nearest_depth, nearest_image = nearest(depths), nearest(images)
    pairs = {}
    for number, stamp in enumerate(images):
        depth = nearest_depth(stamp)
        if nearest_image(depths[depth]) == number and abs(depths[depth] - stamp) <= tolerance:
            pairs[number] = depth
    return pairs
