"""One page that shows what fine-tuning has changed: scores, pictures and curves."""

import base64
import csv
from dataclasses import dataclass, field
import html
import io
from pathlib import Path
from string import Template
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

import cv2
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.depth_colors import colorize, scale_bar
from importing.contact_sheet import draw_over
from matplotlib.figure import Figure
import numpy as np
from scoring.metrics import Scores
from scoring.scale_scores import SplitScores

WIDTH = 240  # of a picture on the page, in pixels
# At the far end of the scale of colours, metres: the first that most of what is seen lies within.
FAR_ENDS = (2.0, 5.0, 10.0, 20.0)
MEASURES = (('delta1', 'delta1', '{:.3f}'), ('AbsRel', 'abs_rel', '{:.3f}'),
            ('delta1 after one factor per picture', 'delta1_aligned', '{:.3f}'),
            ('size of the bias', 'bias', '{:.0%}'))
PAGE = Path(__file__).with_suffix('.html')


class Example(NamedTuple):
    """A picture of the test: uint8 (H, W, 3) RGB, its name, and three depth maps, metres."""

    name: str
    rgb: np.ndarray
    truth: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class Comparison:
    """
    What the page tells.

    Attributes
    ----------
    title, verdict : str
    is_better : bool
    scores : dict of str to (SplitScores, SplitScores)
        Before and after, by what was tested on; the recording's own test comes first.
    examples : sequence of Example
        Of the recording's test.
    training : Path
        metrics.csv of the training.
    facts : dict of str to str
        What else there is to know, in lines.
    contact_sheet : Path, optional
        A picture of what was recorded.

    """

    title: str
    verdict: str
    is_better: bool
    scores: Dict[str, Tuple[SplitScores, SplitScores]]
    examples: Sequence[Example]
    training: Path
    facts: Dict[str, str] = field(default_factory=dict)
    contact_sheet: Optional[Path] = None


def write_page(path: Path, comparison: Comparison) -> None:
    """Write a page that holds all of its pictures itself."""
    text = Template(PAGE.read_text(encoding='utf-8')).substitute(
        title=html.escape(comparison.title), verdict=html.escape(comparison.verdict),
        background='#e3f2e1' if comparison.is_better else '#fbe3e0',
        tables='\n'.join(_table(name, *scores) for name, scores in comparison.scores.items()),
        pictures=_pictures(comparison.examples),
        curves=_image(_png(_curves(comparison)), 'delta1 of each picture; loss over the steps'),
        facts=_rows([[name, value] for name, value in comparison.facts.items()]),
        contact_sheet='' if comparison.contact_sheet is None else _image(
            comparison.contact_sheet.read_bytes(), 'some of the pairs that were learnt from'))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(text, encoding='utf-8')


def _table(name: str, before: SplitScores, after: SplitScores) -> str:
    """Return the scores on one test as a table."""
    lines: List[Tuple[str, Scores, Scores]] = [
        (f'{len(before.pictures)} pictures, the scale left to the model',
         before.without_pose(), after.without_pose())]
    was, now = before.with_pose(), after.with_pose()
    if was is not None and now is not None:
        count = sum(picture.with_pose is not None for picture in before.pictures)
        lines.append((f"{count} pictures, the scale set by the camera's pose", was, now))
        if count < len(before.pictures):
            lines.append((f'{len(before.pictures)} pictures, each with all that is known of it',
                          before.known(), after.known()))
    rows = [['', *(f'{label}: before' if first else 'after' for label, _, _ in MEASURES
                   for first in (True, False))]]
    rows += [[label, *(_number(form, getattr(scores, key)) for _, key, form in MEASURES
                       for scores in pair)] for label, *pair in lines]
    gaps = before.calibration_gap, after.calibration_gap
    confidence = '' if None in gaps else (
        '<p>Largest gap between stated and true confidence: {:.2f} before, {:.2f} after.</p>'
        .format(*gaps))
    return f'<h2>{html.escape(name)}</h2>\n{_rows(rows, header=True)}\n{confidence}'


def _number(form: str, value: float) -> str:
    return 'unknown' if np.isnan(value) else form.format(value)


def _rows(rows: Sequence[Sequence[str]], header: bool = False) -> str:
    lines = []
    for number, row in enumerate(rows):
        tag = 'th' if header and number == 0 else 'td'
        lines.append('<tr>' + ''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in row)
                     + '</tr>')
    return '<table>\n' + '\n'.join(lines) + '\n</table>'


def _pictures(examples: Sequence[Example]) -> str:
    """Return rows of a picture, its true depth, and depth before and after."""
    seen = np.concatenate([example.truth[np.isfinite(example.truth)] for example in examples])
    reach = float(np.percentile(seen, 90)) if len(seen) else FAR_ENDS[-1]
    far = next((end for end in FAR_ENDS if reach <= end), FAR_ENDS[-1])
    lines = ['<table class="pictures"><tr><td>camera</td><td>true depth</td><td>before</td>'
             '<td>after</td></tr>']
    for example in examples:
        size = WIDTH, round(WIDTH * example.rgb.shape[0] / example.rgb.shape[1])
        picture = cv2.resize(example.rgb[:, :, ::-1], size, interpolation=cv2.INTER_AREA)
        tiles = [picture, draw_over(picture, example.truth, far),
                 *(colorize(cv2.resize(depth, size), far)
                   for depth in (example.before, example.after))]
        lines.append('<tr>' + ''.join(
            f'<td>{_image(cv2.imencode(".png", tile)[1].tobytes(), example.name)}</td>'
            for tile in tiles) + '</tr>')
    bar = cv2.imencode('.png', scale_bar(2 * WIDTH, far))[1].tobytes()
    return '\n'.join([*lines, '</table>', _image(bar, f'the colours: 0 to {far:g} m')])


def _curves(comparison: Comparison) -> Figure:
    """Draw delta1 of each picture of the test, and loss and error over the training."""
    figure = Figure(figsize=(11, 3.6), layout='constrained')
    left, right = figure.subplots(1, 2)
    for scores, label, style in zip(next(iter(comparison.scores.values())), ('before', 'after'),
                                    ('tab:red', 'tab:green')):
        left.plot([picture.known.delta1 for picture in scores.pictures], '.-', color=style,
                  label=label)
    left.set(xlabel='picture of the test, in the order of the recording', ylim=(0, 1),
             ylabel='delta1, with all that is known')
    left.legend()
    with open(comparison.training, newline='') as file:
        rows = list(csv.DictReader(file))
    steps = [int(row['step']) for row in rows]
    right.plot(steps, [float(row['loss']) for row in rows], 'o-', color='0.6', label='loss')
    right.plot(steps, [float(row['val_rmse']) for row in rows], 'o-', color='tab:green',
               label='RMSE on the validation part (m)')
    right.set(xlabel='step')
    right.set_ylim(bottom=0)
    right.legend()
    for axis in (left, right):
        axis.grid(alpha=0.3)
    return figure


def _png(figure: Figure) -> bytes:
    memory = io.BytesIO()
    figure.savefig(memory, format='png', dpi=90)
    return memory.getvalue()


def _image(data: bytes, text: str) -> str:
    return (f'<img alt="{html.escape(text)}" '
            f'src="data:image/png;base64,{base64.b64encode(data).decode()}">')
