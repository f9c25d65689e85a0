"""
Desks and what stands on and under them; conventions are those of indoor_furniture.

A robot meets them from nearby, so they are full of small things.
"""

import numpy as np

from .clutter import bag, heap, paper
from .houses import ACCENTS
from .joinery import board, DARK, legs, pick
from .plants import pot_plant
from .rooms import METAL
from .shape import box, ellipsoid, join, lathe, quad, tube


def desk(rng):
    """Make a desk with monitors and what lies on it; one sits on its +y side."""
    half, depth = rng.uniform(0.6, 0.95), rng.uniform(0.6, 0.85)
    top = rng.uniform(0.7, 0.77) if rng.random() < 0.9 else rng.uniform(0.95, 1.1)
    surface, hue = board(rng)
    thick = rng.uniform(0.02, 0.045)
    parts = [box((-half, 0, top - thick), (half, depth, top), surface, hue)]
    under = top - thick
    kind = rng.choice(['posts', 'boards', 'T'])
    grey = rng.choice([0.05, 0.5]) * np.ones(3)
    if kind == 'posts':
        parts += legs((-half + 0.04, half - 0.04), (0.05, depth - 0.05), under, 'metal', grey)
    elif kind == 'boards':
        parts += [box((x - 0.012, 0.02, 0), (x + 0.012, depth - 0.02, under), surface, hue)
                  for x in (-half + 0.02, half - 0.02)]
    else:
        for x in (-half + 0.15, half - 0.15):
            parts += [box((x - 0.035, depth / 2 - 0.05, 0.03), (x + 0.035, depth / 2 + 0.05,
                                                                under), 'metal', grey),
                      box((x - 0.035, 0.03, 0), (x + 0.035, depth - 0.03, 0.03), 'metal', grey)]
    if rng.random() < 0.5:
        parts.append(box((-half, 0.03, 0.35), (half, 0.05, under), surface, hue * 0.9))
    side = rng.choice([-1, 1])
    if rng.random() < 0.6:
        parts.append(_pedestal(rng, top - 0.05).moved(side * (half - 0.26), 0.1))
    parts += _below(rng, -side, half, depth, under)
    parts.append(desk_things(rng, half, depth).moved(z=top))
    return join(parts), half, depth


def _below(rng, side, half, depth, under):
    """Make what stands under a desk: a computer, a bin, a bag, cables, cartons."""
    parts, x = [], side * (half - 0.18)
    if rng.random() < 0.5:
        hue = rng.choice([0.02, 0.02, 0.5]) * np.ones(3)
        parts += [box((x - 0.095, 0.12, 0.01), (x + 0.095, 0.12 + 0.42, 0.43), 'paint', hue),
                  box((x - 0.07, 0.54, 0.3), (x + 0.07, 0.543, 0.4), 'paint', hue * 2 + 0.02)]
        x -= side * 0.3
    if rng.random() < 0.45:
        parts.append(bag(rng)[0].turned(rng.normal(0, 0.5)).moved(x, depth * 0.5))
        x -= side * 0.4
    if rng.random() < 0.3:
        parts.append(lathe([(0.11, 0), (0.14, 0.3), (0.13, 0.3), (0.1, 0.02), (0, 0.02)], 'paint',
                           rng.choice([0.02, 0.4]) * np.ones(3), 14).moved(x, depth * 0.6))
    for _ in range(rng.integers(0, 4)):
        # Cables hang from the back edge.
        a, b = rng.uniform(-half + 0.1, half - 0.1, 2)
        parts.append(tube([(a, 0.05, under), (a, 0.04, 0.35), ((a + b) / 2, 0.08, 0.1),
                           (b, 0.06, 0.02)], 0.005, 'paint', DARK, sides=4))
    return parts


