#!/usr/bin/env python3
"""
Teach a model one robot's own places, from a recording with true depth.

    python training/adapt.py recording/ --out my_robot.onnx

SOURCE is a bag with a camera and a depth camera or a lidar (further options are those of
`import_dataset.py bag`, such as --points-topic or --ground-frame), or a dataset. It is split by
time: the model is fine-tuned on the first part, its confidence calibrated on a short one after it,
and it is tested on the end. It is measured before and after, on that end and on rendered worlds, a
share of which is learnt with the recording so that less is forgotten. Where a sensor tells a
narrow part of each picture only, as a 2D scanner's line, the model's own depth at the sensor's
scale is learnt beside it. FILE.html, beside FILE.onnx and FILE.safetensors, is the page that shows
it all. A model that is no better on the test than the one before is not written, and the exit
status is 1.

Where the command was interrupted, the same command goes on.
"""

import argparse
from dataclasses import asdict, dataclass, fields
import json
from pathlib import Path
import shutil
import subprocess
import sys
from typing import Any, Dict, List, Optional, Tuple

import calibrate
import cv2
from depth_estimation_ros.estimation import model_file, weights_file
from depth_estimation_ros.estimation.atomic_file import replacing, write_json
from depth_estimation_ros.estimation.backends import DeviceError
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import IntrinsicsError
from depth_estimation_ros.estimation.model_file import ModelFileError, ModelMetadata
from depth_estimation_ros.images import ImageError
from depth_estimation_ros.recordings.recording import RecordingError
from experiments import runs
import export
import import_dataset
from importing import filling
from importing.frames import SourceError
from learning.dataset_error import DatasetError
from learning.folder_lock import FolderInUseError, locked
from learning.pace import seconds_per_step
from learning.pairs import find_pairs, SPLITS
from learning.settings import read_settings, Settings, SettingsError
from scoring import before_after, scale_scores
from scoring.before_after import Comparison, Example
from scoring.groups import all_pairs, find_groups
from scoring.predictions import ModelPrediction
from scoring.scale_scores import SplitScores
import yaml

# What a model file and a training's settings have in common: what the network is.
NETWORK = ({item.name for item in fields(ModelMetadata)} & {item.name for item in fields(Settings)}
           - {'input_size', 'confidence', 'floor'})
WORLDS = Path(__file__).parents[1] / 'data' / 'sample'
SPLIT = (0.7, 0.1, 0.2)
# How much wider than the network's input pictures are stored. Augmentation cuts a part away; of
# what is wider still, nothing is left but the time that it takes.
WIDTH = 1.5
# Of the training, each with a look at the validation part; an interrupted run loses one at most.
EPOCHS = 10
LEAST_STEPS = 10  # in an epoch, where the training has so many
# Shares of the time: for looking at the validation part, and for timing steps before the training.
EVALUATION, TIMING = 0.1, 0.02
TRIAL = 20  # steps that are timed, at most
# With fewer pictures, the test says little.
FEW = 20
# A loss of delta1 in rendered worlds that the verdict names.
FORGOTTEN = 0.05
SHOWN = 5  # pictures of the test on the page
# In the run's folder, what is learnt of a narrow sensor.
FILLED = 'filled'


class AdaptError(ValueError):
    """A recording or a model that nothing can be made of; the message says why."""


@dataclass(frozen=True)
class Base:
    """
    The model that is fine-tuned.

    Attributes
    ----------
    name : str
        As the user named it.
    weights : Path
        Its .safetensors or .pth file.
    digest : str
        Of that file.
    metadata : ModelMetadata

    """

    name: str
    weights: Path
    digest: str
    metadata: ModelMetadata


@dataclass(frozen=True)
class Plan:
    """
    What is learnt, and for how long.

    Attributes
    ----------
    imported : dict
        What import_dataset.py tells of the recording.
    settings : dict
        Of the training, as train.py reads them.
    steps : int
        Of the training.
    seconds_per_step : float
        As it was measured.

    """

    imported: Dict[str, Any]
    settings: Dict[str, Any]
    steps: int
    seconds_per_step: float


@dataclass(frozen=True)
class Verdict:
    """Whether to take the new model, and the sentence that says so."""

    is_better: bool
    sentence: str


