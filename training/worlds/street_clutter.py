"""What is left on pavements and paths: rubbish, parcels, cones, pots, building sites (metres)."""

import numpy as np

from . import collected
from .houses import ACCENTS
from .plants import bush, pot_plant
from .shape import box, ellipsoid, join, lathe, leaves, tube
from .storage import carton, loaded_pallet, pallet_stack


def cone(rng):
    """Make a traffic cone, upright or fallen."""
    made, half, _ = collected.thing('cone', rng.uniform(0.6, 1.1), rng.uniform(0.7, 1.1))
    if rng.random() < 0.15:
        return made.turned(1.27, axis=0).moved(z=half * 0.93)
    return made


def rubbish(rng):
    """Make rubbish bags and cartons in a heap."""
    parts = []
    for _ in range(rng.integers(1, 6)):
        x, y = rng.normal(0, 0.22, 2)
        if rng.random() < 0.65:
            hue = rng.choice([0.015, 0.015, 0.3]) * rng.uniform(0.8, 1.2, 3)
            parts.append(_sack(rng, hue).moved(x, y))
        else:
            parts.append(carton(rng, rng.uniform((0.1, 0.1, 0.05), (0.25, 0.22, 0.2))).turned(
                rng.uniform(0, 3)).moved(x, y))
    return join(parts)


def _sack(rng, hue):
    """Make a tied plastic sack: round, with creases."""
    radius, high = rng.uniform(0.16, 0.28), rng.uniform(0.35, 0.6)
    body = lathe([(radius * 0.7, 0), (radius, 0.3 * high), (radius * 0.9, 0.6 * high),
                  (radius * 0.35, 0.85 * high), (0.025, 0.9 * high), (0.05, high), (0, high)],
                 'car_paint', hue, 18)
    angle = np.arctan2(body.vertices[:, 1], body.vertices[:, 0])
    height = body.vertices[:, 2:] / high
    crease = 1 + 0.06 * np.sin(7 * angle + rng.uniform(0, 6))[:, None] * height
    body.vertices[:, :2] *= crease
    return body


def litter(rng):
    """Make one small thing: a can, a bottle, a carton, something that was lost."""
    kind = rng.choice(['can', 'bottle', 'carton', 'model', 'stone', 'football'])
    hue = ACCENTS[rng.integers(len(ACCENTS))]
    if kind in ('can', 'bottle'):
        profile = {'can': [(0.033, -0.06), (0.033, 0.06), (0, 0.06)],
                   'bottle': [(0.036, -0.12), (0.036, 0.07), (0.014, 0.12), (0, 0.18)]}[kind]
        return lathe(profile, 'car_paint', hue, 12).turned(np.pi / 2, axis=0).moved(z=0.035)
    if kind == 'carton':
        return carton(rng, rng.uniform((0.08, 0.08, 0.03), (0.25, 0.2, 0.2)))
    if kind == 'model':
        return collected.model(rng, rng.uniform(0.1, 0.4))
    return collected.thing(kind, rng.uniform(0.4, 1.2) if kind == 'stone' else 1.0)[0]


def potted(rng):
    """Make a plant in a pot before a door."""
    if rng.random() < 0.5:
        return pot_plant(rng, rng.uniform(0.4, 1.3))[0]
    radius = rng.uniform(0.15, 0.3)
    tub = lathe([(radius * 0.75, 0), (radius, radius * 1.6), (radius * 0.9, radius * 1.6),
                 (0, radius * 1.4)], 'stone', (0.4, 0.17, 0.09), 16)
    return join([tub, bush(rng, radius * 1.1).moved(z=radius * 1.3)])


def site_fence(rng, length=2.2):
    """Make a mesh panel of a building-site fence along x, on two feet."""
    high, grey = rng.uniform(1.8, 2.0), (0.45, 0.46, 0.47)
    half = length / 2
    parts = [tube([(-half, 0, 0.05), (-half, 0, high), (half, 0, high), (half, 0, 0.05)], 0.02,
                  'metal', grey, sides=6),
             tube([(-half, 0, 0.2), (half, 0, 0.2)], 0.02, 'metal', grey, sides=6)]
    parts += [box((x - 0.003, -0.003, 0.2), (x + 0.003, 0.003, high), 'metal', grey)
              for x in np.arange(-half + 0.08, half, 0.1)]
    parts += [box((-half, -0.003, z - 0.003), (half, 0.003, z + 0.003), 'metal', grey)
              for z in np.arange(0.45, high, 0.25)]
    parts += [box((x - 0.11, -0.32, 0), (x + 0.11, 0.32, 0.13), 'stone', (0.25, 0.24, 0.23))
              for x in (-half, half)]
    return join(parts)


