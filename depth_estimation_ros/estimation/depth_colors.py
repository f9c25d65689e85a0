"""Depth as a picture for people."""

from typing import List

import cv2
import numpy as np

# No colour of magma, so that a pixel without depth is not taken for a near or a far one.
UNKNOWN = (128, 128, 128)
INK, PAPER = (40, 40, 40), (255, 255, 255)


def colorize(depth: np.ndarray, max_depth: float) -> np.ndarray:
    """
    Draw depth in the colours of magma: black at 0 m, pale yellow at `max_depth` and beyond.

    Parameters
    ----------
    depth : float32 (H, W), metres
        Infinite depth is drawn as the end of the scale that it lies beyond, NaN in grey.
    max_depth : float
        Metres at the far end of the scale.

    Returns
    -------
    uint8 (H, W, 3) BGR

    """
    levels = np.clip(depth, 0.0, max_depth) * np.float32(255.0 / max_depth)
    # cv2 rounds; a cast would truncate, and is undefined for NaN.
    colors = cv2.applyColorMap(cv2.convertScaleAbs(levels), cv2.COLORMAP_MAGMA)
    colors[np.isnan(depth)] = UNKNOWN
    return colors


def scale_bar(width: int, max_depth: float) -> np.ndarray:
    """
    Draw what the colours of `colorize` mean in metres, to stand beneath a picture.

    Parameters
    ----------
    width : int
        In pixels.
    max_depth : float
        Metres at the far end of the scale.

    Returns
    -------
    uint8 (h, width, 3) BGR

    """
    margin = min(40, width // 8)
    bar = np.full((46, width, 3), PAPER, np.uint8)
    draw_scale(bar, margin, 6, width - 2 * margin, max_depth, 'm')
    return bar


def draw_scale(canvas: np.ndarray, x: int, y: int, width: int, max_depth: float, unit: str):
    """
    Draw the scale of `colorize` with its ticks into a picture.

    Parameters
    ----------
    canvas : uint8 (H, W, 3) BGR
        Is drawn into.
    x, y, width : int
        Its left upper corner and its width in pixels; it is 40 pixels high.
    max_depth : float
        Metres at the far end of the scale.
    unit : str
        What stands at its right end.

    """
    height = 14
    ramp = np.linspace(0.0, max_depth, width, dtype=np.float32)
    canvas[y:y + height, x:x + width] = colorize(np.tile(ramp, (height, 1)), max_depth)
    for metres in _ticks(max_depth):
        tick = x + round(metres / max_depth * (width - 1))
        cv2.line(canvas, (tick, y + height), (tick, y + height + 4), INK)
        write_text(canvas, f'{metres:g}', tick, y + height + 22, 'centre')
    write_text(canvas, unit, x + width + 12, y + height - 1, 'left')


def write_text(canvas: np.ndarray, text: str, x: int, y: int, align: str):
    """Write a line into a picture, with its left end, its centre or its right end at (x, y)."""
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.55
    (width, _), _ = cv2.getTextSize(text, font, scale, 1)
    left = {'left': x, 'centre': x - width // 2, 'right': x - width}[align]
    cv2.putText(canvas, text, (left, y), font, scale, INK, 1, cv2.LINE_AA)


def _ticks(max_depth: float) -> List[float]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if max_depth / step <= 6)
    return [float(metres) for metres in np.arange(0.0, max_depth + 1e-6, step)]
