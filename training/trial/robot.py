"""
The robot: a map of what its scans showed, and a potential on it that leads to a goal.

A disc that turns in place and drives ahead. The map is a grid around its start, marked and
cleared by each scan as Nav2's obstacle layer does. The plan is the navigation function of Latombe
("Robot Motion Planning", 1991, NF1): the distance to the goal around all that is marked, found by
a wave front, whose steepest descent has no local minimum.
"""

import math
from typing import Optional, Tuple

import cv2
import numpy as np

RADIUS = 0.25  # metres
CELL = 0.1
HALF = 10.0  # metres from the start to each side of the map
STEP = 0.35  # metres
MARK_RANGE = 6.0  # metres: obstacle_max_range and raytrace_max_range of config/nav2_depth.yaml
# A camera on a mast doesn't see low things at its feet, and a scan that sees past them would clear
# them: nearer than this none is cleared (raytrace_min_range).
CLEAR_FROM = 1.0
# Where a direction is unknown, the robot doesn't drive into it before it knows more.
UNKNOWN_AT = 0.6
# How far it stays away beside its radius (metres), and by how many cells the way must be shorter
# to be taken rather than one that stays farther away.
MARGINS = {0.15: 0, 0.05: 10, 0.0: 20}
LOOK_AHEAD = 80  # cells of the way ahead, of whose corners it cuts those that it can
TURN, AHEAD = math.radians(45.0), math.radians(30.0)

_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
_SQUARE = np.ones((3, 3), np.uint8)

Place = Tuple[float, float, float]  # x, y (metres) and heading (radians, counter-clockwise)


def distance_to(goal: Tuple[int, int], blocked: np.ndarray) -> np.ndarray:
    """
    Return how many cells each free cell is from a goal, around what is blocked.

    Diagonal steps are allowed in every other round of the wave front, so that its rings are
    octagons.

    Parameters
    ----------
    goal : (int, int)
        Row and column.
    blocked : bool (N, N)

    Returns
    -------
    float (N, N), infinite where no way leads

    """
    free = (~blocked).astype(np.uint8)
    distance = np.full(blocked.shape, np.inf)
    front: np.ndarray = np.zeros_like(free)
    front[goal] = free[goal]
    reached, length = front.copy(), 0
    while front.any():
        distance[front > 0] = length
        length += 1
        kernel = _SQUARE if length % 2 else _CROSS
        wave: np.ndarray = cv2.bitwise_and(cv2.dilate(reached, kernel), free)
        front, reached = cv2.subtract(wave, reached), wave
    return distance


def disc(radius: float, cell: float) -> np.ndarray:
    """Return the cells whose middles are within a radius (metres), as a uint8 kernel."""
    reach = int(radius / cell + 1e-6)
    y, x = np.mgrid[-reach:reach + 1, -reach:reach + 1] * cell
    return (np.hypot(x, y) <= radius + 1e-6).astype(np.uint8)


def wrapped(angle: float) -> float:
    """Return an angle from -pi to pi."""
    return (angle + math.pi) % (2.0 * math.pi) - math.pi


