"""
What warehouses and store rooms are full of: cartons, pallets, racks, trucks, roller doors.

Sizes in metres; conventions are those of indoor_furniture.
"""

import numpy as np

from .houses import ACCENTS
from .people import CLOTHES
from .rooms import METAL
from .shape import box, capsule, ellipsoid, grid, join, lathe, tube

DARK = np.array([0.02, 0.02, 0.022])
CARTONS = np.array([(0.42, 0.29, 0.17), (0.36, 0.24, 0.14), (0.5, 0.38, 0.24),
                    (0.62, 0.6, 0.55)])
PINE = np.array([0.5, 0.37, 0.22])


def carton(rng, half=None):
    """Make a closed carton with tape and a label, its foot at z = 0."""
    half = rng.uniform(0.12, 0.32, 3) if half is None else np.asarray(half, float)
    a, b, c = half
    hue = CARTONS[rng.integers(4)] * rng.uniform(0.85, 1.1)
    parts = [box((-a, -b, 0), (a, b, 2 * c), 'cardboard', hue)]
    if rng.random() < 0.7:
        parts.append(box((-a - 0.001, -0.025, 2 * c - 0.1), (a + 0.001, 0.025, 2 * c + 0.001),
                         'paint', hue * rng.choice([0.7, 1.25])))
    if rng.random() < 0.6:
        x, z = rng.uniform(-0.4, 0.1) * a, rng.uniform(0.5, 1.0) * c
        parts.append(box((x, b, z), (x + 0.5 * a, b + 0.001, z + 0.5 * c), 'paint',
                         (0.72, 0.72, 0.7)))
        parts.append(box((x, -b - 0.001, z), (x + 0.5 * a, -b, z + 0.5 * c), 'paint',
                         (0.72, 0.72, 0.7)))
    return join(parts)


def loose_carton(rng):
    """Make one carton or a pile of two on the floor."""
    half = rng.uniform(0.14, 0.32, 3)
    parts = [carton(rng, half)]
    if rng.random() < 0.35:
        parts.append(carton(rng, half * rng.uniform(0.6, 0.95)).turned(rng.normal(0, 0.15)).moved(
            z=2 * half[2]))
    return join(parts), half[0], 2 * half[1]


def pallet():
    """Make an empty pallet, 1.2 m along y and 0.8 m along x."""
    parts = [box((x - 0.05, -0.6, z), (x + 0.05, 0.6, z + 0.022), 'wood', PINE)
             for x, z in ((-0.35, 0), (0, 0), (0.35, 0), (-0.35, 0.122), (-0.175, 0.122),
                          (0, 0.122), (0.175, 0.122), (0.35, 0.122))]
    parts += [box((-0.4, y - 0.06, 0.1), (0.4, y + 0.06, 0.122), 'wood', PINE * 0.9)
              for y in (-0.54, 0, 0.54)]
    parts += [box((x - 0.05, y - 0.06, 0.022), (x + 0.05, y + 0.06, 0.1), 'wood', PINE * 0.8)
              for x in (-0.35, 0, 0.35) for y in (-0.54, 0, 0.54)]
    return join(parts)


def pallet_stack(rng):
    """Make a stack of empty pallets."""
    return join([pallet().moved(*rng.normal(0, 0.015, 2), 0.144 * k)
                 for k in range(rng.integers(1, 11))]), 0.4, 1.2