def plank_barrier(length=1.8):
    """Make a barrier along x: red and white planks on feet."""
    half, parts = length / 2, []
    for z in (0.55, 0.95):
        xs = np.linspace(-half, half, 7)
        parts += [box((a, -0.012, z - 0.1), (b, 0.012, z + 0.05), 'paint',
                      (0.6, 0.03, 0.02) if k % 2 else (0.75, 0.75, 0.72))
                  for k, (a, b) in enumerate(zip(xs[:-1], xs[1:]))]
    parts += [box((x - 0.02, -0.02, 0), (x + 0.02, 0.02, 1.05), 'metal', (0.4, 0.4, 0.4))
              for x in (-half + 0.1, half - 0.1)]
    parts += [box((x - 0.2, -0.35, 0), (x + 0.2, 0.35, 0.1), 'paint', (0.03, 0.03, 0.03))
              for x in (-half + 0.1, half - 0.1)]
    return join(parts)


def mound(rng):
    """Make a heap of sand or rubble."""
    radius = rng.uniform(0.7, 1.3)
    hue = rng.uniform(0.2, 0.4) * np.array([1.0, 0.85, 0.65])
    heap = ellipsoid((0, 0, -0.1), (radius, radius * 0.8, radius * 0.6), 'gravel', hue, 16)
    spots = rng.normal(0, 0.4, (150, 3)) * radius * (1, 1, 0)
    spots[:, 2] = 0.5 * radius * np.exp(-(spots[:, :2] ** 2).sum(axis=1) / radius ** 2)
    return join([heap, leaves(spots, 0.09, 'stone', hue * rng.uniform(0.6, 1.2, (150, 1)), rng)])


def building_site(stage, rng, kerb, crossing, side_half, raised):
    """
    Fence off a stretch of one side of the street, with material inside.

    Parameters
    ----------
    stage, rng
        As in street.build().
    kerb, crossing, side_half : float
        Where the kerb is, and the side street's middle and half width, metres.
    raised : float
        The height of the pavement, metres.

    """
    side, length = rng.choice([-1, 1]), int(rng.integers(2, 6))
    x0 = rng.uniform(-25, 25 - 2.2 * length)
    if x0 < crossing + side_half + 1 and x0 + 2.2 * length > crossing - side_half - 1:
        return
    panel = site_fence(rng) if rng.random() < 0.6 else plank_barrier()
    panels = [stage.mesh(panel, 'site'), stage.mesh(collected.thing('barrier', 0.73)[0], 'site')]
    which, wide = rng.choice([0, 0, 1]), rng.uniform(1.4, 2.2)
    edges = (kerb - 0.4, kerb - 0.4 - wide) if rng.random() < 0.6 else (
        kerb + 0.3, kerb + 0.3 + wide)
    z = raised if edges[1] > kerb else 0.0
    spots = [(x0 + 2.2 * (k + 0.5), side * y, 0.0) for k in range(length) for y in edges]
    middle = side * sum(edges) / 2
    spots += [(x, middle, np.pi / 2) for x in (x0, x0 + 2.2 * length)]
    for x, y, turn in spots:
        if stage.clearance(x, y) > 0.3 and rng.random() < 0.85:
            stage.put(panels[which], x, y, z, turn + rng.normal(0, 0.05))
            stage.cover(x, y, 1.1, 0.2, turn)
    loads = [lambda: mound(rng), lambda: loaded_pallet(rng, rng.uniform(0.4, 1.0))[0],
             lambda: pallet_stack(rng)[0], lambda: collected.thing('barrel')[0]]
    for x in np.arange(x0 + 1.2, x0 + 2.2 * length - 0.8, 2.0):
        load = loads[rng.integers(len(loads))]()
        if stage.clearance(x, middle) > 0.6:
            stage.put(stage.mesh(load, 'load'), x, middle, z, rng.uniform(0, 6.3))
            stage.cover(x, middle, 0.6)
    mark = stage.mesh(cone(rng), 'cone')
    for _ in range(rng.integers(2, 9)):
        x, y = x0 + rng.uniform(-4, 2.2 * length + 4), side * (edges[1] - rng.uniform(0.3, 1.0))
        if stage.clearance(x, y) > 0.3:
            stage.put(mark, x, y, raised if abs(y) > kerb else 0.0, rng.uniform(0, 6))
            stage.cover(x, y, 0.2)
