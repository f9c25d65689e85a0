"""Pictures of depth, after the paper's Fig. 1: input, ground truth and prediction."""

from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Set

from depth_estimation_ros.estimation.atomic_file import replacing
from matplotlib.figure import Figure
import numpy as np


class Example(NamedTuple):
    """One row: uint8 (H, W, 3) RGB, two float32 (H, W) in metres, and what to say of it."""

    rgb: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    label: str = ''


def draw(examples: List[Example], max_depth: float) -> Figure:
    """Draw rows of input, ground truth and prediction, on one depth scale from 0 to max_depth."""
    figure = Figure(figsize=(9.6, 2.6 * len(examples) + 0.4), layout='constrained')
    grid = figure.subplots(len(examples), 3, squeeze=False)
    for axis, title in zip(grid[0], ('Input', 'Ground truth', 'Prediction')):
        axis.set_title(title)
    for row, example in zip(grid, examples):
        row[0].imshow(example.rgb, aspect='auto')
        row[0].set_ylabel(example.label, fontsize='small')
        for axis, depth in zip(row[1:], (example.truth, example.prediction)):
            shown = axis.imshow(depth, cmap='magma', vmin=0.0, vmax=max_depth, aspect='auto')
        for axis in row:
            axis.set_xticks(())
            axis.set_yticks(())
    figure.colorbar(shown, ax=grid, label='depth (m)', shrink=0.9)
    return figure


def draw_extremes(errors: Dict[int, float], examples: Callable[[Set[int]], Dict[int, Example]],
                  max_depth: float, folder: Path, count: int = 4) -> None:
    """
    Draw the best, median and worst predictions: best.png, median.png and worst.png.

    Parameters
    ----------
    errors : dict
        By which they are ordered, by the number of the pair.
    examples : callable
        A set of numbers of pairs -> {number: Example}.
    max_depth : float
        At which the scale of depth ends, metres.
    folder : Path
    count : int
        How many of each are drawn, at most.

    """
    order = sorted(errors, key=errors.__getitem__)
    count = min(count, len(order))
    middle = (len(order) - count) // 2
    chosen = {'best': order[:count], 'median': order[middle:middle + count],
              'worst': order[::-1][:count]}
    drawn = examples(set().union(*chosen.values()))
    for name, numbers in chosen.items():
        save(draw([drawn[number] for number in numbers], max_depth), folder / f'{name}.png')


def save(figure: Figure, path: Path) -> None:
    """Write a PNG; an older one is replaced only when the new one is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        figure.savefig(partial, format='png', dpi=100)