def parse(arguments: Optional[List[str]] = None) -> Tuple[argparse.Namespace, List[str]]:
    """Read the command line; return the options, and those that are import_dataset.py's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # --motion and the like are import_dataset.py's
        usage='%(prog)s SOURCE --out FILE.onnx [options] [options of import_dataset.py]')
    parser.add_argument('source', metavar='SOURCE', type=Path,
                        help='a rosbag2 or ROS 1 bag, or a dataset (rgb/, depth/, camera.json)')
    parser.add_argument('--out', type=Path, required=True, metavar='FILE.onnx',
                        help='the model to write; FILE.safetensors and FILE.html go beside it')
    parser.add_argument('--model', default='compact',
                        help="a shipped model's name, or weights (.safetensors), to begin with "
                             '(%(default)s)')
    parser.add_argument('--worlds', type=Path, default=WORLDS, metavar='DIR',
                        help='rendered worlds to learn with the recording, and to be tested on '
                             '(data/sample)')
    parser.add_argument('--share', type=float, default=0.5,
                        help='of the pictures that are learnt from, that of the rendered ones '
                             '(%(default)g)')
    parser.add_argument('--minutes', type=float, default=30.0,
                        help='of training; reading and measuring come on top (%(default)g)')
    parser.add_argument('--run-dir', type=Path, metavar='DIR',
                        help="for all that is made on the way, the training run's folder among "
                             'it (runs/adapt-FILE)')
    parser.add_argument('--json', metavar='FILE',
                        help="write there what was measured ('-': print it)")
    options, rest = parser.parse_known_args(arguments)
    if options.out.suffix != '.onnx':
        parser.error(f'--out is {options.out}, and must end in .onnx')
    if not 0.0 < options.share < 1.0:
        parser.error(f'--share is {options.share:g}, and must lie between 0 and 1')
    if not 0.0 < options.minutes < float('inf'):
        parser.error(f'--minutes is {options.minutes:g}, and must be positive')
    options.run_dir = options.run_dir or Path('runs') / f'adapt-{options.out.stem}'
    return options, rest


def tell(text: str) -> None:
    """Say how far the work is; standard output is for what was measured."""
    print(text, file=sys.stderr, flush=True)


def find_base(name: str) -> Base:
    """Return the model to begin with, by its name or its file."""
    path = model_file.find(name, cuda=True)
    if path.suffix == '.onnx':
        path = path.with_suffix('.safetensors')
        if not path.is_file():
            raise AdaptError(f'{name} has no {path.name} beside it: only weights can be trained '
                             'on, and an .onnx file holds none that PyTorch reads.')
    return Base(name, path, model_file.read(path).digest, weights_file.load_weights(path)[1])


def import_source(source: Path, target: Path, width: int, rest: List[str]) -> Dict[str, Any]:
    """Make the recording a dataset that is split by time; return what import_dataset.py tells."""
    is_dataset = (source / 'rgb').is_dir() and (source / 'depth').is_dir()
    command = ['dataset' if is_dataset else 'bag', str(source), '--out', str(target)]
    has_splits = is_dataset and sum(bool(find_pairs(source, split)[0]) for split in SPLITS) > 1
    if not has_splits and '--split' not in rest:
        command += ['--split', *map(str, SPLIT)]
    if '--width' not in rest:
        command += ['--width', str(width)]
    summary = import_dataset.import_dataset(import_dataset.parse(command + rest))
    missing = [split for split in SPLITS if not summary['pairs'][split]]
    if missing:
        pairs = ', '.join(f'{count} {split}' for split, count in summary['pairs'].items())
        raise AdaptError(f'{source} gives {pairs} pairs, and none to {" and ".join(missing)}: '
                         'record some minutes of driving, or take more of the frames (--motion '
                         '0.5), or name other shares (--split).')
    if not (target / 'camera.json').is_file():
        raise AdaptError(f'{source} tells no camera: record its camera_info, or pass --fov.')
    return summary


def recipe(base: Base, learnt: Path, data: Path, worlds: Path, share: float, steps: int,
           epochs: int) -> Dict[str, Any]:
    """Return the settings of a training of so many steps, as train.py reads them."""
    metadata = base.metadata
    settings = runs.read_recipe('adapt')
    drawn = settings['batch_size'] * (steps / epochs)
    height, width = metadata.input_size
    settings.update(
        data_dir=[f'{root}:{part * drawn / len(find_pairs(root, "train")[0]):.6f}'
                  for root, part in ((learnt, 1.0 - share), (worlds, share))],
        val_dir=[str(data)], init_from=str(base.weights), network=metadata.architecture,
        input_size=f'{height}x{width}', **{name: getattr(metadata, name) for name in NETWORK},
        confidence=0.1 if metadata.confidence else 0.0, floor=0.2 if metadata.floor else 0.0,
        max_epochs=epochs, evaluate_every=max(1, epochs // 5))
    if metadata.architecture == 'resnet34_upsample':
        settings['freeze'] = 0  # it freezes its first layers by itself
    return settings


def write_training_camera(path: Path, metadata: ModelMetadata) -> Optional[str]:
    """Write the camera whose depth the model tells; return its path, None where it has none."""
    width = metadata.input_size[1]
    camera = metadata.usual_camera(width, round(width / metadata.aspect))
    if camera is None:
        return None
    path.write_text(json.dumps(asdict(camera)) + '\n')
    return str(path)


def make_plan(base: Base, options: argparse.Namespace, rest: List[str], folder: Path) -> Plan:
    """Read the recording, and choose as many steps as the minutes allow."""
    data = folder / 'data'
    tell(f'Reading {options.source}')
    imported = import_source(
        options.source, data, round(WIDTH * base.metadata.input_size[1]), rest)
    learnt = data
    if filling.coverage(data) < filling.NARROW:
        tell('Filling the depth of a narrow sensor')
        learnt = folder / FILLED
        if not filling.write_filled(data, learnt, options.model):
            raise AdaptError(f'{options.source}: no picture to learn from has '
                             f'{filling.LEAST_POINTS} points.')
    camera = write_training_camera(folder / 'training_camera.json', base.metadata)
    more = {} if camera is None else {'training_camera': camera}
    trial = {**recipe(base, learnt, data, options.worlds, options.share, EPOCHS * TRIAL, EPOCHS),
             **more}
    (folder / 'trial.yaml').write_text(yaml.safe_dump(trial))
    tell('Timing some steps of training')
    seconds = seconds_per_step(read_settings(
        arguments=['--config', str(folder / 'trial.yaml'), '--run-dir', str(folder / 'trial')]),
        longest=60.0 * options.minutes * TIMING)
    steps = round(60.0 * options.minutes * (1.0 - EVALUATION - TIMING) / seconds)
    epochs = max(1, min(EPOCHS, steps // LEAST_STEPS))
    steps = max(1, steps // epochs) * epochs
    settings = recipe(base, learnt, data, options.worlds, options.share, steps, epochs)
    return Plan(imported, {**settings, **more}, steps, seconds)


def find_plan(base: Base, options: argparse.Namespace, rest: List[str], folder: Path) -> Plan:
    """Return the plan that a run began with, or make one where it begins now."""
    asked = {'source': str(options.source.resolve()), 'model': base.digest,
             'worlds': str(options.worlds.resolve()), 'share': options.share,
             'minutes': options.minutes, 'import': rest}
    path = folder / 'plan.json'
    if path.exists():
        known = json.loads(path.read_text())
        different = [name for name in asked if known['asked'].get(name) != asked[name]]
        if different:
            raise AdaptError(f'{folder} holds an adaptation with another {", ".join(different)}: '
                             'name another --run-dir, or delete it.')
        return Plan(**known['plan'])
    made = make_plan(base, options, rest, folder)
    with replacing(path) as partial:
        partial.write_text(json.dumps({'asked': asked, 'plan': asdict(made)}, indent=1) + '\n')
    return made


def train(folder: Path, settings: Dict[str, Any], data: Path, worlds: Path) -> Path:
    """Fine-tune, calibrate and export a model, or what is left to do of it; return its .onnx."""
    candidate = folder / 'candidate.onnx'
    if candidate.exists():
        return candidate
    # train.py tells its progress on standard output, which is for the scores here.
    weights = runs.train(folder / 'training', settings, stdout=sys.stderr)
    if settings['confidence']:
        known = [root for root in (data, worlds) if find_pairs(root, 'val')[0]]
        calibrated = folder / 'calibrated.safetensors'
        tell('Calibrating its confidence')
        calibrate.calibrate(weights, list(map(str, known)), 'val', calibrated)
        weights = calibrated
    tell('Exporting it')
    export.export(weights, candidate)
    return candidate


def measure(model: str, tests: Dict[str, Tuple[Path, str]]) -> Dict[str, SplitScores]:
    """Return a model's scores on each test, a split of a dataset."""
    estimator = DepthEstimator(model, 'cpu')
    return {name: scale_scores.score(estimator, root, split)
            for name, (root, split) in tests.items()}


