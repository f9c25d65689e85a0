"""Houses: facades with windows, doors, shops, awnings and balconies, and roofs."""

from dataclasses import dataclass

import numpy as np

from .shape import box, grid, join, quad, shape, tube

WALLS = np.array([(0.55, 0.45, 0.32), (0.62, 0.55, 0.45), (0.45, 0.24, 0.16), (0.58, 0.50, 0.30),
                  (0.35, 0.38, 0.40), (0.60, 0.35, 0.25), (0.68, 0.66, 0.62), (0.30, 0.36, 0.30),
                  (0.48, 0.40, 0.38), (0.25, 0.31, 0.42), (0.66, 0.52, 0.42)])
BRICKS = np.array([(0.33, 0.11, 0.06), (0.28, 0.14, 0.09), (0.42, 0.28, 0.17), (0.2, 0.1, 0.08),
                   (0.45, 0.36, 0.27)])
ROOFS = np.array([(0.30, 0.10, 0.05), (0.10, 0.09, 0.09), (0.2, 0.09, 0.06), (0.16, 0.15, 0.14)])
FRAMES = np.array([(0.75, 0.74, 0.72), (0.7, 0.69, 0.66), (0.12, 0.07, 0.04), (0.04, 0.05, 0.05),
                   (0.10, 0.18, 0.14)])
ACCENTS = np.array([(0.4, 0.03, 0.03), (0.03, 0.15, 0.08), (0.04, 0.08, 0.28), (0.5, 0.35, 0.05),
                    (0.08, 0.08, 0.08), (0.35, 0.14, 0.05), (0.6, 0.57, 0.5), (0.03, 0.28, 0.3)])


@dataclass
class Style:
    """What the houses of one builder have in common (metres)."""

    storey: float
    ground_storey: float
    window_width: float
    window_height: float
    sill: float
    reveal: float
    bay: float
    panes: tuple
    frame: np.ndarray
    shutters: bool
    cornice: bool
    balconies: float
    lit: float  # the share of windows behind which a lamp burns


def draw_style(rng, dark=False):
    """Draw a style; in the dark some windows are lit."""
    window_width = rng.uniform(0.85, 1.7)
    storey = rng.uniform(2.7, 3.4)
    sill = rng.uniform(0.45, 0.95)
    return Style(
        storey=storey, ground_storey=rng.uniform(3.0, 4.0), window_width=window_width,
        window_height=min(rng.uniform(1.3, 2.0), storey - sill - 0.35), sill=sill,
        reveal=rng.uniform(0.06, 0.25), bay=window_width + rng.uniform(0.7, 1.8),
        panes=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        frame=FRAMES[rng.integers(len(FRAMES))], shutters=bool(rng.random() < 0.25),
        cornice=bool(rng.random() < 0.6), balconies=rng.choice([0.0, 0.0, 0.3, 0.7]),
        lit=rng.uniform(0.12, 0.5) * dark)


def house(rng, style, width, depth, storeys, shops=0.4):
    """
    Make a house whose front stands on the x axis and faces -y; it spans 0..width, 0..depth.

    Parameters
    ----------
    rng : numpy.random.Generator
        For what the style leaves open.
    style : Style
        What the houses of a row share.
    width, depth : float
        Metres.
    storeys : int
        The ground floor counts.
    shops : float
        How probable a shop on the ground floor is.

    Returns
    -------
    (Shape, height in metres)

    """
    wall, tint = ('brick', BRICKS) if rng.random() < 0.35 else ('plaster', WALLS)
    tint = tint[rng.integers(len(tint))] * rng.uniform(0.7, 1.15)
    height = style.ground_storey + (storeys - 1) * style.storey
    bays = max(1, int((width - 0.5) / style.bay))
    edges = np.linspace(0, width, bays + 1)
    accent = ACCENTS[rng.integers(len(ACCENTS))]
    parts = []

    if rng.random() < shops:
        parts.append(_shop(rng, width, style, wall, tint, accent))
    else:
        parts.append(_ground_floor(rng, edges, style, wall, tint, accent))
    for storey in range(1, storeys):
        z = style.ground_storey + (storey - 1) * style.storey
        for left, right in zip(edges[:-1], edges[1:]):
            middle = (left + right) / 2
            window = (middle - style.window_width / 2, z + style.sill,
                      middle + style.window_width / 2, z + style.sill + style.window_height)
            balcony = rng.random() < style.balconies
            if balcony:
                window = (window[0], z + 0.06, window[2], window[3])
            parts.append(_opening((left, z, right, z + style.storey), window, style.reveal,
                                  wall, tint))
            parts.append(_window(rng, window, style))
            if balcony:
                parts.append(_balcony(window, z, style))
            elif style.shutters:
                parts.append(_shutters(window, accent))
    if style.cornice:
        parts.append(box((-0.05, -0.18, height - 0.3), (width + 0.05, 0.05, height), 'stone',
                         (0.6, 0.57, 0.52)))
        parts.append(box((0, -0.07, style.ground_storey - 0.12),
                         (width, 0, style.ground_storey + 0.08), 'stone', (0.55, 0.52, 0.48)))
    parts.append(box((0, -0.04, 0), (width, 0.01, 0.45), 'stone', tint * 0.45))
    parts += _other_walls(rng, width, depth, height, storeys, style, wall, tint)
    top, peak = _roof(rng, width, depth, height)
    parts += top
    if rng.random() < 0.6:
        x = rng.choice([0.12, width - 0.12])
        parts.append(tube([(x, -0.08, 0), (x, -0.08, height)], 0.05, 'metal', (0.25, 0.24, 0.22)))
    return join(parts), peak


