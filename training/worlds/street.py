"""A street: houses on both sides, a road with parked cars, pavements with people."""

from typing import NamedTuple

import numpy as np

from . import furniture, houses, people, plants, street_clutter, vehicles
from .camera import Route
from .shape import box, join, quad
from .sky import outdoors

REACH = 75.0  # metres that the houses run to either side
KERB = 0.12


class Plan(NamedTuple):
    """
    How a street along x is laid out, all in metres from its middle.

    Attributes
    ----------
    kerb, front : float
        Where the carriageway ends to either side, and where the pavement does.
    yard : float
        How far the houses stand behind the pavement.
    crossing : float
        Where a side street crosses, along x.
    side_half : float
        Half the width of the side street.

    """

    kerb: float
    front: float
    yard: float
    crossing: float
    side_half: float


def build(stage, rng):
    """Build a street along x on the stage and return the Route."""
    lane, pavement = rng.uniform(2.6, 5.0), rng.uniform(1.8, 4.5)
    yard = rng.choice([0.0, 0.0, rng.uniform(1.5, 4.0)])
    crossing = rng.uniform(-25, 25)
    side_half = rng.uniform(4.5, 8.0)
    return raise_street(stage, rng, Plan(lane, lane + pavement, yard, crossing, side_half))


def raise_street(stage, rng, plan):
    """Build what is laid out (a Plan) and return the Route."""
    kerb, front, yard, crossing, side_half = plan
    air = outdoors(stage)
    _ground(stage, rng, kerb, front, yard, crossing, side_half)
    _houses(stage, rng, front + yard, crossing, side_half, air.lamps)
    if yard:
        _front_gardens(stage, rng, front, yard, crossing, side_half)
    _parked(stage, rng, kerb, crossing, side_half)
    _trees_and_lamps(stage, rng, kerb, crossing, side_half, air.lamps)
    _furniture(stage, rng, kerb, front, crossing, side_half)
    if rng.random() < 0.45:
        street_clutter.building_site(stage, rng, kerb, crossing, side_half, KERB)
    _people(stage, rng, kerb, front)

    def spot(rng):
        x, y = rng.uniform(-32, 32), rng.uniform(-front + 0.4, front - 0.4)
        ahead = rng.choice([0, np.pi]) + rng.normal(0, 0.45)
        return x, y, ahead if rng.random() < 0.85 else rng.uniform(0, 2 * np.pi)

    def ground(x, y):
        return KERB if abs(y) > kerb and abs(x - crossing) > side_half else 0.0

    return Route(spot, ground, stage.clearance, air)


def _ground(stage, rng, kerb, front, yard, crossing, side_half):
    """Lay the road, its markings, kerbs, pavements and gardens."""
    road = rng.choice(['asphalt', 'asphalt', 'asphalt', 'cobble'])
    grey = rng.uniform(0.05, 0.2)
    walk = rng.choice(['paving', 'paving', 'asphalt', 'cobble', 'stone'])
    slab = rng.uniform(0.18, 0.42) * rng.uniform(0.85, 1.0, 3)
    far, inner = 500.0, 25.0
    parts = [quad([(-far, -far, -0.02), (far, -far, -0.02), (far, far, -0.02), (-far, far, -0.02)],
                  'grass'),
             quad([(-far, -kerb, 0), (far, -kerb, 0), (far, kerb, 0), (-far, kerb, 0)], road,
                  (grey, grey, grey)),
             quad([(crossing - side_half, -far, -0.005), (crossing + side_half, -far, -0.005),
                   (crossing + side_half, far, -0.005), (crossing - side_half, far, -0.005)],
                  road, (grey, grey, grey))]
    for side in (1, -1):
        for x0, x1 in ((-far, crossing - side_half), (crossing + side_half, far)):
            y0, y1 = sorted((side * (kerb + 0.15), side * (front + 0.1)))
            parts.append(box((x0, y0, -0.1), (x1, y1, KERB), walk, slab))
            y0, y1 = sorted((side * kerb, side * (kerb + 0.15)))
            parts.append(box((x0, y0, -0.1), (x1, y1, KERB + 0.005), 'stone', (0.38, 0.37, 0.35)))
            y0, y1 = sorted((side * (front + 0.1), side * (front + inner)))
            parts.append(box((x0, y0, -0.1), (x1, y1, KERB - 0.01),
                             'grass' if yard else walk, slab * 0.8))
    parts += _markings(rng, kerb, crossing, side_half)
    stage.put(stage.mesh(join(parts), 'ground'))


