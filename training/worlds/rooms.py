"""Rooms: walls with doors and windows, floors, ceilings, skirting boards."""

from dataclasses import dataclass, field

import numpy as np

from .shape import box, ellipsoid, grid, join, quad, shape, tube
from .stage import Footprint

PAINTS = np.array([(0.75, 0.74, 0.7), (0.7, 0.66, 0.56), (0.62, 0.66, 0.66), (0.55, 0.6, 0.52),
                   (0.68, 0.58, 0.48), (0.45, 0.55, 0.62), (0.72, 0.68, 0.45), (0.8, 0.8, 0.78),
                   (0.3, 0.36, 0.4), (0.5, 0.28, 0.22), (0.24, 0.3, 0.24), (0.6, 0.5, 0.55)])
BRICKS = np.array([(0.33, 0.11, 0.06), (0.42, 0.28, 0.17), (0.5, 0.48, 0.44), (0.62, 0.6, 0.56)])
WOODS = np.array([(0.42, 0.25, 0.12), (0.3, 0.16, 0.08), (0.55, 0.4, 0.24), (0.14, 0.08, 0.05),
                  (0.6, 0.5, 0.38), (0.36, 0.33, 0.3)])
CARPETS = np.array([(0.08, 0.09, 0.11), (0.16, 0.15, 0.14), (0.06, 0.1, 0.2), (0.2, 0.06, 0.05),
                    (0.28, 0.24, 0.19), (0.1, 0.16, 0.12), (0.35, 0.33, 0.3)])
WHITES = np.array([(0.78, 0.78, 0.76), (0.72, 0.7, 0.66), (0.66, 0.67, 0.68)])
METAL = np.array([0.45, 0.45, 0.46])


@dataclass
class Finish:
    """
    What a room's surfaces are made of: each a pair of a material and its tint.

    Attributes
    ----------
    wall, lower, floor, ceiling : (str, float (3,))
        `lower` is the wall below `dado`.
    dado : float
        Height up to which the wall is of another colour or tiled, 0 for none, metres.
    skirting : float
        Height of the skirting boards, 0 for none, metres.
    frame : float (3,)
        The colour of frames and skirting.

    """

    wall: tuple
    lower: tuple
    floor: tuple
    ceiling: tuple
    dado: float
    skirting: float
    frame: np.ndarray


@dataclass
class Opening:
    """A hole in a wall: metres along the wall and above the floor, and how deep its reveal is."""

    left: float
    right: float
    bottom: float
    top: float
    reveal: float
    solid: bool = False  # whether nobody can walk through it

    @property
    def middle(self):
        """Return where its middle is along the wall."""
        return (self.left + self.right) / 2


@dataclass
class Wall:
    """
    One side of a room.

    Its own frame has x along the wall, the room where y > 0, and z up.
    """

    x: float
    y: float
    heading: float
    length: float
    openings: list = field(default_factory=list)

    def place(self, thing):
        """Return a shape of the wall's frame in the world's."""
        return thing.turned(self.heading).moved(self.x, self.y)

    def point(self, along, out=0.0):
        """Return the world's (x, y) of a point of the wall's frame."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        return self.x + cos * along - sin * out, self.y + sin * along + cos * out

    def along(self, x, y):
        """Return how far along the wall a point of the world is."""
        return (x - self.x) * np.cos(self.heading) + (y - self.y) * np.sin(self.heading)


@dataclass
class Room:
    """A room with four walls, its floor at z = 0 (metres)."""

    kind: str
    x0: float
    y0: float
    x1: float
    y1: float
    height: float
    finish: Finish
    walls: dict = field(init=False)
    reserved: list = field(default_factory=list)  # Footprints to be left free of furniture
    low: set = field(default_factory=set)  # ids of footprints of furniture below the pictures
    tops: list = field(default_factory=list)  # TableTops of its tables and desks

    def __post_init__(self):
        wide, deep = self.x1 - self.x0, self.y1 - self.y0
        self.walls = {'south': Wall(self.x0, self.y0, 0.0, wide),
                      'east': Wall(self.x1, self.y0, np.pi / 2, deep),
                      'north': Wall(self.x1, self.y1, np.pi, wide),
                      'west': Wall(self.x0, self.y1, -np.pi / 2, deep)}

    @property
    def size(self):
        """Return (width along x, depth along y)."""
        return self.x1 - self.x0, self.y1 - self.y0

    @property
    def middle(self):
        """Return (x, y) of its middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def contains(self, place, margin):
        """Tell whether (x, y, z) is in it and no nearer to its walls than a margin (metres)."""
        x, y, z = place
        return (self.x0 + margin < x < self.x1 - margin and self.y0 + margin < y < self.y1 - margin
                and margin < z < self.height - margin)


