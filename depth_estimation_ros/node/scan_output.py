"""The topic depth/scan: the nearest obstacle in each direction, and the frame that it lies in."""

from array import array
import math
from typing import Optional

from depth_estimation_ros.estimation.floor_plane import fit_floor
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scale import ScaleTracker
from depth_estimation_ros.estimation.scan import ranges_of, ScanLimits, Scanner, thinned
from depth_estimation_ros.node.reporting import LOG_PERIOD
from geometry_msgs.msg import TransformStamped
import numpy as np
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from sensor_msgs.msg import LaserScan
from std_msgs.msg import Header


class ScanOutput:
    """
    Makes and publishes scans of depth images.

    A LaserScan lies in the x-y plane of its frame, with x ahead and z up. No frame of a camera
    that looks down, or leans, has a level one: so the scan has a frame of its own, NAME_scan for
    images in the frame NAME, which is broadcast with each scan: beneath the camera (or above it),
    at a height that costmaps take for an obstacle's, and turned as the camera's pose says.

    Parameters
    ----------
    node : LifecycleNode
    qos : QoSProfile

    """

    def __init__(self, node: LifecycleNode, qos: QoSProfile):
        self.publisher = node.create_lifecycle_publisher(LaserScan, 'depth/scan', qos)
        self._node = node
        self._scanner: Optional[Scanner] = None
        self._scanner_of: Optional[tuple] = None
        self._fitted: Optional[CameraPose] = None
        self._broadcaster = None
        self._looked_for_broadcaster = False

    @property
    def has_listeners(self) -> bool:
        """Tell whether somebody subscribes to it."""
        return self.publisher.get_subscription_count() > 0

    def publish(self, depth: np.ndarray, camera: Optional[Intrinsics], tracker: ScaleTracker,
                limits: ScanLimits, header: Header):
        """
        Publish the scan of a depth image; none where nothing tells how the camera stands.

        A consumer that gets no scan notices that it is blind, and one that gets a scan without
        any range doesn't.

        Parameters
        ----------
        depth : float32 (H, W), metres
            As it is published: NaN where unknown, infinite where out of range.
        camera : Intrinsics or None
            Of `depth`.
        tracker : ScaleTracker
            Its pose or its camera's height.
        limits : ScanLimits
        header : std_msgs.msg.Header
            The image's.

        """
        depth, camera = thinned(depth, camera)
        pose = self._pose(depth, camera, tracker)
        if camera is None or pose is None:
            self._node.get_logger().warning(
                "No depth/scan: it needs camera_info or fov, and the camera's pose, by "
                'ground_frame, or by camera_height with camera_pitch or a floor in sight',
                throttle_duration_sec=LOG_PERIOD)
            return
        wanted = camera, pose, limits.low, limits.high
        if self._scanner is None or self._scanner_of != wanted:
            self._scanner = Scanner(camera, pose, low=limits.low, high=limits.high)
            self._scanner_of = wanted
        scanner = self._scanner
        scanner.max_depth = limits.farthest
        message = to_message(scanner, ranges_of(scanner, depth, limits), limits, header)
        self._broadcast(scan_frame(header, pose, limits.plane))
        self.publisher.publish(message)

    def _pose(self, depth: np.ndarray, camera: Optional[Intrinsics], tracker: ScaleTracker
              ) -> Optional[CameraPose]:
        """Return the pose that is told, or that of the floor that is seen, or was seen last."""
        if tracker.pose is not None:
            return tracker.pose
        if camera is None or not tracker.camera_height:
            return None
        plane = fit_floor(depth, camera)
        if plane is not None:
            self._fitted = CameraPose(tracker.camera_height, plane.pitch, plane.roll)
        return self._fitted

    def _broadcast(self, transform: TransformStamped):
        if not self._looked_for_broadcaster:
            self._looked_for_broadcaster = True
            try:
                from tf2_ros import TransformBroadcaster
                self._broadcaster = TransformBroadcaster(self._node)
            except ImportError:
                self._node.get_logger().warning(
                    f'Nobody tells where {transform.child_frame_id} is, the frame of depth/scan: '
                    'that needs the package tf2_ros, which is not installed '
                    '(apt: ros-$ROS_DISTRO-tf2-ros-py)')
        if self._broadcaster is not None:
            self._broadcaster.sendTransform(transform)


def to_message(scanner: Scanner, ranges: np.ndarray, limits: ScanLimits, header: Header
               ) -> LaserScan:
    """Return the LaserScan of ranges, float32 (N,), metres, from the right to the left."""
    bearings = scanner.bearings
    message = LaserScan()
    message.header.stamp = header.stamp
    message.header.frame_id = f'{header.frame_id}_scan'
    message.angle_min, message.angle_max = -float(bearings[-1]), -float(bearings[0])
    message.angle_increment = float(bearings[1] - bearings[0]) if len(bearings) > 1 else math.tau
    message.range_min, message.range_max = limits.nearest, limits.farthest
    message.ranges = array('f', ranges.tobytes())
    return message


def scan_frame(header: Header, pose: CameraPose, plane: float) -> TransformStamped:
    """
    Return where the scan's frame is from the image's.

    Parameters
    ----------
    header : std_msgs.msg.Header
        The image's.
    pose : CameraPose
    plane : float
        Metres above the floor, where the scan's plane is to be.

    """
    message = TransformStamped()
    message.header, message.child_frame_id = header, f'{header.frame_id}_scan'
    place = (pose.height - plane) * pose.down
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = map(float, place)
    # The inverse of the rotation from the image's frame to a level one.
    x, y, z, w = map(float, pose.quaternion)
    rotation.x, rotation.y, rotation.z, rotation.w = -x, -y, -z, w
    return message