def _pedestal(rng, height):
    """Make a block of three drawers that faces +y."""
    hue = rng.choice([0.7, 0.35, 0.08]) * np.ones(3)
    parts = [box((-0.2, 0, 0.03), (0.2, 0.5, height), 'paint', hue)]
    for z in np.linspace(0.05, height, 4)[:3]:
        parts.append(box((-0.19, 0.5, z + 0.005), (0.19, 0.515, z + height / 3 - 0.02), 'paint',
                         hue * 0.9))
        parts.append(box((-0.06, 0.515, z + height / 6), (0.06, 0.53, z + height / 6 + 0.015),
                         'metal', METAL))
    return join(parts)


def desk_things(rng, half, depth):
    """Make monitors, a keyboard, papers and such, on a desk's top at z = 0."""
    parts, count = [], int(rng.choice([0, 1, 2, 3], p=[0.15, 0.45, 0.35, 0.05]))
    count = min(count, int(2 * half / 0.58))
    lit, taken = rng.random() < 0.7, []
    shift = rng.uniform(-0.15, 0.15) if count < 2 else 0.0
    for k in range(count):
        x = shift + (k - (count - 1) / 2) * 0.58
        parts.append(monitor(rng, lit).turned(-x * 0.5 + rng.normal(0, 0.1)).moved(x, 0.2))
        taken.append((x, 0.2, 0.16))
    if count:
        turn, hue = rng.normal(0, 0.1), rng.choice([0.03, 0.03, 0.6]) * np.ones(3)
        parts += [item.turned(turn).moved(shift, depth - 0.25) for item in keyboard(hue)]
        parts.append(ellipsoid((shift + 0.33, depth - 0.25, 0.0), (0.03, 0.055, 0.03), 'paint',
                               hue, 8, 0))
        taken += [(shift - 0.12, depth - 0.25, 0.13), (shift + 0.12, depth - 0.25, 0.13),
                  (shift + 0.33, depth - 0.25, 0.06)]
    elif rng.random() < 0.75:
        x = rng.uniform(-0.2, 0.2)
        parts.append(laptop(rng).turned(rng.normal(0, 0.2)).moved(x, depth - 0.3))
        taken.append((x, depth - 0.3, 0.2))
    if rng.random() < 0.35:
        x = rng.choice([-1, 1]) * (half - 0.14)
        parts.append(_lamp(rng).turned(-np.sign(x) * rng.uniform(0.3, 1.2)).moved(x, 0.14))
        taken.append((x, 0.14, 0.1))
    if rng.random() < 0.3:
        x = rng.choice([-1, 1]) * (half - 0.14)
        parts.append(pot_plant(rng, rng.uniform(0.15, 0.4))[0].moved(x, 0.16))
        taken.append((x, 0.16, 0.1))
    if rng.random() < 0.3:
        x = rng.choice([-1, 1]) * (half - 0.2)
        parts.append(_telephone(rng).turned(rng.normal(0, 0.3)).moved(x, depth * 0.6))
        taken.append((x, depth * 0.6, 0.13))
    parts += [paper(rng).moved(rng.uniform(-half + 0.17, half - 0.17),
                               rng.uniform(0.17, depth - 0.17), 0.0005 * k)
              for k in range(rng.integers(0, 6))]
    parts += heap(rng, (-half, 0.02), (half, depth), int(rng.integers(2, 12)), taken, z=0.003)
    return join(parts or [paper(rng).moved(0, depth / 2)])


def keyboard(hue):
    """Make a keyboard about the origin, rows of keys on a tray."""
    return [box((-0.22, -0.07, 0), (0.22, 0.07, 0.014), 'paint', hue),
            *(box((-0.21, y - 0.009, 0.014), (0.21, y + 0.009, 0.021), 'paint', hue * 0.6 + 0.01)
              for y in np.linspace(-0.055, 0.055, 5))]