def _opening(cell, hole, reveal, wall, tint):
    """Make a wall in the plane y = 0 with a hole in it, and the hole's reveals."""
    x0, z0, x3, z3 = cell
    x1, z1, x2, z2 = hole
    xs, zs = (x0, x1, x2, x3), (z0, z1, z2, z3)
    vertices = [(x, 0, z) for z in zs for x in xs]
    vertices += [(x, reveal, z) for x, z in ((x1, z1), (x2, z1), (x2, z2), (x1, z2))]
    faces = [(4 * j + i, 4 * j + i + 1, 4 * j + i + 5, 4 * j + i + 4)
             for j in range(3) for i in range(3) if (i, j) != (1, 1)]
    rim = (5, 6, 10, 9)
    faces += [(rim[k], rim[(k + 1) % 4], 16 + (k + 1) % 4, 16 + k) for k in range(4)]
    return shape(vertices, faces, wall, tint)


def _window(rng, hole, style):
    """Make a window: pane, frame, bars, sill, and often a curtain or a blind."""
    x0, z0, x1, z1 = hole
    y = style.reveal
    dark = rng.uniform(0.01, 0.05)
    glow = _room_light(rng)
    lit = rng.random() < style.lit
    pane = ('lit', glow) if lit else ('glass', (dark, dark * 1.1, dark * 1.2))
    parts = [quad([(x0, y, z0), (x1, y, z0), (x1, y, z1), (x0, y, z1)], *pane)]
    inside = rng.random()
    if inside < 0.25:
        low = z0 + (z1 - z0) * rng.uniform(0.2, 0.8)
        hue = rng.uniform(0.3, 0.6, 3)
        parts.append(quad([(x0, y - 0.004, low), (x1, y - 0.004, low), (x1, y - 0.004, z1),
                           (x0, y - 0.004, z1)], *(('lit', hue * glow) if lit else
                                                   ('paint', hue))))
    elif inside < 0.5:
        part = (x1 - x0) * rng.uniform(0.15, 0.3)
        hue = rng.uniform(0.25, 0.6) * np.array([1, 0.97, 0.9])
        for a, b in ((x0, x0 + part), (x1 - part, x1)):
            parts.append(quad([(a, y - 0.004, z0), (b, y - 0.004, z0), (b, y - 0.004, z1),
                               (a, y - 0.004, z1)], *(('lit', hue * glow) if lit else
                                                      ('cloth', hue))))
    bar, out = 0.05, y - 0.05
    columns, rows = style.panes
    for x in np.linspace(x0, x1 - bar, columns + 1):
        parts.append(box((x, out, z0), (x + bar, y, z1), 'paint', style.frame))
    for z in np.linspace(z0, z1 - bar, rows + 1):
        parts.append(box((x0, out, z), (x1, y, z + bar), 'paint', style.frame))
    parts.append(box((x0 - 0.1, -0.08, z0 - 0.07), (x1 + 0.1, y, z0), 'stone', (0.5, 0.48, 0.45)))
    return parts


def _room_light(rng):
    """Draw the radiance of a room in lamplight, seen from the street."""
    warm = np.array([(1.0, 0.62, 0.3), (1.0, 0.78, 0.52), (0.85, 0.95, 1.0)][rng.choice(
        3, p=[0.5, 0.35, 0.15])])
    return warm * 10 ** rng.uniform(-1.4, -0.2)


