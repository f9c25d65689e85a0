"""Light in rooms: panels, tubes, domes and pendants, floor lamps, and daylight from windows."""

import bpy
import numpy as np

from . import plants
from .shading import Graph
from .shape import box, join, lathe, quad, tube
from .sky import DAY, draw_panorama, LOOK, NIGHT, panorama_colour

WARM, NEUTRAL, COOL = (1.0, 0.66, 0.36), (1.0, 0.86, 0.7), (0.86, 0.94, 1.0)
DARK = (0.03, 0.03, 0.03)

# What windows show.
VIEWS = {'day': (*DAY, 'forest'), 'dull': (*DAY, 'bpy/courtyard', 'forest'), 'evening': NIGHT}


def light_room(stage, rng, room, daylit):
    """
    Hang lamps from a room's ceiling, some of them off.

    Parameters
    ----------
    stage : Stage
        They go on it.
    rng : numpy.random.Generator
        For their kind, number, colour and brightness.
    room : worlds.rooms.Room
        Where they hang.
    daylit : bool
        Whether it has daylight: then all may be off.

    """
    wide, deep = room.size
    home = room.kind in ('living', 'bedroom', 'hall', 'kitchen')
    colour = np.array([WARM, NEUTRAL, COOL][rng.choice(3, p=[0.55, 0.35, 0.1] if home else
                                                       [0.1, 0.5, 0.4])])
    level = 10 ** rng.uniform(-0.45, 0.25)
    share = rng.choice([1.0, 1.0, 0.85])
    if rng.random() < (0.45 if daylit else 0.08):
        share = rng.uniform(0.0, 0.35)
    if room.kind == 'warehouse':
        make, step = (_high_bay, rng.uniform(4, 6)) if rng.random() < 0.5 else (
            _tube, rng.uniform(3.5, 5))
    elif home:
        make, step = (_dome, 4.0) if rng.random() < 0.6 else (_pendant, 6.0)
    else:
        make, step = [(_panel, rng.choice([1.8, 2.4, 3.0])), (_tube, rng.uniform(2, 3)),
                      (_dome, rng.uniform(2, 3.5))][rng.choice(3, p=[0.55, 0.3, 0.15])]
    counts = max(1, round(wide / step)), max(1, round(deep / step))
    power = level * 2.2 * wide * deep / np.prod(counts)
    if room.kind == 'warehouse':
        power *= 1.5
    lit = rng.random(counts) < share
    if not daylit:
        lit[rng.integers(counts[0]), rng.integers(counts[1])] = True
    for i, j in np.ndindex(*counts):
        make(stage, room.x0 + wide * (i + 0.5) / counts[0],
             room.y0 + deep * (j + 0.5) / counts[1], room.height, power, colour, wide >= deep,
             lit[i, j])


def _lamp(stage, kind, place, power, colour, turn=(0, 0, 0), **settings):
    """Add a lamp that the camera doesn't see itself."""
    light = bpy.data.lights.new('lamp', kind)
    light.energy, light.color = power, colour
    for key, value in settings.items():
        setattr(light, key, value)
    thing = bpy.data.objects.new('lamp', light)
    thing.location, thing.rotation_euler = place, turn
    thing.visible_camera = False
    stage.scene.collection.objects.link(thing)


def _glow(stage, shape, name='lamp'):
    """Put what the camera sees of a lamp; it casts no shadow, as the light is inside it."""
    stage.materials['lit'].cycles.emission_sampling = 'NONE'
    stage.put(stage.mesh(shape, name)).visible_shadow = False


def _radiance(colour, lit, strength=4.0):
    return np.asarray(colour) * strength if lit else np.full(3, 0.12)


def _panel(stage, x, y, z, power, colour, along, lit):
    """Set a panel of 0.6 m into the ceiling, in step with a grid of 0.6 m."""
    x, y = (np.floor(v / 0.6) * 0.6 + 0.3 for v in (x, y))
    low, high = -0.285, 0.285
    _glow(stage, quad([(x + low, y + low, z - 0.004), (x + low, y + high, z - 0.004),
                       (x + high, y + high, z - 0.004), (x + high, y + low, z - 0.004)], 'lit',
                      _radiance(colour, lit)))
    if lit:
        _lamp(stage, 'AREA', (x, y, z - 0.02), power, colour, size=0.57)