def _lamp(rng):
    """Make a desk lamp with two arms that leans towards +y."""
    hue = pick(rng, ACCENTS) if rng.random() < 0.5 else rng.choice([0.03, 0.6]) * np.ones(3)
    reach = rng.uniform(0.1, 0.22)
    elbow, tip = (0, -0.08, rng.uniform(0.25, 0.35)), (0, reach, rng.uniform(0.4, 0.52))
    shade = lathe([(0.075, -0.1), (0.03, 0.0), (0, 0.0)], 'paint', hue, 14)
    return join([lathe([(0.08, 0), (0.08, 0.02), (0, 0.025)], 'paint', hue, 16),
                 tube([(0, 0, 0.02), elbow, tip], 0.009, 'metal', METAL, sides=6),
                 shade.turned(0.4, axis=0).moved(*tip)])


def _telephone(rng):
    """Make a desk telephone."""
    hue = rng.choice([0.03, 0.03, 0.45]) * np.ones(3)
    return join([box((-0.1, -0.1, 0), (0.1, 0.1, 0.045), 'paint', hue),
                 box((-0.095, -0.1, 0.045), (-0.045, 0.1, 0.075), 'paint', hue * 1.3),
                 box((-0.02, 0.02, 0.045), (0.08, 0.08, 0.05), 'glass', (0.05, 0.06, 0.05))])


def monitor(rng, lit):
    """Make a screen on a foot that faces +y."""
    half, high = rng.uniform(0.24, 0.32), rng.uniform(0.3, 0.36)
    parts = [box((-0.12, -0.1, 0), (0.12, 0.08, 0.012), 'paint', DARK),
             box((-0.025, -0.05, 0), (0.025, -0.02, 0.25), 'paint', DARK),
             box((-half, -0.02, 0.12), (half, 0.02, 0.12 + high), 'paint', DARK)]
    return join([*parts, screen(rng, half - 0.012, high - 0.024, lit).moved(0, 0.021, 0.132)])


def screen(rng, half, high, lit):
    """Make what a screen shows, in the plane y = 0, its foot at z = 0."""
    def rectangle(x0, z0, x1, z1, y, hue):
        return quad([(x1, y, z0), (x0, y, z0), (x0, y, z1), (x1, y, z1)], 'lit', hue)

    if not lit:
        return quad([(half, 0, 0), (-half, 0, 0), (-half, 0, high), (half, 0, high)], 'glass',
                    (0.012, 0.012, 0.014))
    parts = [rectangle(-half, 0, half, high, 0, rng.uniform(0.05, 0.8, 3))]
    for k in range(rng.integers(1, 4)):
        x0, z0 = rng.uniform(-half, half * 0.3), rng.uniform(0, high * 0.5)
        hue = rng.choice([0.9, 0.9, 0.1]) * rng.uniform(0.8, 1.0, 3)
        x1, z1 = min(x0 + rng.uniform(0.2, 0.4), half), min(z0 + rng.uniform(0.1, 0.3), high)
        y = 0.0005 * (k + 1)
        parts.append(rectangle(x0, z0, x1, z1, y, hue))
        for z in np.arange(z0 + 0.02, z1 - 0.02, 0.025):
            parts.append(rectangle(x0 + 0.015, z, x0 + 0.02 + rng.uniform(0.05, 0.9) * (
                x1 - x0 - 0.03), z + 0.01, y + 0.0003, hue * 0.4))
    return join(parts)


def laptop(rng):
    """Make an open laptop whose screen faces +y."""
    hue = rng.choice([0.05, 0.5]) * np.ones(3)
    lid = join([box((-0.165, -0.008, 0), (0.165, 0, 0.22), 'metal', hue),
                screen(rng, 0.155, 0.2, rng.random() < 0.7).moved(0, 0.002, 0.01)])
    return join([box((-0.165, -0.11, 0), (0.165, 0.12, 0.016), 'metal', hue),
                 box((-0.14, -0.08, 0.016), (0.14, 0.02, 0.018), 'paint', DARK),
                 lid.turned(0.3, axis=0).moved(0, -0.11, 0.012)])
