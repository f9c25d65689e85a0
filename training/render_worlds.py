#!/usr/bin/env python3
"""
Render RGB and depth pairs of procedural worlds with Blender, in the paper's dataset layout.

    python training/render_worlds.py --out data/worlds --train 4000 --val 400 --test 400 --seed 1
    python training/render_worlds.py --out data/drive --drive 10 --seed 8

A pair is written whole or not at all, and pairs that stand are skipped: start the same command
again with --resume to go on after an interruption, or with larger counts to let a dataset grow.
`make render-env` makes the environment that this needs.
"""

import argparse
import os
from pathlib import Path
import sys
import time

from learning.folder_lock import FolderInUseError, locked
import numpy as np
from worlds.camera import Camera
from worlds.description import describe, find_conflict
from worlds.overview import write_contact_sheet, write_depth_histogram
from worlds.plan import KINDS, plan, SPLITS
from worlds.pool import render_all
from worlds.rendering import Settings
from worlds.tables import (
    forget_seconds, read_records, seconds_before, write_description, write_tables)


def parse_arguments(argv=None):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help="the dataset's folder")
    for split in SPLITS:
        parser.add_argument(f'--{split}', type=int, default=0, metavar='N',
                            help=f'how many pairs the {split} split gets')
    parser.add_argument('--drive', type=float, default=0, metavar='SECONDS',
                        help='render a drive through one world that no split uses instead')
    parser.add_argument('--rate', type=float, default=10, help='frames per second of the drive')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--kinds', default='street,park,street,interior',
                        help='kinds of worlds, taken in turn; name one twice for twice as many')
    parser.add_argument('--views-per-world', type=int, default=4, metavar='K')
    parser.add_argument('--size', default=None, metavar='WxH',
                        help='pixels; 256x144 unless given, 640x360 for a drive')
    parser.add_argument('--fov', default='90', metavar='DEGREES',
                        help='horizontal field of view; FROM:TO, such as 45:100, draws one for '
                             "each world, and pairs.csv tells each pair's fx, fy, cx and cy")
    parser.add_argument('--pitch', type=float, default=0.0, metavar='DEGREES',
                        help='how the camera is mounted, on top of what is drawn for each view; '
                             'negative looks down')
    parser.add_argument('--samples', type=int, default=8, help='rays per pixel')
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='processes; each world is built and rendered by one of them')
    parser.add_argument('--depth-dtype', choices=('float32', 'float16'), default='float32',
                        help='float16 also rounds to 1/64 m, so that the files compress well')
    parser.add_argument('--resume', action='store_true',
                        help='go on with a dataset that was interrupted, or is to grow: its '
                             'counts may be others, the rest is what it was begun with')
    arguments = parser.parse_args(argv)
    arguments.kinds = arguments.kinds.split(',')
    for kind in arguments.kinds:
        if kind not in KINDS:
            parser.error(f'there is no kind of world called {kind!r}; there is {", ".join(KINDS)}')
    size = arguments.size or ('640x360' if arguments.drive else '256x144')
    try:
        arguments.width, arguments.height = map(int, size.split('x'))
        if min(arguments.width, arguments.height) < 1:
            raise ValueError
    except ValueError:
        parser.error(f'--size is WIDTHxHEIGHT in pixels, such as 256x144, not {size!r}')
    try:
        low, _, high = arguments.fov.partition(':')
        arguments.fov = float(low), float(high or low)
        if not 1 <= arguments.fov[0] <= arguments.fov[1] <= 170:
            raise ValueError
    except ValueError:
        parser.error('--fov is in degrees, from 1 to 170, such as 90, or 45:100 for a camera of '
                     f'its own for each world, not {arguments.fov!r}')
    if not arguments.resume and any(arguments.out.glob('rgb/*/*')):
        parser.error(f'{arguments.out} has pairs already: add --resume to go on with it, '
                     'or name another folder')
    for name in ('workers', 'views_per_world', 'samples', 'rate'):
        if getattr(arguments, name) <= 0:
            parser.error(f'--{name.replace("_", "-")} must be positive')
    if abs(arguments.pitch) > 90:
        parser.error(f'--pitch is from -90 to 90 degrees, not {arguments.pitch:g}')
    if not arguments.drive and not any(getattr(arguments, split) for split in SPLITS):
        parser.error('nothing to render: pass --train, --val or --test, or --drive')
    conflict = find_conflict(arguments)
    if conflict:
        parser.error(f'{arguments.out} {conflict}, or name another folder')
    return arguments


def main(argv=None):
    """Render a dataset, in whose folder no other process renders."""
    arguments = parse_arguments(argv)
    try:
        with locked(arguments.out):
            render(arguments)
    except FolderInUseError as error:
        print(f'render_worlds: {error}', file=sys.stderr)
        return 1
    return 0


def render(arguments):
    """Render the pairs that don't stand yet, and write the dataset's tables and pictures."""
    threads = max(1, (os.cpu_count() or 1) // arguments.workers)
    settings = Settings(
        arguments.out, own_cameras=arguments.fov[0] != arguments.fov[1],
        samples=arguments.samples, threads=threads, coarse=arguments.depth_dtype == 'float16',
        pitch=np.radians(arguments.pitch), drive_seconds=arguments.drive,
        drive_rate=arguments.rate)
    for split in SPLITS:
        for folder in ('rgb', 'depth'):
            (arguments.out / folder / split).mkdir(parents=True, exist_ok=True)
    if not any(arguments.out.glob('rgb/*/*')):
        # Where each world has its own camera, this is the one in the middle of their range.
        camera = Camera(arguments.width, arguments.height, sum(arguments.fov) / 2)
        (arguments.out / 'camera.json').write_text(camera.to_json())
        # Before the first pair, so that --resume can compare.
        write_description(arguments.out, describe(arguments))
    start = time.monotonic() - (seconds_before(arguments.out) if arguments.resume else 0)
    render_all(arguments.workers, settings, plan(arguments), start)
    records = read_records(arguments.out)
    write_tables(arguments, records, time.monotonic() - start)
    forget_seconds(arguments.out)
    names = {s: [r['name'] for r in records if r['split'] == s] for s in SPLITS}
    names = {split: members for split, members in names.items() if members}
    for split, members in names.items():
        write_contact_sheet(arguments.out, split, members, np.random.default_rng(0))
    if names:
        write_depth_histogram(arguments.out, names)
    print(f'{len(records)} pairs in {arguments.out}')


if __name__ == '__main__':
    sys.exit(main())
