"""The messages of a bag: rosbag2 (MCAP or SQLite) or ROS 1."""

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Dict, Iterator, NamedTuple, Sequence

from depth_estimation_ros.recordings.bag_files import bag_files, BAG_SUFFIXES
from depth_estimation_ros.recordings.recording import RecordingError
from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED_IMAGE = 'sensor_msgs/msg/CompressedImage'
CAMERA_INFO = 'sensor_msgs/msg/CameraInfo'


class BagMessage(NamedTuple):
    """A message, its topic, and its stamp in nanoseconds."""

    topic: str
    stamp: int
    message: Any


@dataclass(frozen=True)
class BagTopics:
    """
    The topics of a bag, and the first message of each that has to do with images.

    Attributes
    ----------
    path : Path
        Of the bag.
    types : dict
        The type of each topic.
    first : dict
        The first Image, CompressedImage or CameraInfo of each topic that has one.

    """

    path: Path
    types: Dict[str, str]
    first: Dict[str, Any]

    def message(self, topic: str, option: str) -> Any:
        """
        Return the first message of a topic.

        Raises
        ------
        RecordingError
            Where there is none; `option` is what the user asked for the topic with.

        """
        if topic not in self.first:
            raise RecordingError(f'{self.path} has no messages on {topic!r} ({option}); '
                                 f'its topics are {self}.')
        return self.first[topic]

    def __str__(self) -> str:
        """Return the topics and their types, for a sentence."""
        return ', '.join(f'{topic} ({kind})' for topic, kind in sorted(self.types.items()))


class BagReader:
    """
    Reads a bag, from its beginning each time.

    Parameters
    ----------
    path : Path
        A bag's folder, or a .mcap, .db3 or .bag (ROS 1) file.

    Raises
    ------
    RecordingError
        From every method, where the bag cannot be read.

    """

    def __init__(self, path: Path):
        self.path = path

    def topics(self) -> BagTopics:
        """Read the first messages."""
        types: Dict[str, str] = {}
        first = {each.topic: each.message for each in self._checked(self._first(types))}
        return BagTopics(self.path, types, first)

    def messages(self, topics: Sequence[str]) -> Iterator[BagMessage]:
        """Give the messages of some topics, in the order of the bag."""
        return self._checked(self._messages(topics))

    def _checked(self, messages: Iterator[BagMessage]) -> Iterator[BagMessage]:
        """Give what rosbags reads, and turn whatever it raises into a sentence."""
        while True:
            try:
                message = next(messages, None)
            except RecordingError:
                raise
            except Exception as error:
                # A parser of damaged bytes fails in many ways: struct.error, KeyError,
                # RecursionError, those of zstd and SQLite, and rosbags' own.
                reason = ' '.join(str(error).split())[:200] or type(error).__name__
                raise RecordingError(f'{self.path} is not a bag that can be read ({reason}).'
                                     + self._advice()) from error
            if message is None:
                return
            yield message

    def _first(self, types: Dict[str, str]) -> Iterator[BagMessage]:
        with self._open() as reader:
            types.update({each.topic: each.msgtype for each in reader.connections})
            for topic, kind in types.items():
                if kind in (IMAGE, COMPRESSED_IMAGE, CAMERA_INFO):
                    yield from _some(reader, [topic], 1)

    def _messages(self, topics: Sequence[str]) -> Iterator[BagMessage]:
        with self._open() as reader:
            yield from _some(reader, topics)

    def _open(self) -> AnyReader:
        files = bag_files(self.path)
        if not files:
            raise RecordingError(f'{self.path} is not a bag: it holds neither metadata.yaml nor a '
                                 f'{", ".join(BAG_SUFFIXES)} file.')
        # Bags of releases before Iron carry no definitions of their messages.
        return AnyReader(files,
                         default_typestore=get_typestore(Stores.ROS2_HUMBLE))

    def _advice(self) -> str:
        if self.path.is_dir() and not (self.path / 'metadata.yaml').is_file():
            return (' It has no metadata.yaml, as where the recording was interrupted: '
                    f'`ros2 bag reindex {self.path}` makes one.')
        return ''


def _some(reader: AnyReader, topics: Sequence[str], count: int = -1) -> Iterator[BagMessage]:
    """Give messages of some topics; all of them where `count` is negative."""
    wanted = [each for each in reader.connections if each.topic in topics]
    for connection, received, data in reader.messages(wanted) if wanted else ():
        if not count:
            return
        count -= 1
        message: Any = reader.deserialize(data, connection.msgtype)
        if connection.msgtype == CAMERA_INFO:
            message = _with_names_of_ros2(message)
        # TF has no header, and a driver that stamps nothing leaves the time of the recording.
        header = getattr(message, 'header', None)
        yield BagMessage(connection.topic, header and in_nanoseconds(header.stamp) or received,
                         message)


def in_nanoseconds(stamp: Any) -> int:
    """Return a builtin_interfaces/Time as a number."""
    return stamp.sec * 1_000_000_000 + stamp.nanosec


def _with_names_of_ros2(camera_info: Any) -> Any:
    """Return a camera_info whose K, P and so on have the small letters of ROS 2."""
    return SimpleNamespace(**{name.lower(): value for name, value in vars(camera_info).items()})
