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
from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
import csv
from dataclasses import asdict, dataclass
import importlib
from importlib.metadata import version
import io
import json
import multiprocessing
import os
from pathlib import Path
import shutil
import sys
import tempfile
import threading
import time

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm import tqdm
from worlds import photographs
from worlds.camera import Camera

MAX_DEPTH = 20.0  # metres, as in the paper's dataset
SPLITS = ('train', 'val', 'test')

# Where each split's world seeds begin within a dataset seed's million: no two splits, and no two
# dataset seeds, ever share a world.
FIRST_WORLD = {'train': 0, 'val': 800_000, 'test': 900_000, 'drive': 990_000}
ATTEMPTS = 25
WORLDS_PER_WORKER = 25

# Every 25th colour or so of matplotlib's magma; between them a straight line is near enough.
MAGMA = np.array([(0, 0, 4), (21, 14, 56), (59, 15, 112), (100, 26, 128), (140, 41, 129),
                  (183, 55, 121), (222, 73, 104), (246, 110, 92), (254, 159, 109),
                  (254, 207, 146), (252, 253, 191)])
SPLIT_COLOURS = {'train': (31, 119, 180), 'val': (255, 127, 14), 'test': (44, 160, 44)}


@dataclass(frozen=True)
class World:
    """A world to build, and which views of it to render."""

    split: str
    kind: str
    seed: int
    views: tuple

    def name(self, view):
        """Return the name of a pair."""
        return f'{self.kind}_{self.seed:06d}_{view:0{2 if self.split != "drive" else 4}d}'


@dataclass(frozen=True)
class Settings:
    """What is the same for all pairs of a dataset."""

    out: Path
    camera: Camera
    samples: int
    threads: int
    coarse: bool
    pitch: float
    drive_seconds: float
    drive_rate: float


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
    parser.add_argument('--fov', type=float, default=90.0,
                        help='horizontal field of view, degrees')
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
    known = sorted(p.stem for p in (Path(__file__).parent / 'worlds').glob('*.py')
                   if 'def build(' in p.read_text())
    for kind in arguments.kinds:
        if kind not in known:
            parser.error(f'there is no kind of world called {kind!r}; there is {", ".join(known)}')
    size = arguments.size or ('640x360' if arguments.drive else '256x144')
    try:
        arguments.width, arguments.height = map(int, size.split('x'))
        if min(arguments.width, arguments.height) < 1:
            raise ValueError
    except ValueError:
        parser.error(f'--size is WIDTHxHEIGHT in pixels, such as 256x144, not {size!r}')
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
    arguments.camera = Camera(arguments.width, arguments.height, arguments.fov)
    conflict = find_conflict(arguments)
    if conflict:
        parser.error(f'{arguments.out} {conflict}, or name another folder')
    return arguments


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
    return {
        'seed': arguments.seed,
        'views_per_world': arguments.views_per_world,
        'drive': {'seconds': arguments.drive, 'rate_hz': arguments.rate} if arguments.drive
        else None,
        'samples': arguments.samples,
        'camera': asdict(arguments.camera),
        'pitch': arguments.pitch,
        'depth': {'unit': 'metre', 'max': MAX_DEPTH, 'dtype': arguments.depth_dtype,
                  'rounded_to': 1 / 64 if arguments.depth_dtype == 'float16' else None}}


def tell_options(description):
    """Return the options that make a description: name -> value."""
    drive, camera = description['drive'], description['camera']
    return {'--seed': description['seed'], '--views-per-world': description['views_per_world'],
            '--drive': f'{drive["seconds"]:g} --rate {drive["rate_hz"]:g}' if drive else 0,
            '--size': f'{camera["width"]}x{camera["height"]}', '--fov': f'{camera["fov"]:g}',
            '--pitch': f'{description.get("pitch", 0.0):g}',  # older datasets have none
            '--samples': description['samples'], '--depth-dtype': description['depth']['dtype']}


