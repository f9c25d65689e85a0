"""Cars and vans."""

import numpy as np

from .shape import box, grid, join, lathe, tube

PAINTS = np.array([(0.6, 0.6, 0.6), (0.02, 0.02, 0.025), (0.2, 0.2, 0.21), (0.75, 0.75, 0.73),
                   (0.35, 0.02, 0.02), (0.02, 0.06, 0.25), (0.05, 0.15, 0.12), (0.5, 0.35, 0.05),
                   (0.1, 0.25, 0.4), (0.25, 0.2, 0.15), (0.55, 0.12, 0.02), (0.45, 0.5, 0.5)])

# Stations along the car as fractions of its length from the rear: (x, height of the body's upper
# edge), then the cabin's foot and roof line: (x, height); heights as fractions of the car's.
BODIES = {
    'hatchback': {
        'length': (3.7, 4.2), 'width': (1.68, 1.78), 'height': (1.45, 1.55),
        'deck': [(0, .55), (.03, .64), (.6, .62), (.72, .60), (.93, .52), (1, .40)],
        'roof': [(.02, .62), (.10, .93), (.22, 1), (.48, .98), (.56, .92), (.74, .60)]},
    'saloon': {
        'length': (4.4, 4.9), 'width': (1.76, 1.88), 'height': (1.4, 1.48),
        'deck': [(0, .55), (.03, .66), (.16, .67), (.62, .64), (.72, .63), (.94, .53), (1, .38)],
        'roof': [(.12, .64), (.27, .94), (.36, 1), (.52, .99), (.58, .93), (.74, .62)]},
    'estate': {
        'length': (4.4, 4.8), 'width': (1.78, 1.9), 'height': (1.6, 1.75),
        'deck': [(0, .5), (.02, .62), (.6, .61), (.73, .60), (.95, .52), (1, .42)],
        'roof': [(.01, .6), (.06, .92), (.15, 1), (.5, .99), (.58, .93), (.74, .59)]},
    'van': {
        'length': (4.9, 5.9), 'width': (1.95, 2.05), 'height': (2.1, 2.5),
        'deck': [(0, .45), (.01, .52), (.7, .50), (.82, .49), (.96, .42), (1, .32)],
        'roof': [(.005, .5), (.015, .95), (.05, 1), (.66, 1), (.74, .95), (.88, .48)]},
}


def vehicle(rng, kind=None):
    """Make a car or van along +x, its wheels on the ground; its paint takes the put tint."""
    kind = kind or rng.choice(list(BODIES), p=[0.35, 0.25, 0.25, 0.15])
    body = BODIES[kind]
    length, width, height = (rng.uniform(*body[k]) for k in ('length', 'width', 'height'))
    wheel = 0.3 + 0.03 * (kind == 'van') + rng.uniform(0, 0.03)
    scale = np.array([length, 1, height])

    deck = np.array(body['deck'])
    parts = [_hull(deck, width, scale)]
    roof = np.array(body['roof'])
    parts += _cabin(roof, deck, width, scale, kind)
    parts += _lights(width, scale)
    for x in (0.18, 0.81):
        for side in (1, -1):
            parts.append(_wheel(wheel).moved(x * length, side * (width / 2 - 0.1), wheel)
                         if side > 0 else
                         _wheel(wheel).turned(np.pi).moved(x * length, -(width / 2 - 0.1), wheel))
            parts.append(_arch(wheel, side).moved(x * length, side * (width / 2 + 0.004), wheel))
    return join(parts).moved(-length / 2), length, width


def _hull(deck, width, scale):
    """Loft the body below the windows: one section for each station."""
    sections = []
    angle = np.linspace(-0.5 * np.pi, 1.5 * np.pi, 24, endpoint=False)
    for x, top in deck:
        bottom = 0.16 + 0.05 * (x < 0.02 or x > 0.97)
        near_end = min(x, 1 - x)
        half = width / 2 * (0.9 + 0.1 * min(near_end / 0.06, 1))
        # A superellipse: a box with rounded edges.
        cos, sin = np.cos(angle), np.sin(angle)
        y = half * np.sign(cos) * np.abs(cos) ** 0.28
        z = (top + bottom) / 2 + (top - bottom) / 2 * np.sign(sin) * np.abs(sin) ** 0.4
        sections.append(np.c_[np.full(24, x), y, z] * scale)
    first, last = (np.broadcast_to(s.mean(axis=0), s.shape) for s in (sections[0], sections[-1]))
    return grid([first, *sections, last], 'car_paint', closed=True)


