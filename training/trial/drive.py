"""A drive: one robot on one course, step by step, and what came of it."""

from dataclasses import asdict, dataclass, replace
import math
from typing import Dict, List, Optional, Protocol, Tuple

import numpy as np
from trial.course import Course
from trial.renderer import Frame
from trial.robot import Place, Robot, TURN, wrapped
from trial.sight import Scan, Sight

AT_GOAL = 0.5  # metres
# So many turns without a way, and the robot has looked all around.
TURNS = math.ceil(2.0 * math.pi / TURN)

GOAL, BLOCKED, STEPS = 'goal', 'blocked', 'steps'


class Views(Protocol):
    """What renders, as renderer.Renderer does."""

    def render(self, place: Place, seed: int, only_depth: bool) -> Frame:
        """Return what the camera sees from a place."""


@dataclass(frozen=True)
class Collision:
    """
    The robot touched something.

    Attributes
    ----------
    step : int
    place : Place
        Of the robot.
    touched : (x, y), metres
    is_on_map : bool
        Whether the robot's map had something marked within 0.3 m of that.

    """

    step: int
    place: Place
    touched: Tuple[float, float]
    is_on_map: bool


@dataclass(frozen=True)
class Result:
    """
    What came of a drive.

    Attributes
    ----------
    outcome : str
        GOAL, BLOCKED (no way seemed free, all around) or STEPS (they ran out).
    steps : int
        Pictures that were looked at.
    metres : float
    path : list of Place
        From the start on.
    collisions : list of Collision

    """

    outcome: str
    steps: int
    metres: float
    path: List[Place]
    collisions: List[Collision]

    def described(self) -> Dict:
        """Return what JSON holds."""
        return asdict(self)


@dataclass(frozen=True)
class Moment:
    """
    A step at which a drive failed.

    Attributes
    ----------
    kind : str
        'collision unseen' where the map had nothing there, 'collision seen' where it had, BLOCKED
        or STEPS.
    step : int
    place : Place
        From where the robot looked.
    scan : Scan
        What it was told.
    marked : bool (N, N)
        Its map.
    end : Place
        Where it came to.

    """

    kind: str
    step: int
    place: Place
    scan: Scan
    marked: np.ndarray
    end: Place


def drive(course: Course, views: Views, sight: Sight, most_steps: int
          ) -> Tuple[Result, List[Moment]]:
    """
    Drive a course.

    Where the robot touches something, that is a collision: its bumper marks the place on its map,
    and it goes back to where it was before that step, and on from there.

    Parameters
    ----------
    course : Course
    views : Views
    sight : Sight
        What makes scans of frames.
    most_steps : int

    Returns
    -------
    (Result, list of Moment)
        The moments are the first of each kind of failure.

    """
    robot = Robot(course.start, course.goal)
    path, collisions, metres, turns = [course.start], [], 0.0, 0
    moments: Dict[str, Moment] = {}
    outcome = STEPS
    for step in range(most_steps):
        frame = views.render(robot.place, step, not sight.needs_picture)
        scan = sight(frame)
        robot.look(*scan)
        place: Optional[Place] = robot.next_place()
        turns = turns + 1 if place is None else 0
        if place is None:
            place = *robot.place[:2], wrapped(robot.place[2] + TURN)
        touched = course.collision(robot.place, place)
        moment = Moment('', step, robot.place, scan, robot.marked.copy(),
                        touched[0] if touched else place)
        metres += math.hypot(moment.end[0] - robot.place[0], moment.end[1] - robot.place[1])
        path.append(moment.end)
        if touched:
            collisions.append(Collision(step, *touched, robot.knows(*touched[1])))
            robot.touch(*touched[1])
            path.append(robot.place)
            _keep(moments, moment,
                  f'collision {"seen" if collisions[-1].is_on_map else "unseen"}')
        else:
            robot.place = place
        if math.dist(robot.place[:2], course.goal) <= AT_GOAL:
            outcome = GOAL
            break
        if turns == TURNS:
            outcome = BLOCKED
            break
    if outcome != GOAL:
        _keep(moments, moment, outcome)
    return Result(outcome, step + 1, metres, path, collisions), list(moments.values())


def _keep(moments: Dict[str, Moment], moment: Moment, kind: str) -> None:
    """Keep the first moment of a kind."""
    moments.setdefault(kind, replace(moment, kind=kind))
