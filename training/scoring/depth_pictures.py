"""Pictures of depth maps: a montage of several moments, and a video."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, List, Optional, Sequence

import cv2
from depth_estimation_ros.estimation.depth_colors import colorize
import numpy as np

TILE_WIDTH = 320
GAP = 6
LEFT = 120  # room for the names of the rows
INK, PAPER = (40, 40, 40), (255, 255, 255)


@dataclass(frozen=True)
class Moment:
    """
    What was seen and estimated at one time.

    Attributes
    ----------
    seconds : float
        Since the first image.
    image : uint8 (H, W, 3) BGR
    prediction : float32 (H, W), metres
    truth : float32 (H, W), metres, or None

    """

    seconds: float
    image: np.ndarray
    prediction: np.ndarray
    truth: Optional[np.ndarray]


def montage(moments: Sequence[Moment], max_depth: float) -> np.ndarray:
    """
    Draw moments side by side: camera, depth and, where known, ground truth under each other.

    Parameters
    ----------
    moments : sequence of Moment
        All of one size.
    max_depth : float
        Metres at the far end of the colours.

    Returns
    -------
    uint8 (H, W, 3) BGR

    """
    rows = [('camera', [moment.image for moment in moments]),
            ('depth', [colorize(moment.prediction, max_depth) for moment in moments])]
    if all(moment.truth is not None for moment in moments):
        rows.append(('ground truth', [colorize(moment.truth, max_depth) for moment in moments]))
    height, width = moments[0].image.shape[:2]
    tile_height = round(TILE_WIDTH * height / width)
    top, bottom = 34, 60
    canvas = np.full((top + len(rows) * (tile_height + GAP) + bottom,
                      LEFT + len(moments) * (TILE_WIDTH + GAP), 3), PAPER, np.uint8)
    for column, moment in enumerate(moments):
        _write(canvas, f'{moment.seconds:.1f} s',
               LEFT + column * (TILE_WIDTH + GAP) + TILE_WIDTH // 2, top - 12, 'centre')
    for row, (name, images) in enumerate(rows):
        y = top + row * (tile_height + GAP)
        _write(canvas, name, LEFT - 12, y + tile_height // 2 + 6, 'right')
        for column, image in enumerate(images):
            x = LEFT + column * (TILE_WIDTH + GAP)
            canvas[y:y + tile_height, x:x + TILE_WIDTH] = cv2.resize(
                image, (TILE_WIDTH, tile_height), interpolation=cv2.INTER_AREA)
    _draw_scale(canvas, LEFT, canvas.shape[0] - bottom + 8, 2 * TILE_WIDTH + GAP, max_depth)
    return canvas


def write_video(path: Path, moments: Iterable[Moment], rate: float, max_depth: float):
    """
    Write an MP4 video with the camera's image on the left and depth on the right.

    Parameters
    ----------
    path : Path
    moments : iterable of Moment
        All of one size.
    rate : float
        Frames per second.
    max_depth : float
        Metres at the far end of the colours.

    """
    writer = None
    try:
        for moment in moments:
            frame = np.hstack([moment.image, colorize(moment.prediction, max_depth)])
            if writer is None:
                writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'mp4v'), rate,
                                         frame.shape[1::-1])
            writer.write(frame)
    finally:
        if writer is not None:
            writer.release()


def _draw_scale(canvas: np.ndarray, x: int, y: int, width: int, max_depth: float):
    height = 14
    ramp = np.linspace(0.0, max_depth, width, dtype=np.float32)
    canvas[y:y + height, x:x + width] = colorize(np.tile(ramp, (height, 1)), max_depth)
    for metres in _ticks(max_depth):
        tick = x + round(metres / max_depth * (width - 1))
        cv2.line(canvas, (tick, y + height), (tick, y + height + 4), INK)
        _write(canvas, f'{metres:g}', tick, y + height + 22, 'centre')
    _write(canvas, 'metres', x + width + 12, y + height - 1, 'left')


def _ticks(max_depth: float) -> List[float]:
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100) if max_depth / step <= 6)
    return [float(metres) for metres in np.arange(0.0, max_depth + 1e-6, step)]


def _write(canvas: np.ndarray, text: str, x: int, y: int, align: str):
    font, scale = cv2.FONT_HERSHEY_SIMPLEX, 0.55
    (width, _), _ = cv2.getTextSize(text, font, scale, 1)
    left = {'left': x, 'centre': x - width // 2, 'right': x - width}[align]
    cv2.putText(canvas, text, (left, y), font, scale, INK, 1, cv2.LINE_AA)
