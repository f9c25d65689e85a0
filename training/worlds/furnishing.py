"""Furnishing rooms: what goes into each kind of room, and where it fits."""

import numpy as np

from . import clutter, collected, desks
from . import indoor_furniture as things
from . import people, storage
from .indoor_light import floor_lamp
from .joinery import CLOTHS
from .plants import pot_plant
from .rooms import column, pipes, smoke_detector
from .shape import box, join
from .stage import Footprint, TableTop

LEAST_TOP = 0.28  # square metres


def furnish(stage, rng, room):
    """Fill a room with what its kind asks for, then hang things on its walls."""
    FURNISHERS[room.kind](stage, rng, room)
    _dress_walls(stage, rng, room)


def fill(stage, rng, room):
    """Fill what is left of a room: shelves along its walls, chairs, boxes and toys about."""
    area = np.prod(room.size)
    along = [things.bookcase, things.cupboard, things.home_cupboard, things.bookcase, desks.desk,
             storage.shelving, things.printer]
    for _ in range(int(area / 2) + 4):
        _against_wall(stage, rng, room, along[rng.integers(len(along))](rng))
    about = [things.chair, things.office_chair, things.waste_bin, storage.loose_carton,
             clutter.toy, pot_plant, lambda rng: things.table(rng, low=True), clutter.bag]
    for _ in range(int(area / 1.5) + 3):
        _stand(stage, rng, room, about[rng.integers(len(about))](rng))
    _strew(stage, rng, room, int(area / 1.5))


def _fits(stage, room, area, hung=False):
    """Tell whether nothing stands on an area (a Footprint) of a room's floor yet."""
    along, across = (np.linspace(-h, h, max(3, int(2 * h / 0.17) + 1))
                     for h in (area.half_length, area.half_width))
    along, across = (v.ravel() for v in np.meshgrid(along, across))
    cos, sin = np.cos(area.heading), np.sin(area.heading)
    x, y = area.x + cos * along - sin * across, area.y + sin * along + cos * across
    if not ((room.x0 < x) & (x < room.x1) & (room.y0 < y) & (y < room.y1)).all():
        return False
    taken = [f for f in stage.footprints if not (hung and id(f) in room.low)] + room.reserved
    return not Covered(taken).near(x, y, 0.01).any()


class Covered:
    """Footprints as arrays, for many questions."""

    def __init__(self, footprints):
        self.x, self.y, self.length, self.width, heading = np.array(
            [(f.x, f.y, f.half_length, f.half_width, f.heading) for f in footprints]).T
        self.cos, self.sin = np.cos(heading), np.sin(heading)

    def distance(self, x, y):
        """Return the distance from points (N,) to the nearest footprint, 0 inside."""
        dx, dy = np.subtract.outer(x, self.x), np.subtract.outer(y, self.y)
        along = np.maximum(np.abs(self.cos * dx + self.sin * dy) - self.length, 0)
        across = np.maximum(np.abs(self.cos * dy - self.sin * dx) - self.width, 0)
        return np.sqrt((along ** 2 + across ** 2).min(axis=-1))

    def near(self, x, y, distance):
        """Tell for points (N,) whether a footprint is nearer than a distance."""
        return self.distance(x, y) < distance


def _cover(stage, room, area, low, shape=None):
    """Note that a thing stands on an area, and its top where it is a table's."""
    stage.footprints.append(area)
    if low:
        room.low.add(id(area))
    top = None if shape is None else table_top(shape)
    if top:
        room.tops.append(TableTop(area.x, area.y, top, area.half_length, area.half_width,
                                  area.heading))