def _markings(rng, kerb, crossing, side_half):
    """Paint the middle line, edge lines, zebra crossings, manholes."""
    white, z = np.array([0.6, 0.6, 0.57]) * rng.uniform(0.6, 1.2), 0.004
    parts = []
    if rng.random() < 0.7:
        dash, gap = rng.uniform(1.5, 3.5), rng.uniform(1.5, 4)
        for x in np.arange(-60, 60, dash + gap):
            if abs(x + dash / 2 - crossing) > side_half + 1:
                parts.append(box((x, -0.06, 0), (x + dash, 0.06, z), 'paint', white))
    for side in (1, -1):
        if rng.random() < 0.7:
            x = crossing + side * (side_half + 1.0)
            for y in np.arange(-kerb + 0.4, kerb - 0.4, 1.0):
                parts.append(box((x, y, 0), (x + side * 2.5, y + 0.5, z), 'paint', white))
    for x in rng.uniform(-40, 40, 8):
        y = rng.uniform(-kerb + 0.6, kerb - 1.2)
        parts.append(box((x, y, 0), (x + 0.6, y + 0.6, z), 'stone', (0.07, 0.07, 0.07)))
    return parts


def _houses(stage, rng, line, crossing, side_half, dark):
    """Line both sides of the street, the side street and its ends with houses."""
    style_count = rng.integers(1, 4)
    styles = [houses.draw_style(rng, dark) for _ in range(style_count)]
    tall = rng.integers(2, 5)
    shops = rng.choice([0.0, 0.25, 0.7])
    closeness = rng.choice([0.0, 0.15, 0.6])
    spare = []
    for side in (1, -1):
        x = -REACH
        while x < REACH:
            width = rng.uniform(6, 15)
            room = crossing - side_half - x
            if -2 * side_half + 0.01 < room < 4.5:
                x = crossing + side_half
                continue
            if room > 0:
                width = min(width, room)
            depth = rng.uniform(8, 12)
            storeys = int(np.clip(tall + rng.integers(-1, 2), 1, 6))
            set_back = rng.choice([0, 0, rng.uniform(0, 0.8)])
            # Only what is near deserves a house of its own.
            if abs(x) > 45 and len(spare) > 5:
                mesh, width, depth = spare[rng.integers(len(spare))]
            else:
                shape, _ = houses.house(rng, styles[rng.integers(style_count)], width, depth,
                                        storeys, shops)
                mesh = stage.mesh(shape, 'house')
                spare.append((mesh, width, depth))
            tint = rng.uniform(0.85, 1.1, 3)
            if side > 0:
                stage.put(mesh, x, line + set_back, heading=0, tint=tint)
            else:
                stage.put(mesh, x + width, -line - set_back, heading=np.pi, tint=tint)
            stage.cover(x + width / 2, side * (line + set_back + depth / 2), width / 2, depth / 2)
            x += width
            if rng.random() < closeness:
                x += rng.uniform(1.5, 6)
    for y_side in (1, -1):
        for x_side in (1, -1):
            y = line + 14
            for _ in range(3):
                mesh, width, depth = spare[rng.integers(len(spare))]
                x = crossing + x_side * side_half
                middle = y_side * (y + width / 2)
                if x_side > 0:
                    stage.put(mesh, x, middle + width / 2, heading=-np.pi / 2)
                else:
                    stage.put(mesh, x, middle - width / 2, heading=np.pi / 2)
                y += width + rng.uniform(0, 5)
        if rng.random() < 0.7:
            mesh, width, _ = spare[rng.integers(len(spare))]
            stage.put(mesh, crossing - y_side * width / 2, y_side * (line + 60),
                      heading=0 if y_side > 0 else np.pi)
    for side in (1, -1):
        if rng.random() < 0.6:
            for shift in (-14, 0, 14):
                mesh, width, _ = spare[rng.integers(len(spare))]
                stage.put(mesh, side * (REACH + 15), shift + side * width / 2,
                          heading=-side * np.pi / 2, scale=(1, 1, rng.uniform(0.9, 1.2)))