def _cabin(roof, deck, width, scale, kind):
    """Loft the cabin: dark glass all round, painted roof and pillars."""
    foot = np.interp(roof[:, 0], deck[:, 0], deck[:, 1]) - 0.03
    half_foot, half_roof = width / 2 * 0.93, width / 2 * (0.93 if kind == 'van' else 0.76)
    rise = np.clip((roof[:, 1] - foot) / (1 - foot), 0, 1)
    half_top = half_foot + (half_roof - half_foot) * rise
    rows = []
    for i, (x, top) in enumerate(roof):
        crown = min(top + 0.015 * rise[i], 1.01)
        rows.append(np.array([(x, -half_foot, foot[i]), (x, -half_top[i], top - 0.02),
                              (x, -half_top[i] * 0.8, top), (x, 0, crown),
                              (x, half_top[i] * 0.8, top), (x, half_top[i], top - 0.02),
                              (x, half_foot, foot[i])]) * scale)
    shell = grid(rows, 'car_paint')
    columns = np.tile(np.arange(6), len(roof) - 1)
    station = np.repeat(np.arange(len(roof) - 1), 6)
    sides = (columns == 0) | (columns == 5)
    screens = (station == 0) | (station >= len(roof) - 2)
    glazed = sides | (screens & ~sides)
    if kind == 'van':
        glazed &= (station >= len(roof) - 3)
    shell.surface[glazed] = 'glass'
    shell.tint = np.where(glazed[:, None], (0.02, 0.024, 0.028), (1, 1, 1))
    parts = [shell]
    first, last = roof[1, 0], roof[-2, 0]
    posts = np.linspace(first, last, 3 if kind != 'van' else 2)
    for i, x in enumerate(posts):
        top = np.interp(x, roof[:, 0], roof[:, 1])
        base = np.interp(x, roof[:, 0], foot)
        shift = 0.05 * (i == len(posts) - 1) - 0.03 * (i == 0)
        for side in (1, -1):
            top_half = np.interp(x, roof[:, 0], half_top)
            low = np.array([x + shift, side * half_foot * 1.005, base]) * scale
            high = np.array([x, side * top_half * 1.005, top - 0.01]) * scale
            parts.append(tube([low, high], 0.035, 'car_paint', sides=5))
    return parts


def _lights(width, scale):
    """Make lamps, plates and bumpers at both ends."""
    length, height = scale[0], scale[2]
    parts = []
    for side in (1, -1):
        y = side * width * 0.36
        parts.append(box((length - 0.12, y - 0.17, height * 0.36),
                         (length + 0.012, y + 0.14, height * 0.44), 'glass', (0.75, 0.75, 0.7)))
        parts.append(box((-0.012, y - 0.13, height * 0.42), (0.1, y + 0.16, height * 0.52),
                         'glass', (0.35, 0.01, 0.01)))
        parts.append(box((length * 0.66, side * width * 0.53 - 0.08, height * 0.6),
                         (length * 0.66 + 0.1, side * width * 0.53 + 0.08, height * 0.69),
                         'car_paint'))
    for x0, x1 in ((-0.03, 0.1), (length - 0.1, length + 0.03)):
        parts.append(box((x0, -width * 0.45, 0.2), (x1, width * 0.45, 0.36), 'paint',
                         (0.025, 0.025, 0.025)))
        parts.append(box((x0 - 0.006, -0.26, 0.38), (x1 + 0.006, 0.26, 0.49), 'paint',
                         (0.7, 0.7, 0.65)))
    parts.append(box((length * 0.05, -width * 0.46, 0.14), (length * 0.95, width * 0.46, 0.24),
                     'paint', (0.01, 0.01, 0.01)))
    return parts


def _wheel(radius):
    """Make a wheel whose outer side faces +y."""
    tyre = lathe([(radius * 0.6, -0.1), (radius * 0.95, -0.1), (radius, -0.06), (radius, 0.07),
                  (radius * 0.94, 0.11), (radius * 0.66, 0.11), (radius * 0.62, 0.09)],
                 'paint', (0.015, 0.015, 0.015), 20)
    rim = lathe([(radius * 0.64, 0.08), (radius * 0.58, 0.105), (radius * 0.5, 0.06), (0.05, 0.08),
                 (0.0, 0.09)], 'metal', (0.35, 0.35, 0.36), 20)
    # The gaps between the spokes are dark.
    rim.tint = rim.tint.copy()
    rim.tint[40:60:4] = 0.03
    rim.tint[41:60:4] = 0.03
    return join([tyre, rim]).turned(-np.pi / 2, axis=0)


def _arch(radius, side):
    """Make the dark arch behind a wheel."""
    angle = np.linspace(0, np.pi, 10)
    outer = np.c_[np.cos(angle) * radius * 1.16, np.zeros(10), np.sin(angle) * radius * 1.16]
    inner = np.zeros_like(outer)
    inner[:, 0] = outer[:, 0]
    return grid([inner, outer] if side > 0 else [outer, inner], 'paint', (0.01, 0.01, 0.01))