def table_top(shape):
    """
    Return the height of a thing's top, metres; None where it is no table's.

    Of its levels about as large as the largest, the highest, so that the boards of a bookcase are
    none; a table or desk is 0.3 to 1.15 m high, larger than a chair's seat and, unlike a sofa or
    a bed, not of cloth.
    """
    corners = shape.vertices[np.where(shape.faces < 0, shape.faces[:, :1], shape.faces)]
    # Half the cross product of the diagonals is a face's area, along its normal.
    normals = np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]) / 2
    heights = corners[:, :, 2].mean(axis=1)
    level = (normals[:, 2] > 0.99 * np.linalg.norm(normals, axis=1)) & (heights > 0.3) & (
        shape.surface != 'cloth')
    if not level.any():
        return None
    millimetres, which = np.unique((1000 * heights[level]).round(), return_inverse=True)
    areas = np.bincount(which, normals[level, 2])
    top = millimetres[areas > 0.6 * areas.max()].max() / 1000
    return float(top) if top < 1.15 and areas.max() > LEAST_TOP else None


def _height(shape):
    return shape.vertices[:, 2].max()


def _against_wall(stage, rng, room, made, side=None, tries=10):
    """
    Stand a thing with its back to a wall, where there is room for it.

    Parameters
    ----------
    stage, rng, room
        As in furnish().
    made : (Shape, float, float)
        What a maker of indoor_furniture returns.
    side : str, optional
        Which wall; any if left out.
    tries : int
        After how many places without room it gives up.

    Returns
    -------
    (Wall, how far along it, its depth), or None if there is no room.

    """
    shape, half, depth = made
    walls = [room.walls[side]] if side else list(room.walls.values())
    lengths = np.array([w.length for w in walls])
    for _ in range(tries):
        wall = walls[rng.choice(len(walls), p=lengths / lengths.sum())]
        if wall.length < 2 * half + 0.05:
            continue
        at = rng.uniform(half + 0.02, wall.length - half - 0.02)
        if not _free_of_openings(wall, at, half, 0.0, _height(shape)):
            continue
        x, y = wall.point(at, depth / 2 + 0.02)
        area = Footprint(x, y, half, depth / 2 - 0.005, wall.heading)
        if _fits(stage, room, area):
            stage.put(stage.mesh(shape), *wall.point(at, 0.015), 0, wall.heading)
            _cover(stage, room, area, _height(shape) < 1.05, shape)
            return wall, at, depth
    return None


def _free_of_openings(wall, at, half, bottom, top):
    return not any(o.left - half - 0.1 < at < o.right + half + 0.1
                   and o.bottom < top + 0.03 and o.top > bottom for o in wall.openings)


def _stand(stage, rng, room, made, heading=None, place=None, tries=10):
    """Stand a thing free on the floor; return (x, y, heading), or None if there is no room."""
    shape, half, depth = made
    for _ in range(1 if place else tries):
        turn = rng.uniform(0, 2 * np.pi) if heading is None else heading
        x, y = place or (rng.uniform(room.x0 + 0.2, room.x1 - 0.2),
                         rng.uniform(room.y0 + 0.2, room.y1 - 0.2))
        area = Footprint(x, y, half, depth / 2, turn)
        if _fits(stage, room, area):
            stage.put(stage.mesh(shape), x, y, 0, turn)
            _cover(stage, room, area, _height(shape) < 1.05, shape)
            return x, y, turn
    return None


def _seat(stage, rng, room, make, x, y, heading, occupied):
    """Put a chair at a place, and with a chance somebody on it."""
    shape, half, depth = make(rng)
    area = Footprint(x, y, half, min(depth, 0.56) / 2, heading)
    if not _fits(stage, room, area):
        return
    stage.put(stage.mesh(shape), x, y, 0, heading)
    _cover(stage, room, area, True)
    if rng.random() < occupied:
        stage.put(stage.mesh(people.person(rng, 'sitting'), 'person'), x, y, 0,
                  heading + np.pi / 2, 0.95)


def add_people(stage, rng, room, count):
    """Let people stand and walk in a room."""
    for _ in range(count):
        _stand(stage, rng, room, (people.person(rng), 0.3, 0.6))


def _work_place(stage, rng, room, occupied=0.3):
    """Stand a desk at a wall, with a chair before it."""
    placed = _against_wall(stage, rng, room, desks.desk(rng))
    if placed:
        wall, at, depth = placed
        _seat(stage, rng, room, things.office_chair, *wall.point(
            at + rng.normal(0, 0.15), depth + rng.choice([-0.1, 0.3, 0.6]) + rng.uniform(0, 0.2)),
            wall.heading + np.pi + _askew(rng), occupied)


