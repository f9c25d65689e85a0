"""Indoors: a corridor, an office, a home or a warehouse, and the rooms that its doors open to."""

import numpy as np

from . import storage
from .camera import Route
from .furnishing import add_people, Covered, fill, furnish
from .indoor_light import daylight, light_room
from .rooms import connect, draw_finish, Opening, raise_room, reserve, Room, shut_door, window
from .sky import Air


def build(stage, rng):
    """Build rooms about the origin on the stage and return the Route."""
    lay_out = [_corridor, office, home, _warehouse][rng.choice(4, p=[0.28, 0.26, 0.26, 0.2])]
    return raise_rooms(stage, rng, *lay_out(stage, rng))


def raise_rooms(stage, rng, rooms, windows, near=0.5, away=(0.6, 3.0), full=False):
    """
    Build rooms that are laid out, light and furnish them.

    Parameters
    ----------
    stage : worlds.stage.Stage
    rng : numpy.random.Generator
    rooms : list of Room
        The main one first.
    windows : list of (Wall, Opening)
    near : float
        Share of the places that are beside a piece of furniture and look at it.
    away : (float, float)
        How far from it, metres.
    full : bool
        Whether the rooms are filled beyond what their kind asks for.

    Returns
    -------
    worlds.camera.Route

    """
    bright = daylight(stage, rng, windows)
    lit_by_windows = {id(wall) for wall, _ in windows} if bright else set()
    for room in rooms:
        raise_room(stage, room)
        daylit = any(id(wall) in lit_by_windows for wall in room.walls.values())
        light_room(stage, rng, room, daylit)
        furnish(stage, rng, room)
        if full:
            fill(stage, rng, room)
        add_people(stage, rng, room, min(5, rng.poisson(
            0.3 + 0.02 * np.prod(room.size) * (room is rooms[0]))))
    return Route(_spots(stage, rooms, near, away), lambda x, y: 0.0, _clearance(stage),
                 Air(1e-5, 1.0))


def _clearance(stage):
    covered = Covered(stage.footprints)
    return lambda x, y: float(covered.distance(np.array([x]), np.array([y]))[0])


def _spots(stage, rooms, near, away):
    """Return a function that draws a free place in one of the rooms, mostly the first."""
    covered = Covered(stage.footprints)
    areas = np.array([np.prod(room.size) for room in rooms])
    areas[0] = max(areas[0], 3 * areas[1:].sum())
    turns = np.arange(16) * np.pi / 8
    furniture = [(room, f) for room in rooms for f in stage.footprints
                 if id(f) in room.low and f.half_length < 2.5]

    def spot(rng):
        if furniture and rng.random() < near:
            return _beside(rng, furniture, covered, away)
        room = rooms[rng.choice(len(rooms), p=areas / areas.sum())]
        for _ in range(60):
            x, y = rng.uniform(room.x0 + 0.3, room.x1 - 0.3), rng.uniform(
                room.y0 + 0.3, room.y1 - 0.3)
            if not covered.near(np.array([x]), np.array([y]), 0.3)[0]:
                break
        # Look where there is something to see, and down a corridor rather than at its wall.
        headings = turns + rng.uniform(0, 2 * np.pi)
        free = _free_ahead(covered, x, y, headings)
        middle = room.middle
        inward = 1.4 + np.cos(headings - np.arctan2(middle[1] - y, middle[0] - x))
        weight = np.maximum(free - 0.8, 0.02) ** 1.5 * inward
        if rng.random() < 0.03:
            weight = np.ones_like(free)
        heading = rng.choice(headings, p=weight / weight.sum())
        return x, y, float(heading)

    return spot


def _beside(rng, furniture, covered, away):
    """
    Draw a place not far from a piece of furniture in the same room; look at it.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the place.
    furniture : list of (Room, Footprint)
        What there is to look at; desks and tables are looked at more than chairs.
    covered : Covered
        What stands anywhere.
    away : (float, float)
        The least and the largest distance, metres.

    Returns
    -------
    (x, y, heading), metres and radians

    """
    size = np.clip([4 * f.half_length * f.half_width for _, f in furniture], 0.05, 1.0)
    best, place = -1.0, (*furniture[0][0].middle, float(rng.uniform(0, 2 * np.pi)))
    for _ in range(40):
        room, thing = furniture[rng.choice(len(furniture), p=size / size.sum())]
        distance, side = rng.uniform(*away), rng.uniform(0, 2 * np.pi)
        reach = distance + np.hypot(thing.half_length, thing.half_width) * 0.8
        x, y = thing.x + np.cos(side) * reach, thing.y + np.sin(side) * reach
        if not (room.x0 + 0.25 < x < room.x1 - 0.25 and room.y0 + 0.25 < y < room.y1 - 0.25):
            continue
        free = covered.distance(np.array([x]), np.array([y]))[0]
        if free > best:
            best, place = free, (x, y, float(side + np.pi + rng.normal(0, 0.2)))
        if free > 0.3:
            break
    return place


