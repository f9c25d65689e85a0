"""Trees, hedges, bushes, flowers, grass and plants in pots."""

import numpy as np

from .shape import box, ellipsoid, grid, join, lathe, leaves, shape, tube

GREENS = np.array([(0.05, 0.11, 0.02), (0.08, 0.15, 0.03), (0.04, 0.09, 0.03),
                   (0.11, 0.16, 0.03), (0.06, 0.10, 0.05), (0.16, 0.14, 0.03)])
AUTUMN = np.array([(0.35, 0.16, 0.03), (0.30, 0.07, 0.02), (0.38, 0.26, 0.05)])
BARKS = np.array([(0.16, 0.12, 0.09), (0.10, 0.075, 0.055), (0.24, 0.21, 0.18)])
POTS = np.array([(0.75, 0.74, 0.7), (0.4, 0.17, 0.09), (0.3, 0.3, 0.3), (0.55, 0.5, 0.4),
                 (0.05, 0.05, 0.055), (0.12, 0.2, 0.3), (0.45, 0.22, 0.12)])
FLOWERS = np.array([(0.7, 0.05, 0.04), (0.75, 0.5, 0.03), (0.7, 0.7, 0.66), (0.3, 0.06, 0.45),
                    (0.7, 0.2, 0.35), (0.75, 0.25, 0.02)])


def draw_season(rng):
    """Draw a season: 'summer' mostly, 'autumn' or 'winter' (when broad leaves have fallen)."""
    return str(rng.choice(['summer', 'autumn', 'winter'], p=[0.68, 0.2, 0.12]))


def tree(rng, height=None, season='summer', fine=True):
    """Make a tree of a random kind (height in metres), fine enough to stand near it or not."""
    height = rng.uniform(4.5, 10) if height is None else height
    kind = rng.choice(['round', 'round', 'wide', 'column', 'conifer'])
    if kind == 'conifer':
        return conifer(rng, height, fine)
    return broadleaf(rng, height, kind, season, fine)


def broadleaf(rng, height, kind, season='summer', fine=True):
    """Make a tree with a trunk, two orders of branches and a crown of leaves."""
    spread = height * {'round': 0.3, 'wide': 0.42, 'column': 0.13}[kind] * rng.uniform(0.85, 1.1)
    clear = height * rng.uniform(0.22, 0.36) if kind != 'column' else height * 0.12
    bark = BARKS[rng.integers(len(BARKS))] * rng.uniform(0.7, 1.2)
    girth = height * rng.uniform(0.016, 0.026)

    steps = np.linspace(0, 1, 7)
    sway = np.cumsum(rng.normal(0, height * 0.012, (7, 2)), axis=0)
    trunk = np.c_[sway - sway[0], steps * height * 0.85]
    radii = girth * (1.05 - steps * 0.85)
    radii[0] *= 1.5
    parts = [tube(trunk, radii, 'bark', bark, sides=8)]

    twigs = []
    for _ in range(rng.integers(9, 14)):
        where = rng.uniform(clear / (height * 0.85), 0.95)
        root = np.array([np.interp(where, steps, trunk[:, i]) for i in range(3)])
        # The crown is widest a little above its foot.
        rise = (root[2] - clear) / (height - clear)
        reach = spread * np.sin(np.pi * (0.25 + 0.7 * rise)) * rng.uniform(0.7, 1.05)
        branch = _branch(rng, root, rng.uniform(0, 2 * np.pi), reach, rng.uniform(0.3, 0.9))
        parts.append(tube(branch, girth * np.linspace(0.42, 0.12, len(branch)), 'bark', bark,
                          sides=5))
        for start in branch[2:]:
            twig = _branch(rng, start, rng.uniform(0, 2 * np.pi), reach * 0.45,
                           rng.uniform(0.1, 0.9))
            parts.append(tube(twig, girth * np.linspace(0.16, 0.05, len(twig)), 'bark', bark,
                              sides=3))
            twigs.append(twig[1:])
        twigs.append(branch[2:])
    twigs = np.concatenate(twigs + [trunk[-2:]])
    if season == 'winter':
        return join([*parts, _bare_twigs(rng, twigs, height, bark)])

    length = rng.uniform(0.1, 0.16) if fine else rng.uniform(0.18, 0.27)
    count = int(rng.uniform(14000, 20000)) if fine else int(rng.uniform(5000, 8000))
    clump = rng.uniform(0.3, 0.5) * (0.7 if kind == 'column' else 1.0)
    centres = twigs[rng.integers(len(twigs), size=count)]
    centres = centres + rng.normal(0, clump, (count, 3)) * (1, 1, 0.75)
    centres[:, 2] = np.maximum(centres[:, 2], clear * 0.75)
    parts.append(leaves(centres, length, 'leaf', _leaf_tints(rng, centres, season), rng,
                        droop=rng.uniform(0.0, 0.4)))
    return join(parts)