def loaded_pallet(rng, height=None):
    """Make a pallet with cartons, sacks, drums or a wrapped load, up to a height."""
    height = rng.uniform(0.5, 1.6) if height is None else height
    kind = rng.choice(['cartons', 'cartons', 'wrapped', 'sacks', 'drums', 'crate'])
    load = max(height - 0.144, 0.3)
    parts = [pallet()]
    if kind == 'cartons':
        nx, ny = int(rng.integers(1, 4)), int(rng.integers(2, 5))
        tall = rng.uniform(0.2, 0.45)
        layers = max(1, int(load / tall))
        hue_seed = int(rng.integers(2 ** 31))
        for k in range(layers):
            for i in range(nx):
                for j in range(ny):
                    if k == layers - 1 and rng.random() < 0.25:
                        continue
                    # All cartons of a load are alike.
                    one = carton(np.random.default_rng(hue_seed),
                                 (0.4 / nx - 0.006, 0.6 / ny - 0.006, tall / 2 - 0.002))
                    parts.append(one.turned(rng.normal(0, 0.012)).moved(
                        -0.4 + 0.8 * (i + 0.5) / nx, -0.6 + 1.2 * (j + 0.5) / ny,
                        0.144 + k * tall))
    elif kind == 'wrapped':
        hue = CLOTHES[rng.integers(len(CLOTHES))] * 0.5 + 0.15
        parts.append(box((-0.39, -0.59, 0.144), (0.39, 0.59, 0.144 + load), 'car_paint', hue))
    elif kind == 'sacks':
        hue = rng.uniform(0.35, 0.65) * np.array([1, 0.95, 0.85])
        for k in range(max(1, int(load / 0.16))):
            for j in range(3):
                parts.append(ellipsoid((0, 0, 0), (0.4, 0.23, 0.1), 'cloth', hue * rng.uniform(
                    0.9, 1.08), 16).moved(rng.normal(0, 0.015), -0.4 + 0.4 * j,
                                          0.144 + 0.08 + k * 0.15))
    elif kind == 'drums':
        hue = ACCENTS[rng.integers(len(ACCENTS))]
        parts += [drum(hue).moved(x, y, 0.144) for x in (-0.2,) for y in (-0.3, 0.3)]
        parts += [drum(hue).scaled(0.66).moved(0.24, y, 0.144) for y in (-0.4, 0.0, 0.4)]
    else:
        parts += [box((-0.39, -0.59, z), (0.39, 0.59, z + 0.1), 'wood', PINE * rng.uniform(
            0.8, 1.1)) for z in np.arange(0.15, load, 0.115)]
        parts += [box((x - 0.03, y - 0.03, 0.144), (x + 0.03, y + 0.03, 0.144 + load), 'wood',
                      PINE * 0.8) for x in (-0.38, 0.38) for y in (-0.58, 0.58)]
    return join(parts), 0.4, 1.2


def drum(hue):
    """Make a drum of 0.58 m by 0.88 m."""
    return lathe([(0.29, 0), (0.285, 0.02), (0.285, 0.29), (0.297, 0.3), (0.285, 0.31),
                  (0.285, 0.58), (0.297, 0.59), (0.285, 0.6), (0.29, 0.88), (0.27, 0.88),
                  (0.27, 0.865), (0, 0.865)], 'paint', hue, 20)


def draw_rack(rng, ceiling):
    """Draw what the racks of one warehouse have in common: (bay, depth, levels, colours)."""
    step = rng.uniform(1.2, 1.9)
    top = rng.uniform(2.2, max(2.4, min(6.5, ceiling - 1.2)))
    levels = np.arange(0, top - step * 0.5, step)
    blue = [(0.02, 0.08, 0.3), (0.02, 0.08, 0.3), (0.3, 0.3, 0.3), (0.05, 0.2, 0.1)][
        rng.integers(4)]
    orange = [(0.6, 0.2, 0.02), (0.6, 0.2, 0.02), (0.6, 0.42, 0.03), (0.35, 0.35, 0.35)][
        rng.integers(4)]
    return rng.choice([1.85, 2.75]), 1.1, levels, (np.array(blue), np.array(orange))


def rack_bay(rng, rack, fill):
    """
    Make one bay of a pallet rack, loaded, its uprights at its left; it is open to both sides.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the load.
    rack : tuple
        From draw_rack().
    fill : float
        Which share of the places is taken.

    """
    bay, depth, levels, (upright, beam) = rack
    step = levels[1] - levels[0] if len(levels) > 1 else 1.5
    top = levels[-1] + step * 0.6
    parts = [rack_frame(rack, top)]
    for z in levels[1:]:
        parts += [box((0.05, y - 0.025, z - 0.11), (bay - 0.05, y + 0.025, z), 'paint', beam)
                  for y in (0.03, depth - 0.03)]
        if rng.random() < 0.3:
            parts.append(box((0.05, 0.05, z), (bay - 0.05, depth - 0.05, z + 0.012), 'wood',
                             PINE))
            z += 0.012
    count = int((bay - 0.1) / 0.88)
    for z in levels:
        for k in range(count):
            if rng.random() < fill:
                load, *_ = loaded_pallet(rng, min(rng.uniform(0.5, 1.4), step - 0.2))
                x = 0.05 + (bay - 0.1) * (k + 0.5) / count
                parts.append(load.moved(x, depth / 2 + rng.normal(0, 0.02), z))
    return join(parts)