def draw_finish(rng, kind):
    """Draw what a room of a kind is made of."""
    colour = PAINTS[rng.integers(len(PAINTS))] if rng.random() < 0.7 else PAINTS[
        rng.choice([0, 1, 7])]
    colour = colour * rng.uniform(0.85, 1.1)
    wall = (str(rng.choice(['emulsion', 'emulsion', 'emulsion', 'plaster'])), colour)
    white = WHITES[rng.integers(3)]
    tile = ('floor_tiles', rng.uniform(0.15, 0.6) * rng.uniform(0.85, 1.0, 3))
    carpet = ('carpet', CARPETS[rng.integers(len(CARPETS))] * rng.uniform(0.8, 1.2))
    boards = ('boards', WOODS[rng.integers(len(WOODS))] * rng.uniform(0.8, 1.1))
    screed = ('concrete', rng.uniform(0.2, 0.42) * np.array([1, 0.98, 0.95]))
    vinyl = ('vinyl', rng.uniform(0.15, 0.5) * rng.uniform(0.75, 1.0, 3))
    brick = ('brick', BRICKS[rng.integers(len(BRICKS))])
    ceiling, dado, lower = ('emulsion', white), 0.0, wall
    frame = white if rng.random() < 0.6 else WOODS[rng.integers(len(WOODS))]
    if kind in ('living', 'bedroom', 'hall'):
        floor = [boards, boards, carpet, tile][rng.integers(4)]
        if rng.random() < 0.3:
            wall = lower = ('wallpaper', colour)
    elif kind == 'kitchen':
        floor = [tile, boards, vinyl][rng.integers(3)]
        if rng.random() < 0.4:
            wall = lower = ('wall_tiles', np.maximum(colour, 0.3))
    elif kind == 'warehouse':
        floor, ceiling = screed, ('cladding', rng.uniform(0.2, 0.5) * np.ones(3))
        wall = [wall, brick, ('stone', rng.uniform(0.3, 0.55) * np.ones(3)),
                ('cladding', rng.uniform(0.3, 0.6, 3))][rng.integers(4)]
        dado = rng.choice([0.0, rng.uniform(1.2, 2.4)])
        lower = ('emulsion', PAINTS[rng.integers(len(PAINTS))] * 0.6) if dado else wall
    else:
        floor = [carpet, tile, vinyl, vinyl, boards, screed][rng.integers(6)]
        if rng.random() < 0.6:
            ceiling = ('ceiling_tiles', white)
        choice = rng.random()
        if choice < 0.15:
            wall = lower = brick
        elif choice < 0.45:
            dado = rng.uniform(0.9, 1.6)
            lower = [('wall_tiles', np.maximum(colour, 0.3)), ('emulsion', colour * 0.6),
                     ('emulsion', PAINTS[rng.integers(len(PAINTS))] * 0.7),
                     ('timber', WOODS[rng.integers(len(WOODS))])][rng.integers(4)]
    skirting = 0.0 if kind == 'warehouse' else rng.choice([0.0, 0.06, 0.08, 0.12])
    return Finish(wall, lower, floor, ceiling, dado, skirting, frame)


def raise_room(stage, room):
    """Put a room's walls, floor and ceiling on the stage once all its openings are cut."""
    finish = room.finish
    parts = [quad([(room.x0, room.y0, 0), (room.x1, room.y0, 0), (room.x1, room.y1, 0),
                   (room.x0, room.y1, 0)], *finish.floor),
             quad([(room.x0, room.y0, room.height), (room.x0, room.y1, room.height),
                   (room.x1, room.y1, room.height), (room.x1, room.y0, room.height)],
                  *finish.ceiling)]
    for wall in room.walls.values():
        parts.append(wall.place(_wall(wall, room.height, finish)))
        for start, end in _solid_runs(wall):
            x, y = wall.point((start + end) / 2, -0.25)
            stage.cover(x, y, (end - start) / 2, 0.25, wall.heading)
    stage.put(stage.mesh(join(parts), 'room'))


