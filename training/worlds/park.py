"""A park or a square: lawns and paths or paving, trees, benches, a fountain, stalls, people."""

import numpy as np

from . import furniture, houses, people, plants, street_clutter
from .camera import Route
from .shape import box, join, quad
from .sky import light_lamps, outdoors


def build(stage, rng):
    """Build a park or a square about the origin on the stage and return the Route."""
    square = rng.random() < 0.4
    half = rng.uniform(18, 32)  # from the middle to the edge, metres
    path = rng.uniform(1.2, 2.5)

    air = outdoors(stage)
    _ground(stage, rng, square, half, path)
    _middle(stage, rng)
    _trees(stage, rng, square, half, path)
    _hedges(stage, rng, square, half, path)
    if square or rng.random() < 0.3:
        _market(stage, rng, half, air.lamps)
    _furniture(stage, rng, square, half, path, air.lamps)
    _people(stage, rng, half)
    if not square:
        _grass(stage, rng, half, path)
    _surroundings(stage, rng, half, square, air.lamps)

    def spot(rng):
        x, y = rng.uniform(-half, half, 2) * 0.9
        # Look across the place rather than out of it, mostly.
        inward = np.arctan2(-y, -x) + rng.normal(0, 0.7)
        return x, y, inward if rng.random() < 0.75 else rng.uniform(0, 2 * np.pi)

    return Route(spot, lambda x, y: 0.0, stage.clearance, air)


def _on_path(x, y, path, ring):
    return abs(x) < path or abs(y) < path or abs(np.hypot(x, y) - ring) < path or \
        np.hypot(x, y) < 5


def _ring(half):
    return half * 0.6


def _ground(stage, rng, square, half, path):
    """Lay a paved square, or lawns with a cross and a ring of paths."""
    far = 500.0
    parts = [quad([(-far, -far, -0.1), (far, -far, -0.1), (far, far, -0.1), (-far, far, -0.1)],
                  'asphalt', (0.12, 0.12, 0.12))]
    tone = rng.uniform(0.2, 0.45) * rng.uniform((0.9, 0.85, 0.75), (1, 1, 1))
    if square:
        surface = rng.choice(['paving', 'cobble', 'paving'])
        parts.append(quad([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)],
                          surface, tone))
        for x, y in rng.uniform(-half + 4, half - 4, (4, 2)):
            if np.hypot(x, y) > 6:
                parts.append(box((x - 1.8, y - 1.8, 0), (x + 1.8, y + 1.8, 0.02), 'gravel',
                                 (0.25, 0.2, 0.14)))
    else:
        parts.append(quad([(-half, -half, 0), (half, -half, 0), (half, half, 0), (-half, half, 0)],
                          'grass'))
        surface = rng.choice(['gravel', 'gravel', 'asphalt', 'paving'])
        tone = tone if surface != 'asphalt' else tone * 0.4
        angle = np.linspace(0, 2 * np.pi, 65)
        for inner, outer in ((0.0, 5.0), (_ring(half) - path, _ring(half) + path)):
            for a, b in zip(angle[:-1], angle[1:]):
                parts.append(quad([(r * np.cos(t), r * np.sin(t), 0.008)
                                   for r, t in ((inner, a), (outer, a), (outer, b), (inner, b))],
                                  surface, tone))
        for a, b in (((-half, -path), (half, path)), ((-path, -half), (path, half))):
            parts.append(quad([(a[0], a[1], 0.006), (b[0], a[1], 0.006), (b[0], b[1], 0.006),
                               (a[0], b[1], 0.006)], surface, tone))
    for sx, sy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        centre = np.array([sx, sy]) * (half + 1.5)
        size = np.where(np.array([sx, sy]) != 0, 1.5, half + 3)
        low, high = centre - size, centre + size
        parts.append(box((*low, -0.12), (*high, 0.01), 'paving', (0.3, 0.29, 0.27)))
    stage.put(stage.mesh(join(parts), 'ground'))


def _middle(stage, rng):
    """Put a fountain, a statue, a bed of flowers or nothing in the middle."""
    kind = rng.choice(['fountain', 'statue', 'bed', 'nothing'], p=[0.4, 0.3, 0.2, 0.1])
    if kind == 'fountain':
        shape, radius = furniture.fountain(rng)
        stage.put(stage.mesh(shape, 'fountain'))
        stage.cover(0, 0, radius + 0.1)
    elif kind == 'statue':
        shape, radius = furniture.statue(rng)
        stage.put(stage.mesh(shape, 'statue'), heading=rng.uniform(0, 6.3))
        stage.cover(0, 0, radius + 0.1)
    elif kind == 'bed':
        bush = stage.mesh(plants.bush(rng, 0.5), 'bush')
        for x, y in rng.uniform(-2, 2, (25, 2)):
            stage.put(bush, x, y, 0, rng.uniform(0, 6.3), rng.uniform(0.6, 1.1),
                      rng.uniform(0.7, 1.3, 3))
        stage.cover(0, 0, 2.4)


