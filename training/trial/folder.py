"""The folder of a trial: what it was begun with, and what came of each drive."""

import json
from pathlib import Path
from typing import Dict, Optional

from depth_estimation_ros.estimation.atomic_file import replacing
import numpy as np
from trial.course import Course
from trial.drive import Collision, Result


class TrialError(ValueError):
    """A trial that cannot be run; the message says why and what would be right."""


class Folder:
    """
    The files of a trial; each is there whole or not at all.

    Parameters
    ----------
    path : Path
    settings : dict
        All on which a drive depends, but the model: as JSON has it.

    Raises
    ------
    TrialError
        Where the folder was begun with other settings.

    """

    def __init__(self, path: Path, settings: Dict):
        self._path = path
        begun = _read(path / 'trial.json')
        if begun is not None and begun != settings:
            other = ', '.join(name for name in settings if begun.get(name) != settings[name])
            raise TrialError(f'{path} was begun with another {other}: pass what it was begun '
                             'with, or name another folder')
        _write(path / 'trial.json', settings)

    def course(self, world: str) -> Optional[Course]:
        """Return a world's course, where it has been chosen."""
        told = _read(self._path / world / 'course.json')
        if told is None:
            return None
        with np.load(self._path / world / 'plan.npz') as arrays:
            return Course(tuple(told['start']), tuple(told['goal']), arrays['plan'])

    def keep_course(self, world: str, course: Course) -> None:
        """Write a world's course."""
        folder = self._path / world
        folder.mkdir(exist_ok=True)
        with replacing(folder / 'plan.npz') as partial, open(partial, 'wb') as file:
            np.savez_compressed(file, plan=course.plan)
        # Last, as it tells that the plan is there.
        _write(folder / 'course.json', {'start': course.start, 'goal': course.goal})

    def result(self, world: str, sight: str, digest: str) -> Optional[Result]:
        """
        Return what came of a drive, where it has been driven.

        Parameters
        ----------
        world, sight : str
        digest : str
            Of the model's file, empty for true depth.

        Raises
        ------
        TrialError
            Where a model of that name, but of another file, drove it.

        """
        told = _read(self._path / world / f'{sight}.json')
        if told is None:
            return None
        if told['digest'] != digest:
            raise TrialError(
                f'{self._path} has drives of another model that is called {sight}: give this one '
                'another name, or name another folder')
        result = told['result']
        return Result(result['outcome'], result['steps'], result['metres'],
                      [tuple(place) for place in result['path']],
                      [Collision(each['step'], tuple(each['place']), tuple(each['touched']),
                                 each['is_on_map']) for each in result['collisions']])

    def keep_result(self, world: str, sight: str, digest: str, result: Result) -> None:
        """Write what came of a drive."""
        _write(self._path / world / f'{sight}.json',
               {'digest': digest, 'result': result.described()})

    def picture(self, world: str, sight: str, kind: str) -> Path:
        """Return where the picture of a failure goes."""
        return self._path / 'failures' / f'{kind.replace(" ", "_")}_{world}_{sight}.png'


def _read(path: Path) -> Optional[Dict]:
    return json.loads(path.read_text()) if path.exists() else None


def _write(path: Path, content: Dict) -> None:
    with replacing(path) as partial:
        partial.write_text(json.dumps(content) + '\n')
