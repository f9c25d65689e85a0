"""Some of the pairs in one picture, by which an import is judged."""

from pathlib import Path
from typing import Any

import cv2
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.depth_colors import colorize, scale_bar
from learning.pairs import find_pairs, Pair, SPLITS
import numpy as np

SHOWN, COLUMNS, WIDTH = 24, 4, 240
# Depth that is known at fewer pixels is drawn larger, since single ones can't be seen.
SPARSE = 0.3


def write_contact_sheet(root: Path, max_depth: float = 10.0) -> None:
    """
    Draw contact_sheet.png: pictures, and their depth over them where it is known.

    Parameters
    ----------
    root : Path
        Of the dataset.
    max_depth : float, metres
        At the far end of the scale of colours.

    """
    pairs = [(split, pair) for split in SPLITS for pair in find_pairs(root, split)[0]]
    chosen = [pairs[index * len(pairs) // min(SHOWN, len(pairs))]
              for index in range(min(SHOWN, len(pairs)))]
    tiles = [_tile(split, pair, max_depth) for split, pair in chosen]
    height = max(len(tile) for tile in tiles)
    tiles = [cv2.copyMakeBorder(tile, 0, height - len(tile), 0, 0, cv2.BORDER_CONSTANT)
             for tile in tiles]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % COLUMNS)
    rows = [np.hstack(tiles[i:i + COLUMNS]) for i in range(0, len(tiles), COLUMNS)]
    sheet = np.vstack([*rows, scale_bar(rows[0].shape[1], max_depth)])
    with replacing(root / 'contact_sheet.png') as partial:
        partial.write_bytes(cv2.imencode('.png', sheet)[1].tobytes())


def draw_over(picture: np.ndarray, depth: np.ndarray, max_depth: float) -> np.ndarray:
    """
    Draw depth over its darkened picture where it is known.

    Parameters
    ----------
    picture : uint8 (h, w, 3) BGR
        At the size that is wanted.
    depth : float32 (H, W), metres
        At its own size; NaN where it is unknown.
    max_depth : float, metres
        At the far end of the scale of colours.

    Returns
    -------
    uint8 (h, w, 3) BGR

    """
    nearness: Any = np.nan_to_num(1.0 / depth)
    if np.mean(nearness > 0.0) < SPARSE:
        # The largest inverse: of several points the nearest.
        side = 2 * max(1, depth.shape[1] // picture.shape[1]) + 1
        nearness = cv2.dilate(nearness, np.ones((side, side), np.uint8))
    nearness = cv2.resize(nearness, picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    known = nearness > 0.0
    shown = np.array(picture // 3)
    shown[known] = colorize(1.0 / np.where(known, nearness, 1.0), max_depth)[known]
    return shown


def _tile(split: str, pair: Pair, max_depth: float) -> np.ndarray:
    """Draw a picture beside its depth; uint8 (h, 2 * WIDTH, 3) BGR."""
    picture = pair.read_rgb()[:, :, ::-1]
    size = WIDTH, round(WIDTH * picture.shape[0] / picture.shape[1])
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    tile = np.hstack([small, draw_over(small, pair.read_depth(np.inf), max_depth)])
    text = f'{split} {pair.name}'
    for color, thickness in (((0, 0, 0), 3), ((0, 255, 255), 1)):
        cv2.putText(tile, text, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, color, thickness)
    return tile
