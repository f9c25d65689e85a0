#!/usr/bin/env python3
"""
Let a robot drive rendered worlds by depth/scan alone, and count what it runs into.

    python training/navigation_trial.py --out out/trial --model compact --model out/run/best.onnx

In each world it has a start, a goal 6 to 8 m away and a picture for each step. It drives there by
each model's depth, as the node publishes it where the camera's pose is known, and by true depth.
Each drive is a file that is written whole: start the same command again to go on after an
interruption, or with another --model or more --worlds. `make render-env` makes the environment
that renders.
"""

import argparse
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import functools
import os
from pathlib import Path
import sys
from threading import Lock
from typing import Callable, Dict, Optional, Sequence, Tuple

from depth_estimation_ros.estimation.atomic_file import write_json
from depth_estimation_ros.estimation.backends import DeviceError, DEVICES
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.model_file import ModelFileError
from depth_estimation_ros.estimation.pose import CameraPose
from learning.folder_lock import FolderInUseError, locked
from learning.progress import Progress
import numpy as np
from scoring import figures
from trial import pictures, tally
from trial.course import choose_goal, Course
from trial.drive import drive, Moment, Result
from trial.folder import Folder, TrialError
from trial.renderer import Renderer, RendererError
from trial.robot import HALF
from trial.sight import ModelSight, Mount, Sight, TrueSight, TRUTH
from worlds.camera import Camera
from worlds.plan import KINDS, trial_worlds

# What the robot may hit: its body, above what depth/scan's rule takes for floor.
BODY = 0.2, 1.2  # metres above the floor
SPOTS = 12  # places that are tried for a course in each world
# Of the picture of a failure of a robot that saw true depth, which needs none.
PICTURE_SEED = 10_000


@dataclass(frozen=True)
class Candidate:
    """
    A sight that is tried.

    Attributes
    ----------
    digest : str
        Of the model's file.
    sight : callable
        () -> Sight, a new one for each drive.

    """

    digest: str
    sight: Callable[[], Sight]


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help="the trial's folder")
    parser.add_argument('--model', action='append', default=[], metavar='MODEL',
                        help="a model file, or a shipped model's name; give it several times "
                             'for several')
    parser.add_argument('--device', choices=DEVICES, default='auto')
    parser.add_argument('--worlds', type=int, default=40, metavar='N')
    parser.add_argument('--seed', type=int, default=1,
                        help='as that of render_worlds.py; no split has the same worlds')
    parser.add_argument('--kinds', default='street,park,street,interior',
                        help='kinds of worlds, taken in turn (%(default)s)')
    parser.add_argument('--steps', type=int, default=40, metavar='N',
                        help='after which a drive ends (%(default)s)')
    parser.add_argument('--camera-height', type=float, default=1.0, metavar='METRES')
    parser.add_argument('--camera-pitch', type=float, default=-10.0, metavar='DEGREES',
                        help='negative looks down')
    parser.add_argument('--workers', type=int, default=os.cpu_count(),
                        help='worlds that are rendered at a time')
    parser.add_argument('--json', metavar='FILE', help="write the table there ('-': print it)")
    options = parser.parse_args()
    options.kinds = options.kinds.split(',')
    for kind in options.kinds:
        if kind not in KINDS:
            parser.error(f'there is no kind of world called {kind!r}; there is {", ".join(KINDS)}')
    for name in ('worlds', 'steps', 'workers', 'camera_height'):
        if not getattr(options, name) > 0:
            parser.error(f'--{name.replace("_", "-")} must be positive')
    if abs(options.camera_pitch) > 90.0:
        parser.error(f'--camera-pitch is from -90 to 90 degrees, not {options.camera_pitch:g}')
    return options


def settings_of(options: argparse.Namespace) -> Dict:
    """Return all on which a drive depends beside its sight, as JSON has it."""
    return {'seed': options.seed, 'kinds': options.kinds, 'steps': options.steps,
            'camera': {'width': 256, 'height': 144, 'fov': 90.0},
            'mount': {'height': options.camera_height,
                      'pitch': float(np.radians(options.camera_pitch)), 'roll': 0.0}}


def mount_of(settings: Dict) -> Mount:
    """Return the camera as depth/scan needs it."""
    camera = Camera(**settings['camera'])
    return Mount(Intrinsics(camera.width, camera.height, **camera.projection()),
                 CameraPose(**settings['mount']))


def candidates_of(options: argparse.Namespace, mount: Mount) -> Dict[str, Candidate]:
    """
    Return what is tried: true depth, and each model by its file's name.

    Raises
    ------
    TrialError
        Where two models have one name.

    """
    candidates = {TRUTH: Candidate('', functools.partial(TrueSight, mount))}
    lock = Lock()
    for model in options.model:
        name = Path(model).stem
        if name in candidates:
            raise TrialError(f'two models are called {name}: give one of them another name')
        estimator = DepthEstimator(model, options.device)
        candidates[name] = Candidate(estimator.backend.digest, functools.partial(
            ModelSight, mount, estimator, lock))
    return candidates


