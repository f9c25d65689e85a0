"""Street furniture: lamps, bollards, signs, bins, benches, tables, stalls, fountains."""

import numpy as np

from .houses import ACCENTS
from .people import person
from .plants import bush
from .shape import box, capsule, ellipsoid, grid, join, lathe, leaves, quad, tube
from .sky import light_lamps

DARK = np.array([0.03, 0.035, 0.035])
LAMP_COLOURS = ((1.0, 0.5, 0.16), (1.0, 0.72, 0.42), (1.0, 0.72, 0.42), (0.8, 0.92, 1.0))
STONES = np.array([(0.42, 0.40, 0.37), (0.30, 0.29, 0.28), (0.5, 0.45, 0.36)])


def stand_lamp_posts(stage, rng, places, burning):
    """
    Stand lamp posts of one kind somewhere.

    Parameters
    ----------
    stage : Stage
        They go on it.
    rng : numpy.random.Generator
        For their kind, colour and brightness.
    places : list of (x, y, z, heading)
        Metres and radians.
    burning : bool
        Whether they are lit.

    """
    post, glass = lamp_post(rng)
    hue = np.array(LAMP_COLOURS[rng.integers(len(LAMP_COLOURS))])
    level = 10 ** rng.uniform(-0.4, 0.3)
    bulb = glass.vertices.mean(axis=0)
    if burning:
        glass.surface, glass.tint = np.full(len(glass.faces), 'lit'), glass.tint * 0 + 5 * hue
    post, glass = stage.mesh(post, 'lamp post'), stage.mesh(glass, 'lamp')
    bulbs = []
    for x, y, z, heading in places:
        stage.put(post, x, y, z, heading)
        # The light is inside it.
        stage.put(glass, x, y, z, heading).visible_shadow = False
        bulbs.append((x - np.sin(heading) * bulb[1], y + np.cos(heading) * bulb[1],
                      z + bulb[2] - 0.05))
    if burning:
        light_lamps(stage, bulbs, hue, level * 24 * bulb[2] ** 2)


def lamp_post(rng):
    """Make a lamp post with an arm towards -y, or a lantern; return it and its glass."""
    hue = DARK if rng.random() < 0.6 else np.array([0.25, 0.26, 0.26])
    if rng.random() < 0.5:
        height = rng.uniform(5, 7.5)
        arm = [(0, 0, height - 0.5), (0, -0.25, height - 0.1), (0, -0.9, height),
               (0, -1.3, height)]
        return join([
            tube([(0, 0, 0), (0, 0, 1.0), (0, 0, 1.05), (0, 0, height - 0.4)],
                 [0.1, 0.09, 0.065, 0.05], 'metal', hue, sides=10),
            tube(arm, 0.04, 'metal', hue),
            box((-0.12, -1.7, height - 0.06), (0.12, -1.1, height + 0.06), 'metal', hue)]), box(
                (-0.09, -1.65, height - 0.075), (0.09, -1.2, height - 0.06), 'paint',
                (0.8, 0.8, 0.75))
    height = rng.uniform(3, 4)
    return join([
        lathe([(0.17, 0), (0.17, 0.25), (0.1, 0.4), (0.075, 1.0), (0.09, 1.05), (0.05, 1.15),
               (0.04, height), (0.13, height + 0.05), (0.13, height + 0.1)], 'metal', hue, 10),
        lathe([(0.24, height + 0.5), (0.08, height + 0.68), (0.0, height + 0.8)], 'metal', hue, 6,
              False)]), lathe([(0.1, height + 0.1), (0.19, height + 0.5)], 'paint',
                              (0.75, 0.72, 0.62), 6, False)


def bollard(rng):
    """Make a bollard of metal or stone."""
    height = rng.uniform(0.6, 1.0)
    if rng.random() < 0.6:
        profile = [(0.07, 0), (0.07, height - 0.15), (0.09, height - 0.13), (0.09, height - 0.09),
                   (0.06, height - 0.07), (0.05, height), (0, height + 0.02)]
        return lathe(profile, 'metal', DARK, 12)
    radius = rng.uniform(0.12, 0.2)
    return lathe([(radius, 0), (radius, height * 0.8), (radius * 0.7, height), (0, height)],
                 'stone', STONES[0], 12)