def plan(arguments):
    """Return the Worlds to render: they follow from the arguments alone."""
    first = arguments.seed * 1_000_000
    if arguments.drive:
        frames = tuple(range(int(round(arguments.drive * arguments.rate))))
        seed = first + FIRST_WORLD['drive']
        kind = kind_of(arguments, 'drive', seed)
        # Every worker builds the same world and takes its share of the frames.
        return [World('drive', kind, seed, tuple(int(f) for f in share))
                for share in np.array_split(frames, arguments.workers) if len(share)]
    worlds = []
    for split in SPLITS:
        count, views = getattr(arguments, split), arguments.views_per_world
        for index in range(-(-count // views)):
            seed = first + FIRST_WORLD[split] + index
            chosen = tuple(range(min(views, count - index * views)))
            worlds.append(World(split, kind_of(arguments, split, seed), seed, chosen))
    return worlds


def kind_of(arguments, split, seed):
    """Return the kind of a split's world."""
    if split == 'drive':
        return arguments.kinds[0]
    index = seed - arguments.seed * 1_000_000 - FIRST_WORLD[split]
    # Each split begins with another kind, so that a small dataset shows more of them.
    return arguments.kinds[(SPLITS.index(split) + index) % len(arguments.kinds)]


def render_world(settings, world):
    """Build a world and render those of its pairs that don't stand yet."""
    views = [v for v in world.views if not pair_paths(settings.out, world, v)[0].exists()]
    # Blender is loaded only in the processes that render.
    from worlds import cycles
    from worlds.stage import Stage

    kind = importlib.import_module(f'worlds.{world.kind}')
    stage = Stage(world.seed)
    route = kind.build(stage, np.random.default_rng([world.seed]))
    cycles.set_up(stage.scene, settings.camera, settings.samples, settings.threads)
    render = render_drive if world.split == 'drive' else render_views
    with tempfile.TemporaryDirectory() as scratch:
        render(settings, world, views, route, lambda viewpoint, seed: cycles.render(
            stage.scene, viewpoint, seed, Path(scratch) / 'frame.exr'))


def render_views(settings, world, views, route, shoot):
    """Render single views from places drawn at random, again where a frame is of no use."""
    from worlds import sensor

    for view in views:
        rejected = []
        for attempt in range(ATTEMPTS):
            rng = np.random.default_rng([world.seed, view, attempt])
            viewpoint = route.viewpoint(rng).pitched(settings.pitch)
            light, depth = shoot(viewpoint, int(rng.integers(2 ** 31)))
            light = sensor.add_haze(light, depth, route.air)
            device = sensor.draw_sensor(rng)
            picture = sensor.develop(light, sensor.meter(light), device, rng)
            fault = find_fault(picture, depth)
            if fault is None:
                break
            rejected.append(fault)
        else:
            raise RuntimeError(f'{world.name(view)}: no useful frame in {ATTEMPTS} attempts '
                               f'({", ".join(sorted(set(rejected)))})')
        write_pair(settings, world, view, picture, depth, device.quality, viewpoint, rejected)


def render_drive(settings, world, views, route, shoot):
    """Render frames of a drive with one exposure, set at its start."""
    from worlds import sensor

    rng = np.random.default_rng([world.seed, 1])
    path = [viewpoint.pitched(settings.pitch) for viewpoint
            in route.drive(rng, settings.drive_seconds, settings.drive_rate)]
    light, depth = shoot(path[0], 0)
    gain = sensor.meter(sensor.add_haze(light, depth, route.air))
    for view in views:
        light, depth = shoot(path[view], view)
        light = sensor.add_haze(light, depth, route.air)
        picture = sensor.develop(light, gain, sensor.Sensor(), np.random.default_rng(
            [world.seed, 2, view]))
        write_pair(settings, world, view, picture, depth, sensor.Sensor().quality, path[view], [])


def find_fault(picture, depth):
    """Return why nobody could learn from a frame, or None."""
    if np.mean(depth < 0.35) > 0.3 or np.median(depth) < 0.5:
        return 'inside'
    if np.mean(np.isinf(depth)) > 0.7:
        return 'sky'
    if picture.mean() < 20 or np.mean(picture.max(axis=-1) < 12) > 0.6:
        return 'black'
    if np.mean(picture.min(axis=-1) > 250) > 0.5:
        return 'burnt out'
    return None


def pair_paths(out, world, view):
    """Return the paths of a pair's picture and depth."""
    split = 'test' if world.split == 'drive' else world.split
    name = world.name(view)
    return out / 'rgb' / split / f'{name}.jpeg', out / 'depth' / split / f'{name}.npy'


def write_pair(settings, world, view, picture, depth, quality, viewpoint, rejected):
    """
    Write a pair so that it is there whole or not at all: the picture comes last.

    The picture's JPEG comment tells where it was taken, which pairs.csv is made from.
    """
    rgb_path, depth_path = pair_paths(settings.out, world, view)
    depth_map = np.clip(depth, 0, MAX_DEPTH).astype(np.float32)
    if settings.coarse:
        depth_map = (np.round(depth_map * 64) / 64).astype(np.float16)
    comment = json.dumps({'split': rgb_path.parent.name, 'name': rgb_path.stem,
                          'kind': world.kind, 'world_seed': world.seed,
                          **viewpoint.described(),
                          'sky_share': round(float(np.isinf(depth).mean()), 4),
                          'rejected': rejected})
    write_whole(depth_path, lambda file: np.save(file, depth_map))
    write_whole(rgb_path, lambda file: Image.fromarray(picture).save(
        file, 'jpeg', quality=quality, comment=comment))


def write_whole(path, save):
    """Write a file by save(file); it replaces an older one when it is whole, or is not there."""
    scratch = path.with_name(f'.{path.name}.part')
    with open(scratch, 'wb') as file:
        save(file)
    os.replace(scratch, path)


def render_all(arguments, settings, worlds, start):
    """
    Render all worlds in worker processes, with a progress bar.

    Parameters
    ----------
    arguments : argparse.Namespace
        What the command was told.
    settings : Settings
        What of it the workers need.
    worlds : list of World
        Those whose pairs all stand are skipped.
    start : float
        When work on the dataset began, on the clock of time.monotonic().

    """
    missing = {w: sum(not pair_paths(settings.out, w, v)[0].exists() for v in w.views)
               for w in worlds}
    unfinished = [w for w in worlds if missing[w]]
    total = sum(len(w.views) for w in worlds)
    standing = count_pictures(settings.out)
    # The workers are replaced now and then, so that what Blender leaks doesn't add up. The
    # executor's own max_tasks_per_child would hang (python/cpython#115634).
    batch = arguments.workers * WORLDS_PER_WORKER
    with tempfile.TemporaryDirectory() as scratch, tqdm(
            total=total, initial=total - sum(missing.values()), unit='frame',
            smoothing=0.05) as bar:
        for begin in range(0, len(unfinished), batch):
            for _ in render_batch(arguments.workers, scratch, settings,
                                  unfinished[begin:begin + batch]):
                # Pictures are counted, since a world is done only with its last one.
                now = count_pictures(settings.out)
                bar.update(now - standing)
                standing = now
                note_seconds(settings.out, time.monotonic() - start)


def render_batch(workers, scratch, settings, worlds):
    """Render worlds in fresh worker processes; yield every second and at the end."""
    # Blender doesn't survive a fork.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context('spawn'),
                               initializer=begin_worker, initargs=(scratch,))
    try:
        jobs = {pool.submit(render_world, settings, world) for world in worlds}
        while jobs:
            done, jobs = wait(jobs, timeout=1, return_when=FIRST_EXCEPTION)
            yield
            for job in done:
                job.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def begin_worker(scratch):
    """Drop what Blender prints for every frame, and end when the main process is killed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ['TMPDIR'] = scratch  # for Blender's temporary files as well as for ours

    def follow_parent():
        multiprocessing.parent_process().join()
        # Nobody else is left to do it.
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=follow_parent, daemon=True).start()


def count_pictures(out):
    """Return how many pairs stand."""
    return sum(name.endswith('.jpeg')
               for split in SPLITS for name in os.listdir(out / 'rgb' / split))


def note_seconds(out, seconds):
    """Note what a dataset has taken so far, for a run that goes on after this one was killed."""
    write_whole(out / '.seconds', lambda file: file.write(f'{seconds:.1f}\n'.encode()))


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
    columns = ['split', 'name', 'kind', 'world_seed', 'height', 'pitch', 'roll', 'sky_share']
    table = io.StringIO()
    writer = csv.DictWriter(table, columns, extrasaction='ignore')
    writer.writeheader()
    writer.writerows(records)
    write_whole(arguments.out / 'pairs.csv', lambda file: file.write(table.getvalue().encode()))

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
    text = json.dumps(description, indent=2) + '\n'
    write_whole(out / 'dataset.json', lambda file: file.write(text.encode()))


def write_contact_sheet(out, split, names, rng, count=36, columns=6, width=256):
    """Draw random pairs of a split on one sheet, each colour over depth."""
    tiles = []
    for index in sorted(rng.permutation(len(names))[:count]):
        picture = Image.open(out / 'rgb' / split / f'{names[index]}.jpeg')
        size = width, round(width * picture.height / picture.width)
        depth = Image.fromarray(paint_depth(load_depth(out, split, names[index])))
        tiles.append(np.concatenate([np.array(image.resize(size)) for image in (picture, depth)]))
    while len(tiles) % columns:
        tiles.append(np.zeros_like(tiles[0]))
    rows = [np.concatenate(tiles[i:i + columns], axis=1) for i in range(0, len(tiles), columns)]
    write_whole(out / f'contact_sheet_{split}.png', lambda file: Image.fromarray(
        np.concatenate(rows)).save(file, 'png'))


def load_depth(out, split, name):
    """Load a pair's depth: float32 (H, W), metres."""
    return np.load(out / 'depth' / split / f'{name}.npy').astype(np.float32)


def paint_depth(depth):
    """
    Draw depth in the colours of magma: black at 0 m, pale yellow at 20 m.

    Parameters
    ----------
    depth : float (H, W)
        Metres.

    Returns
    -------
    uint8 (H, W, 3) RGB

    """
    place = depth / MAX_DEPTH * (len(MAGMA) - 1)
    return np.stack([np.interp(place, np.arange(len(MAGMA)), MAGMA[:, c]) + 0.5
                     for c in range(3)], axis=-1).astype(np.uint8)


def write_depth_histogram(out, names, bin_width=0.25):
    """
    Draw how often each depth occurs, the splits laid over each other.

    Parameters
    ----------
    out : Path
        The dataset.
    names : dict
        The names of the pairs of each split that has any.
    bin_width : float
        Metres.

    """
    edges = np.arange(0, MAX_DEPTH + bin_width / 2, bin_width)
    shares = {}
    for split, members in names.items():
        counts, pixels = 0, 0
        for name in members:
            depth = load_depth(out, split, name)
            # What is clipped, and the sky, would dwarf all the rest: the legend tells it.
            counts = counts + np.histogram(depth[depth < MAX_DEPTH], edges)[0]
            pixels += depth.size
        shares[split] = counts / pixels * 100

    # Drawn twice as large and reduced at the end, for smooth lines.
    left, right, top, bottom = 130, 1560, 60, 780
    image = Image.new('RGB', (1600, 900), 'white')
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(26)
    peak = max(max(share.max() for share in shares.values()), 0.1) * 1.05
    step = next(s for s in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if peak / s <= 6)

    def place(metres, percent):
        return (left + (right - left) * metres / MAX_DEPTH,
                bottom - (bottom - top) * percent / peak)

    for metres in range(0, int(MAX_DEPTH) + 1, 2):
        x, _ = place(metres, 0)
        draw.line([(x, bottom), (x, bottom + 8)], 'black', 2)
        draw.text((x, bottom + 14), f'{metres}', 'black', font, 'mt')
    for percent in np.arange(0, peak, step):
        _, y = place(0, percent)
        draw.line([(left, y), (right, y)], 'black' if percent == 0 else 'lightgrey', 2)
        draw.text((left - 12, y), f'{percent:g}', 'black', font, 'rm')
    draw.text(((left + right) / 2, bottom + 60), 'depth in metres', 'black', font, 'mt')
    draw.text((left, top - 20), f'% of pixels in each {bin_width:g} m', 'black', font, 'ls')
    for row, (split, share) in enumerate(shares.items()):
        draw.line([place(x, y) for x, y in zip(np.repeat(edges, 2)[1:-1], np.repeat(share, 2))],
                  SPLIT_COLOURS[split], 4)
        draw.text((right, top + 36 * row), f'{split}: {len(names[split])} pairs, '
                  f'{100 - share.sum():.0f} % of pixels at {MAX_DEPTH:g} m or beyond',
                  SPLIT_COLOURS[split], font, 'rt')
    write_whole(out / 'depth_histogram.png', lambda file: image.reduce(2).save(file, 'png'))


def main(argv=None):
    """Render a dataset."""
    arguments = parse_arguments(argv)
    threads = max(1, (os.cpu_count() or 1) // arguments.workers)
    settings = Settings(
        arguments.out, arguments.camera, arguments.samples, threads,
        coarse=arguments.depth_dtype == 'float16', pitch=np.radians(arguments.pitch),
        drive_seconds=arguments.drive, drive_rate=arguments.rate)
    for split in SPLITS:
        for folder in ('rgb', 'depth'):
            (arguments.out / folder / split).mkdir(parents=True, exist_ok=True)
    if not any(arguments.out.glob('rgb/*/*')):
        (arguments.out / 'camera.json').write_text(arguments.camera.to_json())
        # Before the first pair, so that --resume can compare.
        write_description(arguments.out, describe(arguments))
    start = time.monotonic() - (seconds_before(arguments.out) if arguments.resume else 0)
    render_all(arguments, settings, plan(arguments), start)
    records = read_records(arguments.out)
    write_tables(arguments, records, time.monotonic() - start)
    (arguments.out / '.seconds').unlink(missing_ok=True)
    names = {s: [r['name'] for r in records if r['split'] == s] for s in SPLITS}
    names = {split: members for split, members in names.items() if members}
    for split, members in names.items():
        write_contact_sheet(arguments.out, split, members, np.random.default_rng(0))
    if names:
        write_depth_histogram(arguments.out, names)


if __name__ == '__main__':
    main()