def _askew(rng):
    """Draw by how much a chair is turned away from its desk: most a little, some quite."""
    return rng.normal(0, 0.25) if rng.random() < 0.75 else rng.uniform(-np.pi, np.pi)


def _strew(stage, rng, room, count):
    """Leave small things lying on a room's floor, most of them beside furniture."""
    for _ in range(count):
        made = clutter.toy(rng)
        beside = [f for f in stage.footprints if id(f) in room.low]
        place = None
        if beside and rng.random() < 0.6:
            near = beside[rng.integers(len(beside))]
            side, gap = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.6)
            place = (near.x + np.cos(side) * (near.half_length + gap),
                     near.y + np.sin(side) * (near.half_width + gap))
        _stand(stage, rng, room, made, place=place)


def _islands(stage, rng, room):
    """Stand desks back to back in rows across an open office."""
    wide, deep = room.size
    made = [desks.desk(rng) for _ in range(6)]
    half, depth = max(d[1] for d in made), max(d[2] for d in made)
    meshes = [stage.mesh(d[0], 'desk') for d in made]
    screen = rng.random() < 0.5
    heading = 0.0 if wide > deep else np.pi / 2
    long, short = (wide, deep) if wide > deep else (deep, wide)
    pitch = 2 * depth + rng.uniform(2.2, 2.8)
    rows = int((short - 0.8) / pitch)
    each = max(1, int((long - 2.4) / (2 * half + 0.02)))
    gap = rng.integers(2, 5)  # desks in a row between passages
    for row in range(rows):
        across = (row + 0.5 - rows / 2) * (short - 0.6) / max(rows, 1)
        shift = 0.0
        for k in range(each):
            if k and k % gap == 0:
                shift += 1.1
            along = -long / 2 + 1.3 + half + k * (2 * half + 0.02) + shift
            if along + half > long / 2 - 0.6:
                break
            x, y = _turned(*room.middle, along, across, heading)
            area = Footprint(x, y, half, depth, heading)
            if not _fits(stage, room, area):
                continue
            for turn in (heading, heading + np.pi):
                stage.put(meshes[rng.integers(6)], x, y, 0, turn)
                cx, cy = _turned(x, y, rng.normal(0, 0.15), depth + rng.uniform(0.3, 0.75), turn)
                _seat(stage, rng, room, things.office_chair, cx, cy,
                      turn + np.pi + _askew(rng), 0.3)
            _cover(stage, room, area, True, made[0][0])
            if screen:
                hue = CLOTHS[k % len(CLOTHS)]
                stage.put(stage.mesh(box((-half, -0.015, 0.6), (half, 0.015, 1.25), 'cloth', hue),
                                     'screen'), x, y, 0, heading)


def _turned(x, y, along, across, heading):
    cos, sin = np.cos(heading), np.sin(heading)
    return x + cos * along - sin * across, y + sin * along + cos * across


def _office(stage, rng, room):
    """Furnish an office: desks in islands where it is large, else at the walls."""
    wide, deep = room.size
    if min(wide, deep) > 4.0 and rng.random() < 0.85:
        _islands(stage, rng, room)
    for _ in range(rng.integers(2, 6)):
        _work_place(stage, rng, room)
    area = wide * deep
    makers = [things.bookcase, things.cupboard, things.bookcase, pot_plant,
              things.printer, things.cupboard, things.water_dispenser]
    for _ in range(int(np.clip(area / 4, 4, 20))):
        make = makers[rng.integers(len(makers))]
        made = make(rng)
        if make is pot_plant:
            _in_corner(stage, rng, room, made)
        else:
            _against_wall(stage, rng, room, made)
    for _ in range(int(area / 9) + 2):
        _stand(stage, rng, room, [things.waste_bin, storage.loose_carton, clutter.toy][
            rng.integers(3)](rng))
    if rng.random() < 0.3:
        desk, half, depth = collected.thing('office desk')
        _against_wall(stage, rng, room, (desk.moved(0, depth / 2), half, depth))
    _strew(stage, rng, room, int(area / 7) + 1)
    if rng.random() < 0.3:
        _in_corner(stage, rng, room, things.coat_stand(rng))