def _free_ahead(covered, x, y, headings, far=8.0):
    """Return how far one can go from a place in each direction, metres."""
    gone = np.full(len(headings), 0.2)
    for _ in range(20):
        room = covered.distance(x + np.cos(headings) * gone, y + np.sin(headings) * gone)
        gone = np.where(room > 0.05, np.minimum(gone + room, far), gone)
    return gone


def _room(rng, kind, x0, y0, x1, y1, height, finish=None):
    return Room(kind, x0, y0, x1, y1, height, finish or draw_finish(rng, kind))


def _corridor(stage, rng):
    """Lay out a corridor along x, with doors on its sides, of which some stand open."""
    wide, long = rng.uniform(1.25, 2.8), rng.uniform(9, 30)
    height, gap = rng.uniform(2.35, 3.2), rng.uniform(0.12, 0.25)
    half, x0 = wide / 2, -long / 2
    main = _room(rng, 'corridor', x0, -half, -x0, half, height)
    rooms, windows = [main], []
    leaf = rng.uniform(0.8, 1.0)
    colour = None if rng.random() < 0.3 else draw_finish(rng, 'hall').floor[1]
    open_doors = rng.choice([0.15, 0.35, 0.6])
    for side, sign in (('north', 1), ('south', -1)):
        x = x0
        if rng.random() < 0.15:
            # An outer wall with windows.
            for at in np.arange(1.5, long - 1.2, rng.uniform(1.8, 3.5)):
                windows.append(window(stage, rng, main, side, at, rng.uniform(0.9, 1.4),
                                      rng.uniform(0.8, 1.1), height - 0.25))
            continue
        while x + 2.4 < -x0:
            length = min(rng.uniform(2.4, 6), -x0 - x)
            door = x + rng.uniform(0.7, max(0.75, length - 0.7))
            at = door - x0 if side == 'south' else -x0 - door
            if rng.random() < open_doors and length > 2.4 and len(rooms) < 6:
                kind = rng.choice(['office', 'office', 'meeting', 'store', 'bedroom', 'kitchen'])
                deep = rng.uniform(2.6, 5)
                y0, y1 = sorted((sign * (half + gap), sign * (half + gap + deep)))
                room = _room(rng, kind, x + gap / 2, y0, x + length - gap / 2, y1,
                             min(height, rng.uniform(2.4, 3)))
                rooms.append(room)
                connect(stage, rng, main, side, room, at, leaf)
                if rng.random() < 0.7:
                    windows.append(window(stage, rng, room, side, length / 2 - gap / 2,
                                          rng.uniform(0.9, max(1.0, length - 1.2)),
                                          rng.uniform(0.7, 1.0), room.height - 0.25))
            else:
                shut_door(stage, rng, main, side, at, leaf, colour=colour)
            x += length
    _ends(stage, rng, main, rooms, windows, gap)
    return rooms, windows


def _ends(stage, rng, main, rooms, windows, gap):
    """Close a corridor's ends with a window, a door, a wall, or open them to another one."""
    wide, height = main.size[1], main.height
    for side, sign in (('east', 1), ('west', -1)):
        kind = rng.choice(['window', 'door', 'wall', 'corridor'], p=[0.3, 0.3, 0.1, 0.3])
        if kind == 'window':
            windows.append(window(stage, rng, main, side, wide / 2, min(wide - 0.3, 1.8),
                                  rng.choice([0.15, 0.9]), height - 0.3))
        elif kind == 'door':
            shut_door(stage, rng, main, side, wide / 2, rng.choice([0.9, min(wide - 0.25, 1.8)]))
        elif kind == 'corridor':
            start = main.x1 + gap if sign > 0 else main.x0 - gap
            other = rng.uniform(1.4, 2.6)
            x0, x1 = sorted((start, start + sign * other))
            y0, y1 = -rng.uniform(3, 8), rng.uniform(3, 8)
            cross = _room(rng, 'corridor', x0, y0, x1, y1, height, main.finish)
            rooms.append(cross)
            connect(stage, rng, main, side, cross, wide / 2, wide - 0.2, min(height - 0.1, 2.4),
                    leaf=False)
            for end in ('north', 'south'):
                shut_door(stage, rng, cross, end, other / 2)
            if rng.random() < 0.6:
                windows.append(window(stage, rng, cross, side, (y1 - y0) * 0.5, 1.2, 0.9,
                                      height - 0.3))