def _trees(stage, rng, square, half, path):
    """Plant groups of trees on the lawns, or rows on a square."""
    season = plants.draw_season(rng)
    kinds = [stage.mesh(plants.tree(rng, season=season), 'tree') for _ in range(5)]

    def plant(x, y):
        if stage.clearance(x, y) > 0.8:
            stage.put(kinds[rng.integers(5)], x, y, -0.02, rng.uniform(0, 6.3),
                      rng.uniform(0.75, 1.2), rng.uniform(0.8, 1.2, 3))
            stage.cover(x, y, 0.3)

    if square:
        spacing = rng.uniform(5, 9)
        rows = rng.choice([half - 3, half * 0.6])
        for t in np.arange(-rows, rows + 0.1, spacing):
            for x, y in ((t, rows), (t, -rows), (rows, t), (-rows, t)):
                if rng.random() < 0.8:
                    plant(x, y)
        return
    for _ in range(rng.integers(6, 16)):
        centre = rng.uniform(-half + 2, half - 2, 2)
        for x, y in centre + rng.normal(0, 2.8, (rng.integers(1, 6), 2)):
            if max(abs(x), abs(y)) < half and not _on_path(x, y, path + 0.4, _ring(half)):
                plant(x, y)
    bushes = [stage.mesh(plants.bush(rng, rng.uniform(0.4, 1.1)), 'bush') for _ in range(4)]
    for _ in range(rng.integers(10, 40)):
        x, y = rng.uniform(-half + 1, half - 1, 2)
        if not _on_path(x, y, path + 0.8, _ring(half)) and stage.clearance(x, y) > 0.6:
            stage.put(bushes[rng.integers(4)], x, y, 0, rng.uniform(0, 6.3),
                      rng.uniform(0.7, 1.2), rng.uniform(0.8, 1.2, 3))
            stage.cover(x, y, 0.6)


def _hedges(stage, rng, square, half, path):
    """Line some edges and paths with clipped hedges."""
    height = rng.uniform(0.5, 1.8)
    mesh = stage.mesh(plants.hedge(rng, 4.0, height, rng.uniform(0.5, 0.9)), 'hedge')

    def run(x, y, heading):
        if stage.clearance(x, y) > 0.8:
            stage.put(mesh, x, y, 0, heading, tint=rng.uniform(0.85, 1.15, 3))
            stage.cover(x, y, 2.0, 0.45, heading)

    edge = half - 0.8
    for t in np.arange(-half + 3, half - 2, 4.1):
        if abs(t) < path + 2.5:
            continue
        for side in (1, -1):
            if rng.random() < 0.6:
                run(t, side * edge, 0)
            if rng.random() < 0.6:
                run(side * edge, t, np.pi / 2)
            if not square and rng.random() < 0.35 and abs(t) > 6:
                run(t, side * (path + 0.7), 0)


def _market(stage, rng, half, dark):
    """Set market stalls in rows, with strings of lamps above."""
    meshes = [stage.mesh(furniture.stall(rng), 'stall') for _ in range(3)]
    row = rng.uniform(5.5, half * 0.6)
    for side in (1, -1):
        for x in np.arange(-half * 0.6, half * 0.6, rng.uniform(4, 5.5)):
            if rng.random() < 0.75 and stage.clearance(x, side * row) > 1.7:
                stage.put(meshes[rng.integers(3)], x, side * row, 0, 0 if side > 0 else np.pi)
                stage.cover(x, side * row, 1.5, 1.0)
    middles = []
    for x in np.arange(-half * 0.6, half * 0.6, rng.uniform(4, 7)):
        middles.append((x, 0.0, 2.7))
        string = furniture.lamp_string((x, -row, rng.uniform(3.0, 3.8)),
                                       (x + rng.uniform(-2, 2), row, rng.uniform(3.0, 3.8)), 0.5)
        stage.put(stage.mesh(string, 'lamps'))
        for side in (1, -1):
            pole = stage.mesh(furniture.tube([(0, 0, 0), (0, 0, 3.8)], 0.04, 'metal',
                                             (0.1, 0.1, 0.1)), 'pole')
            stage.put(pole, x, side * row)
    if dark:
        light_lamps(stage, middles, (1.0, 0.7, 0.35), 150, count=6)


