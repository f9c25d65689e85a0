"""
Small things that lie about: on desks, tables, shelves and floors, in real sizes.

Those for floors follow the conventions of indoor_furniture.
"""

import numpy as np

from . import collected
from .houses import ACCENTS
from .joinery import CLOTHS, cushion, DARK, legs, pick
from .plants import pot_plant
from .rooms import METAL, PAINTS
from .shape import box, capsule, ellipsoid, join, lathe, tube
from .storage import carton

PROFILES = {  # (radius, height) pairs in metres
    'mug': [(0.035, 0), (0.042, 0.095), (0.036, 0.095), (0.033, 0.02), (0, 0.02)],
    'cup': [(0.03, 0), (0.04, 0.09), (0.035, 0.09), (0, 0.02)],
    'bowl': [(0.05, 0), (0.13, 0.08), (0.12, 0.08), (0, 0.02)],
    'plate': [(0.06, 0), (0.13, 0.018), (0.125, 0.02), (0, 0.006)],
    'bottle': [(0.036, 0), (0.036, 0.19), (0.014, 0.24), (0.014, 0.3), (0, 0.3)],
    'flask': [(0.032, 0), (0.034, 0.17), (0.028, 0.19), (0.028, 0.23), (0, 0.23)],
    'can': [(0.028, 0), (0.033, 0.008), (0.033, 0.112), (0.027, 0.118), (0, 0.116)],
    'jar': [(0.04, 0), (0.045, 0.01), (0.045, 0.11), (0.04, 0.115), (0.04, 0.14), (0, 0.14)],
    'paper cup': [(0.03, 0), (0.042, 0.11), (0.045, 0.11), (0.04, 0.125), (0, 0.125)],
    'roll': [(0.055, 0), (0.055, 0.11), (0.02, 0.11), (0.02, 0.0)]}
KINDS = ['turned', 'turned', 'turned', 'mug', 'books', 'books', 'box', 'box', 'model', 'model',
         'pens', 'fruit', 'tablet', 'toy', 'ornament', 'plant']
TOYS = ['duck', 'bricks', 'teddy', 'bunny', 'potion', 'medkit']


def small_thing(rng):
    """Make something that stands on a table; return it and the radius it takes, metres."""
    kind = KINDS[rng.integers(len(KINDS))]
    hue = pick(rng, ACCENTS) if rng.random() < 0.6 else rng.choice([0.03, 0.3, 0.7]) * np.ones(3)
    turn = rng.uniform(0, 2 * np.pi)
    if kind == 'turned':
        names = list(PROFILES)
        profile = np.array(PROFILES[names[rng.integers(len(names))]])
        profile = profile * rng.uniform(0.85, 1.2, 2)
        surface = rng.choice(['paint', 'paint', 'car_paint', 'metal'])
        return lathe(profile, surface, hue, 14), profile[:, 0].max()
    if kind == 'mug':
        return collected.thing('mug', rng.uniform(0.9, 1.1), 2 * hue)[0].turned(turn), 0.06
    if kind == 'books':
        return books(rng).turned(turn), 0.16
    if kind == 'box':
        size = rng.uniform((0.03, 0.03, 0.03), (0.12, 0.1, 0.2))
        surface = rng.choice(['paint', 'cardboard'])
        return box((-size[0], -size[1], 0), (*size[:2], size[2]), surface, hue).turned(
            turn), np.hypot(*size[:2])
    if kind == 'model':
        size = rng.uniform(0.05, 0.25)
        return collected.model(rng, size), size * 0.5
    if kind == 'pens':
        pens = [tube([(0, 0, 0.01), (*rng.normal(0, 0.025, 2), rng.uniform(0.12, 0.17))], 0.004,
                     'paint', pick(rng, ACCENTS), sides=4) for _ in range(rng.integers(2, 7))]
        return join([lathe([(0.035, 0), (0.038, 0.09), (0.033, 0.09), (0, 0.01)], 'paint', hue,
                           12), *pens]), 0.05
    if kind == 'fruit':
        radius = rng.uniform(0.03, 0.05)
        return join([ellipsoid((0, 0, radius), (radius,) * 3, 'paint', hue, 10).moved(
            k * 2 * radius) for k in range(rng.integers(1, 4))]).turned(turn), 0.1
    if kind == 'tablet':
        return box((-0.1, -0.07, 0), (0.1, 0.07, 0.008), 'glass', (0.015, 0.015, 0.017)).scaled(
            rng.uniform(0.7, 1.3)).turned(turn), 0.12
    if kind == 'toy':
        scale = rng.uniform(0.6, 1.2)
        made, half, depth = collected.thing(TOYS[rng.integers(len(TOYS))], scale)
        return made.turned(turn), np.hypot(half, depth / 2)
    if kind == 'ornament':
        high = rng.uniform(0.12, 0.35)
        return lathe([(0.04, 0), (0.08, high * 0.4), (0.03, high * 0.8), (0.045, high),
                      (0, high)], 'paint', pick(rng, PAINTS), 14), 0.08
    return pot_plant(rng, rng.uniform(0.12, 0.3))[0], 0.08


def books(rng):
    """Make a pile of books."""
    parts, z = [], 0.0
    for _ in range(rng.integers(1, 6)):
        x, y, thick = rng.uniform(0.08, 0.12), rng.uniform(0.11, 0.15), rng.uniform(0.008, 0.05)
        parts += [item.turned(rng.normal(0, 0.15)).moved(z=z) for item in [join([
            box((-x, -y, 0), (x, y, thick), 'paint', pick(rng, ACCENTS)),
            box((-x + 0.005, -y - 0.001, 0.003), (x + 0.001, y + 0.001, thick - 0.003), 'paint',
                (0.65, 0.62, 0.55))])]]
        z += thick
    return join(parts)


