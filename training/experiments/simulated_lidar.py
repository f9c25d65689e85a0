"""What a lidar would tell of a true depth map: 16 rings, or the line of a 2D scanner."""

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose
from depth_estimation_ros.estimation.scan import level_rays
import numpy as np

# Of a lidar with 16 lines, 2 degrees apart.
ELEVATIONS = np.radians(np.arange(-15.0, 16.0, 2.0))
SCANNER_HEIGHT = 0.3  # metres above the floor
# A pixel is hit whose height is off by no more than half of what it covers, and this: metres.
THICKNESS = 0.01


def rings(depth: np.ndarray, camera: Intrinsics, elevations: np.ndarray = ELEVATIONS
          ) -> np.ndarray:
    """
    Return what a lidar at the camera's place tells that stands as the camera does.

    Parameters
    ----------
    depth : float32 (H, W), metres
        NaN where it is unknown.
    camera : Intrinsics
        Of `depth`.
    elevations : float (N,), radians
        Of its rings, above the plane of the camera's axis and its rows.

    Returns
    -------
    float32 (H, W), metres
        NaN where no ring passes.

    """
    columns = np.arange(camera.width)
    # A ring is a cone, whose picture is a hyperbola.
    across = np.hypot(1.0, (columns - camera.cx) / camera.fx)
    rows = np.rint(camera.cy - camera.fy * np.tan(elevations)[:, None] * across).astype(int)
    ring, column = np.nonzero((rows >= 0) & (rows < camera.height))
    told = np.full(depth.shape, np.nan, np.float32)
    at = rows[ring, column], columns[column]
    told[at] = depth[at]
    return told


def line(depth: np.ndarray, camera: Intrinsics, pose: CameraPose, height: float = SCANNER_HEIGHT
         ) -> np.ndarray:
    """
    Return what a 2D scanner below the camera tells, whose plane is level.

    Parameters
    ----------
    depth : float32 (H, W), metres
        NaN where it is unknown.
    camera : Intrinsics
        Of `depth`.
    pose : CameraPose
    height : float, metres
        Of the scanner above the floor.

    Returns
    -------
    float32 (H, W), metres
        In each column at most the nearest pixel at that height, NaN elsewhere.

    """
    with np.errstate(invalid='ignore'):
        off = np.abs(pose.height + depth * level_rays(camera, pose)[2] - height)
        hit = np.where(off <= 0.5 * depth / camera.fy + THICKNESS, depth, np.inf)
    row, columns = hit.argmin(axis=0), np.arange(camera.width)
    told = np.full(depth.shape, np.nan, np.float32)
    nearest = hit[row, columns]
    told[row, columns] = np.where(np.isinf(nearest), np.nan, nearest)
    return told
