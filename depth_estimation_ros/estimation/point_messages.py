"""
Points of a sensor_msgs/LaserScan or PointCloud2.

A message is rclpy's, or what a bag reader makes of one: of both, the fields have the same names.
"""

from typing import Any, Optional

import numpy as np

FLOAT32 = 7  # of sensor_msgs/PointField


class PointsError(ValueError):
    """Points that cannot be read; the message says why."""


def of_scan(scan: Any) -> np.ndarray:
    """Return the points of a LaserScan in its frame; float64 (N, 3), metres."""
    ranges = np.array(scan.ranges, np.float64)
    angles = scan.angle_min + scan.angle_increment * np.arange(len(ranges))
    # Where a range is unknown, so is the point: beyond the limits, Inf and NaN (REP 117).
    ranges[~((ranges >= scan.range_min) & (ranges <= scan.range_max))] = np.nan
    return np.stack([ranges * np.cos(angles), ranges * np.sin(angles), 0.0 * ranges], axis=1)


def of_cloud(cloud: Any, most: Optional[int] = None) -> np.ndarray:
    """
    Return the points of a PointCloud2 in its frame; float64 (N, 3), metres.

    Parameters
    ----------
    cloud : sensor_msgs/PointCloud2
    most : int, optional
        Of more points, only some are taken: about so many.

    Raises
    ------
    PointsError
        Where it has no x, y and z of float32.

    """
    offsets = {field.name: field.offset for field in cloud.fields
               if field.datatype == FLOAT32}
    if not {'x', 'y', 'z'} <= set(offsets):
        raise PointsError('a PointCloud2 without x, y and z of float32')
    byte_order = '>' if cloud.is_bigendian else '<'
    point = np.dtype({'names': list('xyz'), 'formats': [f'{byte_order}f4'] * 3,
                      'offsets': [offsets[axis] for axis in 'xyz'],
                      'itemsize': cloud.point_step})
    rows = np.frombuffer(cloud.data, np.uint8)
    if len(rows) < cloud.height * cloud.row_step or \
            cloud.row_step < cloud.width * cloud.point_step:
        raise PointsError('a PointCloud2 with less data than its size tells')
    rows = rows[:cloud.height * cloud.row_step].reshape(cloud.height, cloud.row_step)
    points = np.ascontiguousarray(rows[:, :cloud.width * cloud.point_step]).view(point).ravel()
    if most is not None:
        points = points[::1 + len(points) // most]
    return np.stack([points[axis] for axis in 'xyz'], axis=1).astype(np.float64)