def judge(scores: Dict[str, Tuple[SplitScores, SplitScores]]) -> Verdict:
    """
    Say whether to take the new model.

    Parameters
    ----------
    scores : dict of str to (SplitScores, SplitScores)
        Before and after; the recording's own test comes first, then that of rendered worlds.

    """
    (name, (before, after)), *others = scores.items()
    old, new = before.known().delta1, after.known().delta1
    is_better = new > old
    posed = before.with_pose() is not None
    changed = 'rises' if is_better else 'falls' if new < old else 'stays'
    parts = [f'delta1 {changed} from {old:.3f} to {new:.3f} on the {len(before.pictures)} '
             f'pictures of {name}'
             + (", with the camera's pose where it is known" if posed else '')]
    forgets = False
    for other, (was, now) in others:
        old, new = was.without_pose().delta1, now.without_pose().delta1
        forgets = forgets or new < old - FORGOTTEN
        parts.append(f'on {other} it goes from {old:.3f} to {new:.3f}')
    sentence = f'{"Take it" if is_better else "Do not take it"}: {"; ".join(parts)}.'
    if not is_better:
        sentence += ' The new model was not written.'
    elif forgets:
        sentence += ' It has forgotten some of these: take it for places like the recorded one.'
    if len(before.pictures) < FEW:
        sentence += (f' {len(before.pictures)} pictures are few: record more before you rely on '
                     'it.')
    return Verdict(is_better, sentence)


