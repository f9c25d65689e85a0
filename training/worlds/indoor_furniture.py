"""
Furniture of homes and offices, in real sizes.

What stands against a wall has its back at y = 0 and faces +y, its middle at x = 0; what stands
free has its middle at the origin and faces +y. Each maker returns (Shape, half its length along
x, its depth along y), in metres.
"""

import numpy as np

from . import collected
from .clutter import heap, ornaments
from .desks import screen
from .houses import ACCENTS
from .joinery import board, CLOTHS, cushion, DARK, legs, pick
from .rooms import METAL, WOODS
from .shape import box, capsule, ellipsoid, join, lathe, quad, tube


def office_chair(rng):
    """Make a swivel chair on castors."""
    if rng.random() < 0.2:
        return collected.thing('office chair', rng.uniform(0.95, 1.1), rng.uniform(0.7, 1.8))
    hue, seat = pick(rng, CLOTHS), rng.uniform(0.44, 0.52)
    frame = rng.choice([0.02, 0.4]) * np.ones(3)
    parts = [tube([(0, 0, 0.1), (0, 0, seat - 0.06)], 0.028, 'metal', METAL)]
    for angle in np.arange(5) * 2 * np.pi / 5:
        tip = np.array([0.3 * np.cos(angle), 0.3 * np.sin(angle), 0.085])
        parts += [tube([(0, 0, 0.13), tip], [0.03, 0.02], 'metal', frame, sides=6),
                  ellipsoid(tip - (0, 0, 0.055), (0.03, 0.03, 0.03), 'paint', DARK, 8)]
    parts.append(cushion((-0.24, -0.23, seat - 0.07), (0.24, 0.24, seat), hue))
    tall = rng.uniform(0.4, 0.65)
    parts.append(cushion((-0.22, -0.29, seat + 0.12), (0.22, -0.22, seat + 0.12 + tall), hue))
    parts.append(box((-0.03, -0.27, seat - 0.06), (0.03, -0.24, seat + 0.3), 'metal', frame))
    if rng.random() < 0.6:
        for x in (-0.27, 0.27):
            parts += [box((x - 0.02, -0.05, seat - 0.05), (x + 0.02, 0.0, seat + 0.2), 'paint',
                          frame),
                      box((x - 0.035, -0.14, seat + 0.2), (x + 0.035, 0.13, seat + 0.23), 'paint',
                          frame)]
    return join(parts), 0.3, 0.6


def chair(rng):
    """Make a chair with four legs, or a stool."""
    surface, hue = board(rng)
    seat, back = rng.uniform(0.43, 0.47), rng.uniform(0.8, 1.0)
    padded = rng.random() < 0.4
    leg = ('metal', rng.choice([0.03, 0.4]) * np.ones(3)) if rng.random() < 0.4 else (surface, hue)
    parts = legs((-0.19, 0.19), (-0.19, 0.19), seat - 0.02, *leg, half=0.016)
    parts.append(cushion((-0.22, -0.21, seat - 0.05), (0.22, 0.22, seat + 0.02), pick(
        rng, CLOTHS)) if padded else box((-0.21, -0.21, seat - 0.025), (0.21, 0.22, seat),
                                         surface, hue))
    if rng.random() < 0.9:
        parts += [box((x - 0.016, -0.23, seat - 0.02), (x + 0.016, -0.2, back), *leg)
                  for x in (-0.19, 0.19)]
        if rng.random() < 0.5:
            parts.append(box((-0.2, -0.235, back - 0.25), (0.2, -0.205, back), surface, hue))
        else:
            parts += [box((-0.19, -0.225, z), (0.19, -0.205, z + 0.06), surface, hue)
                      for z in np.arange(seat + 0.15, back - 0.05, 0.12)]
    return join(parts), 0.22, 0.46


