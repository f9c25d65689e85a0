"""
Renders what is asked for, one view at a time, for a program that can't load Blender itself.

Each line of the input is a request in JSON, {"call": NAME, ...}, and each line of the output its
answer; arrays are in the .npz file that an answer names, which the next answer replaces.
"""

import importlib
import json
import os
from pathlib import Path
import sys
import tempfile

import numpy as np

from . import cycles, sensor
from .camera import Camera, Viewpoint
from .ground_plan import stands_where
from .rendering import find_fault
from .stage import Stage

SPOTS = 40
ROOMY = 0.6  # metres from any footprint: where a robot may start


class World:
    """
    A world that stands, and the camera in it.

    Parameters
    ----------
    scratch : Path
        A folder for what is handed over.
    kind, seed : str and int
        Of the world, as plan.World has them.
    camera : dict
        What worlds.camera.Camera takes.
    samples, threads : int
        Rays per pixel of a picture, and how many threads the renderer may use.

    """

    def __init__(self, scratch, kind, seed, camera, samples, threads):
        self._scratch, self._seed, self._samples = scratch, seed, samples
        self._surfaces = None
        self._stage = Stage(seed)
        module = importlib.import_module(f'{__package__}.{kind}')
        self._route = module.build(self._stage, np.random.default_rng([seed]))
        # One camera for all of a world's pictures; its exposure follows the light.
        self._sensor = sensor.draw_sensor(np.random.default_rng([seed, 4]))
        cycles.set_up(self._stage.scene, Camera(**camera), samples, threads)

    def spots(self):
        """Return places on open ground with something to see ahead: x, y (m), heading (rad)."""
        rng = np.random.default_rng([self._seed, 5])
        drawn = (self._route.spot(rng) for _ in range(20 * SPOTS))
        roomy = [list(map(float, spot)) for spot in drawn
                 if self._route.clearance(*spot[:2]) > ROOMY]
        return {'spots': roomy[:SPOTS]}

    def plan(self, centre, half, low, high):
        """Hand over ground_plan.stands_where as `plan`."""
        if self._surfaces is None:
            self._surfaces = triangles_of(self._stage.scene)
        return self._hand_over(plan=stands_where(
            *self._surfaces, self._route.ground, centre, half, low, high))

    def render(self, x, y, heading, height, pitch, roll, seed, only_depth):
        """
        Hand over a view: `depth`, float32 (H, W), metres, and `picture`, uint8 (H, W, 3) RGB.

        Without a picture, one ray per pixel is enough.
        """
        settings = self._stage.scene.cycles
        settings.samples = 1 if only_depth else self._samples
        settings.use_denoising = not only_depth
        view = Viewpoint(x, y, self._route.ground(x, y) + height, height, heading, pitch, roll)
        light, depth = cycles.render(self._stage.scene, view, seed, self._scratch / 'frame.exr')
        depth = depth.astype(np.float32)
        if only_depth:
            return self._hand_over(depth=depth)
        light = sensor.add_haze(light, depth, self._route.air)
        picture = sensor.develop(light, sensor.meter(light), self._sensor,
                                 np.random.default_rng([self._seed, 6, seed]))
        return {'fault': find_fault(picture, depth),
                **self._hand_over(depth=depth, picture=picture)}

    def _hand_over(self, **arrays):
        np.savez(self._scratch / 'answer.npz', **arrays)
        return {'file': str(self._scratch / 'answer.npz')}


def triangles_of(scene):
    """Return all surfaces of a scene, float (N, 3, 3), metres, and which are leaves, bool (N,)."""
    found, leaves = [np.zeros((0, 3, 3))], [np.zeros(0, bool)]
    for thing in scene.objects:
        if thing.type != 'MESH':
            continue
        mesh = thing.data
        mesh.calc_loop_triangles()
        corners = np.empty(3 * len(mesh.loop_triangles), np.int32)
        mesh.loop_triangles.foreach_get('vertices', corners)
        places = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get('co', places)
        matrix = np.array(thing.matrix_world)
        places = places.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
        found.append(places[corners].reshape(-1, 3, 3))
        surface = np.empty(len(mesh.loop_triangles), np.int32)
        mesh.loop_triangles.foreach_get('material_index', surface)
        leaves.append(np.array([material.name == 'leaf' for material in mesh.materials])[surface])
    return np.concatenate(found), np.concatenate(leaves)


def answer(requests, answers, scratch):
    """Answer requests until they end; both are text streams."""
    world = None
    for line in requests:
        request = json.loads(line)
        call = request.pop('call')
        if call == 'build':
            world = World(scratch, **request)
            result = {}
        else:
            result = getattr(world, call)(**request)
        print(json.dumps(result), file=answers, flush=True)


def main():
    """Serve the process that started this one, until it closes its end."""
    answers = os.fdopen(os.dup(1), 'w')
    # Blender prints a line for every frame.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with tempfile.TemporaryDirectory() as scratch:
        answer(sys.stdin, answers, Path(scratch))


if __name__ == '__main__':
    main()
