#!/usr/bin/env python3
"""
Make a dataset out of recordings and of public data: pictures with depth, as training reads them.

    python training/import_dataset.py bag recording/ --out my_robot
    python training/import_dataset.py video corridor.mp4 --teacher large.onnx --out corridor

DIR gets rgb/SPLIT/NAME.jpeg, depth/SPLIT/NAME.png (millimetres, 0 where it is unknown),
camera.json, pairs.csv, source.json and contact_sheet.png. Look at the contact sheet: depth has to
lie on what it belongs to. Where the command was interrupted, the same command goes on.
"""

import argparse
import dataclasses
import datetime
import logging
import math
from pathlib import Path
import sys
from typing import Any, Dict, List, Optional

from depth_estimation_ros.estimation import mount
from depth_estimation_ros.estimation.atomic_file import write_json
from depth_estimation_ros.estimation.backends import DeviceError
from depth_estimation_ros.estimation.geometry import IntrinsicsError, read_camera_json
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.recordings.recording import RecordingError
from importing import splits
from importing.contact_sheet import write_contact_sheet
from importing.formats import Format, FORMATS, table
from importing.frames import Frame, Seen, SourceError, SourceOptions
from importing.imported_dataset import ImportedDataset
from importing.teacher import Teacher
from importing.thinning import CHANGE, MOVE, Thinner, TURN
from learning.dataset_error import DatasetError
from learning.progress import Progress

LOGGER = logging.getLogger('import_dataset')

MIN_CONFIDENCE = 0.5


class ShowFormats(argparse.Action):
    """Prints the table of formats, and ends."""

    def __call__(self, parser, namespace, values, option_string=None):
        print(table())
        parser.exit()