def _wall(wall, height, finish):
    """Make a wall in its own frame: its surface around the openings, reveals, skirting."""
    xs = sorted({0.0, wall.length, *(x for o in wall.openings for x in (o.left, o.right))})
    zs = sorted({0.0, height, *([finish.dado] if 0 < finish.dado < height else []),
                 *(z for o in wall.openings for z in (o.bottom, o.top))})
    parts = []
    for x0, x1 in zip(xs[:-1], xs[1:]):
        for z0, z1 in zip(zs[:-1], zs[1:]):
            x, z = (x0 + x1) / 2, (z0 + z1) / 2
            if not any(o.left < x < o.right and o.bottom < z < o.top for o in wall.openings):
                parts.append(quad([(x1, 0, z0), (x0, 0, z0), (x0, 0, z1), (x1, 0, z1)],
                                  *(finish.lower if z < finish.dado else finish.wall)))
    for hole in wall.openings:
        front = [(hole.left, 0, hole.bottom), (hole.right, 0, hole.bottom),
                 (hole.right, 0, hole.top), (hole.left, 0, hole.top)]
        back = [(x, -hole.reveal, z) for x, _, z in front]
        parts.append(shape(front + back, [(k, (k + 1) % 4, 4 + (k + 1) % 4, 4 + k)
                                          for k in range(4)], 'paint', finish.frame))
    if finish.skirting:
        for start, end in _runs(wall, [o for o in wall.openings if o.bottom < finish.skirting]):
            parts.append(box((start, 0, 0), (end, 0.015, finish.skirting), 'paint',
                             finish.frame))
    return join(parts)


def _runs(wall, openings):
    """Return the stretches of a wall between openings, as (start, end)."""
    edges = [0.0, *(x for o in sorted(openings, key=lambda o: o.left) for x in (o.left, o.right)),
             wall.length]
    return [(a, b) for a, b in zip(edges[::2], edges[1::2]) if b - a > 0.01]


def _solid_runs(wall):
    return _runs(wall, [o for o in wall.openings if not o.solid])


def connect(stage, rng, room, side, neighbour, at, width=0.9, height=2.05, leaf=True):
    """
    Cut a way through between two rooms whose walls stand back to back, and hang a door in it.

    Parameters
    ----------
    stage : Stage
        The door goes on it.
    rng : numpy.random.Generator
        For the door.
    room, neighbour : Room
        `neighbour` lies beyond the `side` of `room`.
    side : str
        Of `room`: south, east, north, west.
    at : float
        Where along that wall its middle is, metres.
    width, height : float
        Metres.
    leaf : bool
        Whether there is a door at all, which then stands open.

    """
    other = {'south': 'north', 'north': 'south', 'east': 'west', 'west': 'east'}[side]
    near, far = room.walls[side], neighbour.walls[other]
    x, y = near.point(at)
    gap = abs((far.x - near.x) * np.sin(near.heading) - (far.y - near.y) * np.cos(near.heading))
    there = far.along(x, y)
    holes = [Opening(middle - width / 2, middle + width / 2, 0.0, height, gap / 2)
             for middle in (at, there)]
    for home, wall, hole in ((room, near, holes[0]), (neighbour, far, holes[1])):
        wall.openings.append(hole)
        stage.put(stage.mesh(wall.place(_architrave(hole, home.finish.frame)), 'frame'))
        reserve(home, wall, hole.middle, width / 2 + 0.2, 0.9)
    if leaf:
        wall, hole = (near, holes[0]) if rng.random() < 0.6 else (far, holes[1])
        _hang(stage, rng, wall, hole)


def reserve(room, wall, at, half, out):
    """Keep furniture away from a stretch of a wall (metres along and out of it)."""
    x, y = wall.point(at, out / 2)
    room.reserved.append(Footprint(x, y, half, out / 2, wall.heading))


def _architrave(hole, colour, width=0.07):
    """Make the frame around a door on one side of the wall."""
    parts = [box((x, -0.005, 0), (x + width, 0.02, hole.top + width), 'paint', colour)
             for x in (hole.left - width, hole.right)]
    parts.append(box((hole.left, -0.005, hole.top), (hole.right, 0.02, hole.top + width),
                     'paint', colour))
    return join(parts)