def _bare_twigs(rng, roots, height, bark):
    """Make the twigs of a tree without leaves: thin strips that leave its branches."""
    count = 2500
    start = roots[rng.integers(len(roots), size=count)] + rng.normal(0, 0.05, (count, 3))
    way = rng.normal(0, 1, (count, 3)) + (0, 0, 0.6)
    tip = start + way * rng.uniform(0.02, 0.06, (count, 1)) * height * 0.5
    aside = np.cross(way, rng.normal(size=(count, 3)))
    aside *= 0.006 / (np.linalg.norm(aside, axis=1, keepdims=True) + 1e-9)
    vertices = np.stack([start - aside, start + aside, tip + aside * 0.4, tip - aside * 0.4], 1)
    return shape(vertices, np.arange(4 * count).reshape(count, 4), 'bark', bark)


def _branch(rng, root, heading, reach, rise):
    """Return a bent path of 5 points that leaves root."""
    steps = np.linspace(0, 1, 5)
    bend = heading + np.cumsum(rng.normal(0, 0.25, 5))
    ahead = np.cumsum(np.r_[0, np.diff(steps)]) * reach
    path = np.c_[np.cos(bend) * ahead, np.sin(bend) * ahead,
                 ahead * rise + rng.normal(0, 0.03, 5) * reach]
    path[0] = 0
    return root + path


def _leaf_tints(rng, centres, season='summer'):
    """Colour leaves: one green for a plant, darker within and below, each a little its own."""
    palette = AUTUMN if season == 'autumn' and rng.random() < 0.6 else GREENS
    base = palette[rng.integers(len(palette))] * rng.uniform(0.8, 1.3)
    middle, size = centres.mean(axis=0), centres.std(axis=0) + 1e-6
    outward = np.linalg.norm((centres - middle) / size, axis=1) / 2.5
    light = 0.55 + 0.45 * np.clip(outward, 0, 1.2) + 0.1 * (centres[:, 2] - middle[2]) / size[2]
    light = light * rng.uniform(0.75, 1.25, len(centres))
    hue = 1 + rng.normal(0, 0.08, (len(centres), 3))
    return np.clip(base * np.maximum(light, 0.15)[:, None] * hue, 0, 1)


def conifer(rng, height, fine=True):
    """Make a fir: tiers of drooping branches with needles on both sides."""
    bark = BARKS[rng.integers(2)]
    parts = [tube([(0, 0, 0), (0, 0, height * 0.95)], [height * 0.022, 0.01], 'bark', bark)]
    foot, spread = height * rng.uniform(0.05, 0.2), height * rng.uniform(0.16, 0.26)
    fall = rng.uniform(0.15, 0.5)
    along, centres = 46 if fine else 14, []
    for z in np.arange(foot, height * 0.97, 0.27):
        reach = spread * (1 - (z - foot) / (height - foot)) * rng.uniform(0.85, 1.1) + 0.12
        for angle in rng.uniform(0, 2 * np.pi, max(5, int(reach * 9))):
            out = np.sqrt(rng.uniform(0, 1, along)) * reach * rng.uniform(0.75, 1.1)
            # A branch is a flat spray, narrow at its tip, that hangs and turns up at its end.
            aside = rng.normal(0, 0.13, along) * (1.15 - out / (reach * 1.1)) * min(reach, 1.2)
            hang = -fall * out + 0.12 * fall * out ** 2 + rng.normal(0, 0.025, along)
            centres.append(np.c_[np.cos(angle) * out - np.sin(angle) * aside,
                                 np.sin(angle) * out + np.cos(angle) * aside, z + hang])
    centres = np.concatenate(centres)
    tint = _leaf_tints(rng, centres) * (0.6, 0.75, 0.8)
    parts.append(leaves(centres, 0.13 if fine else 0.26, 'leaf', tint, rng, droop=0.35))
    return join(parts)


