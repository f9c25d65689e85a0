"""How a camera is mounted, and where its rays meet the floor."""

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose, PoseError
import numpy as np
import pytest

CAMERA = Intrinsics(160, 120, 100.0, 90.0, 78.0, 62.0)
# From a camera's optical frame (x right, y down, z ahead) to its body's (x ahead, y left, z up).
OPTICAL = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])


def turned(pitch: float, roll: float, heading: float) -> np.ndarray:
    """Return the rotation from an optical frame to the floor's, by the angles' definitions."""
    c, s = np.cos, np.sin
    # Each about an axis of the body: z up, y left (positive looks down), x ahead.
    yaw = [[c(heading), -s(heading), 0], [s(heading), c(heading), 0], [0, 0, 1]]
    nod = [[c(-pitch), 0, s(-pitch)], [0, 1, 0], [-s(-pitch), 0, c(-pitch)]]
    lean = [[1, 0, 0], [0, c(-roll), -s(-roll)], [0, s(-roll), c(-roll)]]
    return np.array(yaw) @ nod @ lean @ OPTICAL


def quaternion(rotation: np.ndarray) -> np.ndarray:
    """Return a rotation matrix as (x, y, z, w)."""
    values, vectors = np.linalg.eigh(np.array([
        [rotation[0, 0] - rotation[1, 1] - rotation[2, 2], 0, 0, 0],
        [rotation[0, 1] + rotation[1, 0], rotation[1, 1] - rotation[0, 0] - rotation[2, 2], 0, 0],
        [rotation[0, 2] + rotation[2, 0], rotation[1, 2] + rotation[2, 1],
         rotation[2, 2] - rotation[0, 0] - rotation[1, 1], 0],
        [rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0],
         rotation[1, 0] - rotation[0, 1], np.trace(rotation)]]))
    return vectors[:, values.argmax()]


@pytest.mark.parametrize('pitch, roll, heading', [
    (0.0, 0.0, 0.0), (-0.4, 0.0, 1.0), (0.2, 0.15, -2.0), (-0.9, -0.3, 3.0)])
def test_a_transform_tells_the_pose(pitch, roll, heading):
    rotation = turned(pitch, roll, heading)
    for sign in (1.0, -1.0):
        found = CameraPose.from_transform(0.7, sign * quaternion(rotation))
        assert (found.height, found.pitch, found.roll) == pytest.approx((0.7, pitch, roll))
    straight = CameraPose(0.7, pitch, roll).quaternion
    assert abs(straight @ quaternion(turned(pitch, roll, 0.0))) == pytest.approx(1.0)


def test_the_floor_is_where_the_rays_of_a_turned_camera_meet_it():
    pitch, roll = -0.3, 0.1
    depth = CameraPose(1.2, pitch, roll).floor_depth(CAMERA, 15.0)
    v, u = np.nonzero(np.isfinite(depth))
    assert len(v) > 1000
    rays = np.stack([(u - CAMERA.cx) / CAMERA.fx, (v - CAMERA.cy) / CAMERA.fy, np.ones(len(u))])
    points = turned(pitch, roll, 0.5) @ (rays * depth[v, u])
    np.testing.assert_allclose(points[2], -1.2, rtol=1e-4)
    # Above the horizon, and beyond what is asked for, there is none.
    assert np.isnan(depth[0]).all() and np.nanmax(depth) <= 15.0


def test_gravity_tells_the_pose():
    pose = CameraPose(0.5, -0.7, 0.2)
    assert CameraPose.from_down(3.0 * pose.down, 0.5).pitch == pytest.approx(-0.7)
    assert CameraPose.from_down(pose.down, 0.5).roll == pytest.approx(0.2)


@pytest.mark.parametrize('values', [(0.0,), (-1.0,), (float('nan'),), (1.0, 2.0), (1.0, 0.0, 4.0)])
def test_what_is_no_pose_is_refused_with_a_sentence(values):
    with pytest.raises(PoseError, match='must be'):
        CameraPose(*values)