def _hang(stage, rng, wall, hole):
    """Hang a door that stands open into the room."""
    width = hole.right - hole.left
    swing = np.radians(rng.choice([rng.uniform(75, 115), rng.uniform(25, 75)], p=[0.75, 0.25]))
    thing = door_leaf(rng, width - 0.01, hole.top - 0.01)
    if rng.random() < 0.5:
        hinge, thing, turn = hole.left, thing.moved(0, 0.03), swing
        end = (hinge + np.cos(swing) * width / 2, np.sin(swing) * width / 2)
    else:
        hinge, turn = hole.right, -swing
        thing = thing.turned(np.pi).moved(0, 0.03)
        end = (hinge - np.cos(swing) * width / 2, np.sin(swing) * width / 2)
    stage.put(stage.mesh(wall.place(thing.turned(turn).moved(hinge)), 'door'))
    x, y = wall.point(*end)
    stage.cover(x, y, width / 2, 0.08, wall.heading + turn)


def shut_door(stage, rng, room, side, at, width=0.9, height=2.05, colour=None):
    """Set a shut door into a wall: it leads nowhere."""
    wall, recess = room.walls[side], rng.uniform(0.01, 0.1)
    hole = Opening(at - width / 2, at + width / 2, 0.0, height, recess, solid=True)
    wall.openings.append(hole)
    leaves = 2 if width > 1.3 else 1
    each = width / leaves
    thing = door_leaf(rng, each, height, colour)
    back = -recess  # nothing is to be seen through the gap at the door's foot
    parts = [_architrave(hole, room.finish.frame), thing.moved(hole.left, -recess - 0.015),
             quad([(hole.right, back, 0), (hole.left, back, 0), (hole.left, back, height),
                   (hole.right, back, height)], 'paint', (0.02, 0.02, 0.02))]
    if leaves == 2:
        parts.append(thing.turned(np.pi).moved(hole.right, -recess - 0.015))
    stage.put(stage.mesh(wall.place(join(parts)), 'door'))
    reserve(room, wall, at, width / 2 + 0.1, 0.7)


def door_leaf(rng, width, height, colour=None):
    """Make a door along x from its hinge, 4 cm thick about y = 0."""
    surface = rng.choice(['emulsion', 'emulsion', 'timber'])
    if colour is None:
        colour = (WOODS[rng.integers(len(WOODS))] if surface == 'timber' or rng.random() < 0.25
                  else PAINTS[rng.integers(len(PAINTS))])
    parts = [box((0, -0.02, 0.005), (width, 0.02, height), surface, colour)]
    panels = rng.integers(0, 4)
    if panels:
        heights = np.linspace(0.12, height - 0.1, panels + 1)
        for z0, z1 in zip(heights[:-1], heights[1:]):
            parts += [box((0.12, -0.027, z0 + 0.05), (width - 0.12, 0.027, z1 - 0.05), surface,
                          np.asarray(colour) * 0.93)]
    elif rng.random() < 0.3:
        parts.append(box((0.01, -0.023, 0.01), (width - 0.01, 0.023, 0.25), 'metal', METAL))
    for side in (1, -1):
        parts.append(box((width - 0.09, side * 0.022 - 0.006, 0.93),
                         (width - 0.05, side * 0.022 + 0.006, 1.15), 'metal', METAL))
        parts.append(tube([(width - 0.07, 0, 1.05), (width - 0.07, side * 0.07, 1.05),
                           (width - 0.19, side * 0.07, 1.05)], 0.01, 'metal', METAL, sides=6))
    if rng.random() < 0.3:
        parts.append(box((width * 0.35, -0.025, 1.5), (width * 0.65, 0.025, 1.6), 'paint',
                         (0.7, 0.7, 0.68)))
    return join(parts)


def window(stage, rng, room, side, at, width, bottom, top):
    """Cut a window without a pane into a wall; return its wall and Opening."""
    wall, reveal = room.walls[side], rng.uniform(0.08, 0.25)
    hole = Opening(at - width / 2, at + width / 2, bottom, top, reveal, solid=True)
    wall.openings.append(hole)
    frame = rng.choice([0.05, 0.6, 0.7]) * np.ones(3)
    y0, y1 = -reveal, -reveal + 0.05
    parts = []
    for x in np.linspace(hole.left, hole.right, max(1, int(width / rng.uniform(0.6, 1.3))) + 1):
        x = np.clip(x, hole.left + 0.03, hole.right - 0.03)
        parts.append(box((x - 0.03, y0, bottom), (x + 0.03, y1, top), 'paint', frame))
    bars = [bottom + 0.03, top - 0.03]
    if rng.random() < 0.4:
        bars.append(bottom + (top - bottom) * rng.choice([0.35, 0.65]))
    parts += [box((hole.left, y0, z - 0.03), (hole.right, y1, z + 0.03), 'paint', frame)
              for z in bars]
    parts.append(box((hole.left - 0.04, -0.02, bottom - 0.03), (hole.right + 0.04, 0.06, bottom),
                     'paint', room.finish.frame))
    parts += _drapery(rng, hole, room)
    stage.put(stage.mesh(wall.place(join(parts)), 'window'))
    return wall, hole