def table(rng, half=None, low=False):
    """Make a dining, meeting or coffee table, square or round."""
    top = rng.uniform(0.35, 0.48) if low else rng.uniform(0.72, 0.76)
    half = half or (rng.uniform(0.35, 0.65) if low else rng.uniform(0.5, 1.0))
    surface, hue = board(rng)
    if rng.random() < 0.3 and half < 0.8:
        parts = [lathe([(half, 0), (half, 0.03), (0, 0.03)], surface, hue, 28, False).moved(
            z=top - 0.03), lathe([(0.25, 0), (0.25, 0.02), (0.04, 0.04), (0.04, top - 0.02)],
                                 'metal', METAL * 0.5, 14)]
        inner = half * 0.7
        parts += heap(rng, (-inner, -inner), (inner, inner), int(rng.integers(0, 10)), z=top)
        return join(parts), half, 2 * half
    across = min(half, rng.uniform(0.25, 0.35) if low else rng.uniform(0.37, 0.5))
    parts = [box((-half, -across, top - 0.035), (half, across, top), surface, hue),
             *legs((-half + 0.06, half - 0.06), (-across + 0.06, across - 0.06), top - 0.03,
                   surface, hue, 0.03)]
    if low and rng.random() < 0.5:
        parts.append(box((-half + 0.05, -across + 0.05, 0.12), (half - 0.05, across - 0.05, 0.14),
                         surface, hue))
    parts += heap(rng, (-half, -across), (half, across), int(rng.integers(0, 14)), z=top)
    return join(parts), half, 2 * across


def bookcase(rng, tall=None):
    """Make shelves with books, folders, boxes and ornaments, some quite empty."""
    half, depth = rng.uniform(0.4, 0.75), rng.uniform(0.26, 0.36)
    tall = tall or rng.choice([rng.uniform(0.75, 1.2), rng.uniform(1.8, 2.15)])
    surface, hue = board(rng)
    levels = np.linspace(0.06, tall - 0.02, max(2, int(tall / rng.uniform(0.3, 0.4))) + 1)
    parts = [box((x - 0.01, 0, 0), (x + 0.01, depth, tall), surface, hue)
             for x in (-half + 0.01, half - 0.01)]
    parts.append(box((-half, 0, 0), (half, 0.008, tall), surface, hue * 0.85))
    full = rng.uniform(0.3, 1.0)
    for z in levels:
        parts.append(box((-half, 0, z - 0.01), (half, depth, z + 0.012), surface, hue))
    for z, above in zip(levels[:-1], levels[1:]):
        parts += _on_shelf(rng, half - 0.03, depth, z + 0.012, above - z - 0.05, full)
    return join(parts), half, depth


def _on_shelf(rng, half, depth, z, room, full):
    """Fill one shelf from left to right."""
    parts, x = [], -half
    folders = rng.random() < 0.25
    while x < half - 0.05:
        if rng.random() > full:
            x += rng.uniform(0.1, 0.4)
            continue
        kind = rng.random()
        if kind < 0.25:
            wide = rng.uniform(0.3, 0.6)
            parts += heap(rng, (x, 0.02), (min(x + wide, half), depth), 3, z=z,
                          room=room)
            x += wide
        elif kind < 0.82:
            for _ in range(rng.integers(3, 14)):
                thick = rng.uniform(0.06, 0.08) if folders else rng.uniform(0.015, 0.05)
                if x + thick > half:
                    break
                high = min(room, 0.32 if folders else rng.uniform(0.17, 0.3))
                hue = (rng.choice([0.03, 0.4, 0.6]) * np.ones(3) if folders
                       else rng.uniform(0.03, 0.7) * rng.uniform(0.3, 1.0, 3))
                parts.append(box((x, 0.02, z), (x + thick - 0.002, depth - rng.uniform(
                    0.02, 0.08), z + high), 'paint', hue))
                x += thick
        else:
            wide = rng.uniform(0.15, 0.3)
            if x + wide < half:
                parts.append(box((x, 0.02, z), (x + wide, depth - 0.03, z + rng.uniform(
                    0.4, 1.0) * room), 'cardboard' if kind < 0.92 else 'paint',
                    (0.4, 0.28, 0.17) if kind < 0.92 else pick(rng, ACCENTS)))
            x += wide + 0.03
    return parts