def _balcony(hole, z, style):
    """Make a balcony with a railing before a window."""
    x0, x1 = hole[0] - 0.35, hole[2] + 0.35
    out = -0.95
    parts = [box((x0, out, z - 0.12), (x1, 0, z + 0.04), 'stone', (0.5, 0.48, 0.45))]
    rail = z + 1.0
    hue = style.frame * 0.4
    for x in np.arange(x0 + 0.03, x1, 0.13):
        parts.append(box((x - 0.01, out + 0.02, z), (x + 0.01, out + 0.04, rail), 'metal', hue))
    for x in (x0 + 0.02, x1 - 0.02):
        for y in np.arange(out + 0.15, -0.05, 0.13):
            parts.append(box((x - 0.01, y - 0.01, z), (x + 0.01, y + 0.01, rail), 'metal', hue))
        parts.append(box((x - 0.02, out, rail), (x + 0.02, 0, rail + 0.04), 'metal', hue))
    parts.append(box((x0, out, rail), (x1, out + 0.05, rail + 0.04), 'metal', hue))
    return parts


def _shutters(hole, hue):
    x0, z0, x1, z1 = hole
    half = (x1 - x0) / 2
    return [box((a, -0.045, z0), (b, 0, z1), 'wood', hue)
            for a, b in ((x0 - half, x0 - 0.02), (x1 + 0.02, x1 + half))]


def _ground_floor(rng, edges, style, wall, tint, accent):
    """Make a ground floor with a door, windows, and now and then a garage."""
    parts, top = [], style.ground_storey
    door_at = rng.integers(len(edges) - 1)
    for i, (left, right) in enumerate(zip(edges[:-1], edges[1:])):
        middle, room = (left + right) / 2, right - left
        if i == door_at:
            half = min(rng.uniform(0.5, 0.7), room / 2 - 0.1)
            hole = (middle - half, 0.0, middle + half, rng.uniform(2.15, 2.6))
            parts.append(_door(rng, hole, style, accent))
        elif rng.random() < 0.12 and room > 2.4:
            hole = (middle - 1.1, 0.0, middle + 1.1, 2.2)
            parts.append(_garage(rng, hole, style))
        else:
            half = style.window_width / 2
            hole = (middle - half, 0.95, middle + half, 0.95 + style.window_height)
            parts.append(_window(rng, hole, style))
            if style.shutters:
                parts.append(_shutters(hole, accent))
        parts.append(_opening((left, 0, right, top), hole, style.reveal, wall, tint))
    return parts


def _door(rng, hole, style, accent):
    x0, z0, x1, z1 = hole
    y = style.reveal
    light = z1 - 0.4
    parts = [box((x0, y - 0.03, z0), (x1, y + 0.02, light), 'wood', accent),
             quad([(x0, y, light), (x1, y, light), (x1, y, z1), (x0, y, z1)], 'glass',
                  (0.02, 0.02, 0.02)),
             box((x0 - 0.12, -0.35, 0), (x1 + 0.12, y, 0.13), 'stone', (0.45, 0.43, 0.4)),
             box((x0 - 0.1, -0.04, 0), (x0, y, z1 + 0.1), 'stone', (0.55, 0.52, 0.48)),
             box((x1, -0.04, 0), (x1 + 0.1, y, z1 + 0.1), 'stone', (0.55, 0.52, 0.48)),
             box((x0 - 0.1, -0.04, z1), (x1 + 0.1, y, z1 + 0.14), 'stone', (0.55, 0.52, 0.48)),
             box((x1 - 0.14, y - 0.1, 1.0), (x1 - 0.1, y, 1.15), 'metal', (0.5, 0.4, 0.2))]
    for low, high in ((0.25, 0.95), (1.15, light - 0.12)):
        parts.append(box((x0 + 0.14, y - 0.045, low), (x1 - 0.2, y, high), 'wood', accent * 0.8))
    if rng.random() < 0.3:
        parts.append(box((x0 - 0.3, -0.9, z1 + 0.16), (x1 + 0.3, 0, z1 + 0.26), 'stone',
                         (0.4, 0.38, 0.36)))
    return parts


def _garage(rng, hole, style):
    x0, z0, x1, z1 = hole
    hue = rng.uniform(0.2, 0.7) * np.array([1, 1, 0.97])
    return [box((x0, style.reveal - 0.02 * (i % 2), z), (x1, style.reveal + 0.05, z + 0.27),
                'paint', hue) for i, z in enumerate(np.arange(z0, z1 - 0.05, 0.275))]