def hedge(rng, length, height, thickness):
    """Make a clipped hedge along x: leaves all over a dark core (metres)."""
    half = np.array([length / 2, thickness / 2, height / 2])
    inner = half[:2] - 0.06
    core = box((*-inner, 0), (*inner, height - 0.06), 'leaf', (0.012, 0.025, 0.008))
    areas = np.array([thickness * height, length * height, length * thickness * 0.5])
    size = rng.uniform(0.035, 0.065)
    count = int(np.clip(areas.sum() * 2 * 2.6 / size ** 2, 300, 16000))
    axis = rng.choice(3, count, p=areas / areas.sum())
    spots = rng.uniform(-1, 1, (count, 3)) * half
    side = np.where(axis == 2, 1, rng.choice([-1, 1], count))
    spots[np.arange(count), axis] = side * half[axis]
    # Shears leave a wavy face with some shoots that have grown since.
    bulge = 0.03 * np.sin(spots @ rng.normal(0, 3, (3, 3)) + rng.uniform(0, 6, 3))
    spots += rng.normal(0, 0.025, (count, 3)) + bulge
    shoots = rng.random(count) < 0.03
    spots[shoots, 2] += np.abs(rng.normal(0, 0.06, shoots.sum())) * (axis[shoots] == 2)
    spots[:, 2] += height / 2
    return join([core, leaves(spots, size, 'leaf', _leaf_tints(rng, spots), rng)])


def bush(rng, radius):
    """Make a round bush of several mounds, sometimes in flower."""
    mounds = np.c_[rng.normal(0, 0.28, (4, 2)), rng.uniform(0.45, 0.7, 4),
                   rng.uniform(0.5, 0.75, 4)] * radius
    core = [ellipsoid(m[:3], (m[3] * 0.72,) * 3, 'leaf', (0.012, 0.025, 0.008), sides=8)
            for m in mounds]
    size = rng.uniform(0.035, 0.075)
    count = int(np.clip(34 * radius ** 2 / size ** 2, 900, 12000))
    ways = rng.normal(size=(count, 3))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    of = mounds[rng.integers(4, size=count)]
    spots = of[:, :3] + ways * of[:, 3:] * rng.uniform(0.75, 1.08, (count, 1))
    spots[:, 2] = np.abs(spots[:, 2])
    tint = _leaf_tints(rng, spots)
    if rng.random() < 0.35:
        flowers = rng.random(count) < rng.uniform(0.1, 0.3)
        tint[flowers] = rng.uniform((0.3, 0.02, 0.05), (0.9, 0.6, 0.7))
    return join([*core, leaves(spots, size, 'leaf', tint, rng)])


def tuft(rng, side=1.0, height=0.12):
    """Make a round patch of blades of grass that lean each its own way (metres)."""
    count = int(650 * side * side)
    # Thinner towards its rim, so that no edge shows.
    foot = np.c_[rng.normal(0, side * 0.28, (count, 2)), np.zeros(count)]
    lean = rng.normal(0, 0.35, (count, 2)) * height
    tip = foot + np.c_[lean, height * rng.uniform(0.5, 1.2, count)]
    turn = rng.uniform(0, np.pi, count)
    aside = np.c_[np.cos(turn), np.sin(turn), np.zeros(count)] * rng.uniform(
        0.003, 0.008, (count, 1))
    vertices = np.stack([foot - aside, foot + aside, tip], axis=1)
    tint = rng.uniform((0.04, 0.10, 0.01), (0.14, 0.24, 0.06), (count, 3))
    return shape(vertices, np.arange(3 * count).reshape(count, 3), 'leaf', tint)


