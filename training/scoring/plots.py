"""Figures of an evaluation: errors over depth, confidence, and scans for navigation."""

import math
from typing import Dict, List, NamedTuple

from depth_estimation_ros.estimation.scan import HIGH, LOW
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
import numpy as np
from scoring.bag import Followed
from scoring.breakdown import BIN_WIDTH, DepthBreakdown, SKY
from scoring.confidence import BINS, ConfidenceEvaluation, COVERAGE
from scoring.navigation import LIMITS

TRUE, PREDICTED, SHADE = 'tab:green', 'tab:red', '0.85'


def error_over_depth(breakdown: DepthBreakdown) -> Figure:
    """Draw mean absolute error, AbsRel and the share of pixels over true depth."""
    figure = Figure(figsize=(8, 6), layout='constrained')
    upper, lower = figure.subplots(2, 1, sharex=True)
    middle = (breakdown.edges[:-1] + breakdown.edges[1:]) / 2
    bins = breakdown.per_bin()
    sky = breakdown.rows()[SKY].share
    for axis, name, label in ((upper, 'mae', 'mean absolute error (m)'),
                              (lower, 'abs_rel', 'AbsRel')):
        pixels = axis.twinx()
        pixels.bar(middle, [100 * errors.share for errors in bins], BIN_WIDTH, color=SHADE)
        pixels.set_ylabel(f'% of pixels in each {BIN_WIDTH:g} m')
        # The bars are the background.
        axis.set_zorder(pixels.get_zorder() + 1)
        axis.patch.set_visible(False)
        axis.plot(middle, [getattr(errors, name) for errors in bins], color=PREDICTED)
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    # Within the first metre the relative error can be far above all others; half of the figure
    # would be for a handful of pixels.
    lower.set_ylim(top=1.0)
    lower.set_xlabel('true depth (m)')
    upper.set_title(f'Error over true depth ({100 * sky:.0f} % of pixels are sky)')
    return figure


def predicted_over_true(breakdown: DepthBreakdown) -> Figure:
    """Draw predicted against true depth: counts of pixels, the median and the quartiles."""
    figure = Figure(figsize=(7, 6), layout='constrained')
    axis = figure.subplots()
    edges, inner = breakdown.edges, breakdown.joint[:-1, :-1]
    shown = axis.pcolormesh(edges, edges, np.ma.masked_equal(inner.T, 0), cmap='viridis',
                            norm=LogNorm(1, max(2, inner.max())))
    figure.colorbar(shown, ax=axis, label='pixels')
    middle = (edges[:-1] + edges[1:]) / 2
    for line, style, label in zip(breakdown.quantiles(0.25, 0.5, 0.75), ('--', '-', '--'),
                                  ('quartiles', 'median', None)):
        axis.plot(middle, line, style, color=PREDICTED, label=label)
    axis.plot(edges[[0, -1]], edges[[0, -1]], color='white', linewidth=1)
    axis.set(xlabel='true depth (m)', ylabel='predicted depth (m)', aspect='equal',
             title='Predicted over true depth, without the sky')
    axis.legend(loc='upper left')
    return figure


def risk_coverage(confidence: ConfidenceEvaluation) -> Figure:
    """Draw the RMSE over the most confident pixels, and over those of the smallest error."""
    figure = Figure(figsize=(7, 5), layout='constrained')
    axis = figure.subplots()
    coverage = np.linspace(0.01, 1.0, 100)
    scores = confidence.scores()
    axis.plot(100 * coverage, confidence.risk(coverage), color=PREDICTED,
              label='most confident first')
    axis.plot(100 * coverage, confidence.oracle_risk(coverage), color=TRUE,
              label='smallest error first')
    axis.axvline(100 * COVERAGE, color='0.5', linestyle=':')
    axis.set(xlabel='% of pixels kept', ylabel='RMSE (m)', xlim=(0, 100),
             title=f'RMSE of the {100 * COVERAGE:.0f} % most confident pixels / of all: '
                   f'{scores.rmse_ratio_80:.2f} (at best {scores.oracle_ratio_80:.2f})')
    axis.set_ylim(bottom=0)
    axis.legend(loc='upper left')
    axis.grid(alpha=0.3)
    return figure


def reliability_diagram(confidence: ConfidenceEvaluation) -> Figure:
    """Draw the share of pixels within 10 % of the truth over confidence, and their number."""
    figure = Figure(figsize=(6, 7), layout='constrained')
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    bins = confidence.reliability_diagram()
    upper.plot((0, 1), (0, 1), color='0.5', linestyle=':')
    upper.plot(bins.stated, bins.true, 'o-', color=PREDICTED)
    upper.set(ylabel='share of pixels within 10 % of the truth', xlim=(0, 1), ylim=(0, 1),
              title=f'Calibration: the largest gap is {bins.gap:.3f}')
    lower.bar((np.arange(BINS) + 0.5) / BINS, 100 * bins.share, 1 / BINS, color=SHADE,
              edgecolor='0.5')
    lower.set(xlabel='confidence', ylabel='% of pixels')
    upper.grid(alpha=0.3)
    return figure