def rack_frame(rack, top):
    """Make two uprights with braces between them: a rack's end."""
    _, depth, _, (hue, _) = rack
    parts = [box((-0.045, y, 0), (0.045, y + 0.07, top), 'paint', hue)
             for y in (0.0, depth - 0.07)]
    zs = np.arange(0.15, top, 0.6)
    for k, (z0, z1) in enumerate(zip(zs[:-1], zs[1:])):
        ends = (0.05, depth - 0.05) if k % 2 else (depth - 0.05, 0.05)
        parts.append(tube([(0, ends[0], z0), (0, ends[1], z1)], 0.018, 'metal', hue, sides=4))
    parts += [box((-0.06, y, 0), (0.06, y + 0.07, 0.35), 'paint', (0.65, 0.45, 0.02))
              for y in (-0.03, depth - 0.04)]
    return join(parts)


def shelving(rng):
    """Make a unit of light shelves with cartons and bins, against a wall."""
    half, depth, tall = rng.uniform(0.45, 0.65), rng.uniform(0.35, 0.6), rng.uniform(1.6, 2.2)
    hue = [METAL, np.array([0.6, 0.6, 0.6]), np.array([0.03, 0.1, 0.3])][rng.integers(3)]
    parts = [box((x - 0.018, y - 0.018, 0), (x + 0.018, y + 0.018, tall), 'metal', hue)
             for x in (-half + 0.02, half - 0.02) for y in (0.02, depth - 0.02)]
    levels = np.linspace(0.1, tall - 0.03, rng.integers(4, 7))
    for z, room in zip(levels, np.diff(levels, append=levels[-1] + 0.4)):
        parts.append(box((-half, 0, z - 0.03), (half, depth, z), 'metal', hue))
        x = -half + 0.05
        while x < half - 0.15:
            size = np.array([rng.uniform(0.08, 0.22), rng.uniform(0.3, 0.45) * depth,
                             rng.uniform(0.3, 0.48) * (room - 0.04)])
            if rng.random() < 0.75 and x + 2 * size[0] < half:
                kind = rng.random()
                item = carton(rng, size) if kind < 0.6 else box(
                    (-size[0], -size[1], 0), (size[0], size[1], 2 * size[2]), 'paint',
                    ACCENTS[rng.integers(len(ACCENTS))]) if kind < 0.85 else lathe(
                        [(0.07, 0), (0.08, 2 * size[2]), (0, 2 * size[2])], 'paint',
                        rng.uniform(0.1, 0.7, 3), 14)
                parts.append(item.moved(x + size[0], depth / 2, z))
            x += 2 * size[0] + rng.uniform(0.01, 0.1)
    return join(parts), half, depth


def pallet_jack(rng):
    """Make a hand pallet truck, its forks towards +y."""
    hue = [(0.6, 0.4, 0.02), (0.5, 0.03, 0.02), (0.05, 0.1, 0.35)][rng.integers(3)]
    parts = [box((x - 0.08, -0.1, 0.03), (x + 0.08, 1.05, 0.09), 'paint', hue)
             for x in (-0.19, 0.19)]
    parts += [box((-0.27, -0.25, 0.06), (0.27, -0.08, 0.42), 'paint', hue),
              tube([(0, -0.25, 0.2), (0, -0.3, 0.4), (0, -0.55, 1.15)], 0.022, 'metal', DARK),
              capsule((-0.17, -0.56, 1.18), (0.17, -0.56, 1.18), 0.018, 'paint', DARK)]
    wheel = lathe([(0, -0.03), (0.09, -0.03), (0.09, 0.03), (0, 0.03)], 'paint', DARK, 14).turned(
        np.pi / 2, axis=1)
    parts += [wheel.moved(x, -0.22, 0.09) for x in (-0.09, 0.09)]
    return join(parts), 0.3, 1.6