def cupboard(rng, kinds=('filing', 'sideboard', 'wardrobe', 'lockers')):
    """Make a filing cabinet, a sideboard, a wardrobe or lockers: fronts with handles."""
    kind = rng.choice(kinds)
    half, depth, tall, columns, rows = {
        'filing': (0.23, 0.6, rng.choice([0.72, 1.03, 1.33]), 1, int(rng.integers(2, 5))),
        'sideboard': (rng.uniform(0.5, 0.9), 0.42, rng.uniform(0.6, 0.9), 3, 1),
        'wardrobe': (rng.uniform(0.4, 0.9), 0.58, rng.uniform(1.8, 2.15), 2, 1),
        'lockers': (rng.uniform(0.45, 0.9), 0.5, 1.8, 4, int(rng.integers(1, 3)))}[kind]
    surface, hue = board(rng)
    if kind in ('filing', 'lockers'):
        surface, hue = 'paint', [(0.35, 0.36, 0.37), (0.6, 0.6, 0.57), (0.1, 0.18, 0.3),
                                 (0.04, 0.04, 0.045)][rng.integers(4)]
    hue = np.asarray(hue)
    parts = [box((-half, 0, 0), (half, depth - 0.02, tall), surface, hue * 0.8)]
    xs, zs = np.linspace(-half, half, columns + 1), np.linspace(0.06, tall, rows + 1)
    for x0, x1 in zip(xs[:-1], xs[1:]):
        for z0, z1 in zip(zs[:-1], zs[1:]):
            parts.append(box((x0 + 0.004, depth - 0.02, z0 + 0.004), (x1 - 0.004, depth,
                                                                      z1 - 0.004), surface, hue))
            z = z1 - 0.09 if kind == 'filing' else (z0 + z1) / 2
            parts.append(box((x1 - 0.05, depth, z - 0.06), (x1 - 0.035, depth + 0.02, z + 0.06),
                             'metal', METAL) if kind != 'filing' else
                         box((-0.06, depth, z), (0.06, depth + 0.02, z + 0.015), 'metal', METAL))
            if kind == 'lockers':
                parts += [box((x0 + 0.06, depth, z1 - 0.1 - k * 0.03), (x1 - 0.06, depth + 0.002,
                                                                        z1 - 0.09 - k * 0.03),
                              'paint', DARK) for k in range(3)]
    if tall < 1.4:
        parts += [item.moved(z=tall) for item in ornaments(rng, half, depth)]
    return join(parts), half, depth + 0.02


def sofa(rng, seats=None):
    """Make an armchair or a sofa for two or three."""
    seats = seats or int(rng.choice([1, 2, 3, 3]))
    hue, depth, seat = pick(rng, CLOTHS), rng.uniform(0.8, 0.95), rng.uniform(0.4, 0.46)
    arm, each = rng.uniform(0.12, 0.22), rng.uniform(0.55, 0.7)
    half, back = seats * each / 2 + arm, rng.uniform(0.72, 0.92)
    parts = [box((-half + 0.02, 0.05, 0.08), (half - 0.02, depth - 0.04, seat - 0.12), 'cloth',
                 hue * 0.9),
             cushion((-half, 0, 0.06), (half, 0.24, back), hue),
             *(cushion((x - arm / 2, 0, 0.06), (x + arm / 2, depth, rng.uniform(0.56, 0.58)), hue)
               for x in (-half + arm / 2, half - arm / 2)),
             *legs((-half + 0.08, half - 0.08), (0.08, depth - 0.08), 0.09, 'wood',
                   (0.1, 0.05, 0.03))]
    for k in range(seats):
        x = -half + arm + k * each
        parts += [cushion((x, 0.16, seat - 0.14), (x + each, depth, seat), hue * 1.05),
                  cushion((x, 0.15, seat - 0.02), (x + each, 0.36, back + 0.02), hue * 1.05)]
    for _ in range(rng.integers(0, 4)):
        pillow = cushion((-0.2, -0.06, -0.2), (0.2, 0.06, 0.2), pick(rng, ACCENTS))
        parts.append(pillow.turned(0.35, axis=0).turned(rng.normal(0, 0.2)).moved(
            rng.uniform(-half + arm + 0.2, half - arm - 0.2), 0.45, seat + 0.19))
    return join(parts), half, depth