def _meeting(stage, rng, room):
    """Furnish a meeting room: one table, chairs around it."""
    wide, deep = room.size
    turn = 0.0 if wide > deep else np.pi / 2
    half = np.clip(max(wide, deep) / 2 - 1.2, 0.7, 2.0)
    made = things.table(rng, half)
    place = _stand(stage, rng, room, made, turn, room.middle)
    if place:
        count = max(1, int(2 * made[1] / 0.75))
        for side in (1, -1):
            for k in range(count):
                along = (k + 0.5 - count / 2) * 2 * made[1] / count
                x, y = _turned(*room.middle, along, side * (made[2] / 2 + rng.uniform(0.2, 0.4)),
                               turn)
                _seat(stage, rng, room, things.chair if rng.random() < 0.5 else
                      things.office_chair, x, y,
                      turn + (np.pi if side > 0 else 0) + rng.normal(0, 0.2), 0.2)
    for _ in range(3):
        _against_wall(stage, rng, room, [things.cupboard, things.television, things.bookcase][
            rng.integers(3)](rng))
    _in_corner(stage, rng, room, pot_plant(rng))


def _in_corner(stage, rng, room, made):
    """Stand a thing into a corner, or near a wall."""
    shape, half, depth = made
    x = rng.choice([room.x0 + half + 0.05, room.x1 - half - 0.05])
    y = rng.choice([room.y0 + depth / 2 + 0.05, room.y1 - depth / 2 - 0.05])
    return _stand(stage, rng, room, made, 0.0, (x, y)) or _against_wall(
        stage, rng, room, (shape.moved(0, depth / 2), half, depth))


def _living(stage, rng, room):
    """Furnish a living room: sofas about a low table, a television, shelves, a dining table."""
    made = things.sofa(rng, int(rng.integers(2, 4)))
    placed = _against_wall(stage, rng, room, made, tries=30)
    if placed:
        wall, at, depth = placed
        gap = rng.uniform(0.35, 0.5)
        low = things.table(rng, low=True)
        x, y = wall.point(at + rng.normal(0, 0.1), depth + gap + low[2] / 2)
        flat = things.rug(rng)
        if rng.random() < 0.65:
            stage.put(stage.mesh(flat[0], 'rug'), x, y, 0.001, wall.heading)
        _stand(stage, rng, room, low, wall.heading, (x, y))
        if rng.random() < 0.35:
            stage.put(stage.mesh(people.person(rng, 'sitting'), 'person'), *wall.point(
                at + rng.uniform(-0.4, 0.4), 0.5), -0.03, wall.heading + np.pi / 2, 0.95)
        opposite = {'south': 'north', 'north': 'south', 'east': 'west', 'west': 'east'}
        side = next(s for s, w in room.walls.items() if w is wall)
        if rng.random() < 0.8:
            _against_wall(stage, rng, room, things.television(rng), opposite[side])
        for _ in range(rng.integers(0, 3)):
            arm = things.sofa(rng, 1)
            shape = arm[0].moved(0, -arm[2] / 2)
            ax, ay = wall.point(at + rng.choice([-1, 1]) * rng.uniform(1.3, 2.0),
                                depth + rng.uniform(0.5, 1.3))
            turn = np.arctan2(y - ay, x - ax) - np.pi / 2 + rng.normal(0, 0.2)
            _stand(stage, rng, room, (shape, arm[1], arm[2]), turn, (ax, ay))
    if min(room.size) > 3.6 and rng.random() < 0.6:
        _dining(stage, rng, room)
    makers = [things.bookcase, things.home_cupboard, desks.desk, things.bookcase,
              things.home_cupboard]
    for _ in range(int(np.prod(room.size) / 4) + rng.integers(2, 6)):
        _against_wall(stage, rng, room, makers[rng.integers(len(makers))](rng))
    for _ in range(rng.integers(1, 5)):
        _in_corner(stage, rng, room, pot_plant(rng))
    for _ in range(rng.integers(1, 6)):
        _stand(stage, rng, room, clutter.toy(rng))
    _strew(stage, rng, room, int(rng.integers(0, 9)))
    if rng.random() < 0.6:
        place = _stand(stage, rng, room, (things.rug(rng)[0].scaled(0.001), 0.2, 0.4))
        if place:
            floor_lamp(stage, rng, *place[:2])


