"""A course: where a robot starts and where it is to go, and what truly stands between."""

from dataclasses import dataclass
from functools import cached_property
import math
from typing import Optional, Tuple

import cv2
import numpy as np
from trial.robot import distance_to, HALF, Place, RADIUS, wrapped
from worlds.ground_plan import CELL

NEAREST, FARTHEST = 6.0, 8.0  # metres to the goal
DETOUR = 1.4  # the way to it is at most so many times as long as the straight line
SIDEWAYS = math.radians(60.0)  # from the first heading
# Room around start and goal, and beside the robot's radius on the way to it, in metres.
ROOM, MARGIN = 0.5, 0.15
SUBSTEP = 0.02  # metres
TRIES = 200


@dataclass(frozen=True)
class Course:
    """
    A start and a goal on a plan of what truly stands.

    Attributes
    ----------
    start : Place
    goal : (x, y), metres
    plan : bool (N, N)
        worlds.ground_plan.stands_where around the start.

    """

    start: Place
    goal: Tuple[float, float]
    plan: np.ndarray

    @cached_property
    def clearance(self) -> np.ndarray:
        """Return the distance from each cell to what stands nearest, float32 (N, N), metres."""
        return clearance(self.plan)

    def collision(self, begin: Place, end: Place) -> Optional[Tuple[Place, Tuple[float, float]]]:
        """
        Return where a robot touches something on the straight way between two places.

        It does where a cell of the plan, one that something stands in, has its middle within the
        robot's radius.

        Returns
        -------
        (Place, (x, y)), or None
            Where the robot is then, and the nearest place that something stands in.

        """
        length = math.hypot(end[0] - begin[0], end[1] - begin[1])
        for share in np.linspace(0.0, 1.0, max(2, math.ceil(length / SUBSTEP) + 1))[1:]:
            x, y = (b + float(share) * (e - b) for b, e in zip(begin[:2], end[:2]))
            row, column = self._cell(x, y)
            if self.clearance[row, column] < RADIUS:
                places = np.stack(np.nonzero(self.plan), axis=1) * CELL + CELL / 2 \
                    + np.array(self.start[:2]) - HALF
                nearest = places[np.hypot(*(places - (x, y)).T).argmin()]
                return (x, y, end[2]), (float(nearest[0]), float(nearest[1]))
        return None

    def _cell(self, x: float, y: float) -> Tuple[int, int]:
        return cell_of(self.start, x, y, len(self.plan))


def cell_of(start: Place, x: float, y: float, size: int) -> Tuple[int, int]:
    """Return the cell of a plan around a start that a place lies in, or is nearest to."""
    row, column = (min(size - 1, max(0, math.floor((value - middle + HALF) / CELL)))
                   for value, middle in zip((x, y), start[:2]))
    return row, column


def clearance(plan: np.ndarray) -> np.ndarray:
    """Return the distance from each cell to the nearest in which something stands, metres."""
    if not plan.any():
        return np.full(plan.shape, np.inf, np.float32)
    return CELL * cv2.distanceTransform((~plan).astype(np.uint8), cv2.DIST_L2,
                                        cv2.DIST_MASK_PRECISE)


def choose_goal(start: Place, plan: np.ndarray, rng: np.random.Generator
                ) -> Optional[Tuple[float, float]]:
    """
    Draw a goal that can be reached from a start, rather with something in the way.

    Returns
    -------
    (x, y), metres, or None where there is none

    """
    size, room = len(plan), clearance(plan)
    own = cell_of(start, *start[:2], size)
    if room[own] < ROOM:
        return None
    length = distance_to(own, room < RADIUS + MARGIN) * CELL
    without_detour = None
    for _ in range(TRIES):
        away = rng.uniform(NEAREST, FARTHEST)
        heading = wrapped(start[2] + rng.uniform(-SIDEWAYS, SIDEWAYS))
        goal = start[0] + away * math.cos(heading), start[1] + away * math.sin(heading)
        cell = cell_of(start, *goal, size)
        if room[cell] < ROOM or length[cell] > DETOUR * away:
            continue
        straight = tuple(np.rint(np.linspace(a, b, 4 * size)).astype(int)
                         for a, b in zip(own, cell))
        if room[straight].min() < RADIUS + MARGIN:
            return goal
        without_detour = without_detour or goal
    return without_detour