class Robot:
    """
    Drives to a goal by its scans.

    Parameters
    ----------
    place : Place
        Where it starts.
    goal : (x, y), metres

    Attributes
    ----------
    place : Place
    marked : bool (N, N)
        Where its map says that something stands; row and column count CELLs along x and y.

    """

    def __init__(self, place: Place, goal: Tuple[float, float]):
        self.place, self._goal = place, goal
        self._corner = np.array(place[:2]) - HALF
        size = int(round(2 * HALF / CELL))
        self.marked, self._touched = np.zeros((size, size), bool), np.zeros((size, size), bool)
        self._unknown = self.marked.copy()

    def look(self, bearings: np.ndarray, ranges: np.ndarray) -> None:
        """
        Mark and clear the map by a scan.

        Parameters
        ----------
        bearings : float (N,), radians, counter-clockwise from ahead
        ranges : float (N,), metres
            Infinite: nothing to the end of the range; NaN: nobody knows, which neither marks nor
            clears.

        """
        headings = self.place[2] + bearings
        along = np.arange(CLEAR_FROM, MARK_RANGE, CELL / 2)
        seen_past = along < (ranges - CELL)[:, None]  # False where NaN
        self.marked[self._cells(along, headings, seen_past)] = False
        hit = ranges <= MARK_RANGE
        self.marked[self._cells(ranges[hit, None], headings[hit])] = True
        self.marked |= self._touched
        self._unknown[:] = False
        unknown = headings[np.isnan(ranges)]
        self._unknown[self._cells(np.full((len(unknown), 1), UNKNOWN_AT), unknown)] = True

    def touch(self, x: float, y: float) -> None:
        """Mark for good what the bumper touched, at x, y (metres)."""
        self._touched[self._cell(x, y)] = self.marked[self._cell(x, y)] = True

    def knows(self, x: float, y: float, within: float = 0.3) -> bool:
        """Tell whether the map has anything marked near a place (metres)."""
        row, column = np.nonzero(self.marked)
        places = np.stack([row, column], axis=1) * CELL + self._corner + CELL / 2
        return bool((np.hypot(*(places - (x, y)).T) <= within).any())

    def next_place(self) -> Optional[Place]:
        """Return where the next step leads, perhaps only another heading; None without a way."""
        x, y, heading = self.place
        _, target = min((self._way(margin, handicap) for margin, handicap in MARGINS.items()),
                        key=lambda way: way[0])
        if target is None:
            return None
        way = np.array(target) - (x, y)
        turn = wrapped(math.atan2(way[1], way[0]) - heading)
        if abs(turn) > AHEAD:
            # It drives only where it has just looked.
            return x, y, wrapped(heading + float(np.clip(turn, -TURN, TURN)))
        heading, length = wrapped(heading + turn), min(STEP, float(np.hypot(*way)))
        return x + length * math.cos(heading), y + length * math.sin(heading), heading

    def _way(self, margin: float, handicap: int
             ) -> Tuple[float, Optional[Tuple[float, float]]]:
        """
        Return how long the way to the goal is, in cells, and where it leads to straight.

        That is the farthest place on it to which a straight line is free; None where there is no
        way.
        """
        own, goal = self._cell(*self.place[:2]), self._cell(*self._goal)
        # Nothing stands where the robot is.
        here = np.zeros(self.marked.shape, np.uint8)
        here[own] = 1
        stands = (self.marked | self._unknown) & ~cv2.dilate(here, disc(RADIUS, CELL)).view(bool)
        blocked = cv2.dilate(stands.view(np.uint8), disc(RADIUS + margin, CELL)) > 0
        blocked[goal] = False
        distance = distance_to(goal, blocked)
        length = float(distance[own]) + handicap
        if not math.isfinite(length):
            return length, None
        straight = cell = self._downhill(distance, own)
        for _ in range(LOOK_AHEAD - 1):
            cell = self._downhill(distance, cell)
            if self._is_free(blocked, own, cell):
                straight = cell
        if straight == goal:
            return length, self._goal
        x, y = np.array(straight) * CELL + self._corner + CELL / 2
        return length, (float(x), float(y))

    @staticmethod
    def _downhill(distance: np.ndarray, cell: Tuple[int, int]) -> Tuple[int, int]:
        row, column = cell
        around = distance[max(0, row - 1):row + 2, max(0, column - 1):column + 2]
        down, right = np.unravel_index(int(around.argmin()), around.shape)
        best = max(0, row - 1) + int(down), max(0, column - 1) + int(right)
        return best if distance[best] < distance[cell] else cell

    @staticmethod
    def _is_free(blocked: np.ndarray, begin: Tuple[int, int], end: Tuple[int, int]) -> bool:
        count = 2 * max(abs(begin[0] - end[0]), abs(begin[1] - end[1])) + 1
        row, column = (np.rint(np.linspace(*ends, count)).astype(int)
                       for ends in zip(begin, end))
        return not blocked[row, column].any()

    def _cell(self, x: float, y: float) -> Tuple[int, int]:
        row, column = np.clip(np.floor((np.array([x, y]) - self._corner) / CELL), 0,
                              len(self.marked) - 1).astype(int)
        return int(row), int(column)

    def _cells(self, distances: np.ndarray, headings: np.ndarray,
               chosen: Optional[np.ndarray] = None) -> Tuple[np.ndarray, np.ndarray]:
        """Return the cells at distances (N, K) or (K,) in directions (N,), those in the map."""
        x = self.place[0] + np.cos(headings)[:, None] * distances
        y = self.place[1] + np.sin(headings)[:, None] * distances
        row, column = (np.floor((value - corner) / CELL).astype(int)
                       for value, corner in zip((x, y), self._corner))
        inside = (np.minimum(row, column) >= 0) & (np.maximum(row, column) < len(self.marked))
        if chosen is not None:
            inside &= chosen
        return row[inside], column[inside]
