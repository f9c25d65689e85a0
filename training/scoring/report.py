"""The scores of a split as tables for people."""

from typing import Dict, List, Optional, Sequence

from depth_estimation_ros.estimation.validity import HORIZON
from scoring.breakdown import SKY
from scoring.navigation import LIMITS


def report(summary: Dict) -> str:
    """
    Return what evaluate.py prints.

    Parameters
    ----------
    summary : dict
        What it writes as JSON.

    """
    parts = [_images(summary), _depths(summary['by_depth'])]
    if len(summary['by_group']) > 1:
        parts.insert(1, _groups(summary['by_group'], summary['places']))
    if 'confidence' in summary:
        parts.append(_confidence(summary['confidence']))
    if 'navigation' in summary:
        parts.append(_navigation(summary['navigation']))
    if 'published' in summary:
        parts.append(_published(summary['published']))
    return '\n\n'.join(parts)


def _images(summary: Dict) -> str:
    columns = {'RMSE (m)': 'rmse', 'SSIM': 'ssim', 'AbsRel': 'abs_rel', 'delta1': 'delta1',
               'delta2': 'delta2', 'delta3': 'delta3', 'AbsRel*': 'abs_rel_near',
               'RMSE log': 'rmse_log', 'SILog': 'silog', 'aligned**': 'delta1_aligned',
               'bias***': 'bias'}
    named = {"the paper's averaging": summary['paper'], 'per image': summary['per_image'],
             **{f'  {kind} ({scores["n"]})': scores
                for kind, scores in summary['by_kind'].items()}}
    rows = [[name, *(_number(scores.get(key), 1 if key == 'silog' else 3)
                     for key in columns.values())]
            for name, scores in named.items() if scores]
    return (_table([['', *columns], *rows])
            + '\n* where truth is nearer than the greatest depth'
              '\n** delta1 after one factor per image, the median of truth / prediction'
              '\n*** |median of prediction / truth - 1| per image, where truth is nearer than '
              'the greatest depth')


def _groups(by_group: Dict, places: Dict) -> str:
    columns = {'AbsRel': 'abs_rel', 'delta1': 'delta1', 'aligned': 'delta1_aligned'}
    named = {**by_group, f'mean of {places["n"]} groups': places}
    width = max(map(len, named)) + 2
    rows = [[name, '' if scores is places else str(scores['n']),
             *(_number(scores[key]) for key in columns.values()), _percent(scores['bias'])]
            for name, scores in named.items()]
    return _table([['group', 'pairs', *columns, 'bias'], *rows], width)


def _depths(by_depth: Dict) -> str:
    columns = {'RMSE (m)': 'rmse', 'MAE (m)': 'mae', 'bias (m)': 'bias', 'AbsRel': 'abs_rel',
               'delta1': 'delta1'}
    rows = [[name if name == SKY else f'{name} m', _percent(errors['share']),
             *(_number(errors[key]) for key in columns.values()),
             _percent(errors['out_of_range'])]
            for name, errors in by_depth.items()]
    return (_table([['true depth', 'pixels', *columns, 'too far*'], *rows])
            + f'\n* predicted beyond {100 * HORIZON:g} % of the greatest depth, where the node '
              'calls it out of range')


def _confidence(scores: Dict) -> str:
    lines = {
        'RMSE of the 80 % most confident pixels / of all': _number(scores['rmse_ratio_80']),
        '  if they were ordered by their true error': _number(scores['oracle_ratio_80']),
        'largest gap of calibration': _number(scores['calibration_gap']),
        'mean confidence': _number(scores['mean']),
        'pixels within 10 % of the truth': _percent(scores['within_10_percent'])}
    return '\n'.join(f'{name:<48}{value:>8}' for name, value in lines.items())


def _navigation(by_limit: Dict) -> str:
    rows = []
    for limit in LIMITS:
        scores = by_limit[f'within_{limit:g}m']
        rows.append([f'within {limit:g} m', str(scores['obstacles']), _percent(scores['missed']),
                     str(scores['free']), _percent(scores['blocked'])])
    return _table([['directions', 'obstacle', 'missed', 'free', 'blocked'], *rows])


def _published(scores: Dict) -> str:
    obstacles, costmap = scores['obstacles'], scores['costmap']
    lines = (
        ('obstacles nearer than 5 m: pixels unknown', obstacles['near_unknown']),
        ('  within 25 % of the truth', obstacles['near_right']),
        ('thin obstacles nearer than 5 m: pixels unknown', obstacles['thin_unknown']),
        ('  within 25 % of the truth', obstacles['thin_right']),
        ('  columns with some points within 10 %', obstacles['thin_recall']),
        ('flying points, of all pixels', obstacles['flying']),
        ("Nav2's costmap: obstacle cells wrongly free", costmap['wrongly_free']),
        ('  marked cells wrongly blocked', costmap['wrongly_blocked']))
    validity = ', '.join(f'{name} {value:g}' if isinstance(value, float) else f'{name} {value}'
                         for name, value in scores['validity'].items())
    return '\n'.join([f'as published ({validity})', _navigation(scores['navigation']),
                      *(f'{name:<52}{_percent(value):>10}' for name, value in lines)])


def _number(value: Optional[float], digits: int = 3) -> str:
    return '' if value is None else f'{value:.{digits}f}'


def _percent(value: Optional[float]) -> str:
    return '' if value is None else f'{100 * value:.1f} %'


def _table(rows: Sequence[List[str]], width: int = 22) -> str:
    return '\n'.join(f'{name:<{width}}' + ''.join(f'{cell:>10}' for cell in cells)
                     for name, *cells in rows)