def paper(rng):
    """Make a sheet or a stack of paper, turned somehow."""
    thick = rng.choice([0.002, 0.002, 0.01, 0.03])
    hue = np.array([0.75, 0.75, 0.72]) if rng.random() < 0.7 else pick(rng, ACCENTS)
    parts = [box((-0.105, -0.15, 0), (0.105, 0.15, thick), 'paint', hue)]
    if rng.random() < 0.6:
        parts += [box((-0.085, y, thick), (-0.085 + rng.uniform(0.06, 0.17), y + 0.006,
                                           thick + 0.0004), 'paint', hue * 0.35)
                  for y in np.arange(-0.12, 0.11, 0.022)]
    return join(parts).turned(rng.uniform(0, 2 * np.pi))


def heap(rng, low, high, count, taken=(), z=0.0, room=np.inf):
    """
    Spread small things over a rectangle, none into another.

    Parameters
    ----------
    rng : numpy.random.Generator
        For which things, and where.
    low, high : (float, float)
        Corners of the rectangle, metres.
    count : int
        How many to try.
    taken : sequence of (x, y, radius)
        Places that are not free, metres.
    z : float
        The height they stand at, metres.
    room : float
        How high they may be, metres.

    Returns
    -------
    list of Shape

    """
    parts, taken = [], list(taken)
    for _ in range(count):
        item, radius = small_thing(rng)
        x, y = rng.uniform(low, high)
        inside = (low[0] + radius < x < high[0] - radius
                  and low[1] + radius < y < high[1] - radius)
        if inside and item.vertices[:, 2].max() < room and all(
                np.hypot(x - a, y - b) > radius + r for a, b, r in taken):
            parts.append(item.moved(x, y, z))
            taken.append((x, y, radius))
    return parts


def ornaments(rng, half, depth):
    """Make what stands on a sideboard, at z = 0."""
    return heap(rng, (-half, 0.02), (half, depth), int(rng.integers(0, 8)))


def bag(rng):
    """Make a bag or a rucksack on the floor."""
    hue = pick(rng, CLOTHS if rng.random() < 0.6 else ACCENTS)
    half, deep, high = rng.uniform(0.14, 0.22), rng.uniform(0.07, 0.12), rng.uniform(0.26, 0.42)
    parts = [cushion((-half, -deep, 0), (half, deep, high), hue),
             tube([(-0.1, 0, high - 0.02), (-0.05, 0, high + 0.09), (0.05, 0, high + 0.09),
                   (0.1, 0, high - 0.02)], 0.012, 'cloth', hue, sides=6)]
    if rng.random() < 0.5:
        parts.append(cushion((-half * 0.7, deep - 0.02, 0.04),
                             (half * 0.7, deep + 0.05, high * 0.5), hue * 0.8))
    return join(parts), half, 2 * deep + 0.05


def toy(rng):
    """Make something small that was left on the floor: a ball, a bag, shoes, a robot."""
    kind = rng.choice(['ball', 'bag', 'shoes', 'robot', 'case', 'model', 'model', 'collected',
                       'cartons', 'books'])
    hue = pick(rng, ACCENTS)
    if kind == 'ball':
        radius = rng.uniform(0.08, 0.13)
        if rng.random() < 0.5:
            return collected.thing('football')
        return ellipsoid((0, 0, radius), (radius,) * 3, 'paint', hue, 14), 0.14, 0.28
    if kind == 'bag':
        return bag(rng)
    if kind == 'shoes':
        return join([capsule((x, -0.08, 0.045), (x + 0.02, 0.1, 0.035), 0.045, 'paint',
                             hue * 0.6, 0.035) for x in (-0.07, 0.06)]), 0.12, 0.25
    if kind == 'robot':
        return lathe([(0.17, 0.01), (0.17, 0.08), (0.15, 0.09), (0.06, 0.09), (0.06, 0.1),
                      (0, 0.1)], 'paint', rng.choice([0.03, 0.7]) * np.ones(3), 24), 0.18, 0.36
    if kind == 'model':
        size = rng.uniform(0.1, 0.4)
        return collected.model(rng, size), size * 0.5, size
    if kind == 'collected':
        return collected.thing(TOYS[rng.integers(len(TOYS))], rng.uniform(1.0, 2.0))
    if kind == 'cartons':
        half, parts, z = rng.uniform((0.1, 0.1, 0.05), (0.28, 0.22, 0.18)), [], 0.0
        for _ in range(rng.integers(1, 5)):
            parts.append(carton(rng, half).turned(rng.normal(0, 0.12)).moved(z=z))
            z += 2 * half[2]
            half = half * rng.uniform(0.7, 1.0)
        return join(parts), 0.28, 0.44
    if kind == 'books':
        return books(rng), 0.12, 0.3
    return join([box((-0.2, -0.12, 0.04), (0.2, 0.12, 0.6), 'paint', hue),
                 *legs((-0.15, 0.15), (-0.09, 0.09), 0.05, 'paint', DARK),
                 tube([(-0.1, -0.09, 0.6), (-0.1, -0.09, 0.95), (0.1, -0.09, 0.95),
                       (0.1, -0.09, 0.6)], 0.01, 'metal', METAL, sides=6)]), 0.2, 0.25
