"""The tables of a dataset: pairs.csv, dataset.json, and how long the work has taken."""

import csv
from importlib.metadata import version
import json
import sys

from depth_estimation_ros.estimation.atomic_file import replacing
from PIL import Image

from . import photographs
from .description import describe
from .plan import SPLITS

COLUMNS = ['split', 'name', 'kind', 'world_seed', 'height', 'pitch', 'roll', 'sky_share']
# Where worlds have cameras of their own, and where they are about tables.
FURTHER_COLUMNS = ['fx', 'fy', 'cx', 'cy', 'table_height']


def note_seconds(out, seconds):
    """Note what a dataset has taken so far, for a run that goes on after this one was killed."""
    with replacing(out / '.seconds') as partial:
        partial.write_text(f'{seconds:.1f}\n')


def forget_seconds(out):
    """Drop the note, once dataset.json tells it."""
    (out / '.seconds').unlink(missing_ok=True)


def seconds_before(out):
    """Return how many seconds earlier runs spent on a dataset, killed ones too."""
    note, table = out / '.seconds', out / 'dataset.json'
    if note.exists():
        return float(note.read_text())
    # A dataset.json from the start of the work doesn't tell it.
    return json.loads(table.read_text()).get('seconds', 0.0) if table.exists() else 0.0


def read_records(out):
    """Read what the pictures' comments tell, sorted by split and name."""
    records = []
    for split in SPLITS:
        for path in sorted((out / 'rgb' / split).glob('*.jpeg')):
            with Image.open(path) as picture:
                records.append(json.loads(picture.info['comment']))
    return records


def write_tables(arguments, records, seconds):
    """Write pairs.csv and dataset.json."""
    columns = COLUMNS + [name for name in FURTHER_COLUMNS if any(name in r for r in records)]
    with replacing(arguments.out / 'pairs.csv') as partial, open(partial, 'w', newline='') as file:
        writer = csv.DictWriter(file, columns, extrasaction='ignore')
        writer.writeheader()
        writer.writerows(records)

    rejected = [fault for record in records for fault in record['rejected']]
    write_description(arguments.out, {
        'pairs': {s: sum(r['split'] == s for r in records) for s in SPLITS},
        'worlds': len({r['world_seed'] for r in records}),
        'kinds': {k: sum(r['kind'] == k for r in records) for k in sorted(set(arguments.kinds))},
        **describe(arguments),
        'rejected_frames': {fault: rejected.count(fault) for fault in sorted(set(rejected))},
        'seconds': round(seconds, 1),
        'photographs': photographs.packages(),
        'versions': {**{name: version(name) for name in ('bpy', 'numpy', 'pillow')},
                     'python': '.'.join(map(str, sys.version_info[:3]))}})


def write_description(out, description):
    """Write dataset.json."""
    with replacing(out / 'dataset.json') as partial:
        partial.write_text(json.dumps(description, indent=2) + '\n')
