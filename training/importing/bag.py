"""Bags: a camera, and a depth camera or a lidar beside it."""

from functools import partial
import logging
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.point_messages import of_cloud, of_scan, PointsError
from depth_estimation_ros.estimation.pose import CameraPose, PoseError
from depth_estimation_ros.images import ImageError, messages
from depth_estimation_ros.recordings import bag_topics
from depth_estimation_ros.recordings.bag_reader import BagReader, BagTopics, in_nanoseconds
from depth_estimation_ros.recordings.message_pairs import MessagePairs
from depth_estimation_ros.recordings.registration import register
from depth_estimation_ros.recordings.sources import is_bag
from depth_estimation_ros.recordings.transforms import TransformError, Transforms
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
from importing.points import draw_points
from importing.rectification import Rectification
from importing.thinning import small_grey
import numpy as np

LOGGER = logging.getLogger(__name__)
POINTS: Dict[str, Callable[[Any], np.ndarray]] = {
    'sensor_msgs/msg/PointCloud2': of_cloud,
    'sensor_msgs/msg/LaserScan': of_scan}
# A lidar turns ten times a second, and its points are brought to the time of the picture where
# the robot's motion is known.
POINTS_TOLERANCE = 0.05  # seconds

# The message, its stamp in nanoseconds and the picture's, the picture (H, W, 3) -> its depth.
ReadDepth = Callable[[Any, int, np.ndarray], np.ndarray]


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """Return the pairs of a bag, or of each bag in a folder."""
    paths = [source] if source.exists() and is_bag(source) else []
    if source.is_dir() and not (source / 'metadata.yaml').is_file():
        inside = sorted(path for path in source.iterdir() if is_bag(path))
        # Files of one recording that lost its metadata.yaml are one bag, those of ROS 1 are not.
        if not paths or any(path.suffix == '.bag' for path in inside):
            paths = inside
    if not paths:
        raise not_of_layout(source, 'a bag (a folder with metadata.yaml, a .mcap, .db3 or .bag '
                                    'file) or a folder of bags is expected')
    return [frame for path in paths for frame in BagFrames(path, options).frames()]