class ScanExample(NamedTuple):
    """
    A picture and its scans.

    Attributes
    ----------
    rgb : uint8 (H, W, 3) RGB
    bearings : float (N,), radians
        Positive to the right.
    true, predicted : float (N,), metres
        inf where free, NaN where unknown.
    label : str

    """

    rgb: np.ndarray
    bearings: np.ndarray
    true: np.ndarray
    predicted: np.ndarray
    label: str


def scans(examples: List[ScanExample]) -> Figure:
    """Draw pictures, each beside the top view of its true and its predicted scan."""
    figure = Figure(figsize=(11, 3.1 * len(examples) + 0.4), layout='constrained')
    grid = figure.subplots(len(examples), 2, squeeze=False)
    farthest = LIMITS[-1] + 1
    for (picture, top), example in zip(grid, examples):
        picture.imshow(example.rgb)
        picture.set(xticks=(), yticks=())
        picture.set_ylabel(example.label, fontsize='small')
        half = (example.bearings[-1] - example.bearings[0]) / (len(example.bearings) - 1) / 2
        for bearing, distance in zip(example.bearings, np.minimum(example.true, farthest)):
            # What the robot may drive over, seen from above: a fan without its obstacles.
            angles = bearing + np.array([-half, half])
            top.fill([0, *(distance * np.sin(angles))], [0, *(distance * np.cos(angles))],
                     color=SHADE, linewidth=0)
        for limit in LIMITS:
            top.plot(limit * np.sin(example.bearings), limit * np.cos(example.bearings),
                     color='0.6', linewidth=0.8, linestyle=':')
        for ranges, colour, marker, name in ((example.true, TRUE, 's', 'true'),
                                             (example.predicted, PREDICTED, '.', 'predicted')):
            shown = ranges <= farthest
            top.plot((ranges * np.sin(example.bearings))[shown],
                     (ranges * np.cos(example.bearings))[shown],
                     marker, color=colour, markersize=4, label=name)
        top.set(aspect='equal', xlim=(-farthest, farthest), ylim=(0, farthest + 0.2),
                ylabel='metres ahead')
    grid[0, 0].set_title('Input')
    grid[0, 1].set_title(f'Seen from above: what stands {LOW:g} to {HIGH:g} m above the floor')
    grid[0, 1].legend(loc='lower left', fontsize='small')
    return figure


def scale_over_time(followed: Dict[int, Followed], ratios: Dict[int, float]) -> Figure:
    """
    Draw how the scale that the floor tells settles, and what it should be.

    Parameters
    ----------
    followed : dict of int to bag.Followed
        By the number of the pair in the bag.
    ratios : dict of int to float
        The median of prediction over truth, where there is truth.

    """
    figure = Figure(figsize=(9, 4.2), layout='constrained')
    axis = figure.subplots()
    begin = min(each.seconds for each in followed.values())
    told = [(each.seconds - begin, each.told.log_scale, each.told.sigma)
            for each in followed.values() if each.told is not None]
    axis.errorbar([time for time, _, _ in told], [math.exp(each) for _, each, _ in told],
                  [[math.exp(each) * abs(math.expm1(sign * sigma)) for _, each, sigma in told]
                   for sign in (-1, 1)],
                  fmt='.', color='0.6', elinewidth=0.8, label='what the floor of one image tells')
    numbers = sorted(set(followed) & set(ratios))
    axis.plot([followed[number].seconds - begin for number in numbers],
              [followed[number].scale / ratios[number] for number in numbers],
              color=TRUE, label="the depth camera's own factor")
    seconds = np.array([each.seconds - begin for each in followed.values()])
    scale = np.array([each.scale for each in followed.values()])
    sigma = np.array([each.sigma for each in followed.values()])
    axis.plot(seconds, scale, color=PREDICTED, label='the scale that depth is multiplied by')
    known = np.isfinite(sigma)
    axis.fill_between(seconds[known], (scale * np.exp(-sigma))[known],
                      (scale * np.exp(sigma))[known], color=PREDICTED, alpha=0.2)
    axis.set(xlabel='time (s)', ylabel='metres / depth by the network', yscale='log')
    axis.yaxis.set_major_formatter('{x:.2f}')
    axis.yaxis.set_minor_formatter('{x:.2f}')
    axis.grid(alpha=0.3, which='both')
    axis.legend()
    return figure