def forklift(rng):
    """Make a counterbalanced fork-lift truck, its forks towards +y."""
    hue = np.array([(0.6, 0.4, 0.02), (0.55, 0.12, 0.02), (0.5, 0.03, 0.02), (0.1, 0.25, 0.1)][
        rng.integers(4)])
    parts = [box((-0.5, -0.95, 0.2), (0.5, 0.55, 0.62), 'car_paint', hue),
             grid([[(-0.5, -1.15, 0.25), (0.5, -1.15, 0.25), (0.5, -0.5, 0.25),
                    (-0.5, -0.5, 0.25)],
                   [(-0.48, -1.05, 0.98), (0.48, -1.05, 0.98), (0.48, -0.5, 1.02),
                    (-0.48, -0.5, 1.02)]], 'car_paint', hue, smooth=False, closed=True),
             box((-0.48, -1.05, 0.96), (0.48, -0.5, 1.02), 'paint', DARK),
             box((-0.27, -0.5, 0.62), (0.27, 0.0, 0.75), 'paint', DARK),
             box((-0.26, -0.58, 0.75), (0.26, -0.46, 1.25), 'paint', DARK),
             tube([(0, 0.5, 0.6), (0, 0.28, 1.05)], 0.03, 'paint', DARK, sides=8)]
    for x in (-0.44, 0.44):
        parts.append(tube([(x, -0.75, 1.0), (x, -0.65, 2.05), (x, 0.3, 2.08), (x, 0.52, 1.2),
                           (x, 0.52, 0.6)], 0.032, 'paint', DARK, sides=6))
        parts.append(box((x * 0.75 - 0.05, 0.6, 0.06), (x * 0.75 + 0.05, 0.75, 2.15), 'paint',
                         DARK))
        parts.append(box((x * 0.6 - 0.06, 0.78, 0.06), (x * 0.6 + 0.06, 1.85, 0.1), 'metal', DARK))
        for y, radius in ((0.3, 0.29), (-0.75, 0.22)):
            wheel = lathe([(0, -0.1), (radius * 0.8, -0.1), (radius, -0.06), (radius, 0.06),
                           (radius * 0.8, 0.1), (0, 0.1)], 'paint', DARK, 20)
            parts.append(wheel.turned(np.pi / 2, axis=1).moved(np.sign(x) * 0.44, y, radius))
    parts += [box((-0.44, y - 0.02, 2.06), (0.44, y + 0.02, 2.1), 'paint', DARK)
              for y in np.linspace(-0.6, 0.3, 6)]
    parts += [box((-0.38, 0.62, z), (0.38, 0.72, z + 0.08), 'paint', DARK) for z in (0.3, 2.05)]
    parts.append(box((-0.45, 0.76, 0.12), (0.45, 0.8, 0.55), 'paint', DARK * 2))
    return join(parts), 0.55, 3.0


def cage(rng):
    """Make a roll cage, half full of cartons."""
    parts = [box((-0.36, -0.4, 0.12), (0.36, 0.4, 0.16), 'metal', METAL)]
    bars = [((x, y), (x, y)) for x in (-0.35, 0.35) for y in np.linspace(-0.4, 0.4, 7)]
    parts += [box((x - 0.008, y - 0.008, 0.15), (x + 0.008, y + 0.008, 1.65), 'metal', METAL)
              for (x, y), _ in bars]
    parts += [box((x - 0.01, -0.4, z), (x + 0.01, 0.4, z + 0.02), 'metal', METAL)
              for x in (-0.35, 0.35) for z in (0.5, 0.95, 1.63)]
    parts += [ellipsoid((x, y, 0.06), (0.03, 0.06, 0.06), 'paint', DARK, 10)
              for x in (-0.3, 0.3) for y in (-0.33, 0.33)]
    z = 0.16
    for _ in range(rng.integers(0, 5)):
        half = rng.uniform((0.2, 0.2, 0.1), (0.33, 0.37, 0.18))
        parts.append(carton(rng, half).moved(z=z))
        z += 2 * half[2]
    return join(parts), 0.38, 0.82


def roller_door(rng, width, height):
    """Make the slats of a shut roller door in the plane y = 0, its middle at x = 0."""
    hue = rng.uniform(0.25, 0.65) * np.ones(3)
    if rng.random() < 0.3:
        hue = ACCENTS[rng.integers(len(ACCENTS))]
    zs = np.arange(0, height, 0.1)
    profile = [(y, z + dz) for z in zs for y, dz in ((0.0, 0.0), (0.025, 0.03), (0.025, 0.07),
                                                     (0.0, 0.099))]
    points = [[(x, y, min(z, height)) for y, z in profile] for x in (width / 2, -width / 2)]
    half = width / 2
    return join([grid(points, 'paint', hue, smooth=False),
                 *(box((x - 0.06, 0, 0), (x + 0.06, 0.07, height), 'metal', METAL * 0.7)
                   for x in (-half, half)),
                 box((-half - 0.1, 0, height), (half + 0.1, 0.4, height + 0.4), 'metal', hue)])


def floor_lines(low, high, width, hue):
    """Make lines on a floor around a rectangle (low, high: (x, y))."""
    (x0, y0), (x1, y1) = low, high
    return [box((a, b, 0), (c, d, 0.004), 'paint', hue)
            for a, b, c, d in ((x0, y0, x1, y0 + width), (x0, y1 - width, x1, y1),
                               (x0, y0 + width, x0 + width, y1 - width),
                               (x1 - width, y0 + width, x1, y1 - width))]