def television(rng):
    """Make a low board with a television on it."""
    half, depth, top = rng.uniform(0.6, 1.0), 0.4, rng.uniform(0.38, 0.6)
    surface, hue = board(rng)
    wide = rng.uniform(0.45, min(0.75, half))
    high = wide * 1.13
    parts = [box((-half, 0, 0.06), (half, depth - 0.02, top), surface, hue * 0.85),
             box((-half + 0.03, 0.04, 0), (half - 0.03, depth - 0.06, 0.06), 'paint', DARK),
             box((-wide, 0.14, top + 0.07), (wide, 0.18, top + 0.07 + high), 'paint', DARK),
             box((-0.25, 0.08, top), (0.25, 0.26, top + 0.015), 'paint', DARK),
             box((-0.04, 0.14, top), (0.04, 0.17, top + 0.08), 'paint', DARK),
             screen(rng, wide - 0.012, high - 0.024, rng.random() < 0.35).moved(
                 0, 0.181, top + 0.082)]
    parts += [box((x0 + 0.005, depth - 0.02, 0.07), (x1 - 0.005, depth, top - 0.01), surface, hue)
              for x0, x1 in zip(np.linspace(-half, half, 4)[:-1], np.linspace(-half, half, 4)[1:])]
    return join(parts), half, depth


def bed(rng):
    """Make a bed, its head against the wall."""
    half, long = rng.choice([0.45, 0.7, 0.9]), 2.05
    surface, hue = board(rng)
    sheet, cover = rng.uniform(0.5, 0.8) * np.ones(3), pick(rng, CLOTHS)
    parts = [box((-half, 0, 0.15), (half, long, 0.3), surface, hue),
             box((-half, 0, 0), (half, 0.05, rng.uniform(0.7, 1.1)), surface, hue),
             *legs((-half + 0.05, half - 0.05), (0.08, long - 0.08), 0.16, surface, hue, 0.03),
             cushion((-half + 0.02, 0.05, 0.25), (half - 0.02, long - 0.03, 0.5), sheet),
             cushion((-half - 0.03, 0.7, 0.3), (half + 0.03, long, 0.56), cover)]
    for x in ([0.0] if half < 0.5 else [-half / 2, half / 2]):
        parts.append(cushion((x - 0.3, 0.08, 0.46), (x + 0.3, 0.5, 0.6), sheet * 1.05))
    return join(parts), half, long