def _dining(stage, rng, room):
    """Stand a table with chairs somewhere."""
    made = things.table(rng)
    reach = made[1] + 0.1, made[2] + 1.1
    for _ in range(12):
        turn = rng.choice([0.0, np.pi / 2])
        x, y = rng.uniform(room.x0 + 1, room.x1 - 1), rng.uniform(room.y0 + 1, room.y1 - 1)
        if not _fits(stage, room, Footprint(x, y, reach[0], reach[1] / 2, turn)):
            continue
        _stand(stage, rng, room, made, turn, (x, y))
        count = 1 if made[1] < 0.65 else 2
        for side in (1, -1):
            for k in range(count):
                cx, cy = _turned(x, y, (k + 0.5 - count / 2) * 2 * made[1] / count,
                                 side * (made[2] / 2 + rng.uniform(0.23, 0.4)), turn)
                _seat(stage, rng, room, things.chair, cx, cy,
                      turn + (np.pi if side > 0 else 0) + rng.normal(0, 0.15), 0.15)
        return


def _bedroom(stage, rng, room):
    """Furnish a bedroom."""
    placed = _against_wall(stage, rng, room, things.bed(rng), tries=30)
    if placed and rng.random() < 0.6:
        wall, at, depth = placed
        stage.put(stage.mesh(things.rug(rng)[0], 'rug'), *wall.point(at, depth - 0.3), 0.001,
                  wall.heading)
    for make in (things.home_cupboard, things.home_cupboard, things.bookcase, desks.desk,
                 things.home_cupboard):
        _against_wall(stage, rng, room, make(rng))
    for _ in range(rng.integers(0, 4)):
        _stand(stage, rng, room, clutter.toy(rng))
    _strew(stage, rng, room, int(rng.integers(0, 9)))
    _in_corner(stage, rng, room, pot_plant(rng))


def _kitchen(stage, rng, room):
    """Furnish a kitchen: a counter along a wall, a table, bins."""
    longest = sorted(room.walls, key=lambda s: -room.walls[s].length)
    for side in longest:
        length = room.walls[side].length - rng.uniform(0.1, 0.8)
        if _against_wall(stage, rng, room, things.kitchen(rng, min(length, 4.2)), side, 15):
            break
    else:
        _against_wall(stage, rng, room, things.kitchen(rng, 1.8), tries=30)
    if min(room.size) > 2.6:
        _dining(stage, rng, room)
    for make in (things.waste_bin, clutter.toy):
        _stand(stage, rng, room, make(rng))
    _against_wall(stage, rng, room, things.home_cupboard(rng))


def _passage(stage, rng, room):
    """Furnish a corridor or a hallway along its walls, so that one can still pass."""
    spare = min(room.size) - 0.85
    makers = [things.cupboard, things.bench_seats, things.bookcase, things.water_dispenser,
              storage.shelving, things.printer]
    if room.kind == 'hall':
        makers = [things.home_cupboard, things.bookcase]
    count = rng.choice([1, 3, 6, 10])
    for _ in range(count):
        made = makers[rng.integers(len(makers))](rng)
        if made[2] < spare:
            _against_wall(stage, rng, room, made)
    for _ in range(rng.integers(0, 3)):
        made = [storage.loose_carton, pot_plant, things.waste_bin, clutter.toy][
            rng.integers(4)](rng)
        shape, half, depth = made
        if depth < spare:
            _against_wall(stage, rng, room, (shape.moved(0, depth / 2), half, depth))
    if room.kind == 'corridor' and rng.random() < 0.25:
        _stand(stage, rng, room, clutter.toy(rng))


