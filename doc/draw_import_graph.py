#!/usr/bin/env python3
"""
Draw the folders of the project and which imports which, as development.md shows them.

    python doc/draw_import_graph.py
"""

import argparse
import ast
from io import BytesIO
from pathlib import Path
import textwrap
from typing import Dict, List, NamedTuple, Set, Tuple

import import_graph
from import_graph import Module, PACKAGE, ROOT, TRAINING
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Path2D
from matplotlib.transforms import Bbox
from PIL import Image

# The picture's unit is a line of text, in inches.
LINE = 0.15
WIDTH = 25.0
GAP = 4.0
LETTERS = 48
DPI = 90
# Of a box, beside its lines of text: the title and what is left free.
MARGIN = 2.6
COLORS = {PACKAGE: '#dbe9f6', TRAINING: '#fbe7d0'}
# What is said of the two folders that hold what is started; the others' __init__ say it.
STARTED = {PACKAGE: 'What is started on the robot.', TRAINING: 'The commands, run offline.'}


class Box(NamedTuple):
    """A folder in the picture: its text, and where its upper left corner is."""

    title: str
    lines: List[str]
    left: float
    top: float

    @property
    def height(self) -> float:
        """Return the height of the box."""
        return len(self.lines) + MARGIN


def levels(arrows: Dict[str, Set[str]]) -> Dict[str, int]:
    """Return the row of each folder, 0 for the lowest: next below the lowest that imports it."""
    found: Dict[str, int] = {}

    def longest_way_down(folder: str) -> int:
        if folder not in found:
            found[folder] = max((longest_way_down(below) + 1 for below in arrows[folder]),
                                default=0)
        return found[folder]

    for folder in sorted(arrows, key=longest_way_down, reverse=True):
        importers = [found[other] for other in arrows if folder in arrows[other]]
        found[folder] = min(importers, default=found[folder] + 1) - 1
    return found


def direct(arrows: Dict[str, Set[str]]) -> Dict[str, Set[str]]:
    """Return the arrows without those that follow from others: a to c, where a to b and b to c."""
    def reached(folder: str) -> Set[str]:
        return arrows[folder].union(*map(reached, arrows[folder]))

    return {folder: {below for below in targets
                     if not any(below in reached(other) for other in targets)}
            for folder, targets in arrows.items()}


def text(folder: str, modules: Dict[str, Module]) -> List[str]:
    """Return what a folder's box says: what it is for, and its modules."""
    purpose = STARTED.get(folder) or (
        ast.get_docstring(ast.parse((ROOT / folder / '__init__.py').read_text())) or '')
    names = sorted(module.path.stem for module in modules.values()
                   if module.folder == folder and module.path.name != '__init__.py')
    return (textwrap.wrap(' '.join(purpose.split('\n\n')[0].split()), LETTERS) + ['']
            + textwrap.wrap('   '.join(names), LETTERS))


# Folders that stand beside the others of their half, so that no arrow crosses a box.
ASIDE = (f'{PACKAGE}/recordings', f'{TRAINING}/worlds')


def place(modules: Dict[str, Module], arrows: Dict[str, Set[str]]) -> Dict[str, Box]:
    """Return a box for each folder: the package's at the left, training's at the right."""
    rows: Dict[int, List[str]] = {}
    for folder, level in levels(arrows).items():
        rows.setdefault(level, []).append(folder)
    boxes: Dict[str, Box] = {}
    bottom = 0.0
    for _, row in sorted(rows.items()):
        lines = {folder: text(folder, modules) for folder in row}
        top = bottom + max(map(len, lines.values())) + MARGIN
        taken: Set[int] = set()
        for folder in sorted(row):
            column = 2 * folder.startswith(TRAINING) + (folder in ASIDE)
            while column in taken:
                column += 1
            taken.add(column)
            boxes[folder] = Box(f'{folder}/', lines[folder], column * (WIDTH + GAP), top)
        bottom = top + GAP
    return boxes


