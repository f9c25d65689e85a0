"""Figures of a model on a split: examples, errors over depth, confidence and scans."""

from pathlib import Path
from typing import Dict, List, Sequence, Set

from learning.pairs import Pair
import numpy as np
from scoring import figures, plots
from scoring.groups import all_pairs, Group
from scoring.measures import Measures
from scoring.metrics import Scores
from scoring.navigation import scanner_of
from scoring.predictions import compared_maps, Predict


def draw(predict: Predict, groups: Sequence[Group], measures: Measures, folder: Path) -> None:
    """Draw the best, median and worst predictions, and all that was measured; one PNG each."""
    images, max_depth = measures.images.images, measures.images.max_depth
    figures.draw_extremes(
        {number: scores.rmse for number, scores in enumerate(images)},
        lambda numbers: _examples(predict, groups, images, numbers), max_depth, folder)
    drawn = {'error_over_depth': plots.error_over_depth(measures.depths),
             'predicted_over_true': plots.predicted_over_true(measures.depths)}
    if measures.confidence:
        drawn['risk_coverage'] = plots.risk_coverage(measures.confidence)
        drawn['reliability_diagram'] = plots.reliability_diagram(measures.confidence)
    if measures.navigation:
        drawn['scans'] = _scans(predict, groups)
    for name, figure in drawn.items():
        figures.save(figure, folder / f'{name}.png')


def _examples(predict: Predict, groups: Sequence[Group], images: List[Scores],
              numbers: Set[int]) -> Dict[int, figures.Example]:
    found = {}
    for number, (group, pair) in enumerate(all_pairs(groups)):
        if number in numbers:
            maps = compared_maps(predict, group, pair)
            found[number] = figures.Example(pair.read_rgb(), maps.truth, maps.prediction,
                                            f'{pair.name}\nRMSE {images[number].rmse:.2f} m')
    return found


def _scans(predict: Predict, groups: Sequence[Group], count: int = 4):
    """Draw the scans of a few pairs from all over the split."""
    pairs = list(all_pairs(groups))
    chosen = np.unique(np.linspace(0, len(pairs) - 1, count).round().astype(int))
    return plots.scans([_scan_example(predict, *pairs[index]) for index in chosen])


def _scan_example(predict: Predict, group: Group, pair: Pair) -> plots.ScanExample:
    maps = compared_maps(predict, group, pair)
    scanner = scanner_of(group, pair, maps.truth.shape)
    return plots.ScanExample(pair.read_rgb(), scanner.bearings, scanner.scan(maps.truth),
                             scanner.scan(maps.prediction), pair.name)