def _shop(rng, width, style, wall, tint, accent):
    """Make a shop front: big panes, a door, a sign board, and often an awning."""
    top = style.ground_storey
    pier = rng.uniform(0.25, 0.5)
    head = rng.uniform(2.5, top - 0.45)
    hole = (pier, 0.12, width - pier, head)
    parts = [_opening((0, 0, width, top), hole, 0.3, wall, tint),
             box((pier, 0.02, 0), (width - pier, 0.3, 0.45), 'stone', accent * 0.7)]
    x0, x1, y = pier, width - pier, 0.26
    door = rng.uniform(x0 + 0.2, x1 - 1.2)
    glow = _room_light(rng) * 1.5
    pane = ('lit', glow) if rng.random() < 1.5 * style.lit else ('glass', (0.025, 0.027, 0.03))
    # What the window shows: a lit or dark room of flat colours behind the pane's plane.
    for left in np.arange(x0, x1, 0.8):
        low = rng.uniform(0.45, 1.2)
        hue = rng.uniform(0.02, 0.35, 3) * rng.uniform(0.2, 1)
        right = min(left + 0.8, x1)
        parts.append(quad([(left, y, low), (right, y, low), (right, y, head), (left, y, head)],
                          *pane))
        parts.append(quad([(left, y, 0.4), (right, y, 0.4), (right, y, low), (left, y, low)],
                          pane[0], hue * (glow * 3 if pane[0] == 'lit' else 1)))
    hue = style.frame * rng.uniform(0.3, 1)
    count = max(2, int((x1 - x0) / rng.uniform(1.0, 2.2)))
    for x in np.linspace(x0, x1 - 0.07, count + 1):
        parts.append(box((x, y - 0.09, 0.12), (x + 0.07, y, head), 'paint', hue))
    parts.append(box((x0, y - 0.09, head - 0.5), (x1, y, head - 0.44), 'paint', hue))
    parts.append(box((door, y - 0.12, 0.05), (door + 0.95, y + 0.02, 2.15), 'paint', hue * 0.8))
    parts.append(box((door + 0.12, y - 0.13, 0.5), (door + 0.83, y, 2.03), 'glass',
                     (0.03, 0.03, 0.03)))
    board = (head + 0.05, min(head + rng.uniform(0.4, 0.7), top - 0.05))
    parts.append(box((pier * 0.6, -0.1, board[0]), (width - pier * 0.6, 0, board[1]), 'paint',
                     accent))
    parts += _lettering(rng, (pier + 0.3, width - pier - 0.3), board, accent)
    if rng.random() < 0.55:
        parts += _awning(rng, x0, x1, head, accent)
    return parts


def _lettering(rng, span, board, accent):
    """Make a name on a board out of strokes: nobody can read it from a robot."""
    hue = (0.75, 0.72, 0.6) if accent.mean() < 0.3 else (0.04, 0.04, 0.04)
    height = (board[1] - board[0]) * 0.5
    z = (board[0] + board[1] - height) / 2
    step = height * 0.75
    count = min(int((span[1] - span[0]) / step), int(rng.integers(5, 13)))
    x = (span[0] + span[1] - count * step) / 2
    parts = []
    for i in range(count):
        if rng.random() < 0.12:
            continue
        left, right, thick = x + i * step, x + i * step + step * 0.68, height * 0.17
        strokes = [(left, z, left + thick, z + height), (right - thick, z, right, z + height),
                   (left, z, right, z + thick), (left, z + height - thick, right, z + height),
                   (left, z + height * 0.42, right, z + height * 0.42 + thick)]
        for k in rng.choice(5, rng.integers(2, 5), replace=False):
            a, b, c, d = strokes[k]
            parts.append(box((a, -0.115, b), (c, -0.1, d), 'paint', hue))
    return parts


def _awning(rng, x0, x1, z, accent):
    """Make an awning of striped or plain cloth."""
    out, drop = rng.uniform(0.9, 1.6), rng.uniform(0.3, 0.6)
    count = max(4, int((x1 - x0) / 0.35))
    xs = np.linspace(x0, x1, count + 1)
    profile = np.array([(0, z), (-out, z - drop), (-out, z - drop - 0.22)])
    points = [[(x, y, h) for x in xs] for y, h in profile]
    other = np.array([0.7, 0.68, 0.62]) if rng.random() < 0.6 else accent
    tint = np.tile(np.where((np.arange(count) % 2 == 0)[:, None], accent, other), (2, 1))
    return [grid(points, 'cloth', tint, smooth=False)]