def parse(arguments: Optional[List[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    sources = '\n'.join(f'  {each.name:<11} {each.source}' for each in FORMATS.values())
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=f'FORMAT and SOURCE:\n{sources}',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('format', metavar='FORMAT', choices=FORMATS, help='what SOURCE is')
    parser.add_argument('source', metavar='SOURCE', type=Path)
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='where the dataset goes')
    parser.add_argument('--formats', action=ShowFormats, nargs=0,
                        help='print the formats as a table, with their licences')
    parser.add_argument('--json', metavar='FILE',
                        help="write there what was imported ('-': print it)")
    _add_choice_of_frames(parser)
    _add_camera(parser)
    mount.add_options(parser)
    _add_teacher(parser)
    _add_bag(parser)
    options = parser.parse_args(arguments)
    _check(parser, options)
    return options


def _add_choice_of_frames(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('which frames')
    group.add_argument('--split', type=float, nargs=3, metavar=('TRAIN', 'VAL', 'TEST'),
                       help="shares of the splits; default: the publisher's where there are such, "
                            'else 0.8 0.1 0.1. Places are kept whole where there are enough of '
                            'them; else each recording is cut, its end being the test')
    group.add_argument('--gap', type=float, default=splits.GAP, metavar='SECONDS',
                       help='what is left out of a recording between two splits (%(default)g)')
    group.add_argument('--motion', type=float, default=1.0, metavar='FACTOR',
                       help='how much has to move between two frames of a recording: 1 is '
                            f'{MOVE:g} m or {TURN:g} degrees, or where that is not known '
                            f'{CHANGE:g} of 255 grey levels; 0 takes every frame (%(default)g)')
    group.add_argument('--every', type=int, metavar='N',
                       help='take every Nth frame, in place of --motion')
    group.add_argument('--width', type=int, default=640, metavar='PIXELS',
                       help='wider pictures become so wide (%(default)d)')


def _add_camera(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('the camera, where SOURCE does not tell it')
    one = group.add_mutually_exclusive_group()
    one.add_argument('--fov', type=float, metavar='DEGREES', help='its horizontal field of view')
    one.add_argument('--camera', type=Path, metavar='camera.json', help='its intrinsics')


def _add_teacher(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('pictures without depth')
    group.add_argument('--teacher', metavar='MODEL',
                       help="a model file, or a shipped model's name, whose depth is learnt")
    group.add_argument('--min-confidence', type=float, default=MIN_CONFIDENCE, metavar='SHARE',
                       help='pixels of which the teacher is less confident are unknown, as if '
                            'the scale of each picture were known (%(default)g; 0: none)')


def _add_bag(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group('bags')
    for name, what in (('image', 'colour images (raw or compressed)'),
                       ('depth', 'the depth that is registered to them'),
                       ('points', "a lidar's PointCloud2 or LaserScan, in place of depth"),
                       ('camera-info', "the colour camera's CameraInfo")):
        group.add_argument(f'--{name}-topic', default='', metavar='TOPIC', help=what)
    group.add_argument('--tolerance', type=float, default=SourceOptions.tolerance,
                       metavar='SECONDS',
                       help='by which the stamps of a picture and its depth may differ '
                            '(%(default)g)')
    group.add_argument('--ground-frame', default=SourceOptions.ground_frame, metavar='FRAME',
                       help="TF's frame on the floor, from which the pose of the camera is taken "
                            'where there is such (%(default)s)')


def _check(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """End the command where an option makes no sense."""
    shares = options.split
    if shares is not None:
        if min(shares) < 0.0 or not 0.0 < sum(shares) < math.inf:
            parser.error('--split takes three shares, none of them negative, such as 0.8 0.1 0.1')
        options.split = [share / sum(shares) for share in shares]
    if options.every is not None and options.every < 1:
        parser.error(f'--every is {options.every}, and must be 1 or more')
    for name in ('motion', 'gap', 'tolerance', 'min_confidence'):
        if not 0.0 <= getattr(options, name) < math.inf:
            parser.error(f'--{name.replace("_", "-")} must not be negative')
    if options.width < 32:
        parser.error(f'--width is {options.width}, and must be 32 pixels or more')
    if options.fov is not None and not 0.0 < options.fov < 180.0:
        parser.error(f'--fov is in degrees, between 0 and 180, not {options.fov:g}')
    if FORMATS[options.format].has_depth == bool(options.teacher):
        parser.error(f'{options.format} has depth, and takes no --teacher' if options.teacher else
                     f'{options.format} has no depth: a --teacher has to tell it')
    options.mount = mount.from_options(parser, options)


def read_source_options(options: argparse.Namespace) -> SourceOptions:
    """Return what the command line says of the source."""
    camera = None
    if options.camera is not None:
        camera = read_camera_json(options.camera)
        if camera is None:
            raise SourceError(f'There is no {options.camera}.')
    names = {field.name for field in dataclasses.fields(SourceOptions)} - {'camera'}
    return SourceOptions(camera=camera, **{name: getattr(options, name) for name in names})


def settings_of(options: argparse.Namespace, teacher: Optional[Teacher]) -> Dict[str, Any]:
    """Return what source.json tells, and what has to be the same to go on with an import."""
    which: Format = FORMATS[options.format]
    settings = {'format': which.name, 'source': str(options.source.resolve()),
                'licence': which.licence, 'url': which.url,
                'date': datetime.date.today().isoformat(),
                **{name: getattr(options, name) for name in (
                    'split', 'gap', 'motion', 'every', 'width', 'fov', 'image_topic',
                    'depth_topic', 'points_topic', 'camera_info_topic', 'tolerance',
                    'ground_frame', 'camera_height', 'camera_pitch', 'camera_roll')}}
    if options.camera:
        settings['camera'] = str(options.camera.resolve())
    if teacher is not None:
        settings.update(teacher=options.teacher, teacher_sha256=teacher.digest,
                        min_confidence=options.min_confidence)
    return {name: value for name, value in settings.items() if value not in (None, '')}


def import_frames(frames: List[Frame], dataset: ImportedDataset, options: argparse.Namespace,
                  teacher: Optional[Teacher]) -> Dict[str, int]:
    """Write what is wanted of a source, and return how many frames it was not and why."""
    parts = splits.assign(frames, options.split, options.gap)
    thinner = Thinner(options.motion, options.every)
    counts = dict.fromkeys(('new', 'standing', 'thinned', 'between_splits', 'without_depth',
                            'unreadable'), 0)
    for frame, split in zip(Progress(frames, unit=' frames', leave=False), parts):
        try:
            counts[_import_frame(frame, split, dataset, options, thinner, teacher)] += 1
        except (ImageError, IntrinsicsError) as error:
            counts['unreadable'] += 1
            LOGGER.warning('%s is left out: %s', frame.name, error)
    return counts


def _import_frame(frame: Frame, split: Optional[str], dataset: ImportedDataset,
                  options: argparse.Namespace, thinner: Thinner, teacher: Optional[Teacher]
                  ) -> str:
    """Write a frame if it is wanted; return what became of it."""
    if split is None:
        return 'between_splits'
    if not thinner.takes(frame, split):
        return 'thinned'
    if dataset.holds(split, frame.name):
        return 'standing'
    seen = frame.read()
    depth = teacher.depth(seen.rgb, seen.camera) if teacher else seen.depth
    if depth is None:
        return 'without_depth'
    seen = Seen(seen.rgb, depth, seen.camera, seen.pose or options.mount.pose)
    return 'new' if dataset.add(split, frame.name, frame.kind, seen) else 'without_depth'


def check_names(frames: List[Frame], source: Path) -> None:
    """Raise SourceError where two frames would be written as one."""
    names = set()
    for frame in frames:
        if frame.name in names:
            raise SourceError(f'{source}: two frames have the name {frame.name}.')
        names.add(frame.name)


def import_dataset(options: argparse.Namespace) -> Dict[str, Any]:
    """Import a source; return what was done."""
    frames = FORMATS[options.format].find_frames(options.source, read_source_options(options))
    check_names(frames, options.source)
    teacher = options.teacher and Teacher(options.teacher, options.min_confidence, options.mount)
    settings = settings_of(options, teacher)
    dataset = ImportedDataset(options.out, settings, options.width)
    counts = import_frames(frames, dataset, options, teacher)
    pairs = dataset.counts()
    if not any(pairs.values()):
        reasons = ', '.join(f'{count} {reason.replace("_", " ")}'
                            for reason, count in counts.items() if count)
        raise SourceError(f'{options.source}: none of its {len(frames)} frames became a pair '
                          f'({reasons}).')
    write_contact_sheet(options.out)
    return {'out': str(options.out), 'pairs': pairs, 'frames': len(frames), **counts,
            'settings': settings}


def report(summary: Dict[str, Any]) -> str:
    """Return what was imported, for people."""
    pairs = ', '.join(f'{count} {split}' for split, count in summary['pairs'].items())
    left_out = ', '.join(f'{summary[key]} {what}' for key, what in (
        ('thinned', 'too like the one before'), ('between_splits', 'between two splits'),
        ('without_depth', 'without depth'), ('unreadable', 'unreadable')) if summary[key])
    settings = summary['settings']
    lines = [f'{summary["out"]}: {pairs} ({summary["new"]} new)',
             f'left out of {summary["frames"]} frames: {left_out or "none"}',
             f'licence: {settings["licence"]} {settings.get("url", "")}'.rstrip(),
             f'look at {summary["out"]}/contact_sheet.png']
    return '\n'.join(lines)


def main(arguments: Optional[List[str]] = None) -> int:
    """Import what the command line names; returns the exit code."""
    logging.basicConfig(format='%(message)s')
    options = parse(arguments)
    try:
        summary = import_dataset(options)
    except (SourceError, RecordingError, DatasetError, IntrinsicsError, ModelFileError,
            DeviceError, OSError) as error:
        print(f'import_dataset: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('\nInterrupted: what is there is whole, and the same command goes on.',
              file=sys.stderr)
        return 130
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        print(report(summary))
    return 1 if summary['unreadable'] else 0


if __name__ == '__main__':
    sys.exit(main())
