"""Light outdoors: skies from dawn to night, lamps that burn, and the haze in the air."""

from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np

from . import photographs
from .shading import Graph

# Those with a slash come in the bpy package. Left out: places under a roof or close to trees, as
# all this counts as sky, and a second sunrise.
DAY = ('bpy/city', 'bpy/forest', 'bpy/sunrise', 'bpy/sunset', 'city', 'dawn', 'park', 'sky',
       'sunset', 'venice')
DUSK = ('bpy/sunrise', 'bpy/sunset', 'dawn', 'venice')
NIGHT = ('bpy/night', 'night')

# What is drawn for the look alone comes from a generator of its own: photographs may be there or
# not, and the world must stand as it stands.
LOOK = 7919


@dataclass
class Air:
    """
    Haze between the camera and what it sees.

    Attributes
    ----------
    extinction : float, 1/metres
    brightness : float
        The haze's radiance in units of the picture's horizon.
    lamps : bool
        Whether it is so dark that lamps burn.

    """

    extinction: float
    brightness: float
    lamps: bool = False


@dataclass
class Panorama:
    """
    A photograph of all directions.

    Attributes
    ----------
    image : bpy.types.Image
        Linear light.
    level : float
        Its upper half's mean luminance.
    colour : float (3,)
        Its upper half's mean colour, of luminance 1.
    sun : tuple of two floats, radians
        Azimuth and elevation of its brightest spot.
    sunny : bool
        Whether this spot lights a place as the sun does.

    """

    image: object
    level: float
    colour: np.ndarray
    sun: tuple
    sunny: bool


def draw_panorama(rng, names):
    """Load one of the panoramas of these names, of those that are there; or return None."""
    there = [path for path in map(_path, names) if path]
    return _load(there[rng.integers(len(there))]) if there else None


def _path(name):
    if '/' not in name:
        return photographs.hdri(name)
    folder = Path(bpy.utils.resource_path('LOCAL')) / 'datafiles/studiolights/world'
    path = folder / f'{Path(name).name}.exr'
    return path if path.exists() else None