def _other_walls(rng, width, depth, height, storeys, style, wall, tint):
    """Make the sides and the back, with a few flat windows on the sides."""
    parts = [quad([(0, depth, 0), (0, 0, 0), (0, 0, height), (0, depth, height)], wall, tint),
             quad([(width, 0, 0), (width, depth, 0), (width, depth, height), (width, 0, height)],
                  wall, tint),
             quad([(width, depth, 0), (0, depth, 0), (0, depth, height), (width, depth, height)],
                  wall, tint)]
    for side in (0, 1):
        for storey in range(storeys):
            z = storey * style.storey + style.sill + 0.3
            for y in np.arange(1.2, depth - 1.2, style.bay * 1.6):
                if rng.random() < 0.45:
                    continue
                glow = _room_light(rng)
                pane = (('lit', glow) if rng.random() < style.lit else
                        ('glass', (0.02, 0.022, 0.025)))
                x0, x1 = (-0.05, 0.01) if side == 0 else (width - 0.01, width + 0.05)
                parts.append(box((x0, y, z), (x1, y + 0.9, z + 1.3), 'paint', style.frame))
                x0, x1 = (-0.06, 0.01) if side == 0 else (width - 0.01, width + 0.06)
                for k in (0, 1):
                    parts.append(box((x0, y + 0.07 + 0.41 * k, z + 0.07),
                                     (x1, y + 0.42 + 0.41 * k, z + 1.23), *pane))
    return parts


def _roof(rng, width, depth, height):
    """Make a roof: flat, a saddle along the street, or a gable towards it."""
    kind = rng.choice(['flat', 'saddle', 'saddle', 'gable'])
    hue = ROOFS[rng.integers(len(ROOFS))] * rng.uniform(0.7, 1.3)
    if kind == 'flat':
        edge = rng.uniform(0.2, 0.9)
        parts = [quad([(0, 0, height), (width, 0, height), (width, depth, height),
                       (0, depth, height)], 'gravel', (0.2, 0.2, 0.2))]
        for a, b in (((0, 0), (width, 0.25)), ((0, depth - 0.25), (width, depth)),
                     ((0, 0), (0.25, depth)), ((width - 0.25, 0), (width, depth))):
            parts.append(box((*a, height), (*b, height + edge), 'stone', (0.45, 0.43, 0.4)))
        return parts, height + edge
    over = 0.35
    if kind == 'saddle':
        rise = depth / 2 * rng.uniform(0.5, 1.0)
        middle = depth / 2
        slopes = [[(-0.1, -over, height - 0.15), (width + 0.1, -over, height - 0.15),
                   (width + 0.1, middle, height + rise), (-0.1, middle, height + rise)],
                  [(width + 0.1, depth + over, height - 0.15), (-0.1, depth + over, height - 0.15),
                   (-0.1, middle, height + rise), (width + 0.1, middle, height + rise)]]
        gables = [[(x, 0, height), (x, depth, height), (x, middle, height + rise)]
                  for x in (0, width)]
    else:
        rise = width / 2 * rng.uniform(0.6, 1.2)
        middle = width / 2
        slopes = [[(-over, depth, height - 0.15), (-over, -0.15, height - 0.15),
                   (middle, -0.15, height + rise), (middle, depth, height + rise)],
                  [(width + over, -0.15, height - 0.15), (width + over, depth, height - 0.15),
                   (middle, depth, height + rise), (middle, -0.15, height + rise)]]
        gables = [[(0, y, height), (width, y, height), (middle, y, height + rise)]
                  for y in (0, depth)]
    parts = [quad(s, 'roof', hue) for s in slopes]
    parts += [shape(g, [(0, 1, 2)], 'plaster', WALLS[6] * 0.8) for g in gables]
    if rng.random() < 0.5:
        x = rng.uniform(0.2, 0.7) * width
        parts.append(box((x, depth * 0.4, height), (x + 0.6, depth * 0.4 + 0.5,
                                                    height + rise + 0.9), 'brick', BRICKS[1]))
    if kind == 'saddle':
        parts.append(tube([(-0.1, -over - 0.05, height - 0.15),
                           (width + 0.1, -over - 0.05, height - 0.15)], 0.07, 'metal',
                          (0.2, 0.2, 0.19)))
    return parts, height + rise