def _drapery(rng, hole, room):
    """Make curtains at a window's sides, a blind with slats, or nothing."""
    kind = rng.random()
    if kind < (0.7 if room.kind in ('living', 'bedroom') else 0.05):
        hue = rng.uniform(0.15, 0.7) * rng.uniform(0.5, 1.0, 3)
        top = min(hole.top + 0.15, room.height - 0.03)
        foot = rng.choice([0.03, max(hole.bottom - 0.15, 0.03)])
        parts = [tube([(hole.left - 0.35, 0.08, top), (hole.right + 0.35, 0.08, top)], 0.012,
                      'metal', (0.2, 0.18, 0.15), sides=6)]
        for x, reach in ((hole.left, 1), (hole.right, -1)):
            xs = x + reach * np.linspace(-0.25, rng.uniform(0.05, 0.35), 30)
            folds = 0.07 + 0.03 * np.sin(np.linspace(0, 26, 30))
            parts.append(grid([np.c_[xs, folds, np.full(30, z)] for z in (foot, top)], 'cloth',
                              hue))
        return parts
    if kind > 0.75 and room.kind not in ('living', 'bedroom'):
        drop = rng.uniform(0.2, 0.7) * (hole.top - hole.bottom)
        return [box((hole.left + 0.01, -0.06, z), (hole.right - 0.01, -0.035, z + 0.012),
                    'paint', (0.65, 0.65, 0.62))
                for z in np.arange(hole.top - drop, hole.top, 0.045)]
    return []


def pipes(rng, wall, height):
    """Make pipes or a cable duct along a wall, below the ceiling."""
    kind = rng.choice(['duct', 'pipes', 'tray'])
    hue = rng.uniform(0.2, 0.7) * np.ones(3)
    if kind == 'duct':
        z = rng.choice([0.95, height - 0.15])
        return [] if z < 1 and wall.openings else [
            box((0, 0, z), (wall.length, 0.05, z + 0.09), 'paint', (0.7, 0.7, 0.68))]
    if kind == 'tray':
        return [box((0, 0.08, height - 0.28), (wall.length, 0.38, height - 0.25), 'metal', hue),
                box((0, 0.08, height - 0.25), (wall.length, 0.09, height - 0.2), 'metal', hue),
                box((0, 0.37, height - 0.25), (wall.length, 0.38, height - 0.2), 'metal', hue),
                box((0, 0.12, height - 0.25), (wall.length, 0.3, height - 0.21), 'paint',
                    (0.03, 0.03, 0.03))]
    parts, out = [], 0.1
    for _ in range(rng.integers(1, 4)):
        radius = rng.uniform(0.02, 0.06)
        parts.append(tube([(0, out, height - 0.18), (wall.length, out, height - 0.18)], radius,
                          'paint', hue * rng.uniform(0.7, 1.2), sides=10))
        parts += [box((x, 0, height - 0.19), (x + 0.03, out, height - 0.17), 'metal', hue * 0.5)
                  for x in np.arange(0.7, wall.length, 2.0)]
        out += radius + 0.12
    return parts


def column(rng, height, side):
    """Make a square or round column, the foot striped in some (metres)."""
    hue = rng.uniform(0.3, 0.65) * np.ones(3)
    half = side / 2
    if rng.random() < 0.3:
        return tube([(0, 0, 0), (0, 0, height)], half, 'stone', hue, sides=20)
    parts = [box((-half, -half, 0), (half, half, height), 'stone', hue)]
    if rng.random() < 0.6:
        parts += [box((-half - 0.01, -half - 0.01, z), (half + 0.01, half + 0.01, z + 0.15),
                      'paint', (0.65, 0.45, 0.02) if k % 2 else (0.03, 0.03, 0.03))
                  for k, z in enumerate(np.arange(0, 1.2, 0.15))]
    return join(parts)


def smoke_detector():
    """Make a smoke detector that hangs from z = 0."""
    return ellipsoid((0, 0, 0), (0.06, 0.06, 0.05), 'paint', (0.75, 0.75, 0.72), 10)
