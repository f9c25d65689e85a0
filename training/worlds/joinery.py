"""What furniture is put together from: boards, legs, cushions, and their colours."""

import numpy as np

from .rooms import WOODS
from .shape import box, grid

DARK = np.array([0.025, 0.025, 0.028])
CLOTHS = np.array([(0.3, 0.28, 0.25), (0.1, 0.11, 0.13), (0.12, 0.2, 0.3), (0.35, 0.1, 0.08),
                   (0.14, 0.22, 0.14), (0.5, 0.45, 0.36), (0.4, 0.28, 0.1), (0.2, 0.12, 0.08)])


def pick(rng, palette):
    """Draw a colour, a little lighter or darker than the palette's."""
    return palette[rng.integers(len(palette))] * rng.uniform(0.75, 1.2)


def board(rng):
    """Draw what furniture boards are made of: (surface, tint)."""
    if rng.random() < 0.6:
        return 'timber', pick(rng, WOODS)
    return 'paint', rng.choice([0.75, 0.7, 0.5, 0.15]) * np.ones(3)


def legs(xs, ys, top, surface, hue, half=0.02):
    """Make square legs at each x and y up to a height."""
    return [box((x - half, y - half, 0), (x + half, y + half, top), surface, hue)
            for x in xs for y in ys]


def cushion(low, high, hue, surface='cloth'):
    """Make a box with soft edges."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    middle, half = (low + high) / 2, (high - low) / 2
    angle, up = np.meshgrid(np.linspace(0, 2 * np.pi, 20, endpoint=False),
                            np.linspace(-np.pi / 2, np.pi / 2, 9))

    def soft(value, power=0.3):
        return np.sign(value) * np.abs(value) ** power

    points = np.stack([soft(np.cos(up)) * soft(np.cos(angle)), soft(np.cos(up)) * soft(
        np.sin(angle)), soft(np.sin(up))], axis=-1)
    return grid(middle + half * points, surface, hue, closed=True)
