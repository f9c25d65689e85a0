"""Rendering a world: its build, and the pairs of its views."""

from dataclasses import dataclass
import importlib
from pathlib import Path
import tempfile

import numpy as np

from . import sensor
from .pairs import pair_paths, write_pair

ATTEMPTS = 25


@dataclass(frozen=True)
class Settings:
    """
    What is the same for all pairs of a dataset.

    Attributes
    ----------
    out : Path
        The dataset's folder.
    own_cameras : bool
        Whether each world has a camera of its own, which pairs.csv then tells.
    samples : int
        Rays per pixel.
    threads : int
        How many each process may use.
    coarse : bool
        Whether depth is stored as float16, rounded to 1/64 m.
    pitch : float, radians
        How the camera is mounted, on top of what is drawn for each view.
    drive_seconds, drive_rate : float
        How long a drive takes, and its frames per second.

    """

    out: Path
    own_cameras: bool
    samples: int
    threads: int
    coarse: bool
    pitch: float
    drive_seconds: float
    drive_rate: float


def render_world(settings, world):
    """Build a world and render those of its pairs that don't stand yet."""
    views = [v for v in world.views if not pair_paths(settings.out, world, v)[0].exists()]
    # Blender is loaded only in the processes that render.
    from . import cycles
    from .stage import Stage

    kind = importlib.import_module(f'worlds.{world.kind}')
    stage = Stage(world.seed)
    route = kind.build(stage, np.random.default_rng([world.seed]))
    cycles.set_up(stage.scene, world.camera, settings.samples, settings.threads)
    render = render_drive if world.split == 'drive' else render_views
    with tempfile.TemporaryDirectory() as scratch:
        render(settings, world, views, route, lambda viewpoint, seed: cycles.render(
            stage.scene, viewpoint, seed, Path(scratch) / 'frame.exr'))


def render_views(settings, world, views, route, shoot):
    """Render single views from places drawn at random, again where a frame is of no use."""
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
