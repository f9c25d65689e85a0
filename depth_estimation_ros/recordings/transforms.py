"""Rigid transforms between the frames of cameras, sensors and the world, as TF records them."""

from array import array
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Set, Tuple, Union

from depth_estimation_ros.estimation.points import transformed
from depth_estimation_ros.recordings.bag_reader import BagReader, in_nanoseconds
import numpy as np

Numbers = Union[Sequence[float], np.ndarray]
TF_TYPES = ('tf2_msgs/msg/TFMessage', 'tf/msg/tfMessage')
ODOMETRY = 'nav_msgs/msg/Odometry'
# By how much a transform may be older or newer than what asks for it, in nanoseconds.
TOLERANCE = 200_000_000
# The frame that a robot moves in without jumps (REP 105).
ODOM = 'odom'


class TransformError(ValueError):
    """A transform that isn't known; the sentence says between which frames."""


def rigid_transform(translation: Numbers, quaternion: Numbers) -> np.ndarray:
    """
    Return a transform as a matrix, float64 (4, 4).

    Parameters
    ----------
    translation : (x, y, z), metres
    quaternion : (x, y, z, w)

    """
    matrix = np.eye(4)
    matrix[:3, :3] = transformed(np.eye(3), (0.0, 0.0, 0.0), list(quaternion)).T
    matrix[:3, 3] = translation
    return matrix


@dataclass
class Link:
    """
    Where a frame is in its parent.

    Attributes
    ----------
    parent : str
    is_static : bool
    stamps : array of int, nanoseconds
    values : array of float
        Translation (metres) and quaternion (x, y, z, w) of each stamp: seven numbers. An hour of
        a robot with twenty joints has some millions of them, too many for lists.

    """

    parent: str
    is_static: bool
    stamps: array = field(default_factory=lambda: array('q'))
    values: array = field(default_factory=lambda: array('d'))

    def sort(self) -> None:
        """Bring what is known into the order of its stamps, however it was recorded."""
        order = np.argsort(self.stamps, kind='stable')
        self.stamps = array('q', np.array(self.stamps)[order].tobytes())
        self.values = array('d', np.array(self.values).reshape(-1, 7)[order].tobytes())

    def at(self, stamp: int) -> np.ndarray:
        """
        Return the transform from the frame to its parent at a time, float64 (4, 4).

        Raises
        ------
        TransformError
            Where nothing near that time is known.

        """
        if self.is_static:
            return rigid_transform(self.values[-7:-4], self.values[-4:])
        after = int(np.searchsorted(self.stamps, stamp))
        before = max(0, after - 1)
        after = min(after, len(self.stamps) - 1)
        apart = min(abs(self.stamps[before] - stamp), abs(self.stamps[after] - stamp))
        if apart > TOLERANCE:
            raise TransformError(f'{1e-9 * apart:.1f} s lie between the frame and the nearest '
                                 f'transform to {self.parent!r}')
        one, other = (np.array(self.values[7 * number:7 * number + 7])
                      for number in (before, after))
        span = self.stamps[after] - self.stamps[before]
        share = min(1.0, max(0.0, (stamp - self.stamps[before]) / span)) if span else 0.0
        # A quaternion and its negative are one rotation.
        if one[3:] @ other[3:] < 0.0:
            other[3:] = -other[3:]
        value = (1.0 - share) * one + share * other
        return rigid_transform(value[:3], value[3:])