class BagFrames:
    """
    The images of a bag that have depth.

    Parameters
    ----------
    path : Path
    options : SourceOptions

    Raises
    ------
    RecordingError, SourceError
        Where the bag cannot be read, or has not what is needed.

    """

    def __init__(self, path: Path, options: SourceOptions):
        self._path, self._options = path, options
        reader = BagReader(path)
        topics = reader.topics()
        self._topic = bag_topics.image_topic(topics, options.image_topic)
        first = topics.message(self._topic, '--image-topic')
        self._frame_id = first.header.frame_id
        self._camera = self._find_camera(topics, first)
        self._transforms = Transforms.of_bag(reader, topics.types)
        other, self._read_depth, tolerance = self._find_depth(topics)
        self._pairs = MessagePairs(reader, self._topic, other, tolerance)
        images, others, pairs = self._pairs.counts
        if not pairs:
            raise SourceError(f'{path}: none of the {images} images on {self._topic} has the '
                              f'stamp of one of the {others} messages on {other}, within '
                              f'{tolerance:g} s (--tolerance).')
        self._messages: Iterator[Tuple[int, Any, Any]] = iter(())
        self._number = -1
        self._current: Tuple[int, Any, Any] = (0, None, None)

    def frames(self) -> List[Frame]:
        """Return the frames, to be read in their order."""
        self._messages = self._pairs.messages(pairs_only=True)
        place = self._path.stem
        return [Frame(f'{place}_{stamp // 1_000_000:013d}', place, partial(self._seen, number),
                      1e-9 * stamp, camera_to_world=self._in_world(stamp),
                      grey=partial(self._grey, number))
                for number, stamp in enumerate(self._pairs.stamps)]

    def _find_camera(self, topics: BagTopics, first: Any) -> Optional[Intrinsics]:
        shape = self._rgb_of(first).shape
        camera, notes = bag_topics.find_camera(
            topics, self._topic, shape[:2], 'the dataset gets no camera.json, unless --camera or '
            '--fov tells it', self._options.camera_info_topic)
        self._rectification = Rectification(
            _info_of(topics, self._topic, self._options.camera_info_topic), self._topic)
        if self._options.camera is None and self._options.fov is None:
            _tell(notes)
        return camera

    def _find_depth(self, topics: BagTopics) -> Tuple[str, ReadDepth, float]:
        """Return the topic that tells depth, what reads it, and by how much stamps may differ."""
        options = self._options
        depth_topic = '' if options.points_topic else bag_topics.depth_topic(
            topics, options.depth_topic)
        if depth_topic:
            depth = _metres(topics.message(depth_topic, '--depth-topic'), depth_topic)
            camera, notes = bag_topics.find_camera(
                topics, depth_topic, depth.shape,
                'depth is taken to show what the image shows, to its edges')
            _tell(notes)
            rectification = Rectification(_info_of(topics, depth_topic), depth_topic)
            return depth_topic, partial(self._of_depth_camera, depth_topic, camera,
                                        rectification), options.tolerance
        topic = self._points_topic(topics)
        if self._camera is None and options.camera is None and options.fov is None:
            raise SourceError(f'{self._path}: points can be brought into the image only where its '
                              'camera_info is known, or --camera or --fov tells it.')
        return topic, partial(self._of_points, topic, POINTS[topics.types[topic]]), max(
            options.tolerance, POINTS_TOLERANCE)

    def _points_topic(self, topics: BagTopics) -> str:
        """Return the topic of points; clouds go before scans, which are of one line only."""
        given = self._options.points_topic
        if given:
            if topics.types.get(given) not in POINTS:
                raise SourceError(f'{self._path} has no points on {given!r} (--points-topic); its '
                                  f'topics are {topics}.')
            return given
        for kind in POINTS:
            found = sorted(topic for topic, each in topics.types.items() if each == kind)
            if len(found) > 1:
                raise SourceError(f'{self._path} has several topics of {kind}: '
                                  f'{", ".join(found)}. Choose one with --points-topic.')
            if found:
                return found[0]
        raise SourceError(f'{self._path} has neither depth (16UC1 or 32FC1) nor points '
                          f'(PointCloud2 or LaserScan); its topics are {topics}.')

    def _take(self, number: int) -> Tuple[int, Any, Any]:
        """Return the messages of a pair: the last that was asked for, or a later one."""
        while self._number < number:
            self._current = next(self._messages)
            self._number += 1
        return self._current

    def _rgb_of(self, message: Any) -> np.ndarray:
        try:
            return messages.to_rgb(message)
        except ImageError as error:
            raise ImageError(f'{self._path}: an image on {self._topic} cannot be read: {error}'
                             ) from error

    def _grey(self, number: int) -> np.ndarray:
        return small_grey(self._rgb_of(self._take(number)[1]))

    def _seen(self, number: int) -> Seen:
        stamp, image, other = self._take(number)
        rgb = self._rgb_of(image)
        depth = self._read_depth(other, stamp, rgb)
        return Seen(self._rectification.picture(rgb), depth,
                    self._options.camera_of(rgb, self._camera), self._pose(stamp))

    def _of_depth_camera(self, topic: str, camera: Optional[Intrinsics],
                         rectification: Rectification, message: Any, stamp: int,
                         rgb: np.ndarray) -> np.ndarray:
        depth = register(_metres(message, topic), camera, self._camera, rgb.shape[:2],
                         cv2.INTER_NEAREST)
        return rectification.depth(depth)

    def _of_points(self, topic: str, read: Callable[[Any], np.ndarray], message: Any, stamp: int,
                   rgb: np.ndarray) -> np.ndarray:
        """Return the depth that points tell in a picture, which is rectified."""
        camera = self._options.camera_of(rgb, self._camera)
        assert camera is not None
        try:
            matrix = self._transforms.between_times(
                self._frame_id, stamp, message.header.frame_id,
                in_nanoseconds(message.header.stamp) or stamp)
            points = read(message) @ matrix[:3, :3].T + matrix[:3, 3]
        except TransformError as error:
            raise self._untold(f'{topic} cannot be brought into the images of {self._topic}',
                               message.header.frame_id, error) from error
        except PointsError as error:
            raise ImageError(f'{self._path}: {topic} has {error}') from error
        return draw_points(points, camera)

    def _in_world(self, stamp: int) -> Optional[np.ndarray]:
        """Return where the camera was, where odometry or TF tell it."""
        try:
            found = self._transforms.in_world(self._frame_id, stamp)
        except TransformError:
            return None
        return None if found is None else found[1]

    def _pose(self, stamp: int) -> Optional[CameraPose]:
        """Return how the camera stood above the ground's frame, where TF tells it."""
        ground = self._options.ground_frame
        try:
            return CameraPose.from_matrix(self._transforms.between(ground, self._frame_id, stamp))
        except (TransformError, PoseError) as error:
            if ground != SourceOptions.ground_frame:
                raise self._untold(f'the pose above {ground!r} (--ground-frame) cannot be told',
                                   ground, error) from error
            return None

    def _untold(self, what: str, frame: str, error: Exception) -> Exception:
        """Return the error of a picture, or of the whole bag where nothing joins the frames."""
        kind = ImageError if self._transforms.joins(self._frame_id, frame) else SourceError
        return kind(f'{self._path}: {what}: {error}')


def _metres(message: Any, topic: str) -> np.ndarray:
    """Return float32 (h, w) in metres, NaN where there is no depth."""
    try:
        depth = messages.to_depth(message)
    except ImageError as error:
        raise ImageError(f'an image on {topic} cannot be read: {error}') from error
    return np.where(np.isfinite(depth) & (depth > 0.0), depth, np.float32(np.nan))


def _info_of(topics: BagTopics, topic: str, given: str = '') -> Any:
    return topics.first.get(given or bag_topics.camera_info_topic(topic))


def _tell(notes: List[str]) -> None:
    for note in notes:
        LOGGER.warning('%s', note)