def _furniture(stage, rng, square, half, path, dark):
    """Set benches and lamps along the paths, bins, tables and planters about."""
    benches = [stage.mesh(furniture.bench(rng), 'bench') for _ in range(2)]
    lamps = []
    ring = _ring(half)
    for angle in np.arange(0, 2 * np.pi, 2 * np.pi / rng.integers(8, 16)):
        for out, mesh, radius in ((ring + path + 0.7, 'bench', 0.8), (5.8, 'bench', 0.8)):
            x, y = out * np.cos(angle), out * np.sin(angle)
            if rng.random() < 0.55 and stage.clearance(x, y) > radius:
                facing = angle + np.pi
                stage.put(benches[rng.integers(2)], x, y, 0, facing)
                stage.cover(x, y, 0.4, 0.9, facing)
                if rng.random() < 0.4:
                    sitter = stage.mesh(people.person(rng, 'sitting'), 'person')
                    stage.put(sitter, x, y, 0, facing, 0.95)
    for t in np.arange(-half + 2, half, rng.uniform(7, 11)):
        for x, y, heading in ((t, path + 0.5, 0), (path + 0.5, t, -np.pi / 2)):
            if stage.clearance(x, y) > 0.4:
                lamps.append((x, y, 0, heading))
                stage.cover(x, y, 0.15)
    furniture.stand_lamp_posts(stage, rng, lamps, dark)
    makers = [(furniture.bin_, 0.4), (furniture.football, 0.3), (people.bicycle, 0.6),
              (furniture.bollard, 0.25), (furniture.scooter, 0.5), (street_clutter.cone, 0.25),
              (street_clutter.rubbish, 0.5), (street_clutter.litter, 0.2),
              (street_clutter.potted, 0.35)]
    if square:
        makers += [(furniture.cafe_table, 1.2), (furniture.cafe_table, 1.2),
                   (furniture.planter, 0.6)]
    for make, radius in makers:
        meshes = [stage.mesh(make(rng), make.__name__) for _ in range(2)]
        for _ in range(rng.integers(2, 9)):
            place = stage.scatter(lambda: rng.uniform(-half, half, 2) * 0.9, radius)
            if place:
                stage.put(meshes[rng.integers(2)], *place, 0, rng.uniform(0, 6.3))
    _beds(stage, rng, half, path)


def _beds(stage, rng, half, path):
    """Lay beds of flowers beside the paths."""
    length, width = rng.uniform(1.5, 4.0), rng.uniform(0.7, 1.4)
    bed = stage.mesh(plants.flower_bed(rng, length, width), 'bed')
    for _ in range(rng.integers(0, 9)):
        along = rng.choice([-1, 1]) * rng.uniform(6, half * 0.85)
        beside = rng.choice([-1, 1]) * (path + width / 2 + 0.25)
        turn = rng.integers(2)
        x, y = (along, beside) if turn == 0 else (beside, along)
        if stage.clearance(x, y) > length / 2:
            stage.put(bed, x, y, 0, turn * np.pi / 2)
            stage.cover(x, y, length / 2, width / 2, turn * np.pi / 2)


def _people(stage, rng, half):
    """Let people stroll, alone and in groups, and a cyclist pass."""
    crowd = [stage.mesh(people.person(rng), 'person') for _ in range(9)]
    for _ in range(rng.integers(6, 22)):
        centre = rng.uniform(-half, half, 2) * 0.85
        for _ in range(rng.choice([1, 1, 2, 3])):
            place = stage.scatter(lambda: centre + rng.normal(0, 0.7, 2), 0.35)
            if place:
                stage.put(crowd[rng.integers(9)], *place, 0, rng.uniform(0, 6.3))
    for _ in range(rng.integers(0, 3)):
        place = stage.scatter(lambda: rng.uniform(-half, half, 2) * 0.8, 0.9)
        if place:
            stage.put(stage.mesh(people.cyclist(rng), 'cyclist'), *place, 0, rng.uniform(0, 6.3))


def _grass(stage, rng, half, path):
    """Let blades of grass stand on the lawns where a camera comes near."""
    tufts = [stage.mesh(plants.tuft(rng, 1.0, rng.uniform(0.05, 0.14)), 'grass')
             for _ in range(3)]
    ring = _ring(half)
    for x, y in rng.uniform(-half, half, (900, 2)):
        if not _on_path(x, y, path + 0.6, ring):
            stage.put(tufts[rng.integers(3)], x, y, 0, rng.uniform(0, 6.3),
                      tint=rng.uniform(0.7, 1.2, 3))


def _surroundings(stage, rng, half, square, dark):
    """Put houses or woods around the place."""
    style = houses.draw_style(rng, dark)
    spare = []
    for _ in range(5):
        width, depth = rng.uniform(8, 15), rng.uniform(8, 12)
        shape, _ = houses.house(rng, style, width, depth, int(rng.integers(2, 6)), 0.4)
        spare.append((stage.mesh(shape, 'house'), width))
    trees = [stage.mesh(plants.tree(rng, rng.uniform(8, 13), fine=False), 'tree')
             for _ in range(3)]
    for turn in range(4):
        wooded = rng.random() < (0.1 if square else 0.4)
        line = half + (rng.uniform(4, 7) if square else rng.uniform(6, 16))
        heading = turn * np.pi / 2
        cos, sin = np.cos(heading), np.sin(heading)
        t = -half - 12
        while t < half + 12:
            if wooded:
                out = line + rng.uniform(0, 8)
                stage.put(trees[rng.integers(3)], cos * t - sin * out, sin * t + cos * out, 0,
                          rng.uniform(0, 6.3), rng.uniform(0.8, 1.3), rng.uniform(0.7, 1.1, 3))
                t += rng.uniform(1.5, 4)
                continue
            mesh, width = spare[rng.integers(5)]
            stage.put(mesh, cos * t - sin * line, sin * t + cos * line, 0, heading,
                      tint=rng.uniform(0.8, 1.15, 3))
            t += width + (rng.uniform(2, 8) if rng.random() < 0.3 else 0)