def find_examples(before: str, after: str, data: Path) -> List[Example]:
    """Predict some pictures, from all over the recording's test, with both models."""
    groups = find_groups([data], 'test')
    pairs = list(all_pairs(groups))
    count = min(SHOWN, len(pairs))
    chosen = [pairs[(2 * number + 1) * len(pairs) // (2 * count)] for number in range(count)]
    old, new = (ModelPrediction(DepthEstimator(model, 'cpu')) for model in (before, after))
    return [Example(pair.name, pair.read_rgb(), pair.read_depth(group.dataset.max_depth),
                    old(group, pair).depth, new(group, pair).depth) for group, pair in chosen]


def facts(base: Base, options: argparse.Namespace, plan: Plan) -> Dict[str, str]:
    """Return what else the page tells."""
    pairs = ', '.join(f'{count} {split}' for split, count in plan.imported['pairs'].items())
    narrow = {'beside its points': "the model's own depth, at their scale"}
    return {'recording': str(options.source), 'pairs of it': pairs,
            **(narrow if (options.run_dir / FILLED).is_dir() else {}),
            'began with': f'{base.name} ({base.digest})',
            'rendered worlds': f'{options.worlds}, {options.share:.0%} of what was learnt from',
            'training': f'{plan.steps} steps of {plan.settings["batch_size"]} pictures, planned '
                        f'for {options.minutes:g} minutes'}


def write_model(candidate: Path, out: Path) -> None:
    """Copy a model's two files to where they are wanted, each whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    for suffix in ('.safetensors', '.onnx'):
        with replacing(out.with_suffix(suffix)) as partial:
            shutil.copyfile(candidate.with_suffix(suffix), partial)


def adapt(options: argparse.Namespace, rest: List[str]) -> Tuple[Verdict, Dict[str, Any]]:
    """Go the whole way; return the verdict, and what was measured."""
    base = find_base(options.model)
    folder = options.run_dir
    if not find_pairs(options.worlds, 'train')[0]:
        raise AdaptError(f'{options.worlds} has no training pairs: --worlds has to name a dataset '
                         'of rendered worlds, such as data/sample.')
    plan = find_plan(base, options, rest, folder)
    data = folder / 'data'
    tests = {'the end of the recording': (data, 'test')}
    if find_pairs(options.worlds, 'test')[0]:
        tests['rendered worlds'] = (options.worlds, 'test')
    tell(f'Measuring {options.model}')
    before = measure(options.model, tests)
    candidate = str(train(folder, plan.settings, data, options.worlds))
    tell('Measuring the new model')
    after = measure(candidate, tests)
    scores = {name: (before[name], after[name]) for name in tests}
    verdict = judge(scores)
    if verdict.is_better:
        write_model(Path(candidate), options.out)
    page = options.out.with_suffix('.html')
    before_after.write_page(page, Comparison(
        f'{options.out.stem}: {options.model} before and after {options.source.name}',
        verdict.sentence, verdict.is_better, scores,
        find_examples(options.model, candidate, data), folder / 'training' / 'metrics.csv',
        facts(base, options, plan), data / 'contact_sheet.png'))
    return verdict, {
        'out': str(options.out) if verdict.is_better else None, 'page': str(page),
        'is_better': verdict.is_better, 'verdict': verdict.sentence,
        'scores': {name: {'before': old.summary(), 'after': new.summary()}
                   for name, (old, new) in scores.items()},
        **asdict(plan)}


def main(arguments: Optional[List[str]] = None) -> int:
    """Adapt a model; return the exit status."""
    options, rest = parse(arguments)
    # The processes that read data are forked, and OpenCV's threads don't survive that.
    cv2.setNumThreads(0)
    try:
        with locked(options.run_dir):
            verdict, summary = adapt(options, rest)
    except (AdaptError, calibrate.CalibrationError, DatasetError, DeviceError, export.ExportError,
            FolderInUseError, ImageError, IntrinsicsError, ModelFileError, RecordingError,
            runs.StaleRunError, SettingsError, SourceError, OSError) as error:
        print(f'adapt: {error}', file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        # train.py has said why.
        return error.returncode
    except KeyboardInterrupt:
        print('\nadapt: interrupted; what is there is whole, and the same command goes on',
              file=sys.stderr)
        return 130
    if options.json:
        write_json(summary, options.json)
    if options.json != '-':
        print(f'{verdict.sentence}\n{summary["page"]}')
    return 0 if verdict.is_better else 1


if __name__ == '__main__':
    sys.exit(main())
