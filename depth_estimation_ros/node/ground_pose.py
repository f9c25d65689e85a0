"""The camera's pose above the floor, from TF."""

from typing import Optional, Type

from depth_estimation_ros.estimation.pose import CameraPose, PoseError
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

# For a transform at the image's stamp that is still on its way. tf2_ros waits in steps of 20 ms.
PATIENCE = Duration(seconds=0.04)


class GroundPose:
    """
    Looks up how a camera stands above a frame that lies on the floor.

    Parameters
    ----------
    frame : str
        With its z axis up, such as base_footprint.
    buffer
        A tf2_ros.Buffer.
    error : type
        What its lookups raise: tf2_ros.TransformException.

    Attributes
    ----------
    problem : str
        Why TF didn't tell the last image's pose; empty where it did.

    """

    def __init__(self, frame: str, buffer, error: Type[Exception]):
        self.problem = ''
        self._frame, self._buffer, self._error = frame, buffer, error

    def pose_of(self, header: Header) -> Optional[CameraPose]:
        """Return the pose at an image's stamp, or else the newest; None where TF tells none."""
        try:
            transform = self._lookup(header).transform
            pose = CameraPose.from_transform(
                transform.translation.z,
                [getattr(transform.rotation, axis) for axis in 'xyzw'])
        except (self._error, PoseError) as error:
            self.problem = (f'TF does not tell where {header.frame_id or "an unnamed frame"} is '
                            f'above {self._frame} ({error})')
            return None
        self.problem = ''
        return pose

    def _lookup(self, header: Header):
        # Where there was none for the last image, each would be late by the time of waiting.
        patience = Duration() if self.problem else PATIENCE
        try:
            return self._buffer.lookup_transform(
                self._frame, header.frame_id, Time.from_msg(header.stamp), patience)
        except self._error:
            return self._buffer.lookup_transform(self._frame, header.frame_id, Time(), Duration())


class TransformInput:
    """
    A subscription to /tf and /tf_static. Only where one is made is tf2_ros imported.

    Attributes
    ----------
    error : type
        What `lookup` raises.

    """

    def __init__(self, node: Node):
        import tf2_ros
        self.error = tf2_ros.TransformException
        self._buffer = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def above(self, frame: str) -> GroundPose:
        """Return what looks up the pose above a frame."""
        return GroundPose(frame, self._buffer, self.error)

    def lookup(self, target: str, header: Header):
        """
        Return the geometry_msgs/Transform from a header's frame to another, at its stamp if known.

        Raises
        ------
        self.error
            Where TF tells none.

        """
        try:
            found = self._buffer.lookup_transform(
                target, header.frame_id, Time.from_msg(header.stamp), Duration())
        except self.error:
            found = self._buffer.lookup_transform(target, header.frame_id, Time(), Duration())
        return found.transform

    def release(self):
        """Take no more transforms."""
        self._listener.unregister()
