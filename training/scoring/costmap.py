"""
What Nav2's local costmap makes of a depth map, by the voxel layer of config/nav2_depth.yaml.

The marking follows nav2_costmap_2d of Jazzy. The observation buffer keeps the points between the
source's min_obstacle_height and max_obstacle_height, so none that is NaN (observation_buffer.cpp).
The layer marks the voxel of each that is between the layer's own two heights and, from the
sensor, nearer than obstacle_max_range and not nearer than obstacle_min_range; a cell of the
costmap is an obstacle where more than mark_threshold of its voxels are marked (voxel_layer.cpp,
voxel_grid.hpp).

One picture, and an empty costmap before it: nothing is left to clear.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import cv2
import numpy as np
import yaml

CONFIG = Path(__file__).parents[2] / 'config' / 'nav2_depth.yaml'
RESOLUTION = 0.1  # metres; Nav2's default, where the file says none
# An obstacle that stands this far beside its cell is where the inflation around it still keeps the
# robot away (inflation_radius is 0.55 m by default).
TOLERANCE = 0.3  # metres


@dataclass(frozen=True)
class VoxelLayer:
    """
    A voxel layer's marking: the parameters of that name, in metres.

    Attributes
    ----------
    min_obstacle_height, max_obstacle_height : float
        The layer's.
    source_heights : (float, float)
        The observation source's own.
    obstacle_min_range, obstacle_max_range : float
        Of points from the sensor.
    origin_z, z_resolution : float
    z_voxels, mark_threshold : int
    width, height, resolution : float
        Of the costmap, which rolls with the robot.

    """

    min_obstacle_height: float
    max_obstacle_height: float
    source_heights: Tuple[float, float]
    obstacle_min_range: float
    obstacle_max_range: float
    origin_z: float
    z_resolution: float
    z_voxels: int
    mark_threshold: int
    width: float
    height: float
    resolution: float

    @classmethod
    def read(cls, path: Path = CONFIG) -> 'VoxelLayer':
        """Read the voxel layer of a parameter file's local costmap."""
        costmap = yaml.safe_load(path.read_text())['local_costmap']['local_costmap'][
            'ros__parameters']
        layer = costmap['voxel_layer']
        source = layer[layer['observation_sources']]
        return cls(
            layer['min_obstacle_height'], layer['max_obstacle_height'],
            (source['min_obstacle_height'], source['max_obstacle_height']),
            source['obstacle_min_range'], source['obstacle_max_range'],
            layer['origin_z'], layer['z_resolution'], layer['z_voxels'], layer['mark_threshold'],
            costmap['width'], costmap['height'], costmap.get('resolution', RESOLUTION))

    def obstacles(self, points: np.ndarray, sensor_height: float) -> np.ndarray:
        """
        Return the cells that become obstacles.

        Parameters
        ----------
        points : float (3, ...), metres
            To the right, ahead and up from the sensor; unknown where not finite.
        sensor_height : float
            Metres of the sensor above the floor; it stands in the costmap's centre.

        Returns
        -------
        bool (rows, columns)
            Ahead grows with the row, and to the right with the column.

        """
        points = points.reshape(3, -1)
        points = points[:, np.isfinite(points).all(axis=0)]
        up = points[2] + sensor_height
        lowest = max(self.min_obstacle_height, self.source_heights[0])
        highest = min(self.max_obstacle_height, self.source_heights[1])
        distance = np.sqrt(np.square(points).sum(axis=0))
        marks = ((up >= lowest) & (up <= highest) & (distance < self.obstacle_max_range)
                 & (distance >= self.obstacle_min_range))
        right, ahead = points[:2, marks]
        size = np.array([self.height, self.width, self.z_resolution * self.z_voxels])
        shape = np.rint(size / (self.resolution, self.resolution, self.z_resolution)).astype(int)
        # What is below the grid is marked in its lowest voxel.
        place = np.stack([ahead + self.height / 2, right + self.width / 2,
                          np.maximum(up[marks] - self.origin_z, 0.0)])
        voxel = np.floor(place / np.array(
            [self.resolution, self.resolution, self.z_resolution])[:, None]).astype(int)
        inside = ((voxel >= 0) & (voxel < shape[:, None])).all(axis=0)
        grid = np.zeros(shape, bool)
        grid[tuple(voxel[:, inside])] = True
        return grid.sum(axis=2) > self.mark_threshold


@dataclass(frozen=True)
class CostmapScores:
    """
    The cells of all pairs' costmaps.

    Attributes
    ----------
    occupied : int
        Cells that the truth marks.
    wrongly_free : float or None
        Share of these without a cell within TOLERANCE that the published depth marks.
    marked : int
        Cells that the published depth marks.
    wrongly_blocked : float or None
        Share of these without a cell within TOLERANCE that the truth marks.

    """

    occupied: int
    wrongly_free: Optional[float]
    marked: int
    wrongly_blocked: Optional[float]


class CostmapEvaluation:
    """The costmaps of published and true depth, compared."""

    def __init__(self, layer: VoxelLayer):
        self._layer = layer
        radius = int(TOLERANCE / layer.resolution + 1e-6)
        y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
        self._around = (x * x + y * y <= radius * radius).astype(np.uint8)
        self._counts: List[Tuple[int, int, int, int]] = []

    def add(self, published: np.ndarray, true: np.ndarray, sensor_height: float) -> None:
        """Compare the points of a pair; both float (3, H, W), as VoxelLayer.obstacles has them."""
        marked = self._layer.obstacles(published, sensor_height)
        occupied = self._layer.obstacles(true, sensor_height)
        self._counts.append((
            int(occupied.sum()), int((occupied & ~self._near(marked)).sum()),
            int(marked.sum()), int((marked & ~self._near(occupied)).sum())))

    def _near(self, cells: np.ndarray) -> np.ndarray:
        return cv2.dilate(cells.astype(np.uint8), self._around) > 0

    def scores(self) -> CostmapScores:
        """Return the shares over all cells."""
        occupied, free, marked, blocked = np.sum(self._counts, axis=0).tolist()
        return CostmapScores(occupied, free / occupied if occupied else None,
                             marked, blocked / marked if marked else None)

    def summary(self) -> Dict:
        """Return what evaluate.py writes as JSON."""
        return asdict(self.scores())