def _store(stage, rng, room):
    """Furnish a store room."""
    for _ in range(6):
        _against_wall(stage, rng, room, storage.shelving(rng))
    for _ in range(6):
        _stand(stage, rng, room, storage.loose_carton(rng))
    _strew(stage, rng, room, 4)


def _warehouse(stage, rng, room):
    """Furnish a hall: racks with aisles between, pallets, trucks, columns, lines."""
    wide, deep = room.size
    rack = storage.draw_rack(rng, room.height)
    bay, depth, levels, _ = rack
    fill = rng.uniform(0.45, 0.95)
    bays = [stage.mesh(storage.rack_bay(rng, rack, fill), 'rack') for _ in range(4)]
    step = levels[1] - levels[0] if len(levels) > 1 else 1.5
    end = stage.mesh(storage.rack_frame(rack, levels[-1] + step * 0.6), 'rack')
    aisle = rng.uniform(2.2, 3.8)
    front = rng.uniform(3.0, max(3.2, min(7.0, wide * 0.35)))
    back = rng.uniform(0.6, 2.5)
    y, double = room.y0 + rng.choice([0.3, aisle]), False
    lines = []
    hue = [(0.65, 0.5, 0.03), (0.6, 0.6, 0.58), (0.5, 0.05, 0.03)][rng.integers(3)]
    while y + depth < room.y1 - 0.2:
        count = int((wide - front - back) / bay)
        start = room.x0 + front
        area = Footprint(start + count * bay / 2, y + depth / 2, count * bay / 2 + 0.1,
                         depth / 2 + 0.03)
        if count and _fits(stage, room, area):
            for k in range(count):
                stage.put(bays[rng.integers(4)], start + k * bay, y)
            stage.put(end, start + count * bay, y)
            stage.footprints.append(area)
            lines += storage.floor_lines((start - 0.3, y - 0.25), (
                start + count * bay + 0.3, y + depth + 0.25), 0.08, hue)
        double = not double
        y += depth + (rng.uniform(0.1, 0.3) if double and rng.random() < 0.9 else aisle)
    if rng.random() < 0.7:
        stage.put(stage.mesh(join(lines or storage.floor_lines(
            (room.x0 + 1, room.y0 + 1), (room.x1 - 1, room.y1 - 1), 0.1, hue)), 'lines'))
    if rng.random() < 0.5:
        side = rng.uniform(0.25, 0.5)
        post = stage.mesh(column(rng, room.height, side), 'column')
        for x in np.arange(room.x0 + 2.0, room.x1, 6.0):
            for y in np.arange(room.y0 + 2.5, room.y1, 6.0):
                if _fits(stage, room, Footprint(x, y, side / 2, side / 2)):
                    stage.put(post, x, y)
                    stage.cover(x, y, side / 2)
    _floor_loads(stage, rng, room)


def _floor_loads(stage, rng, room):
    """Stand pallets, trucks, cages and cartons on a hall's floor."""
    for make in (storage.forklift, storage.pallet_jack, storage.cage, storage.pallet_jack,
                 storage.cage):
        if rng.random() < 0.6:
            _stand(stage, rng, room, make(rng))
    turn = rng.choice([0.0, np.pi / 2])
    for _ in range(rng.integers(4, 16)):
        made = storage.loaded_pallet(rng) if rng.random() < 0.7 else storage.pallet_stack(rng)
        _stand(stage, rng, room, made, turn + rng.normal(0, 0.03))
    for _ in range(rng.integers(2, 9)):
        _stand(stage, rng, room, storage.loose_carton(rng))
    for _ in range(rng.integers(0, 5)):
        _against_wall(stage, rng, room, [storage.shelving, things.cupboard, desks.desk][
            rng.integers(3)](rng))
    _stand_rows(stage, rng, room)
    _strew(stage, rng, room, int(rng.integers(0, 6)))


