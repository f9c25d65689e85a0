"""A stand-in for tf2_ros, which no wheel has: one transform, for a node of its own process."""

from pathlib import Path
from typing import Sequence

MODULE = """
from geometry_msgs.msg import TransformStamped


class TransformException(Exception):
    pass


class Buffer:
    def lookup_transform(self, target_frame, source_frame, time, timeout):
        if {frame!r} not in (target_frame, source_frame):
            raise TransformException(f'no transform from {{source_frame}} to {{target_frame}}')
        result = TransformStamped()
        result.transform.translation.z = {height}
        rotation = result.transform.rotation
        rotation.x, rotation.y, rotation.z, rotation.w = {rotation}
        return result


class TransformListener:
    def __init__(self, buffer, node):
        pass

    def unregister(self):
        pass
"""


def write(folder: Path, frame: str, rotation: Sequence[float], height: float = 0.0):
    """
    Write tf2_ros.py into a folder.

    Parameters
    ----------
    folder : Path
    frame : str
        What the transform leads from or to; others are unknown.
    rotation : (x, y, z, w)
    height : float, metres
        The translation's z.

    """
    (folder / 'tf2_ros.py').write_text(
        MODULE.format(frame=frame, rotation=tuple(rotation), height=height))