def flower_bed(rng, length, width):
    """Make a bed along x, of earth with an edge, green and flowers in rows (metres)."""
    x, y = length / 2, width / 2
    edge = rng.uniform(0.15, 0.4) * np.ones(3)
    parts = [box((-x, -y, 0), (x, y, 0.07), 'gravel', (0.07, 0.045, 0.03))]
    parts += [box((*low, 0), (*high, 0.11), 'stone', edge) for low, high in (
        ((-x - 0.06, -y - 0.06), (x + 0.06, -y)), ((-x - 0.06, y), (x + 0.06, y + 0.06)),
        ((-x - 0.06, -y), (-x, y)), ((x, -y), (x + 0.06, y)))]
    tall, step = rng.uniform(0.15, 0.4), rng.uniform(0.22, 0.32)
    rows = FLOWERS[rng.integers(len(FLOWERS), size=2)] * rng.uniform(0.7, 1.2, (2, 3))
    for k, b in enumerate(np.arange(-y + step / 2, y, step)):
        for a in np.arange(-x + step / 2, x, step):
            high = tall * rng.uniform(0.75, 1.2)
            middle = np.array([a, b, 0.07]) + rng.normal(0, 0.02, 3) * (1, 1, 0)
            green = middle + rng.normal(0, 1, (40, 3)) * (0.07, 0.07, high * 0.22) + (
                0, 0, high * 0.4)
            green[:, 2] = np.maximum(green[:, 2], 0.075)
            parts.append(leaves(green, 0.07, 'leaf', _leaf_tints(rng, green), rng))
            bloom = middle + rng.normal(0, 0.06, (14, 3)) * (1, 1, 0.4) + (0, 0, high)
            parts.append(leaves(bloom, 0.05, 'leaf', np.clip(rows[k % 2] * rng.uniform(
                0.7, 1.2, (14, 1)), 0, 0.9), rng))
    return join(parts)


def pot_plant(rng, height=None):
    """Make a plant in a pot."""
    height = height or rng.uniform(0.4, 1.7)
    radius = np.clip(height * 0.16, 0.06, 0.2)
    hue = POTS[rng.integers(len(POTS))] * rng.uniform(0.75, 1.2)
    pot = lathe([(radius * 0.7, 0), (radius, radius * 1.7), (radius * 0.9, radius * 1.7),
                 (0, radius * 1.5)], 'paint', hue, 16)
    green = rng.uniform((0.02, 0.08, 0.015), (0.09, 0.2, 0.05))
    parts, foot = [pot], radius * 1.5
    if rng.random() < 0.5:
        # Long blades that arch outwards.
        for angle in rng.uniform(0, 2 * np.pi, rng.integers(9, 18)):
            reach, rise = rng.uniform(0.15, 0.45) * height, rng.uniform(0.55, 1.0)
            step = np.linspace(0, 1, 6)
            out, z = reach * step, foot + (height - foot) * rise * (1.3 * step - 0.5 * step ** 2)
            wide = 0.03 * np.sin(np.pi * (0.12 + 0.86 * step)) * (0.5 + height)
            middle = np.c_[np.cos(angle) * out, np.sin(angle) * out, z]
            side = np.array([-np.sin(angle), np.cos(angle), 0])
            parts.append(grid([middle - wide[:, None] * side, middle + wide[:, None] * side],
                              'paint', green * rng.uniform(0.7, 1.3)))
    else:
        count = int(350 + 700 * height)
        spots = rng.normal(0, 1, (count, 3)) * (height * 0.14, height * 0.14, height * 0.2)
        spots[:, 2] = np.maximum(spots[:, 2] + height * 0.68, foot)
        parts += [leaves(spots, 0.03 + 0.035 * height, 'leaf', green * rng.uniform(
            0.6, 1.4, (count, 1)), rng, droop=0.2),
            tube([(0, 0, foot), (0, 0, height * 0.7)], 0.008 + 0.012 * height, 'bark',
                 (0.14, 0.1, 0.07), sides=6)]
    return join(parts), height * 0.28, height * 0.56