def _stand_rows(stage, rng, room):
    """Stand barrels in groups, robots' shelves in a row, cones and barriers about."""
    for name, count in (('barrel', 6), ('shelf', 4), ('cone', 6), ('barrier', 2)):
        if rng.random() > 0.45:
            continue
        tint = 1.0 if rng.random() < 0.5 else rng.uniform(0.4, 1.6, 3)
        shape, half, depth = collected.thing(name, rng.uniform(0.9, 1.1), tint)
        mesh, turn = stage.mesh(shape, name), rng.choice([0.0, np.pi / 2])
        x = rng.uniform(room.x0 + 1, room.x1 - 1)
        y = rng.uniform(room.y0 + 1, room.y1 - 1)
        for _ in range(rng.integers(1, count + 1)):
            area = Footprint(x, y, half, depth / 2, turn)
            if _fits(stage, room, area):
                stage.put(mesh, x, y, 0, turn + rng.normal(0, 0.05))
                _cover(stage, room, area, name != 'shelf')
            step = 2 * half + rng.uniform(0.02, 0.3) + (name == 'cone') * rng.uniform(0.5, 1.5)
            x, y = _turned(x, y, step, rng.normal(0, 0.05) + (name == 'barrel') * rng.choice(
                [0.0, depth]), turn)


def _dress_walls(stage, rng, room):
    """Hang pictures, switches, extinguishers, signs, radiators, pipes."""
    office = room.kind in ('corridor', 'office', 'meeting', 'warehouse', 'store')
    for wall in room.walls.values():
        for hole in wall.openings:
            if hole.bottom > 0.3 and hole.bottom < 1.2 and rng.random() < 0.7:
                _hang(stage, rng, room, wall, things.radiator(rng), hole.middle)
            if hole.bottom == 0 and office and rng.random() < 0.2 and hole.top < room.height - 0.3:
                shape = wall.place(things.exit_sign().moved(hole.middle, 0, hole.top + 0.08))
                stage.put(stage.mesh(shape, 'sign'))
        makers = [things.framed_picture] * 3
        if office:
            makers += [things.wall_things] * 2
            if rng.random() < 0.4:
                _hang(stage, rng, room, wall, things.extinguisher(rng),
                      rng.uniform(0.3, max(0.4, wall.length - 0.3)))
        for _ in range(min(12, rng.poisson(wall.length / 1.5))):
            made = makers[rng.integers(len(makers))](rng)
            _hang(stage, rng, room, wall, made, rng.uniform(0.3, max(0.4, wall.length - 0.3)))
        _hang(stage, rng, room, wall, (things.light_switch(), 0.04, 0.02),
              rng.uniform(0.2, max(0.3, wall.length - 0.2)))
        if office and rng.random() < 0.3:
            parts = pipes(rng, wall, room.height)
            if parts:
                stage.put(stage.mesh(wall.place(join(parts)), 'pipes'))
    if office and room.kind != 'warehouse':
        for x in np.arange(room.x0 + 1.5, room.x1 - 0.5, 5.0):
            stage.put(stage.mesh(smoke_detector()), x, room.middle[1] + 0.45, room.height)


def _hang(stage, rng, room, wall, made, at):
    """Fix a thing to a wall if nothing is in its way there."""
    shape, half, depth = made
    z = rng.uniform(1.4, 1.65) if shape.vertices[:, 2].min() < -0.05 else 0.0
    bottom, top = z + shape.vertices[:, 2].min(), z + _height(shape)
    if half > wall.length / 2 - 0.05 or top > room.height - 0.05:
        return
    at = float(np.clip(at, half + 0.03, wall.length - half - 0.03))
    if not _free_of_openings(wall, at, half, bottom, top):
        return
    area = Footprint(*wall.point(at, depth / 2 + 0.02), half, depth / 2, wall.heading)
    taken, room.reserved = room.reserved, []
    free = _fits(stage, room, area, hung=bottom > 1.0)
    room.reserved = taken
    if free:
        stage.put(stage.mesh(shape), *wall.point(at, 0.0), z, wall.heading)
        stage.footprints.append(area)


FURNISHERS = {'office': _office, 'meeting': _meeting, 'living': _living, 'bedroom': _bedroom,
              'kitchen': _kitchen, 'corridor': _passage, 'hall': _passage, 'store': _store,
              'warehouse': _warehouse}