def kitchen(rng, length):
    """Make a kitchen counter with cupboards above, a hob, a tap and a fridge."""
    surface, hue = board(rng)
    top_hue = (pick(rng, WOODS) if rng.random() < 0.4
               else rng.choice([0.05, 0.3, 0.6]) * np.ones(3))
    half, parts = length / 2, []
    count = max(2, int(length / 0.6))
    xs = np.linspace(-half, half, count + 1)
    fridge = rng.random() < 0.6
    for k, (x0, x1) in enumerate(zip(xs[:-1], xs[1:])):
        if k == 0 and fridge:
            grey = rng.choice([0.7, 0.35]) * np.ones(3)
            parts += [box((x0, 0, 0.02), (x1 - 0.01, 0.62, 1.75), 'metal', grey),
                      box((x0, 0.62, 0.6), (x1 - 0.01, 0.65, 0.605), 'paint', DARK),
                      box((x1 - 0.07, 0.62, 0.7), (x1 - 0.05, 0.66, 1.3), 'metal', METAL)]
            continue
        parts += [box((x0, 0, 0.1), (x1, 0.56, 0.87), surface, hue * 0.8),
                  box((x0, 0.05, 0), (x1, 0.52, 0.1), 'paint', DARK),
                  box((x0, 0, 0.87), (x1, 0.62, 0.91), 'stone', top_hue)]
        oven = k == count // 2
        parts.append(box((x0 + 0.003, 0.56, 0.11), (x1 - 0.003, 0.58, 0.86),
                         'metal' if oven else surface, METAL * 0.4 if oven else hue))
        parts.append(box((x0 + 0.15, 0.58, 0.76), (x1 - 0.15, 0.6, 0.775), 'metal', METAL))
        if oven:
            parts += [box((x0 + 0.03, 0.06, 0.91), (x1 - 0.03, 0.54, 0.916), 'paint', DARK),
                      lathe([(0.09, 0), (0.1, 0.12), (0, 0.12)], 'metal', METAL, 16).moved(
                          (x0 + x1) / 2, 0.3, 0.916)]
        else:
            parts.append(box((x0, 0, 1.42), (x1, 0.32, 2.1), surface, hue * 0.8))
            parts.append(box((x0 + 0.003, 0.32, 1.425), (x1 - 0.003, 0.34, 2.095), surface, hue))
            if rng.random() < 0.5:
                parts += [item.moved((x0 + x1) / 2, 0, 0.91) for item in ornaments(rng, 0.25, 0.5)]
    x = half - 0.5
    parts.append(tube([(x, 0.1, 0.91), (x, 0.1, 1.15), (x, 0.16, 1.22), (x, 0.26, 1.2),
                       (x, 0.28, 1.13)], 0.013, 'metal', METAL * 1.2, sides=8))
    return join(parts), half, 0.66


def waste_bin(rng):
    """Make a waste-paper basket or a bin with a pedal."""
    radius, high = rng.uniform(0.12, 0.2), rng.uniform(0.28, 0.65)
    hue = rng.choice([0.02, 0.4, 0.7]) * np.ones(3)
    return lathe([(radius * 0.85, 0), (radius, high), (radius * 0.93, high), (radius * 0.8, 0.05),
                  (0, 0.05)], 'paint', hue, 18), radius, 2 * radius


def coat_stand(rng):
    """Make a coat stand, with coats."""
    hue = pick(rng, WOODS)
    parts = [lathe([(0.2, 0), (0.2, 0.03), (0.025, 0.05), (0.025, 1.75), (0, 1.8)], 'wood', hue,
                   14)]
    for angle in np.arange(4) * np.pi / 2:
        out = np.array([np.cos(angle), np.sin(angle), 0])
        parts.append(tube([out * 0.02 + (0, 0, 1.6), out * 0.15 + (0, 0, 1.72)], 0.012, 'wood',
                          hue, sides=6))
        if rng.random() < 0.5:
            parts.append(capsule(out * 0.15 + (0, 0, 1.55), out * 0.16 + (0, 0, 0.85), 0.07,
                                 'cloth', pick(rng, CLOTHS), 0.13))
    return join(parts), 0.25, 0.5


def water_dispenser(rng):
    """Make a water dispenser with a bottle on it."""
    return join([box((-0.16, 0, 0), (0.16, 0.32, 0.95), 'paint', (0.7, 0.7, 0.7)),
                 box((-0.12, 0.32, 0.6), (0.12, 0.325, 0.85), 'paint', DARK),
                 lathe([(0.05, 0), (0.13, 0.08), (0.13, 0.36), (0, 0.4)], 'paint',
                       (0.25, 0.42, 0.6), 16).moved(0, 0.16, 0.95)]), 0.16, 0.33


def printer(rng):
    """Make a copier as high as a table or higher."""
    wide, high = rng.uniform(0.28, 0.35), rng.uniform(0.9, 1.15)
    parts = [box((-wide, 0, 0.04), (wide, 0.6, high), 'paint', (0.55, 0.55, 0.54)),
             box((-wide, 0.02, high), (wide, 0.55, high + 0.1), 'paint', (0.08, 0.08, 0.09)),
             box((-wide + 0.05, 0.6, high - 0.12), (wide - 0.05, 0.603, high - 0.02), 'paint',
                 DARK)]
    parts += [box((-wide + 0.02, 0.6, z), (wide - 0.02, 0.61, z + 0.15), 'paint',
                  (0.45, 0.45, 0.45)) for z in np.arange(0.08, high - 0.35, 0.17)]
    return join(parts), wide, 0.62


