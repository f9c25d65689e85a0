"""Which topics of a bag have the images, their depth and what is known of their cameras."""

from typing import Any, List, Optional, Sequence, Tuple

from depth_estimation_ros.estimation.geometry import (
    image_of_camera_info, Intrinsics, IntrinsicsError)
from depth_estimation_ros.images import compressed
from depth_estimation_ros.images.raw import DEPTH_ENCODINGS, ENCODINGS
from depth_estimation_ros.recordings.bag_reader import BagTopics, CAMERA_INFO
from depth_estimation_ros.recordings.recording import RecordingError


def image_topic(topics: BagTopics, given: str = '') -> str:
    """
    Return the topic of colour images: the one that is asked for, else the only one.

    Raw images go before compressed ones of the same bag, and both before grey ones, which a
    depth camera's infrared is.

    Raises
    ------
    RecordingError
        Where there is none, or there are several.

    """
    topic = _choose(topics, 'colour images', '--image-topic (camera_node: image_topic)', given,
                    _color_topics(topics))
    if not topic:
        raise RecordingError(f'{topics.path} has no topic with colour images; its topics are '
                             f'{topics}.')
    return topic


def depth_topic(topics: BagTopics, given: str = '') -> str:
    """
    Return the topic of depth, as `image_topic`; empty where there is none.

    Raises
    ------
    RecordingError
        Where there are several.

    """
    return _choose(topics, f'depth ({" or ".join(DEPTH_ENCODINGS)})', '--depth-topic', given,
                   _depth_topics(topics))


def find_camera(topics: BagTopics, topic: str, size: Tuple[int, int], otherwise: str,
                given: str = '') -> Tuple[Optional[Intrinsics], List[str]]:
    """
    Return the intrinsics of a topic of images, from the camera_info beside it.

    Parameters
    ----------
    topics : BagTopics
    topic : str
    size : (int, int)
        Height and width of its images.
    otherwise : str
        What is done without, for a sentence.
    given : str
        The topic of the camera_info; empty for the one in the images' namespace.

    Returns
    -------
    Intrinsics or None
    list of str
        Why they are not known.

    Raises
    ------
    RecordingError
        Where the camera_info that is asked for isn't there, or is no camera's.

    """
    info_topic = given or camera_info_topic(topic)
    if given:
        topics.message(given, '--camera-info-topic')
    info = topics.first.get(info_topic)
    if info is None:
        return None, [f'There is no {info_topic}: {otherwise}.']
    try:
        camera = image_of_camera_info(info)
    except (AttributeError, IntrinsicsError) as error:
        raise RecordingError(f'{info_topic} is not a usable {CAMERA_INFO} ({error}).') from error
    if camera is None:
        return None, [f'{info_topic} is of an uncalibrated camera: {otherwise}.']
    if (camera.height, camera.width) != size:
        part = '' if (camera.width, camera.height) == (info.width, info.height) else (
            f' (after its region of interest and binning, of {info.width} x {info.height})')
        return None, [f'{info_topic} is for {camera.width} x {camera.height} pixels{part}, but '
                      f'{topic} has {size[1]} x {size[0]}: {otherwise}.']
    return camera, []


def camera_info_topic(topic: str) -> str:
    """Return the topic of the camera_info that belongs to a topic of images."""
    base, _, transport = topic.rpartition('/')
    if transport in ('compressed', 'compressedDepth'):
        base = base.rpartition('/')[0]
    return f'{base}/camera_info'


def _choose(topics: BagTopics, what: str, option: str, given: str,
            groups: Sequence[List[str]]) -> str:
    """Return the topic that is asked for, else the only one of the first group with any."""
    if given:
        return given
    candidates = next((group for group in groups if group), [''])
    if len(candidates) > 1:
        raise RecordingError(f'{topics.path} has several topics with {what}: '
                             f'{", ".join(candidates)}. Choose one with {option}.')
    return candidates[0]


def _color_topics(topics: BagTopics) -> List[List[str]]:
    """Return raw, compressed and grey topics of images."""
    raw, of_files, grey = [], [], []
    for topic, message in topics.first.items():
        encoding = _encoding(message)
        if encoding.startswith('mono'):
            grey.append(topic)
        elif encoding in ENCODINGS:
            raw.append(topic)
        elif hasattr(message, 'format') and not compressed.is_depth(message):
            of_files.append(topic)
    return [raw, of_files, grey]


def _depth_topics(topics: BagTopics) -> List[List[str]]:
    """Return raw and compressed topics of depth."""
    raw = [topic for topic, message in topics.first.items()
           if _encoding(message) in DEPTH_ENCODINGS]
    of_files = [topic for topic, message in topics.first.items()
                if hasattr(message, 'format') and compressed.is_depth(message)]
    return [raw, of_files]


def _encoding(message: Any) -> str:
    return getattr(message, 'encoding', '')