def _outer_windows(stage, rng, room, side, windows):
    """Cut windows into a room's outer wall, none where it is too short."""
    length = room.walls[side].length
    width = rng.uniform(0.9, 2.2)
    pitch = width + rng.uniform(0.5, 1.6)
    bottom = rng.choice([rng.uniform(0.75, 1.0), rng.uniform(0.75, 1.0), 0.1])
    count = int((length - 0.5) / pitch)
    for k in range(count):
        at = length / 2 + (k + 0.5 - count / 2) * pitch
        windows.append(window(stage, rng, room, side, at, width, bottom, room.height - rng.uniform(
            0.25, 0.4)))


def office(stage, rng):
    """Lay out an office with a corridor along its south side and perhaps a smaller room."""
    wide, deep = rng.uniform(5, 15), rng.uniform(4.2, 10)
    height, gap = rng.uniform(2.5, 3.3), rng.uniform(0.12, 0.25)
    x0, y0 = -wide / 2, -deep / 2
    main = _room(rng, 'meeting' if wide < 7 and rng.random() < 0.3 else 'office', x0, y0, -x0, -y0,
                 height)
    rooms, windows = [main], []
    _outer_windows(stage, rng, main, 'north', windows)
    if rng.random() < 0.4:
        _outer_windows(stage, rng, main, 'west', windows)
    way = rng.uniform(1.3, 2.4)
    corridor = _room(rng, 'corridor', x0 - 3, y0 - gap - way, -x0 + 3, y0 - gap,
                     min(height, rng.uniform(2.4, 3)))
    rooms.append(corridor)
    connect(stage, rng, main, 'south', corridor, rng.uniform(0.8, wide - 0.8))
    for at in np.arange(2.0, wide + 4, rng.uniform(2.5, 4)):
        shut_door(stage, rng, corridor, 'south', at)
    if rng.random() < 0.6:
        kind = rng.choice(['office', 'meeting', 'store', 'kitchen'])
        second = _room(rng, kind, -x0 + gap, y0, -x0 + gap + rng.uniform(2.8, 4.5),
                       y0 + rng.uniform(2.6, min(deep, 5)), height)
        rooms.append(second)
        at = rng.uniform(0.8, second.size[1] - 0.8)
        connect(stage, rng, main, 'east', second, at)
        _outer_windows(stage, rng, second, 'east', windows)
    elif rng.random() < 0.6:
        shut_door(stage, rng, main, 'east', rng.uniform(0.8, deep - 0.8))
    return rooms, windows


def home(stage, rng):
    """Lay out a living room with a hallway, and a kitchen or bedroom beside it."""
    wide, deep = rng.uniform(3.8, 7.5), rng.uniform(3.4, 6)
    height, gap = rng.uniform(2.35, 3.0), rng.uniform(0.12, 0.22)
    x0, y0 = -wide / 2, -deep / 2
    kinds = [['living', 'kitchen'], ['living', 'bedroom'], ['bedroom', 'living'],
             ['kitchen', 'living']][rng.choice(4, p=[0.4, 0.3, 0.15, 0.15])]
    main = _room(rng, kinds[0], x0, y0, -x0, -y0, height)
    rooms, windows = [main], []
    _outer_windows(stage, rng, main, 'north', windows)
    if rng.random() < 0.35:
        _outer_windows(stage, rng, main, 'west', windows)
    beside = _room(rng, kinds[1], -x0 + gap, y0, -x0 + gap + rng.uniform(2.6, 4.5), -y0, height,
                   main.finish if rng.random() < 0.3 else None)
    rooms.append(beside)
    arch = rng.random() < 0.35
    connect(stage, rng, main, 'east', beside, rng.uniform(1.1, deep - 1.1),
            rng.uniform(1.2, 1.8) if arch else rng.uniform(0.75, 0.95),
            min(2.3, height - 0.1) if arch else 2.03, leaf=not arch)
    _outer_windows(stage, rng, beside, 'east' if rng.random() < 0.5 else 'north', windows)
    way = rng.uniform(1.15, 2.0)
    hall = _room(rng, 'hall', x0 - 1, y0 - gap - way, -x0 + 3, y0 - gap, height)
    rooms.append(hall)
    connect(stage, rng, main, 'south', hall, rng.uniform(0.7, wide - 0.7),
            rng.uniform(0.75, 0.95), 2.03)
    for at in np.arange(1.0, wide + 3, rng.uniform(1.8, 3)):
        shut_door(stage, rng, hall, 'south', at)
    if rng.random() < 0.4:
        shut_door(stage, rng, hall, 'west', way / 2)
    return rooms, windows