def bench_seats(rng):
    """Make a row of seats on a beam, as in waiting rooms."""
    count, hue = int(rng.integers(2, 5)), pick(rng, ACCENTS)
    half = count * 0.27
    parts = [box((-half, 0.24, 0.36), (half, 0.3, 0.41), 'metal', METAL)]
    for x in (-half + 0.2, half - 0.2):
        parts += [box((x - 0.02, 0.24, 0), (x + 0.02, 0.3, 0.36), 'metal', METAL),
                  box((x - 0.02, 0.08, 0), (x + 0.02, 0.5, 0.025), 'metal', METAL)]
    for k in range(count):
        x = -half + 0.27 + k * 0.54
        parts += [cushion((x - 0.23, 0.08, 0.41), (x + 0.23, 0.52, 0.46), hue, 'paint'),
                  cushion((x - 0.22, 0.03, 0.5), (x + 0.22, 0.1, 0.85), hue, 'paint')]
    return join(parts), half, 0.55


def radiator(rng):
    """Make a radiator on a wall."""
    half, high = rng.uniform(0.3, 0.9), rng.uniform(0.4, 0.6)
    white = (0.72, 0.72, 0.69)
    parts = [box((-half, 0.03, 0.12), (half, 0.05, 0.12 + high), 'paint', white)]
    parts += [box((x, 0.05, 0.14), (x + 0.028, 0.1, 0.1 + high), 'paint', white)
              for x in np.arange(-half + 0.005, half - 0.02, 0.045)]
    parts.append(tube([(half, 0.06, 0.16), (half + 0.07, 0.06, 0.16), (half + 0.07, 0.06, 0)],
                      0.01, 'paint', white, sides=6))
    return join(parts), half + 0.08, 0.1


def framed_picture(rng):
    """Make a picture, a poster, a pin board or a whiteboard, its middle at z = 0."""
    kind = rng.choice(['picture', 'picture', 'poster', 'pins', 'whiteboard'])
    half, high = rng.uniform(0.15, 0.5), rng.uniform(0.15, 0.45)
    if kind in ('pins', 'whiteboard'):
        half, high = rng.uniform(0.4, 0.9), rng.uniform(0.35, 0.55)
    rim = {'picture': pick(rng, WOODS), 'poster': None, 'pins': WOODS[0],
           'whiteboard': METAL}[kind]
    parts = []
    if rim is not None:
        parts = [box((-half - 0.025, 0, -high - 0.025), (half + 0.025, 0.022, high + 0.025),
                     'paint', rim)]
    surface, hue = {'picture': ('picture', np.ones(3) * 0.9), 'poster': ('picture', np.ones(3)),
                    'pins': ('cardboard', (0.4, 0.25, 0.12)),
                    'whiteboard': ('paint', (0.78, 0.78, 0.78))}[kind]
    parts.append(box((-half, 0, -high), (half, 0.024, high), surface, hue))
    if kind == 'picture' and rng.random() < 0.5:
        parts[-1] = box((-half, 0, -high), (half, 0.024, high), 'paint', (0.75, 0.74, 0.7))
        parts.append(box((-half * 0.7, 0, -high * 0.7), (half * 0.7, 0.026, high * 0.7),
                         'picture', hue))
    if kind == 'pins':
        for x, z in rng.uniform((-half + 0.12, -high + 0.15), (half - 0.12, high - 0.15),
                                (rng.integers(3, 12), 2)):
            parts.append(box((x - 0.1, 0, z - 0.14), (x + 0.1, 0.024 + rng.uniform(
                0.001, 0.004), z + 0.14), 'paint', [(0.75, 0.75, 0.72), pick(rng, ACCENTS)][
                    rng.integers(2)]))
    if kind == 'whiteboard':
        for _ in range(rng.integers(0, 9)):
            x, z = rng.uniform(-half, half * 0.5), rng.uniform(-high * 0.8, high * 0.8)
            ink = [(0.02, 0.02, 0.02), (0.02, 0.05, 0.4), (0.5, 0.03, 0.03)][rng.integers(3)]
            parts.append(box((x, 0, z), (x + rng.uniform(0.05, half * 0.5), 0.0245, z + 0.012),
                             'paint', ink))
        parts.append(box((-half * 0.5, 0.02, -high - 0.02), (half * 0.5, 0.08, -high), 'metal',
                         METAL))
    return join(parts), half + 0.025, 0.03