def sign(rng):
    """Make a traffic sign or a street name on a post; it faces -x."""
    height = rng.uniform(2.1, 2.7)
    post = tube([(0, 0, 0), (0, 0, height)], 0.035, 'metal', (0.35, 0.35, 0.35), sides=8)
    kind = rng.choice(['round', 'triangle', 'square', 'name'])
    if kind == 'name':
        return join([post, box((-0.05, -0.5, height - 0.3), (-0.03, 0.5, height - 0.1), 'paint',
                               (0.03, 0.08, 0.3)),
                     box((-0.055, -0.4, height - 0.24), (-0.03, 0.4, height - 0.16), 'paint',
                         (0.75, 0.75, 0.75))])
    corners = {'round': 24, 'triangle': 3, 'square': 4}[kind]
    start = {'round': 0, 'triangle': np.pi / 2, 'square': np.pi / 4}[kind]
    angle = start + np.linspace(0, 2 * np.pi, corners, endpoint=False)
    rim, face = (((0.5, 0.02, 0.02), (0.8, 0.8, 0.8)) if kind != 'square'
                 else ((0.8, 0.8, 0.8), (0.02, 0.1, 0.45)))
    parts = [post]
    for size, x, hue in ((0.34, -0.045, rim), (0.26, -0.05, face)):
        outline = np.c_[np.full(corners, x), size * np.cos(angle),
                        height - 0.35 + size * np.sin(angle)]
        middle = np.broadcast_to(outline.mean(axis=0), outline.shape)
        back = outline + (0.02, 0, 0)
        parts.append(grid([middle, outline, back], 'paint', hue, smooth=False, closed=True))
    return join(parts)


def bin_(rng):
    """Make a litter bin or a wheeled one."""
    hue = ACCENTS[rng.integers(len(ACCENTS))] * 0.7
    if rng.random() < 0.5:
        radius, height = rng.uniform(0.2, 0.3), rng.uniform(0.75, 1.0)
        return join([lathe([(radius * 0.85, 0), (radius, height), (radius * 0.9, height),
                            (radius * 0.85, height - 0.1), (0, height - 0.12)], 'paint', hue, 16),
                     lathe([(radius * 1.05, height - 0.06), (radius * 1.05, height)], 'metal',
                           DARK, 16)])
    height = rng.uniform(0.95, 1.1)
    points = [[(-0.22, -0.2, 0.06), (0.22, -0.2, 0.06), (0.22, 0.2, 0.06), (-0.22, 0.2, 0.06)],
              [(-0.29, -0.29, height), (0.29, -0.29, height), (0.29, 0.27, height),
               (-0.29, 0.27, height)]]
    wheel = lathe([(0, -0.03), (0.1, -0.03), (0.1, 0.03), (0, 0.03)], 'paint', DARK, 12)
    wheel = wheel.turned(np.pi / 2, axis=1)
    return join([grid(points, 'paint', hue, smooth=False, closed=True),
                 box((-0.31, -0.33, height), (0.31, 0.3, height + 0.06), 'paint', hue * 0.8),
                 wheel.moved(-0.2, 0.22, 0.1), wheel.moved(0.2, 0.22, 0.1)])


def bench(rng):
    """Make a bench that looks along +x; its seat is 0.45 m high."""
    hue = rng.uniform((0.2, 0.1, 0.04), (0.4, 0.25, 0.14))
    half = rng.uniform(0.7, 1.0)
    parts = [box((x, -half, 0.42), (x + 0.09, half, 0.46), 'wood', hue)
             for x in (-0.2, -0.09, 0.02, 0.13)]
    if rng.random() < 0.75:
        parts += [box((-0.27 - z * 0.12, -half, 0.55 + z), (-0.24 - z * 0.12, half, 0.65 + z),
                      'wood', hue) for z in (0.0, 0.14, 0.28)]
    for y in (-half + 0.15, half - 0.15):
        parts += [tube([(0.18, y, 0), (0.18, y, 0.42), (-0.2, y, 0.42)], 0.025, 'metal', DARK),
                  tube([(-0.2, y, 0), (-0.22, y, 0.42), (-0.32, y, 0.95)], 0.025, 'metal', DARK)]
    return join(parts)


def planter(rng):
    """Make a box or tub with a plant in it."""
    side, height = rng.uniform(0.5, 1.0), rng.uniform(0.35, 0.6)
    hue = STONES[rng.integers(3)]
    tub = (box((-side / 2, -side / 2, 0), (side / 2, side / 2, height), 'stone', hue)
           if rng.random() < 0.5 else
           lathe([(side * 0.35, 0), (side * 0.5, height), (side * 0.44, height),
                  (0, height - 0.05)], 'stone', (0.4, 0.17, 0.09), 16))
    return join([tub, bush(rng, side * 0.5).moved(z=height - 0.1)])