class Trial:
    """
    All drives of a trial.

    Parameters
    ----------
    folder : Folder
    settings : dict
        As settings_of() has them.
    candidates : dict
        name -> Candidate.
    threads : int
        That each renderer may use.

    """

    def __init__(self, folder: Folder, settings: Dict, candidates: Dict[str, Candidate],
                 threads: int):
        self._folder, self._settings, self._candidates = folder, settings, candidates
        self._threads, self._true_sight = threads, TrueSight(mount_of(settings))
        self._drawing = Lock()

    def results(self, world: Tuple[str, int]) -> Dict[str, Optional[Result]]:
        """Return what came of the drives in a world, None for those to come."""
        return {name: self._folder.result(name_of(world), name, candidate.digest)
                for name, candidate in self._candidates.items()}

    def run(self, bar: Progress, world: Tuple[str, int]) -> None:
        """Drive a world by each sight that hasn't yet."""
        missing = [name for name, result in self.results(world).items() if result is None]
        if not missing:
            return
        settings = self._settings
        with Renderer(*world, settings['camera'], settings['mount'], self._threads) as renderer:
            course = self._course(renderer, world)
            for name in missing:
                if course is not None:
                    self._drive(renderer, world, course, name)
                bar.update()

    def _course(self, renderer: Renderer, world: Tuple[str, int]) -> Optional[Course]:
        course = self._folder.course(name_of(world)) or choose_course(renderer, world[1])
        if course is None:
            bar_says(f'{name_of(world)} is left out: it has no start with a goal '
                     f'in {SPOTS} places')
            return None
        self._folder.keep_course(name_of(world), course)
        return course

    def _drive(self, renderer: Renderer, world: Tuple[str, int], course: Course, name: str
               ) -> None:
        candidate = self._candidates[name]
        result, moments = drive(course, renderer, candidate.sight(), self._settings['steps'])
        for moment in moments:
            self._draw(renderer, world, course, name, result, moment)
        self._folder.keep_result(name_of(world), name, candidate.digest, result)

    def _draw(self, renderer: Renderer, world: Tuple[str, int], course: Course, name: str,
              result: Result, moment: Moment) -> None:
        frame = renderer.render(moment.place, PICTURE_SEED, False)
        assert frame.picture is not None
        with self._drawing:
            figures.save(
                pictures.draw(course, result, moment, frame.picture, self._true_sight(frame),
                              f'{name} in {name_of(world)}: {moment.kind}'),
                self._folder.picture(name_of(world), name, moment.kind))


def name_of(world: Tuple[str, int]) -> str:
    """Return the name of a world's folder."""
    return '{}_{:06d}'.format(*world)


def bar_says(text: str) -> None:
    """Print a line above the progress bar."""
    Progress.write(text, file=sys.stderr)


def choose_course(renderer: Renderer, seed: int) -> Optional[Course]:
    """Return a course from a place from which something can be seen; None where none is found."""
    for number, start in enumerate(renderer.spots()[:SPOTS]):
        plan = renderer.plan(start[:2], HALF, *BODY)
        goal = choose_goal(start, plan, np.random.default_rng([seed, 7, number]))
        if goal is not None and renderer.render(start, 0, False).fault is None:
            return Course(start, goal, plan)
    return None


def run_all(trial: Trial, worlds: Sequence[Tuple[str, int]], workers: int) -> None:
    """Drive all worlds, with a progress bar."""
    results = [result for world in worlds for result in trial.results(world).values()]
    done = sum(result is not None for result in results)
    with Progress(total=len(results), initial=done, unit=' drives') as bar:
        pool = ThreadPoolExecutor(workers)
        try:
            for _ in pool.map(functools.partial(trial.run, bar), worlds):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


def tallies_of(trial: Trial, worlds: Sequence[Tuple[str, int]]) -> Dict[str, tally.Tally]:
    """Return a tally for each sight, over the worlds that all of them have driven."""
    rows = [{name: result for name, result in row.items() if result is not None}
            for row in map(trial.results, worlds)]
    most = max(map(len, rows))
    rows = [row for row in rows if len(row) == most]
    return {name: tally.Tally.of([row[name] for row in rows]) for name in rows[0]}


def main() -> int:
    options = parse()
    try:
        with locked(options.out):
            settings = settings_of(options)
            folder = Folder(options.out, settings)
            trial = Trial(folder, settings, candidates_of(options, mount_of(settings)),
                          max(1, (os.cpu_count() or 1) // options.workers))
            worlds = trial_worlds(options.seed, options.worlds, options.kinds)
            run_all(trial, worlds, options.workers)
            tallies = tallies_of(trial, worlds)
    except (DeviceError, FolderInUseError, ModelFileError, RendererError, TrialError) as error:
        print(f'navigation_trial: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('navigation_trial: interrupted; the same command goes on', file=sys.stderr)
        return 130
    if options.json:
        write_json(tally.summary(tallies), options.json)
    if options.json != '-' and tallies:
        print(tally.table(tallies))
    return 0


if __name__ == '__main__':
    sys.exit(main())
