"""Tables and desks from nearby: a camera in a hand, on an arm or a mast, that looks at a top."""

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from . import interior
from .camera import Route, Viewpoint
from .clutter import small_thing
from .stage import Stage

DISTANCE = 0.5, 1.5  # metres from the camera to what it looks at


def build(stage, rng):
    """Build an office's or a home's rooms about the origin on the stage and return the Route."""
    lay_out = [interior.office, interior.home, interior.small_room][
        rng.choice(3, p=[0.35, 0.25, 0.4])]
    rooms, windows = lay_out(stage, rng)
    route = interior.raise_rooms(stage, rng, rooms, windows)
    tops = [(room, top) for room in rooms for top in room.tops]
    for _, top in tops:
        _lay_things(stage, rng, top, int(rng.choice([0, 3, 8, 16])))
    # A room without a table is seen as by any robot.
    return TableRoute(**vars(route), stage=stage, tops=tops) if tops else route


def _lay_things(stage, rng, top, count):
    """Lay small things where a table is free."""
    for _ in range(count):
        shape, radius = small_thing(rng)
        place = top.point(*rng.uniform(-0.9, 0.9, 2))
        around = [place + radius * np.array([np.cos(turn), np.sin(turn), 0])
                  for turn in np.arange(6) * np.pi / 3] + [place]
        if all(_is_bare(stage, point) for point in around):
            stage.put(stage.mesh(shape, 'thing'), *place)


def _is_bare(stage, point, above=0.3):
    """Tell whether nothing stands on a point of a table, and the table doesn't end before it."""
    height = stage.free_distance(point + (0, 0, above), point - (0, 0, 0.03))
    return above - 0.004 < height < above + 0.004


@dataclass
class TableRoute(Route):
    """
    A Route whose single views look at the tops of tables.

    Attributes
    ----------
    stage : worlds.stage.Stage
    tops : list of (Room, worlds.stage.TableTop)

    """

    stage: Optional[Stage] = None
    tops: list = field(default_factory=list)

    def viewpoint(self, rng):
        """Draw a viewpoint that sees a place on a table from 0.5 to 1.5 m, mostly from above."""
        area = np.array([top.half_length * top.half_width for _, top in self.tops])
        best, chosen = -1.0, None
        for _ in range(60):
            room, top = self.tops[rng.choice(len(self.tops), p=area / area.sum())]
            target = top.point(*rng.uniform(-0.8, 0.8, 2))
            distance, down = rng.uniform(*DISTANCE), np.radians(rng.triangular(10, 35, 80))
            side = rng.uniform(0, 2 * np.pi)
            place = target - distance * np.array([np.cos(side) * np.cos(down),
                                                  np.sin(side) * np.cos(down), -np.sin(down)])
            heading, pitch = side + rng.normal(0, 0.12), -down + rng.normal(0, 0.08)
            roll = rng.normal(0, np.radians(6 if rng.random() < 0.8 else 15))
            if not room.contains(place, 0.15):
                continue
            # What stands before the camera may hide the place, but not all of it.
            free = self.stage.free_distance(place, target) / distance
            if free > best:
                best, chosen = free, (place, heading, pitch, roll, top.height)
            if free > 0.6:
                break
        if chosen is None:
            return super().viewpoint(rng)
        (x, y, z), heading, pitch, roll, height = chosen
        return Viewpoint(float(x), float(y), float(z), float(z), float(heading), float(pitch),
                         float(roll), table_height=float(height))