def extinguisher(rng):
    """Make a fire extinguisher on a wall, with its sign."""
    return join([lathe([(0.07, 0), (0.08, 0.03), (0.08, 0.42), (0.03, 0.5), (0.03, 0.55),
                        (0, 0.55)], 'paint', (0.5, 0.02, 0.015), 16).moved(0, 0.1, 0.25),
                 tube([(0, 0.12, 0.78), (0.1, 0.14, 0.7), (0.1, 0.14, 0.4)], 0.012, 'paint', DARK,
                      sides=6),
                 box((-0.1, 0, 1.5), (0.1, 0.008, 1.7), 'paint', (0.55, 0.02, 0.015)),
                 box((-0.05, 0, 1.54), (0.05, 0.009, 1.66), 'paint', (0.75, 0.75, 0.75))]), \
        0.12, 0.2


def home_cupboard(rng):
    """Make a sideboard or a wardrobe."""
    return cupboard(rng, ('sideboard', 'wardrobe'))


def wall_things(rng):
    """Make a switch and a socket, a clock, a fuse box or an alarm, at their heights."""
    kind = rng.choice(['switch', 'clock', 'box', 'call point'])
    if kind == 'switch':
        thing = light_switch()
    elif kind == 'clock':
        thing = lathe([(0.15, 0), (0.15, 0.03), (0.135, 0.03), (0.135, 0.025), (0, 0.025)],
                      'paint', (0.7, 0.7, 0.68), 24).turned(-np.pi / 2, axis=0).moved(z=2.1)
    elif kind == 'box':
        thing = join([box((-0.2, 0, 1.3), (0.2, 0.12, 1.85), 'paint', (0.5, 0.5, 0.5)),
                      box((-0.18, 0.12, 1.32), (0.18, 0.125, 1.83), 'paint', (0.58, 0.58, 0.57))])
    else:
        thing = box((-0.05, 0, 1.35), (0.05, 0.05, 1.45), 'paint', (0.55, 0.02, 0.015))
    return thing, 0.2, 0.12


def light_switch():
    """Make a switch with a socket below it."""
    return join([box((-0.04, 0, z), (0.04, 0.012, z + 0.08), 'paint', (0.75, 0.75, 0.73))
                 for z in (0.3, 1.05)])


def exit_sign():
    """Make a green sign over a door, its foot at z = 0."""
    return join([box((-0.17, 0, 0), (0.17, 0.05, 0.16), 'paint', (0.02, 0.25, 0.1)),
                 quad([(0.16, 0.051, 0.01), (-0.16, 0.051, 0.01), (-0.16, 0.051, 0.15),
                       (0.16, 0.051, 0.15)], 'lit', (0.05, 0.8, 0.3)),
                 quad([(0.06, 0.052, 0.04), (-0.1, 0.052, 0.04), (-0.1, 0.052, 0.12),
                       (0.06, 0.052, 0.12)], 'lit', (1.2, 1.3, 1.2))])


def rug(rng):
    """Make a rug with a border, flat on the floor."""
    half, across = rng.uniform(0.6, 1.3), rng.uniform(0.5, 0.9)
    hue, edge = pick(rng, CLOTHS), pick(rng, CLOTHS)
    return join([box((-half, -across, 0), (half, across, 0.008), 'cloth', edge),
                 box((-half + 0.1, -across + 0.1, 0), (half - 0.1, across - 0.1, 0.01), 'cloth',
                     hue)]), half, 2 * across