def _front_gardens(stage, rng, front, yard, crossing, side_half):
    """Put hedges, fences and bushes between pavement and houses."""
    hedge_height = rng.uniform(0.6, 1.6)
    hedge = stage.mesh(plants.hedge(rng, 4.0, hedge_height, 0.6), 'hedge')
    fence = stage.mesh(furniture.fence(rng, 4.0), 'fence')
    bushes = [stage.mesh(plants.bush(rng, rng.uniform(0.35, 0.8)), 'bush') for _ in range(4)]
    for side in (1, -1):
        for x in np.arange(-50, 50, 4.4):
            if abs(x - crossing) < side_half + 2.5:
                continue
            kind = rng.choice(['hedge', 'fence', 'open'], p=[0.45, 0.3, 0.25])
            y = side * (front + 0.45)
            if kind == 'hedge':
                stage.put(hedge, x, y, KERB, tint=rng.uniform(0.8, 1.2, 3))
                stage.cover(x, y, 2.0, 0.35)
            elif kind == 'fence':
                stage.put(fence, x - 2.0, y, KERB)
                stage.cover(x, y, 2.0, 0.15)
            if rng.random() < 0.6:
                y = side * rng.uniform(front + 1.0, front + yard - 0.3)
                stage.put(bushes[rng.integers(4)], x + rng.uniform(-2, 2), y, KERB,
                          rng.uniform(0, 6), rng.uniform(0.7, 1.2))


def _parked(stage, rng, kerb, crossing, side_half):
    """Park cars at the kerbs, and let one or two drive."""
    models = [vehicles.vehicle(rng) for _ in range(5)]
    meshes = [(stage.mesh(shape, 'car'), length, width) for shape, length, width in models]
    for side in (1, -1):
        share = rng.choice([0.0, 0.35, 0.7, 0.9])
        for x in np.arange(-60, 60, rng.uniform(5.6, 6.5)):
            if rng.random() > share or abs(x - crossing) < side_half + 5.5:
                continue
            put_car(stage, rng, meshes, x + rng.uniform(-0.3, 0.3), side * (kerb - 1.15),
                    (0 if side < 0 else np.pi) + rng.choice([0, 0, 0, np.pi]))
    for _ in range(rng.integers(0, 3)):
        direction = rng.choice([1, -1])
        x = rng.uniform(-45, 45)
        if stage.clearance(x, -direction * kerb * 0.25) > 2.4:
            put_car(stage, rng, meshes, x, -direction * kerb * 0.3, 0 if direction > 0 else np.pi)


def put_car(stage, rng, meshes, x, y, heading):
    """Put one of several cars, given as (mesh, length, width), in a colour of its own."""
    mesh, length, width = meshes[rng.integers(len(meshes))]
    paint = vehicles.PAINTS[rng.integers(len(vehicles.PAINTS))] * rng.uniform(0.8, 1.2)
    stage.put(mesh, x, y, 0, heading + rng.normal(0, 0.02), tint=paint)
    stage.cover(x, y, length / 2, width / 2, heading)


def _trees_and_lamps(stage, rng, kerb, crossing, side_half, dark):
    """Plant an avenue, now and then none, and set lamp posts between."""
    season = plants.draw_season(rng)
    trees = [stage.mesh(plants.tree(rng, season=season), 'tree') for _ in range(4)]
    lamps = []
    for side in (1, -1):
        y = side * (kerb + 0.6)
        planted = rng.random() < 0.65
        spacing = rng.uniform(7, 14)
        for i, x in enumerate(np.arange(-60, 60, spacing) + rng.uniform(0, spacing)):
            if abs(x - crossing) < side_half + 1:
                continue
            if planted and rng.random() < 0.85:
                stage.put(trees[rng.integers(4)], x, y, KERB - 0.02, rng.uniform(0, 6.3),
                          rng.uniform(0.8, 1.1), rng.uniform(0.85, 1.15, 3))
                stage.cover(x, y, 0.25)
            if i % 2 == 0 and abs(x + spacing / 2 - crossing) > side_half:
                lamps.append((x + spacing / 2, y, KERB, 0 if side > 0 else np.pi))
                stage.cover(x + spacing / 2, y, 0.15)
    furniture.stand_lamp_posts(stage, rng, lamps, dark)
    for _ in range(8):
        x, y = rng.uniform(-150, 150), rng.choice([-1, 1]) * rng.uniform(35, 90)
        stage.put(trees[rng.integers(4)], x, y, scale=rng.uniform(1.0, 1.8))