def cafe_table(rng):
    """Make a round table with chairs, sometimes under a parasol."""
    hue = rng.uniform(0.1, 0.6, 3)
    parts = [lathe([(0.25, 0), (0.03, 0.03), (0.03, 0.7), (0.38, 0.71), (0.38, 0.74), (0, 0.74)],
                   'metal', (0.2, 0.2, 0.2))]
    for angle in np.arange(rng.integers(2, 5)) * np.pi / 2 + rng.uniform(0, 1.5):
        parts.append(_chair(hue).moved(-0.75).turned(angle + rng.normal(0, 0.2)))
    if rng.random() < 0.5:
        accent = ACCENTS[rng.integers(len(ACCENTS))]
        parts.append(tube([(0, 0, 0), (0, 0, 2.5)], 0.025, 'metal', (0.5, 0.5, 0.5)))
        parts.append(lathe([(1.4, 1.95), (1.4, 2.1), (0.0, 2.55)], 'cloth', accent, 8, False))
    return join(parts)


def _chair(hue):
    parts = [box((-0.2, -0.2, 0.43), (0.2, 0.2, 0.46), 'wood', hue),
             box((-0.22, -0.19, 0.6), (-0.19, 0.19, 0.85), 'wood', hue)]
    for x, top in ((-0.19, 0.85), (0.18, 0.43)):
        for y in (-0.18, 0.18):
            parts.append(box((x - 0.015, y - 0.015, 0), (x + 0.015, y + 0.015, top), 'metal',
                             DARK))
    return join(parts)


def stall(rng):
    """Make a market stall with a striped roof and crates of fruit; it faces -y."""
    accent = ACCENTS[rng.integers(len(ACCENTS))]
    half, deep = rng.uniform(1.1, 1.6), 1.0
    parts = [box((-half, -0.5, 0.75), (half, 0.5, 0.82), 'wood', (0.35, 0.22, 0.12)),
             quad([(-half, -0.5, 0.1), (half, -0.5, 0.1), (half, -0.5, 0.75), (-half, -0.5, 0.75)],
                  'cloth', accent)]
    for x in (-half, half):
        for y, top in ((-deep + 0.2, 2.1), (deep - 0.2, 2.5)):
            parts.append(tube([(x, y, 0), (x, y, top)], 0.03, 'metal', (0.4, 0.4, 0.4)))
    count = 10
    xs = np.linspace(-half - 0.15, half + 0.15, count + 1)
    points = [[(x, y, z) for x in xs] for y, z in ((1.0, 2.55), (-1.05, 2.1), (-1.05, 1.85))]
    even = (np.arange(count) % 2 == 0)[:, None]
    tint = np.tile(np.where(even, accent, (0.7, 0.68, 0.62)), (2, 1))
    parts.append(grid(points, 'cloth', tint, smooth=False))
    fruits = [(0.6, 0.05, 0.02), (0.7, 0.3, 0.02), (0.15, 0.3, 0.03), (0.7, 0.55, 0.05),
              (0.25, 0.03, 0.12)]
    for x in np.arange(-half + 0.05, half - 0.5, 0.55):
        for y in (-0.48, 0.0):
            parts.append(box((x, y, 0.82), (x + 0.5, y + 0.42, 0.98), 'wood', (0.45, 0.3, 0.16)))
            heap = np.c_[rng.uniform(x + 0.05, x + 0.45, 60), rng.uniform(y + 0.05, y + 0.37, 60),
                         rng.uniform(0.96, 1.06, 60)]
            hue = np.array(fruits[rng.integers(len(fruits))])
            parts.append(leaves(heap, 0.1, 'paint', hue * rng.uniform(0.7, 1.1, (60, 1)), rng))
    return join(parts)


def fountain(rng):
    """Make a round fountain; return it and its radius."""
    radius, hue = rng.uniform(1.6, 3.0), STONES[rng.integers(3)]
    rim = rng.uniform(0.45, 0.7)
    tier = rng.uniform(1.3, 1.9)
    bowl = radius * 0.4
    parts = [
        lathe([(radius + 0.1, 0), (radius, 0.1), (radius, rim - 0.08), (radius + 0.08, rim - 0.06),
               (radius + 0.08, rim), (radius - 0.3, rim), (radius - 0.3, 0.2)], 'stone', hue, 32),
        lathe([(radius - 0.25, rim - 0.14), (0, rim - 0.14)], 'water', sides=32),
        lathe([(0.45, 0.2), (0.3, rim), (0.16, rim + 0.3), (0.2, tier - 0.2), (bowl * 0.6, tier),
               (bowl, tier + 0.2), (bowl - 0.06, tier + 0.2), (bowl * 0.5, tier + 0.08),
               (0.12, tier + 0.1), (0.09, tier + 0.7), (0.16, tier + 0.8), (0, tier + 1.0)],
              'stone', hue, 24)]
    for angle in np.linspace(0, 2 * np.pi, 10, endpoint=False):
        out = np.array([np.cos(angle), np.sin(angle), 0])
        fall = [out * (bowl + 0.12 * k) + (0, 0, tier + 0.2 - (tier + 0.3 - rim) * k * k / 9)
                for k in range(4)]
        parts.append(tube(fall, 0.02, 'paint', (0.7, 0.75, 0.8), sides=4))
    return join(parts), radius