def _load(path):
    image = bpy.data.images.load(str(path), check_existing=True)
    width, height = image.size
    pixels = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(pixels)
    light = pixels.reshape(height, width, image.channels)  # the lowest row comes first
    # The sun overflowed the camera in some channels only: a blue spot that would tint all.
    peak = light[..., :3].max(axis=-1)
    light[..., :3] = np.where((peak > 20)[..., None],
                              np.minimum(peak, 5000)[..., None] * (1.0, 0.93, 0.83),
                              light[..., :3])
    image.pixels.foreach_set(pixels)
    image.update()
    above = light[height // 2:, :, :3]
    elevation = (np.arange(len(above)) + 0.5) / height * np.pi
    grey = above @ np.array([0.2126, 0.7152, 0.0722])
    weight = np.cos(elevation)[:, None] / np.cos(elevation).sum() / width
    level, mean = (grey * weight).sum(), (above * weight[..., None]).sum(axis=(0, 1))
    row, column = np.unravel_index(grey.argmax(), grey.shape)
    falling = np.sort((grey * weight * np.sin(elevation)[:, None]).ravel())[::-1]
    return Panorama(image, float(level), mean / level,
                    ((0.5 - (column + 0.5) / width) * 2 * np.pi, elevation[row]),
                    bool(falling[:len(falling) // 1000].sum() > 0.15 * falling.sum()))


def panorama_colour(graph, panorama, turn, level):
    """
    Return the colour that a panorama has in each direction.

    Parameters
    ----------
    graph : Graph
        Of the world's shader.
    panorama : Panorama
        What is seen.
    turn : float
        By how much it is turned clockwise, radians.
    level : float
        The mean luminance that its upper half gets.

    """
    turned = graph.add('Mapping', {'Vector': graph.add('TexCoord').outputs['Generated'],
                                   'Rotation': (0, 0, turn)})
    colour = graph.add('TexEnvironment', {'Vector': turned.outputs[0]}, image=panorama.image)
    factor = level / panorama.level
    return graph.mix('MULTIPLY', 1.0, colour.outputs[0], (factor, factor, factor, 1))


def outdoors(stage):
    """Put a sky over the stage and return the Air."""
    rng = np.random.default_rng([stage.seed, LOOK])
    world = bpy.data.worlds.new('sky')
    stage.scene.world = world
    world.use_nodes = True
    graph = Graph(world.node_tree)
    kind = rng.choice(['clear', 'hazy', 'cloudy', 'overcast', 'panorama', 'dusk', 'night'],
                      p=[0.20, 0.07, 0.19, 0.14, 0.28, 0.05, 0.07])
    elevation = np.radians(rng.choice([rng.uniform(2, 15), rng.uniform(15, 65)], p=[0.3, 0.7]))
    heading = rng.uniform(0, 2 * np.pi)
    panorama = None
    if kind == 'panorama' or kind in ('dusk', 'night') and rng.random() < 0.5:
        panorama = draw_panorama(rng, {'dusk': DUSK, 'night': NIGHT}.get(kind, DAY))
    level = {'dusk': 10 ** rng.uniform(-1.2, -0.5),
             'night': 10 ** rng.uniform(-2.4, -1.6)}.get(kind, 1.0)
    if panorama:
        turn = rng.uniform(0, 2 * np.pi)
        colour = panorama_colour(graph, panorama, turn, level)
        if kind == 'panorama' and not panorama.sunny:
            _sun(stage, panorama.sun[1], panorama.sun[0] - turn + np.pi / 2, rng.uniform(0, 2.5),
                 np.radians(rng.uniform(1, 8)))
    elif kind in ('dusk', 'night'):
        colour = _dark(graph, rng, kind, level)
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
    # What the camera sees of lamps: light_lamps() gives their light, with less noise.
    for glowing in ('glow', 'lit'):
        stage.materials[glowing].cycles.emission_sampling = 'NONE'
    thick = kind in ('hazy', 'overcast') and rng.random() < 0.15
    return Air(10 ** (rng.uniform(-2.3, -1.8) if thick else rng.uniform(-4, -2.8)),
               rng.uniform(0.7, 1.0), lamps=kind in ('dusk', 'night'))


def light_lamps(stage, places, colour, power, count=10):
    """
    Add lights where lamps burn; only those nearest to the stage's middle, for the time they take.

    Parameters
    ----------
    stage : Stage
        They go on it.
    places : list of (x, y, z)
        Metres.
    colour : sequence of three floats
        Linear RGB.
    power : float
        Watts of each.
    count : int
        How many at most.

    """
    for place in sorted(places, key=lambda p: np.hypot(p[0], p[1]))[:count]:
        light = bpy.data.lights.new('lamp', 'POINT')
        light.energy, light.color, light.shadow_soft_size = power, colour, 0.1
        lamp = bpy.data.objects.new('lamp', light)
        lamp.location, lamp.visible_camera = place, False
        stage.scene.collection.objects.link(lamp)


def _dark(graph, rng, kind, level):
    """Return the colour of the sky after sunset, brighter at the horizon."""
    direction = graph.add('TexCoord').outputs['Generated']
    z = graph.add('SeparateXYZ', {'Vector': direction}).outputs['Z']
    above, horizon = {'dusk': ((0.35, 0.6, 1.5), (2.6, 1.5, 0.9)),
                      'night': ((0.4, 0.6, 1.3), (1.7, 1.2, 0.8))}[kind]
    hues = [(*(np.array(hue) * rng.uniform(0.7, 1.3, 3) * level), 1) for hue in (horizon, above)]
    return graph.mix('MIX', graph.ramp(z, 0.0, rng.uniform(0.3, 0.8)), *hues)


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
