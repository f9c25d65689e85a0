"""Pictures of depth maps: a montage of several moments, and a video."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Optional, Sequence

import cv2
from depth_estimation_ros.estimation.depth_colors import colorize, draw_scale, PAPER, write_text
import numpy as np

TILE_WIDTH = 320
GAP = 6
LEFT = 120  # room for the names of the rows


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
    truths = [moment.truth for moment in moments if moment.truth is not None]
    if len(truths) == len(moments):
        rows.append(('ground truth', [colorize(truth, max_depth) for truth in truths]))
    height, width = moments[0].image.shape[:2]
    tile_height = round(TILE_WIDTH * height / width)
    top, bottom = 34, 60
    canvas = np.full((top + len(rows) * (tile_height + GAP) + bottom,
                      LEFT + len(moments) * (TILE_WIDTH + GAP), 3), PAPER, np.uint8)
    for column, moment in enumerate(moments):
        write_text(canvas, f'{moment.seconds:.1f} s',
                   LEFT + column * (TILE_WIDTH + GAP) + TILE_WIDTH // 2, top - 12, 'centre')
    for row, (name, images) in enumerate(rows):
        y = top + row * (tile_height + GAP)
        write_text(canvas, name, LEFT - 12, y + tile_height // 2 + 6, 'right')
        for column, image in enumerate(images):
            x = LEFT + column * (TILE_WIDTH + GAP)
            canvas[y:y + tile_height, x:x + TILE_WIDTH] = cv2.resize(
                image, (TILE_WIDTH, tile_height), interpolation=cv2.INTER_AREA)
    draw_scale(canvas, LEFT, canvas.shape[0] - bottom + 8, 2 * TILE_WIDTH + GAP, max_depth,
               'metres')
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
                writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), rate,
                                         frame.shape[1::-1])
            writer.write(frame)
    finally:
        if writer is not None:
            writer.release()