def statue(rng):
    """Make a stone figure on a plinth; return it and its half width."""
    hue = STONES[rng.integers(3)] if rng.random() < 0.6 else np.array([0.08, 0.14, 0.11])
    figure = person(rng, rng.choice(['standing', 'strolling'])).scaled(1.35)
    figure.surface = np.full(len(figure.faces), 'stone')
    figure.tint = np.broadcast_to(hue, (len(figure.faces), 3))
    side, height = rng.uniform(0.5, 0.8), rng.uniform(1.0, 1.8)
    stone = STONES[rng.integers(3)]
    return join([box((-side, -side, 0.4), (side, side, height), 'stone', stone),
                 box((-side - 0.25, -side - 0.25, 0), (side + 0.25, side + 0.25, 0.2), 'stone',
                     stone),
                 box((-side - 0.12, -side - 0.12, 0.2), (side + 0.12, side + 0.12, 0.4), 'stone',
                     stone),
                 box((-side - 0.08, -side - 0.08, height - 0.12),
                     (side + 0.08, side + 0.08, height), 'stone', stone),
                 figure.moved(z=height)]), side + 0.25


def lamp_string(start, end, sag):
    """Make a string of lamps between two points (metres)."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    steps = np.linspace(0, 1, 17)
    path = start + steps[:, None] * (end - start)
    path[:, 2] -= sag * 4 * steps * (1 - steps)
    parts = [tube(path, 0.012, 'paint', (0.02, 0.02, 0.02), sides=4)]
    parts += [ellipsoid(p - (0, 0, 0.07), (0.045, 0.045, 0.06), 'glow', (1.0, 0.75, 0.4), 6)
              for p in path[1:-1]]
    return join(parts)


def fence(rng, length):
    """Make a fence along x: railings, pickets or a low wall (metres)."""
    kind = rng.choice(['railing', 'picket', 'wall'])
    if kind == 'wall':
        height = rng.uniform(0.5, 1.1)
        return join([box((0, -0.1, 0), (length, 0.1, height), 'brick', (0.35, 0.18, 0.12)),
                     box((0, -0.14, height), (length, 0.14, height + 0.07), 'stone', STONES[0])])
    height = rng.uniform(0.8, 1.2)
    surface, hue, width, step = (('metal', DARK, 0.018, 0.13) if kind == 'railing' else
                                 ('wood', rng.uniform(0.25, 0.7) * np.ones(3), 0.08, 0.14))
    parts = [box((x, -0.01, 0.08), (x + width, 0.01, height), surface, hue)
             for x in np.arange(0, length, step)]
    parts += [box((0, -0.02, z), (length, 0.02, z + 0.04), surface, hue)
              for z in (0.2, height - 0.15)]
    return join(parts)


def football(rng):
    """Make a ball or a box that somebody left lying."""
    if rng.random() < 0.4:
        return ellipsoid((0, 0, 0.12), (0.12, 0.12, 0.12), 'paint', rng.uniform(0.1, 0.8, 3), 12)
    side = rng.uniform(0.15, 0.35)
    return box((-side, -side * 0.7, 0), (side, side * 0.7, side * 1.2), 'wood', (0.38, 0.26, 0.15))


def scooter(rng):
    """Make a kick scooter along x."""
    hue = ACCENTS[rng.integers(len(ACCENTS))]
    wheel = lathe([(0, -0.025), (0.1, -0.025), (0.1, 0.025), (0, 0.025)], 'paint', DARK * 0.5, 14)
    wheel = wheel.turned(np.pi / 2, axis=0)
    return join([wheel.moved(-0.45, 0, 0.1), wheel.moved(0.5, 0, 0.1),
                 box((-0.45, -0.08, 0.12), (0.4, 0.08, 0.17), 'paint', hue),
                 capsule((0.48, 0, 0.12), (0.38, 0, 1.1), 0.025, 'metal', hue),
                 capsule((0.38, -0.25, 1.12), (0.38, 0.25, 1.12), 0.018, 'paint', DARK)])
