"""Recorded frames from a bag: a camera, and where there is one, its depth."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, List, Optional

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose, PoseError
from depth_estimation_ros.images import ImageError, messages
from depth_estimation_ros.recordings.bag_reader import BagReader
from depth_estimation_ros.recordings.bag_topics import depth_topic as choose_depth_topic
from depth_estimation_ros.recordings.bag_topics import find_camera
from depth_estimation_ros.recordings.bag_topics import image_topic as choose_image_topic
from depth_estimation_ros.recordings.camera_sizes import CameraSizes
from depth_estimation_ros.recordings.message_pairs import MessagePairs
from depth_estimation_ros.recordings.recording import RecordedFrame, RecordingError
from depth_estimation_ros.recordings.registration import register
from depth_estimation_ros.recordings.transforms import TransformError, Transforms
import numpy as np

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
    camera : Intrinsics or None
        Of the image, at its size.
    depth : float32 (h, w), metres, or None
        As the depth camera gave it, at its own size; NaN where it knows no depth.
    pose : CameraPose or None
        Above the ground's frame, where one is asked for.

    """

    seconds: float
    image: np.ndarray
    camera: Optional[Intrinsics] = None
    depth: Optional[np.ndarray] = None
    pose: Optional[CameraPose] = None


class Bag:
    """
    The images of one topic of a bag, each with the depth image that is nearest in time.

    Parameters
    ----------
    path : Path
        A bag's folder, or its .mcap, .db3 or .bag (ROS 1) file.
    image_topic, depth_topic, camera_info_topic : str
        Empty: the only topic of the bag that fits.
    tolerance : float
        Seconds by which the stamps of an image and its depth may differ.
    ground_frame : str
        A frame on the floor, from which TF tells each moment's pose; empty: none is asked for.

    Attributes
    ----------
    image_topic : str
    depth_topic : str
        Empty where the bag has no depth.
    camera, depth_camera : Intrinsics or None
        Of the first image and of the first depth image, where a camera_info that fits tells them.
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
                 camera_info_topic: str = '', tolerance: float = TOLERANCE,
                 ground_frame: str = ''):
        self._reader = BagReader(path)
        topics = self._reader.topics()
        self.depth_topic = choose_depth_topic(topics, depth_topic)
        self.image_topic = choose_image_topic(topics, image_topic)
        image = topics.message(self.image_topic, '--image-topic')
        self.camera, self.notes = find_camera(
            topics, self.image_topic, self._image(image).shape[:2],
            'depth cannot be corrected for its focal length', camera_info_topic)
        self.depth_camera: Optional[Intrinsics] = None
        if self.depth_topic:
            depth = topics.message(self.depth_topic, '--depth-topic')
            self.depth_camera, notes = find_camera(
                topics, self.depth_topic, self._depth(depth).shape,
                'depth is taken to show what the image shows, to its edges')
            self.notes += notes + _compare_frames(image, depth)
        self._pairs = MessagePairs(self._reader, self.image_topic, self.depth_topic, tolerance)
        self.counts = self._pairs.counts
        self._ground_frame, self._frame = ground_frame, image.header.frame_id
        if ground_frame:
            self._transforms = Transforms.of_bag(self._reader, topics.types)
            if self.camera is None:
                raise RecordingError('A pose is of use only where the camera_info is known, which '
                                     f'{path} has not.')

    def __iter__(self) -> Iterator[RecordedFrame]:
        """Give all images; depth, where there is one, on the image's pixels."""
        for moment in self.moments():
            depth = moment.depth
            if depth is not None:
                depth = register(depth, self.depth_camera, moment.camera, moment.image.shape[:2],
                                 cv2.INTER_NEAREST)
            yield RecordedFrame(cv2.cvtColor(moment.image, cv2.COLOR_RGB2BGR), depth,
                                moment.camera, moment.pose)

    def moments(self, with_depth_only: bool = False) -> Iterator[BagMoment]:
        """Give the images in the order of the bag, each with its depth at the depth's size."""
        cameras = CameraSizes(self.camera, f'The camera_info of {self.image_topic}')
        depth_cameras = CameraSizes(self.depth_camera, f'The camera_info of {self.depth_topic}')
        for stamp, image_message, depth_message in self._pairs.messages(with_depth_only):
            image, depth = self._image(image_message), None
            if depth_message is not None:
                depth = self._depth(depth_message)
                depth_cameras.of_picture(depth, self._what(self.depth_topic))
            yield BagMoment(1e-9 * stamp, image,
                            cameras.of_picture(image, self._what(self.image_topic)), depth,
                            self._pose(stamp) if self._ground_frame else None)

    def _pose(self, stamp: int) -> CameraPose:
        try:
            return CameraPose.from_matrix(
                self._transforms.between(self._ground_frame, self._frame, stamp))
        except (TransformError, PoseError) as error:
            raise RecordingError(f'{self._reader.path} does not tell how {self._frame!r} stands '
                                 f'above {self._ground_frame!r}: {error}.') from error

    def _image(self, message: Any) -> np.ndarray:
        """Return uint8 (H, W, 3) RGB."""
        return self._read(messages.to_rgb, message, self.image_topic)

    def _depth(self, message: Any) -> np.ndarray:
        """Return float32 (h, w) in metres, NaN where there is no depth."""
        depth = self._read(messages.to_depth, message, self.depth_topic)
        return np.where(np.isfinite(depth) & (depth > 0.0), depth, np.float32(np.nan))

    def _read(self, read: Callable[[Any], np.ndarray], message: Any, topic: str) -> np.ndarray:
        try:
            return read(message)
        except ImageError as error:
            raise RecordingError(f'{self._what(topic)} cannot be read: {error}.') from error

    def _what(self, topic: str) -> str:
        return f'{self._reader.path}: an image on {topic}'


def _compare_frames(image: Any, depth: Any) -> List[str]:
    frames = image.header.frame_id, depth.header.frame_id
    if frames[0] == frames[1]:
        return []
    return [f'Images are in the frame {frames[0]!r} and depth is in {frames[1]!r}: depth is '
            "taken as registered to the image (the driver's aligned topic); where it is not, "
            'the scores are worse than the model.']