class Transforms:
    """
    What a bag tells by /tf_static, /tf and odometry.

    Attributes
    ----------
    links : dict
        The Link of each frame that has a parent.

    """

    def __init__(self) -> None:
        self.links: Dict[str, Link] = {}

    @classmethod
    def of_bag(cls, reader: BagReader, types: Dict[str, str]) -> 'Transforms':
        """
        Read the transforms of a bag.

        Parameters
        ----------
        reader : BagReader
        types : dict
            The type of each of its topics.

        """
        found = cls()
        topics = [topic for topic, kind in types.items() if kind in TF_TYPES]
        for topic, stamp, message in reader.messages(topics) if topics else ():
            for each in message.transforms:
                transform = each.transform
                found._add(each.header.frame_id, each.child_frame_id,
                           in_nanoseconds(each.header.stamp) or stamp, transform.translation,
                           transform.rotation, topic.endswith('tf_static'))
        by_tf: Set[str] = set(found.links)
        # The first topic of odometry tells, where TF doesn't.
        for odometry in sorted(topic for topic, kind in types.items() if kind == ODOMETRY):
            for _, stamp, message in reader.messages([odometry]):
                if message.child_frame_id.lstrip('/') not in by_tf:
                    found._add(message.header.frame_id, message.child_frame_id, stamp,
                               message.pose.pose.position, message.pose.pose.orientation, False)
            by_tf = set(found.links)
        for link in found.links.values():
            link.sort()
        return found

    def between(self, target: str, source: str, stamp: int) -> np.ndarray:
        """
        Return the transform from `source` to `target` at one time, float64 (4, 4).

        Raises
        ------
        TransformError
            Where nothing joins them.

        """
        target, source = target.lstrip('/'), source.lstrip('/')
        common = self._common(target, source)
        if common is None:
            raise TransformError(
                f'TF joins {source!r} to {target!r} nowhere; its frames are '
                f'{", ".join(sorted({*self.links, *self._parents()})) or "none"}')
        return np.linalg.inv(self._to(common, target, stamp)) @ self._to(common, source, stamp)

    def between_times(self, target: str, stamp: int, source: str, source_stamp: int
                      ) -> np.ndarray:
        """
        Return the transform from `source` at its time to `target` at another, float64 (4, 4).

        By what tells how the robot moved in between, where there is such.

        Raises
        ------
        TransformError
            Where nothing joins the two.

        """
        try:
            there = self.in_world(source, source_stamp)
            here = self.in_world(target, stamp)
        except TransformError:
            there = here = None
        if there is None or here is None or there[0] != here[0]:
            return self.between(target, source, stamp)
        return np.linalg.inv(here[1]) @ there[1]

    def in_world(self, frame: str, stamp: int) -> Optional[Tuple[str, np.ndarray]]:
        """
        Return a frame that the robot moves in, and the transform to it, float64 (4, 4).

        None where the robot isn't known to move.

        Raises
        ------
        TransformError
            Where nothing is known near that time.

        """
        frame = frame.lstrip('/')
        above = self._ancestors(frame)
        if all(self.links[each].is_static for each in (frame, *above) if each in self.links):
            return None
        world = ODOM if ODOM in above else above[-1]
        return world, self._to(world, frame, stamp)

    def joins(self, one: str, other: str) -> bool:
        """Tell whether anything leads from a frame to another, at any time."""
        return self._common(one.lstrip('/'), other.lstrip('/')) is not None

    def _common(self, one: str, other: str) -> Optional[str]:
        """Return the lowest frame that is above two others, or is one of them."""
        above = [one, *self._ancestors(one)]
        return next((frame for frame in (other, *self._ancestors(other)) if frame in above), None)

    def _add(self, parent: str, child: str, stamp: int, translation, rotation,
             is_static: bool) -> None:
        parent, child = parent.lstrip('/'), child.lstrip('/')
        if not child or parent == child:
            return
        link = self.links.setdefault(child, Link(parent, is_static))
        if link.parent != parent:
            return
        link.stamps.append(stamp)
        link.values.extend((translation.x, translation.y, translation.z,
                            rotation.x, rotation.y, rotation.z, rotation.w))

    def _parents(self) -> Set[str]:
        return {link.parent for link in self.links.values()}

    def _ancestors(self, frame: str) -> List[str]:
        """Return the frames above a frame, from its parent on."""
        found: List[str] = []
        while frame in self.links and self.links[frame].parent not in found:
            frame = self.links[frame].parent
            found.append(frame)
        return found

    def _to(self, ancestor: str, frame: str, stamp: int) -> np.ndarray:
        """Return the transform from a frame to one above it."""
        matrix = np.eye(4)
        while frame != ancestor:
            matrix = self.links[frame].at(stamp) @ matrix
            frame = self.links[frame].parent
        return matrix
