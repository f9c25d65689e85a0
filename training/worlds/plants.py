"""Trees, hedges, bushes and grass."""

import numpy as np

from .shape import box, ellipsoid, join, leaves, tube

GREENS = np.array([(0.05, 0.11, 0.02), (0.08, 0.15, 0.03), (0.04, 0.09, 0.03),
                   (0.11, 0.16, 0.03), (0.06, 0.10, 0.05), (0.16, 0.14, 0.03)])
AUTUMN = np.array([(0.35, 0.16, 0.03), (0.30, 0.07, 0.02), (0.38, 0.26, 0.05)])
BARKS = np.array([(0.16, 0.12, 0.09), (0.10, 0.075, 0.055), (0.24, 0.21, 0.18)])


def tree(rng, height=None, autumn=False):
    """Make a tree of a random kind (height in metres)."""
    height = rng.uniform(4.5, 10) if height is None else height
    kind = rng.choice(['round', 'round', 'wide', 'column', 'conifer'])
    if kind == 'conifer':
        return conifer(rng, height)
    return broadleaf(rng, height, kind, autumn)


def broadleaf(rng, height, kind, autumn=False):
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

    length = rng.uniform(0.16, 0.27)
    count = int(rng.uniform(6500, 10000))
    clump = rng.uniform(0.3, 0.5) * (0.7 if kind == 'column' else 1.0)
    centres = twigs[rng.integers(len(twigs), size=count)]
    centres = centres + rng.normal(0, clump, (count, 3)) * (1, 1, 0.75)
    centres[:, 2] = np.maximum(centres[:, 2], clear * 0.75)
    parts.append(leaves(centres, length, 'leaf', _leaf_tints(rng, centres, autumn), rng,
                        droop=rng.uniform(0.0, 0.4)))
    return join(parts)


def _branch(rng, root, heading, reach, rise):
    """Return a bent path of 5 points that leaves root."""
    steps = np.linspace(0, 1, 5)
    bend = heading + np.cumsum(rng.normal(0, 0.25, 5))
    ahead = np.cumsum(np.r_[0, np.diff(steps)]) * reach
    path = np.c_[np.cos(bend) * ahead, np.sin(bend) * ahead,
                 ahead * rise + rng.normal(0, 0.03, 5) * reach]
    path[0] = 0
    return root + path


def _leaf_tints(rng, centres, autumn=False):
    """Colour leaves: one green for a plant, darker within and below, each a little its own."""
    palette = AUTUMN if autumn and rng.random() < 0.6 else GREENS
    base = palette[rng.integers(len(palette))] * rng.uniform(0.8, 1.3)
    middle, size = centres.mean(axis=0), centres.std(axis=0) + 1e-6
    outward = np.linalg.norm((centres - middle) / size, axis=1) / 2.5
    light = 0.55 + 0.45 * np.clip(outward, 0, 1.2) + 0.1 * (centres[:, 2] - middle[2]) / size[2]
    light = light * rng.uniform(0.75, 1.25, len(centres))
    hue = 1 + rng.normal(0, 0.08, (len(centres), 3))
    return np.clip(base * np.maximum(light, 0.15)[:, None] * hue, 0, 1)


def conifer(rng, height):
    """Make a fir: tiers of drooping branches."""
    bark = BARKS[rng.integers(2)]
    parts = [tube([(0, 0, 0), (0, 0, height * 0.95)], [height * 0.022, 0.01], 'bark', bark)]
    foot, spread = height * rng.uniform(0.05, 0.2), height * rng.uniform(0.16, 0.26)
    centres = []
    for z in np.arange(foot, height * 0.97, 0.35):
        reach = spread * (1 - (z - foot) / (height - foot)) + 0.1
        for angle in rng.uniform(0, 2 * np.pi, max(4, int(reach * 9))):
            out = np.sqrt(rng.uniform(0, 1, 12)) * reach
            droop = -0.35 * out + rng.normal(0, 0.05, 12)
            centres.append(np.c_[np.cos(angle) * out, np.sin(angle) * out, z + droop]
                           + rng.normal(0, 0.07, (12, 3)))
    centres = np.concatenate(centres)
    tint = _leaf_tints(rng, centres) * (0.6, 0.75, 0.8)
    parts.append(leaves(centres, 0.3, 'leaf', tint, rng, droop=0.3))
    return join(parts)


def hedge(rng, length, height, thickness):
    """Make a clipped hedge along x: leaves all over a dark core (metres)."""
    half = np.array([length / 2, thickness / 2, height / 2])
    inner = half[:2] - 0.06
    core = box((*-inner, 0), (*inner, height - 0.06), 'leaf', (0.012, 0.025, 0.008))
    areas = np.array([thickness * height, length * height, length * thickness * 0.5])
    count = int(np.clip(areas.sum() * 2 * 190, 300, 9000))
    axis = rng.choice(3, count, p=areas / areas.sum())
    spots = rng.uniform(-1, 1, (count, 3)) * half
    side = np.where(axis == 2, 1, rng.choice([-1, 1], count))
    spots[np.arange(count), axis] = side * half[axis]
    spots += rng.normal(0, 0.03, (count, 3))
    spots[:, 2] += height / 2
    size = rng.uniform(0.06, 0.1) if count < 9000 else 0.13
    return join([core, leaves(spots, size, 'leaf', _leaf_tints(rng, spots), rng)])


def bush(rng, radius):
    """Make a round bush, sometimes in flower."""
    core = ellipsoid((0, 0, radius * 0.6), (radius * 0.75, radius * 0.75, radius * 0.65),
                     'leaf', (0.012, 0.025, 0.008), sides=8)
    count = int(np.clip(1800 * radius ** 2, 250, 3000))
    spots = rng.normal(size=(count, 3))
    spots *= radius * rng.uniform(0.72, 1.05, (count, 1)) / np.linalg.norm(
        spots, axis=1, keepdims=True)
    spots[:, 2] = np.abs(spots[:, 2] * 0.9 + radius * 0.6)
    tint = _leaf_tints(rng, spots)
    if rng.random() < 0.35:
        flowers = rng.random(count) < rng.uniform(0.1, 0.3)
        tint[flowers] = rng.uniform((0.3, 0.02, 0.05), (0.9, 0.6, 0.7))
    return join([core, leaves(spots, rng.uniform(0.07, 0.12), 'leaf', tint, rng)])


def tuft(rng, side=1.0, height=0.12):
    """Make a square patch of blades of grass (metres)."""
    count = int(260 * side * side)
    spots = np.c_[rng.uniform(-side / 2, side / 2, (count, 2)), np.zeros(count)]
    spots[:, 2] = height * 0.4
    tint = rng.uniform((0.03, 0.08, 0.01), (0.10, 0.18, 0.04), (count, 3))
    return leaves(spots, height, 'leaf', tint, rng, droop=0.6)