def _tube(stage, x, y, z, power, colour, along, lit):
    """Hang a batten with a tube, up to 0.5 m below a high ceiling."""
    drop = 0.0 if z < 3.2 else 0.5
    half = 0.6 if z < 3.2 else 0.75
    body = join([box((-half, -0.05, z - drop - 0.05), (half, 0.05, z - drop), 'paint',
                     (0.7, 0.7, 0.7))]
                + ([tube([(s * half * 0.7, 0, z - drop), (s * half * 0.7, 0, z)], 0.006, 'metal',
                         DARK, sides=4) for s in (1, -1)] if drop else []))
    rod = tube([(-half + 0.02, 0, z - drop - 0.07), (half - 0.02, 0, z - drop - 0.07)], 0.02,
               'lit', _radiance(colour, lit), sides=8)
    turn = 0 if along else np.pi / 2
    stage.put(stage.mesh(body.turned(turn).moved(x, y), 'lamp'))
    _glow(stage, rod.turned(turn).moved(x, y))
    if lit:
        _lamp(stage, 'AREA', (x, y, z - drop - 0.1), power, colour, (0, 0, turn),
              shape='RECTANGLE', size=2 * half, size_y=0.12)


def _dome(stage, x, y, z, power, colour, along, lit):
    """Fix a round lamp to the ceiling."""
    _glow(stage, lathe([(0, z - 0.1), (0.1, z - 0.09), (0.17, z - 0.05), (0.18, z)], 'lit',
                       _radiance(colour, lit, 3.0), 20).moved(x, y))
    if lit:
        _lamp(stage, 'AREA', (x, y, z - 0.12), power, colour, shape='DISK', size=0.36)


def _pendant(stage, x, y, z, power, colour, along, lit):
    """Hang a lamp with a paper globe from the ceiling."""
    foot = max(z - 0.75, 2.0)
    stage.put(stage.mesh(tube([(x, y, foot + 0.3), (x, y, z)], 0.005, 'paint', DARK, sides=4)))
    angle = np.linspace(-np.pi / 2, np.pi / 2, 9)
    globe = lathe(np.c_[0.17 * np.cos(angle), foot + 0.15 + 0.15 * np.sin(angle)], 'lit',
                  _radiance(colour, lit, 2.5), 18)
    _glow(stage, globe.moved(x, y))
    if lit:
        _lamp(stage, 'POINT', (x, y, foot + 0.15), power * 1.3, colour, shadow_soft_size=0.15)


def _high_bay(stage, x, y, z, power, colour, along, lit):
    """Hang a bell-shaped lamp below a hall's roof."""
    foot = z - 1.0
    stage.put(stage.mesh(join([
        lathe([(0.24, foot), (0.2, foot + 0.12), (0.08, foot + 0.22), (0.06, foot + 0.4),
               (0, foot + 0.4)], 'metal', (0.4, 0.4, 0.4), 18),
        tube([(0, 0, foot + 0.4), (0, 0, z)], 0.01, 'metal', DARK, sides=4)]).moved(x, y)))
    _glow(stage, lathe([(0, foot + 0.02), (0.22, foot + 0.02)], 'lit', _radiance(colour, lit),
                       18).moved(x, y))
    if lit:
        _lamp(stage, 'AREA', (x, y, foot - 0.01), power, colour, shape='DISK', size=0.46)


def floor_lamp(stage, rng, x, y):
    """Stand a floor lamp with a shade somewhere."""
    height, colour = rng.uniform(1.35, 1.7), np.array(WARM)
    stand = lathe([(0.15, 0), (0.15, 0.02), (0.012, 0.03), (0.012, height), (0, height)], 'metal',
                  DARK, 14)
    stage.put(stage.mesh(stand, 'floor lamp'), x, y)
    radius = rng.uniform(0.14, 0.22)
    _glow(stage, lathe([(radius, height - 0.28), (radius * 0.75, height + 0.05)], 'lit',
                       _radiance(colour, True, 1.6), 20).moved(x, y))
    _lamp(stage, 'POINT', (x, y, height - 0.1), rng.uniform(8, 25), colour,
          shadow_soft_size=0.12)