def draw(modules: Dict[str, Module]) -> Figure:
    """Return the picture."""
    arrows = import_graph.between_folders(modules)
    boxes = place(modules, arrows)
    right = max(box.left for box in boxes.values()) + WIDTH
    top = max(box.top for box in boxes.values())
    figure = Figure(figsize=((right + 2) * LINE, (top + 4) * LINE))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-1, right + 1), ylim=(-1, top + 3))
    axes.axis('off')
    for folder, box in boxes.items():
        _draw_box(axes, box, COLORS[folder.split('/')[0]])
    for way in routes(boxes, arrows).values():
        _draw_arrow(axes, way)
    axes.text(0, top + 2.4, 'An arrow leads from a folder to one that it imports. Those that '
              'follow from two others are left out.', fontsize=10, va='top', color='#444444')
    return figure


def _draw_box(axes: Axes, box: Box, color: str) -> None:
    axes.add_patch(FancyBboxPatch(
        (box.left, box.top - box.height), WIDTH, box.height, facecolor=color,
        edgecolor='#666666', linewidth=0.8, boxstyle='round,pad=0,rounding_size=1'))
    axes.text(box.left + 0.6, box.top - 0.5, box.title, fontsize=10.5, fontweight='bold', va='top')
    axes.text(box.left + 0.6, box.top - 2.1, '\n'.join(box.lines), fontsize=8.5, va='top',
              linespacing=1.2)


def routes(boxes: Dict[str, Box], arrows: Dict[str, Set[str]]
           ) -> Dict[Tuple[str, str], List[Tuple[float, float]]]:
    """Return the corners of each arrow that is drawn, by the two folders that it joins."""
    return {(folder, below): route(
        boxes[folder], boxes[below],
        [box for name, box in boxes.items() if name not in (folder, below)])
            for folder, targets in direct(arrows).items() for below in targets}


def route(start: Box, end: Box, others: List[Box]) -> List[Tuple[float, float]]:
    """
    Return the corners of an arrow from the bottom of a box to the top of one below.

    Parameters
    ----------
    start, end : Box
    others : list of Box
        Which the arrow must not cross.

    Returns
    -------
    list of (float, float)
        Its two ends, where they are nearest, if nothing is between them; else with the corners
        of a way between two columns.

    """
    first = _towards(start, end), start.top - start.height
    last = _towards(end, start), end.top
    below, above = first[1] - GAP / 4, last[1] + GAP / 2
    ways = [[first, last]]
    # The nearest columns first.
    for middle in sorted({box.left - GAP / 2 for box in others},
                         key=lambda at: abs(at - first[0]) + abs(at - last[0])):
        ways.append([first, (first[0], below), (middle, below), (middle, above),
                     (last[0], above), last])
    return next((way for way in ways if not crossed(way, others)), ways[0])


def crossed(way: List[Tuple[float, float]], boxes: List[Box]) -> List[str]:
    """Return the titles of the boxes that an arrow crosses."""
    return [box.title for box in boxes if Path2D(way).intersects_bbox(
        Bbox.from_bounds(box.left, box.top - box.height, WIDTH, box.height), filled=False)]


def _towards(box: Box, other: Box) -> float:
    """Return where a box's arrow to or from another begins or ends, along its edge."""
    inside = WIDTH / 24
    middle = min(max(other.left, box.left - WIDTH / 2 + inside), box.left + WIDTH / 2 - inside)
    return middle + WIDTH / 2


def _draw_arrow(axes: Axes, way: List[Tuple[float, float]]) -> None:
    axes.add_patch(FancyArrowPatch(
        path=Path2D(way), arrowstyle='-|>', mutation_scale=14, color='#444444'))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, default=ROOT / 'doc' / 'import_graph.png',
                        help='the picture to write')
    out = parser.parse_args().out
    picture = BytesIO()
    draw(import_graph.read()).savefig(picture, dpi=DPI)
    # A palette suffices for so few colours, and makes a third of the file.
    Image.open(picture).convert('RGB').quantize(32).save(out, optimize=True)
    print(f'wrote {out}')


if __name__ == '__main__':
    main()
