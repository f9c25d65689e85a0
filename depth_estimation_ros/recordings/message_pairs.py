"""The messages of a bag's images, each with the message of another topic that belongs to it."""

from collections import deque
from typing import Any, Deque, Dict, Iterator, List, Optional, Tuple

from depth_estimation_ros.recordings.bag_reader import BagReader
from depth_estimation_ros.recordings.stamp_pairs import pair_by_stamp


class MessagePairs:
    """
    Images of one topic, and what another topic has for the same moment.

    Parameters
    ----------
    reader : BagReader
    image_topic, other_topic : str
        Of images, and of depth or points; `other_topic` may be empty.
    tolerance : float
        Seconds by which the stamps of a pair may differ.

    Attributes
    ----------
    stamps : list of int
        Of the images that have a partner, nanoseconds, in the order of the bag.
    counts : tuple of int
        How many images, others and pairs there are.

    """

    def __init__(self, reader: BagReader, image_topic: str, other_topic: str, tolerance: float):
        self._reader = reader
        self._image_topic, self._other_topic = image_topic, other_topic
        stamps: Dict[str, List[int]] = {image_topic: [], other_topic: []}
        for topic, stamp, _ in reader.messages(list(stamps)):
            stamps[topic].append(stamp)
        images, others = stamps[image_topic], stamps[other_topic]
        # The partner's number by the image's.
        self._partners = pair_by_stamp(images, others, round(1e9 * tolerance))
        self.stamps = [images[number] for number in sorted(self._partners)]
        self.counts = len(images), len(others), len(self._partners)

    def messages(self, pairs_only: bool = False) -> Iterator[Tuple[int, Any, Any]]:
        """Give the stamp and the message of each image, and its partner's message or None."""
        # What has come, by its number in its topic, and waits for its partner.
        images: Deque[Tuple[int, Any, Optional[int]]] = deque()
        others: Dict[int, Any] = {}
        wanted = set(self._partners.values())
        counts = {self._image_topic: 0, self._other_topic: 0}
        for topic, stamp, message in self._reader.messages(list(counts)):
            number = counts[topic]
            counts[topic] += 1
            if topic == self._image_topic:
                partner = self._partners.get(number)
                if partner is not None or not pairs_only:
                    images.append((stamp, message, partner))
            elif number in wanted:
                others[number] = message
            while images and (images[0][2] is None or images[0][2] in others):
                stamp_of_image, image, partner = images.popleft()
                yield stamp_of_image, image, None if partner is None else others.pop(partner)