def small_room(stage, rng):
    """Lay out one room of up to 6 m with a passage before it, whose door may stand open."""
    wide, deep = rng.uniform(2.6, 6.0), rng.uniform(2.4, 5.0)
    height, gap = rng.uniform(2.3, 2.9), rng.uniform(0.1, 0.22)
    x0, y0 = -wide / 2, -deep / 2
    kind = rng.choice(['office', 'living', 'bedroom', 'kitchen', 'store', 'meeting'],
                      p=[0.3, 0.2, 0.15, 0.15, 0.1, 0.1])
    main = _room(rng, kind, x0, y0, -x0, -y0, height)
    rooms, windows, door = [main], [], rng.uniform(0.7, wide - 0.7)
    if rng.random() < 0.75:
        _outer_windows(stage, rng, main, rng.choice(['north', 'east', 'west']), windows)
    if rng.random() < 0.6:
        passage = _room(rng, 'hall', x0 - 1, y0 - gap - rng.uniform(1.15, 2.0), -x0 + 1, y0 - gap,
                        height)
        rooms.append(passage)
        connect(stage, rng, main, 'south', passage, door, rng.uniform(0.75, 0.95), 2.03)
    else:
        shut_door(stage, rng, main, 'south', door)
    return rooms, windows


def _warehouse(stage, rng):
    """Lay out a hall with gates, doors and perhaps an office beside it."""
    wide, deep = rng.uniform(13, 36), rng.uniform(9, 24)
    height, gap = rng.uniform(4.5, 9), 0.25
    x0, y0 = -wide / 2, -deep / 2
    main = _room(rng, 'warehouse', x0, y0, -x0, -y0, height)
    rooms, windows = [main], []
    for at in np.arange(3.0, deep - 2.5, rng.uniform(4.5, 7)):
        gate_wide, gate_high = rng.uniform(2.6, 3.6), rng.uniform(3, 4)
        if rng.random() < 0.7:
            _gate(stage, rng, main, at, gate_wide, gate_high, windows)
    way = rng.uniform(1.3, 3)
    kind = rng.choice(['corridor', 'office', 'store'])
    second = _room(rng, kind, x0 + 1, y0 - gap - (way if kind == 'corridor' else way + 2),
                   x0 + rng.uniform(5, 9), y0 - gap, rng.uniform(2.4, 2.9))
    rooms.append(second)
    connect(stage, rng, main, 'south', second, rng.uniform(2, 4))
    for at in np.arange(wide * 0.5, wide - 1, rng.uniform(5, 9)):
        shut_door(stage, rng, main, 'south', at, rng.choice([0.95, 1.9]))
    if rng.random() < 0.5:
        for at in np.arange(3, wide - 2, rng.uniform(4, 7)):
            windows.append(window(stage, rng, main, 'north', at, rng.uniform(2, 3), height - 1.6,
                                  height - 0.5))
    return rooms, windows


def _gate(stage, rng, room, at, wide, high, windows):
    """Set a roller door into the hall's west wall: shut, or half or quite open."""
    wall = room.walls['west']
    lift = min(high * rng.choice([0.0, 0.0, 0.0, rng.uniform(0.3, 1.1)]), high - 0.3)
    door = storage.roller_door(rng, wide, high - lift)
    stage.put(stage.mesh(wall.place(door.moved(at, 0.01, lift)), 'gate'))
    stage.cover(*wall.point(at), wide / 2 + 0.15, 0.08, wall.heading)
    if lift:
        hole = Opening(at - wide / 2, at + wide / 2, 0.0, lift, 0.25, solid=True)
        wall.openings.append(hole)
        windows.append((wall, hole))
    reserve(room, wall, at, wide / 2, 3.0)