def _furniture(stage, rng, kerb, front, crossing, side_half):
    """Scatter benches, bins, bollards, signs and tables on the pavements."""
    width = front - kerb
    makers = {'bench': (furniture.bench, 0.6), 'bin': (furniture.bin_, 0.35),
              'sign': (furniture.sign, 0.2), 'planter': (furniture.planter, 0.55),
              'bicycle': (people.bicycle, 0.5), 'box': (furniture.football, 0.3),
              'scooter': (furniture.scooter, 0.4),
              'rubbish': (street_clutter.rubbish, 0.5), 'cone': (street_clutter.cone, 0.25),
              'litter': (street_clutter.litter, 0.2), 'pot': (street_clutter.potted, 0.35)}
    if width > 3:
        makers['table'] = (furniture.cafe_table, 1.1)
    for name, (make, radius) in makers.items():
        meshes = [stage.mesh(make(rng), name) for _ in range(2)]
        for _ in range(rng.integers(2, 9)):
            side = rng.choice([1, -1])
            near_wall = rng.random() < 0.6 and name in (
                'bench', 'table', 'planter', 'bin', 'rubbish', 'pot')

            def draw():
                x = rng.uniform(-38, 38)
                y = (front - radius - 0.1 if near_wall else
                     rng.uniform(kerb + 0.3, front - radius))
                return x, side * y

            place = stage.scatter(draw, radius)
            if place and abs(place[0] - crossing) > side_half:
                heading = {'bench': -side * np.pi / 2, 'sign': rng.choice([0, np.pi])}.get(
                    name, rng.uniform(0, 6.3))
                stage.put(meshes[rng.integers(2)], *place, KERB, heading)
                if name == 'bench' and rng.random() < 0.5:
                    _sitter(stage, rng, *place, heading)
    if rng.random() < 0.5:
        post = stage.mesh(furniture.bollard(rng), 'bollard')
        side, start = rng.choice([1, -1]), rng.uniform(-25, 10)
        for x in np.arange(start, start + 16, rng.uniform(1.2, 2.2)):
            if abs(x - crossing) > side_half and stage.clearance(x, side * (kerb + 0.35)) > 0.2:
                stage.put(post, x, side * (kerb + 0.35), KERB)
                stage.cover(x, side * (kerb + 0.35), 0.12)


def _sitter(stage, rng, x, y, heading):
    mesh = stage.mesh(people.person(rng, 'sitting'), 'person')
    stage.put(mesh, x, y, KERB, heading, 0.95)


def _people(stage, rng, kerb, front):
    """Let people walk on the pavements and cross the road, and cyclists ride."""
    crowd = [stage.mesh(people.person(rng), 'person') for _ in range(8)]
    for _ in range(rng.integers(8, 40)):
        def draw():
            y = rng.uniform(kerb + 0.3, front - 0.4) if rng.random() < 0.8 else rng.uniform(
                0, kerb)
            return rng.uniform(-36, 36), y * rng.choice([1, -1])

        place = stage.scatter(draw, 0.35)
        if place:
            heading = rng.choice([0, np.pi]) + rng.normal(0, 0.5)
            stage.put(crowd[rng.integers(8)], *place, KERB if abs(place[1]) > kerb else 0, heading)
    for _ in range(rng.integers(0, 4)):
        rider = stage.mesh(people.cyclist(rng), 'cyclist')
        direction = rng.choice([1, -1])
        place = stage.scatter(lambda: (rng.uniform(-30, 30), -direction * rng.uniform(
            0.5, max(0.6, kerb - 2.6))), 0.9)
        if place:
            stage.put(rider, *place, 0, 0 if direction > 0 else np.pi)