def daylight(stage, rng, windows):
    """
    Let daylight in, with the outdoors beyond the windows, or a dark evening.

    Parameters
    ----------
    stage : Stage
        The light, the sky and what is seen outside go on it.
    rng : numpy.random.Generator
        For the hour and the weather.
    windows : list of (Wall, Opening)
        The windows and open gates.

    Returns
    -------
    bool
        Whether it is bright outside.

    """
    kind = rng.choice(['day', 'dull', 'evening'], p=[0.5, 0.35, 0.15])
    sky = {'day': 10 ** rng.uniform(0.3, 0.7), 'dull': 10 ** rng.uniform(-0.1, 0.35),
           'evening': 0.03}[kind]
    colour = np.array({'day': rng.uniform((0.75, 0.88, 1), (1, 1, 1)),
                       'dull': rng.uniform((0.88, 0.93, 0.97), (1, 1, 1)),
                       'evening': (0.3, 0.45, 1.0)}[kind])
    # Decided without a look at which photographs there are: the scenery counts in the depth.
    photographed = rng.random() < 0.5
    look = np.random.default_rng([stage.seed, LOOK])
    panorama = draw_panorama(look, VIEWS[kind]) if photographed and windows else None
    if panorama:
        colour = colour * panorama.colour ** 0.5
        _sky(stage, lambda graph: panorama_colour(graph, panorama, look.uniform(0, 6.3), sky))
    else:
        horizon = np.array([1.0, 0.98, 0.95]) if kind == 'day' else colour
        _sky(stage, lambda graph: _gradient(graph, sky * colour, sky * horizon))
    if not windows:
        return False
    for wall, hole in windows:
        x, y = wall.point(hole.middle, -hole.reveal + 0.07)
        wide, high = hole.right - hole.left, hole.top - hole.bottom
        _lamp(stage, 'AREA', (x, y, (hole.top + hole.bottom) / 2),
              sky * np.pi * wide * high * 0.8, colour, (np.pi / 2, 0, wall.heading),
              shape='RECTANGLE', size=wide - 0.05, size_y=high - 0.05)
    if kind == 'day' and rng.random() < 0.55:
        wall, _ = windows[rng.integers(len(windows))]
        _lamp(stage, 'SUN', (0, 0, 0), sky * rng.uniform(2, 5), (1.0, 0.88, 0.7),
              (np.pi / 2 - np.radians(rng.uniform(12, 50)), 0,
               wall.heading + rng.normal(0, 0.5)), angle=np.radians(0.8))
    if not photographed:
        _outdoors(stage, rng, {round(wall.heading, 3): wall for wall, _ in windows}.values(), sky)
    return kind != 'evening'


def _sky(stage, paint):
    """Give the sky what the camera sees; its light comes from the windows' lamps."""
    world = bpy.data.worlds.new('sky')
    stage.scene.world = world
    world.use_nodes = True
    graph = Graph(world.node_tree)
    seen = graph.add('LightPath').outputs['Is Camera Ray']
    background = graph.add('Background', {'Color': paint(graph), 'Strength': seen})
    graph.add('OutputWorld', {'Surface': background.outputs[0]})
    world.cycles.sampling_method = 'NONE'


def _gradient(graph, above, horizon):
    """Return the colour of a plain sky over dull ground."""
    direction = graph.add('TexCoord').outputs['Generated']
    height = graph.add('SeparateXYZ', {'Vector': direction}).outputs['Z']
    sky = graph.mix('MIX', graph.ramp(height, 0.0, 0.5), (*horizon, 1), (*above, 1))
    return graph.mix('MIX', graph.ramp(height, -0.02, 0.0), (*(0.2 * horizon), 1), sky)


def _outdoors(stage, rng, walls, sky):
    """Put ground, houses and trees before the windows, in their own light."""
    stage.materials['scenery'].cycles.emission_sampling = 'NONE'
    ground = -rng.choice([0.15, 3.3, 6.5, 9.8])
    parts = []
    lawn = np.array([(0.1, 0.16, 0.05), (0.2, 0.2, 0.19)][rng.integers(2)]) * sky * 0.3
    far = 150.0
    parts.append(quad([(-far, -far, ground), (far, -far, ground), (far, far, ground),
                       (-far, far, ground)], 'scenery', lawn))
    tree = plants.tree(rng)
    tree.surface = np.full(len(tree.faces), 'scenery')
    tree.tint = tree.tint * sky * 0.7
    trees = stage.mesh(tree, 'tree')
    for wall in walls:
        along = -25.0
        while along < 25:
            half, high = rng.uniform(3, 8), rng.uniform(4, 14)
            out = rng.uniform(9, 28)
            if rng.random() < 0.6:
                hue = rng.uniform(0.15, 0.5) * rng.uniform(0.7, 1.0, 3) * sky * 0.4
                house = [box((-half, -8, ground), (half, 0, ground + high), 'scenery', hue)]
                house += [quad([(x + 0.5, 0.02, z), (x - 0.5, 0.02, z), (x - 0.5, 0.02, z + 1.4),
                                (x + 0.5, 0.02, z + 1.4)], 'scenery', hue * 0.25)
                          for x in np.arange(-half + 1.2, half - 0.8, 2.2)
                          for z in np.arange(ground + 1.0, ground + high - 1.6, 3.0)]
                parts.append(wall.place(join(house).moved(wall.length / 2 + along, -out)))
            along += half + rng.uniform(2, 9)
        for _ in range(rng.integers(0, 4)):
            x, y = wall.point(wall.length / 2 + rng.uniform(-12, 12), -rng.uniform(6, 16))
            stage.put(trees, x, y, ground, rng.uniform(0, 6.3))
    stage.put(stage.mesh(join(parts), 'outdoors'))
