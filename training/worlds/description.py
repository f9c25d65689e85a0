"""What dataset.json tells: how a dataset's pairs were rendered, so that more may be added."""

import json

import numpy as np

from .pairs import MAX_DEPTH
from .plan import kind_of


def find_conflict(arguments):
    """Return why pairs that stand and those to be rendered are not of one dataset, or None."""
    if not any(arguments.out.glob('rgb/*/*')):
        return None
    try:
        begun = tell_options(json.loads((arguments.out / 'dataset.json').read_text()))
    except (OSError, ValueError, KeyError, TypeError):
        return ('has pairs, but no dataset.json that tells how they were rendered: --resume needs '
                'one')
    asked = tell_options(describe(arguments))
    other = [option for option in asked if begun[option] != asked[option]]
    if other:
        was, now = (' '.join(f'{option} {options[option]}' for option in other)
                    for options in (begun, asked))
        return f'was begun with {was}, not {now}: pass what it was begun with'
    # The pairs' names tell their kinds, those of a dataset that an older version began, too.
    for path in sorted(arguments.out.glob('rgb/*/*.jpeg')):
        kind, seed, _ = path.stem.rsplit('_', 2)
        wanted = kind_of(arguments, 'drive' if arguments.drive else path.parent.name, int(seed))
        if kind != wanted:
            return (f'was begun with other --kinds (its world {seed} is of the kind {kind}, and '
                    f'now it would be {wanted}): pass those that it was begun with')
    return None


def describe(arguments):
    """Return what dataset.json tells from the start: all on which a pair's looks depend."""
    low, high = arguments.fov
    return {
        'seed': arguments.seed,
        'views_per_world': arguments.views_per_world,
        'drive': {'seconds': arguments.drive, 'rate_hz': arguments.rate} if arguments.drive
        else None,
        'samples': arguments.samples,
        'camera': {'width': arguments.width, 'height': arguments.height,
                   'fov': low if low == high else [low, high]},
        'pitch': arguments.pitch,
        'depth': {'unit': 'metre', 'max': MAX_DEPTH, 'dtype': arguments.depth_dtype,
                  'rounded_to': 1 / 64 if arguments.depth_dtype == 'float16' else None}}


def tell_options(description):
    """Return the options that make a description: name -> value."""
    drive, camera = description['drive'], description['camera']
    fov = ':'.join(f'{degrees:g}' for degrees in np.atleast_1d(camera['fov']))
    return {'--seed': description['seed'], '--views-per-world': description['views_per_world'],
            '--drive': f'{drive["seconds"]:g} --rate {drive["rate_hz"]:g}' if drive else 0,
            '--size': f'{camera["width"]}x{camera["height"]}', '--fov': fov,
            '--pitch': f'{description.get("pitch", 0.0):g}',  # older datasets have none
            '--samples': description['samples'], '--depth-dtype': description['depth']['dtype']}
