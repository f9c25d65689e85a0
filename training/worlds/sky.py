"""Skies and the light that falls from them, from dawn to dusk, and the haze in the air."""

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from .materials import Graph

OUTDOOR_PANORAMAS = ('city', 'courtyard', 'forest', 'sunrise', 'sunset')


@dataclass
class Air:
    """
    Haze between the camera and what it sees.

    Attributes
    ----------
    extinction : float, 1/metres
    brightness : float
        The haze's radiance in units of the picture's horizon.

    """

    extinction: float
    brightness: float


def outdoors(stage, rng):
    """Put a sky over the stage and return the Air."""
    world = bpy.data.worlds.new('sky')
    stage.scene.world = world
    world.use_nodes = True
    graph = Graph(world.node_tree)
    kind = rng.choice(['clear', 'hazy', 'cloudy', 'overcast', 'panorama'],
                      p=[0.32, 0.18, 0.25, 0.15, 0.10])
    elevation = np.radians(rng.choice([rng.uniform(2, 15), rng.uniform(15, 65)], p=[0.3, 0.7]))
    heading = rng.uniform(0, 2 * np.pi)
    panorama = _panorama(rng) if kind == 'panorama' else None
    if panorama:
        colour = _photographed(graph, panorama, rng)
        _sun(stage, elevation, heading, 2.5, np.radians(2))
    elif kind in ('overcast', 'panorama'):
        colour = _overcast(graph, rng)
        _sun(stage, max(elevation, 0.5), heading, rng.uniform(0.1, 0.8), np.radians(25))
    else:
        colour = _scattering(graph, rng, elevation, heading, kind)
        if kind == 'cloudy':
            colour = _clouds(graph, rng, colour)
    background = graph.add('Background', {'Color': colour, 'Strength': 1.0})
    graph.add('OutputWorld', {'Surface': background.outputs[0]})
    world.cycles.sampling_method = 'MANUAL'
    world.cycles.sample_map_resolution = 256
    if kind == 'hazy':
        return Air(10 ** rng.uniform(-2.7, -1.85), rng.uniform(0.7, 1.0))
    return Air(10 ** rng.uniform(-4, -2.6), rng.uniform(0.7, 1.0))


def _panorama(rng):
    """Choose a photographed sky, if the bpy package brought some; return its path or None."""
    folder = Path(bpy.utils.resource_path('LOCAL')) / 'datafiles/studiolights/world'
    path = folder / f'{rng.choice(OUTDOOR_PANORAMAS)}.exr'
    return path if path.exists() else None


def _photographed(graph, path, rng):
    image = bpy.data.images.load(str(path), check_existing=True)
    turned = graph.add('Mapping', {
        'Vector': graph.add('TexCoord').outputs['Generated'],
        'Rotation': (0, 0, rng.uniform(0, 6.3))})
    return graph.add('TexEnvironment', {'Vector': turned.outputs[0]}, image=image).outputs[0]


def _scattering(graph, rng, elevation, heading, kind):
    """Return the colour of a clear sky, computed from the air; the sun's disc is in it."""
    dusty = kind == 'hazy'
    return graph.add(
        'TexSky', sky_type='MULTIPLE_SCATTERING', sun_disc=True,
        sun_size=np.radians(rng.uniform(0.5, 1.5)), sun_elevation=elevation,
        sun_rotation=heading, sun_intensity=rng.uniform(0.3, 0.5) if dusty else 1.0,
        air_density=rng.uniform(0.8, 1.6), ozone_density=rng.uniform(0.8, 2.0),
        aerosol_density=rng.uniform(2, 6) if dusty else rng.uniform(0.3, 1.5)).outputs[0]


def _clouds(graph, rng, sky):
    """Lay clouds on a sky; they thin out towards the horizon."""
    direction = graph.add('TexCoord').outputs['Generated']
    xyz = graph.add('SeparateXYZ', {'Vector': direction}).outputs
    height = graph.math('MAXIMUM', xyz['Z'], 0.04)
    flat = graph.add('CombineXYZ', {'X': graph.math('DIVIDE', xyz['X'], height),
                                    'Y': graph.math('DIVIDE', xyz['Y'], height),
                                    'Z': rng.uniform(0, 100)}).outputs[0]
    noise = graph.noise(rng.uniform(0.3, 0.9), flat, detail=4.0)
    low = rng.uniform(0.42, 0.56)
    cover = graph.math('MULTIPLY', graph.ramp(noise, low, low + rng.uniform(0.06, 0.2)),
                       graph.ramp(xyz['Z'], 0.03, 0.2))
    grey = graph.add('RGBToBW', {'Color': sky}).outputs[0]
    # The sun's disc must not make a cloud before it burn.
    grey = graph.math('MULTIPLY', graph.math('MINIMUM', grey, 4.0), rng.uniform(1.5, 2.5))
    shade = graph.ramp(noise, low, low + 0.35, 1.0, 0.55)
    white = graph.shade(graph.shade((1.0, 0.98, 0.95, 1), grey), shade)
    return graph.mix('MIX', cover, sky, white)


def _overcast(graph, rng):
    """Return the colour of a closed cover of cloud, brighter above than at the horizon."""
    direction = graph.add('TexCoord').outputs['Generated']
    z = graph.add('SeparateXYZ', {'Vector': direction}).outputs['Z']
    noise = graph.noise(rng.uniform(1.5, 4.0), direction, detail=4.0)
    amount = graph.math('MULTIPLY', graph.ramp(z, -0.1, 0.9, 0.55, 1.1),
                        graph.ramp(noise, 0.3, 0.7, 0.75, 1.2))
    return graph.shade((*rng.uniform((0.85, 0.92, 0.97), (1.0, 1.0, 1.08)), 1), amount)


def _sun(stage, elevation, heading, strength, angle):
    light = bpy.data.lights.new('sun', 'SUN')
    light.energy, light.angle = strength, angle
    # Low sun is warm.
    warmth = np.exp(-np.sin(elevation) * 4)
    light.color = (1, 1 - 0.4 * warmth, 1 - 0.7 * warmth)
    sun = bpy.data.objects.new('sun', light)
    sun.rotation_euler = (np.pi / 2 - elevation, 0, heading)
    stage.scene.collection.objects.link(sun)
