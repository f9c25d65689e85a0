"""The renderer's end of a trial: a process of Blender's environment, asked over a pipe."""

from dataclasses import dataclass
import json
from pathlib import Path
import subprocess
import tempfile
from typing import Dict, List, Optional, Tuple

import numpy as np

TRAINING = Path(__file__).resolve().parents[1]
PYTHON = TRAINING.parent / '.venv-render' / 'bin' / 'python'


class RendererError(RuntimeError):
    """The renderer ended, or there is none; the message says what it said."""


@dataclass(frozen=True)
class Frame:
    """
    What a camera sees.

    Attributes
    ----------
    depth : float32 (H, W), metres
        True depth along the camera's axis; infinite in the sky.
    picture : uint8 (H, W, 3) RGB, or None
        None where only depth was asked for.
    fault : str or None
        Why nobody could see anything in the picture.

    """

    depth: np.ndarray
    picture: Optional[np.ndarray] = None
    fault: Optional[str] = None


class Renderer:
    """
    A world in a process of its own, from which views are had; use it as a context.

    Parameters
    ----------
    kind, seed : str and int
        Of the world.
    camera : dict
        Its width and height in pixels, and its horizontal field of view in degrees.
    mount : dict
        The camera's height above the ground (metres), pitch and roll (radians).
    threads : int
        How many the renderer may use.

    """

    def __init__(self, kind: str, seed: int, camera: Dict, mount: Dict, threads: int = 1):
        if not PYTHON.exists():
            raise RendererError(f'the renderer needs {PYTHON}: `make render-env` makes it')
        self._mount = mount
        # A file, since nobody reads a pipe until the process ends.
        self._said = tempfile.TemporaryFile('w+')
        self._process = subprocess.Popen(
            [PYTHON, '-m', 'worlds.render_server'], cwd=TRAINING, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said)
        self._ask('build', kind=kind, seed=seed, camera=camera, samples=8, threads=threads)

    def __enter__(self) -> 'Renderer':
        return self

    def __exit__(self, *_) -> None:
        self._process.communicate()
        self._said.close()

    def spots(self) -> List[Tuple[float, float, float]]:
        """Return places where a robot may start: x, y (metres) and heading (radians)."""
        return [tuple(spot) for spot in self._ask('spots')['spots']]

    def plan(self, centre: Tuple[float, float], half: float, low: float, high: float
             ) -> np.ndarray:
        """Return where something stands: worlds.ground_plan.stands_where, bool (C, C)."""
        told = self._ask('plan', centre=list(centre), half=half, low=low, high=high)
        return np.load(told['file'])['plan']

    def render(self, place: Tuple[float, float, float], seed: int, only_depth: bool) -> Frame:
        """Return what the camera sees from x, y (metres) and heading (radians)."""
        x, y, heading = place
        told = self._ask('render', x=x, y=y, heading=heading, seed=seed, only_depth=only_depth,
                         **self._mount)
        with np.load(told['file']) as arrays:
            return Frame(arrays['depth'], None if only_depth else arrays['picture'],
                         told.get('fault'))

    def _ask(self, call: str, **request) -> Dict:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            print(json.dumps({'call': call, **request}), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ''
        if not line:
            self._process.communicate()
            self._said.seek(0)
            said = self._said.read().strip().splitlines()
            raise RendererError(f'the renderer ended: {said[-1] if said else "it said nothing"}')
        return json.loads(line)
