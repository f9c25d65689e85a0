"""Materials: surfaces, procedural or photographed, coloured by each face's tint."""

import zlib

import bpy
import numpy as np

from . import photographs
from .looks import LOOKS, photographed
from .shading import Graph


class Materials(dict):
    """The materials of one world, made when first asked for; they vary with its seed."""

    def __init__(self, seed):
        super().__init__()
        self.seed = seed

    def __missing__(self, name):
        # A generator of its own for each material, so that their order doesn't matter, and
        # another for its photographs, so that it looks the same where there are none.
        own = [self.seed, zlib.crc32(name.encode())]
        rng, draw = np.random.default_rng(own), np.random.default_rng([*own, 1])
        self[name] = material = bpy.data.materials.new(name)
        material.use_nodes = True
        graph = Graph(material.node_tree)
        if name not in LOOKS or not photographed(graph, draw, LOOKS[name]):
            SURFACES[name](graph, rng)
        return material


def paint(g, rng):
    """Plain paint, a little uneven."""
    g.surface(g.shade(g.tint(), g.ramp(g.noise(3.0), 0.3, 0.7, 0.88, 1.08)), 0.55)


def metal(g, rng):
    """Bare or painted metal."""
    g.surface(g.tint(), 0.38, Metallic=0.6)


def cladding(g, rng):
    """Corrugated sheets on the walls and ceilings of halls."""
    xyz = g.add('SeparateXYZ', {'Vector': g.local()}).outputs
    facing = g.add('SeparateXYZ', {'Vector': g.add('NewGeometry').outputs['Normal']}).outputs['Z']
    upright = g.math('SUBTRACT', 1.0, g.math('ABSOLUTE', facing))
    along = g.math('ADD', xyz['X'], g.math('MULTIPLY', xyz['Y'], upright))
    wave = g.math('SINE', g.math('MULTIPLY', along, 2 * np.pi / rng.uniform(0.08, 0.35)))
    # Between a sine and the flat ribs of trapezoidal sheets.
    sharp = rng.uniform(0.25, 1.0)
    height = g.ramp(wave, -sharp, sharp)
    rust = g.ramp(g.noise(rng.uniform(0.4, 0.9), detail=3.0), 0.35, 0.7, 1.0,
                  rng.uniform(0.75, 0.97))
    amount = g.math('MULTIPLY', rust, g.ramp(height, 0.0, 1.0, rng.uniform(0.7, 0.95), 1.03))
    g.surface(g.shade(g.tint(), amount), rng.uniform(0.35, 0.7), g.bump(height, 0.03),
              Metallic=0.3)


def car_paint(g, rng):
    """Glossy paint, in the object's colour."""
    g.surface(g.tint(), rng.uniform(0.25, 0.45), **{'Coat Weight': 0.6, 'Metallic': 0.15})


def glass(g, rng):
    """Panes: dark and mirroring; not transparent, so that the depth is the pane's."""
    g.surface(g.tint(), 0.06, **{'Specular IOR Level': 0.8})


def plaster(g, rng):
    """Plaster on walls, with stains that run down."""
    stains = g.ramp(g.noise(rng.uniform(0.4, 0.9), detail=3.0), 0.35, 0.7,
                    rng.uniform(0.72, 0.92), 1.05)
    grain = g.ramp(g.noise(30.0, detail=1.0), 0.3, 0.7, 0.93, 1.05)
    g.surface(g.shade(g.tint(), g.math('MULTIPLY', stains, grain)), 0.85)


def brick(g, rng):
    """Brick walls."""
    colour = g.tint()
    size = {'Scale': 1.0, 'Brick Width': rng.uniform(0.2, 0.3),
            'Row Height': rng.uniform(0.065, 0.1), 'Mortar Size': 0.008}
    grey = rng.uniform(0.25, 0.6)
    node = g.add('TexBrick', {'Vector': g.wall(), 'Color1': colour,
                              'Color2': g.shade(colour, rng.uniform(0.5, 0.75)),
                              'Mortar': (grey, grey * 0.96, grey * 0.9, 1), **size})
    dirt = g.ramp(g.noise(0.7, detail=3.0), 0.3, 0.7, 0.75, 1.1)
    g.surface(g.shade(node.outputs['Color'], dirt), 0.85)


def stone(g, rng):
    """Cut stone and concrete."""
    blotches = g.ramp(g.noise(2.5, detail=3.0), 0.3, 0.7, 0.75, 1.12)
    g.surface(g.shade(g.tint(), blotches), 0.8)


def asphalt(g, rng):
    """Asphalt with grain, patches and cracks."""
    grain = g.ramp(g.noise(70.0, detail=1.0), 0.3, 0.7, 0.7, 1.3)
    patches = g.ramp(g.noise(rng.uniform(0.15, 0.5), detail=3.0), 0.4, 0.6,
                     rng.uniform(0.7, 0.95), 1.1)
    crack = g.add('TexVoronoi', {'Vector': g.position(), 'Scale': rng.uniform(0.15, 0.4)},
                  feature='DISTANCE_TO_EDGE').outputs['Distance']
    crack = g.ramp(crack, 0.0, 0.008, rng.uniform(0.5, 1.0), 1.0)
    amount = g.math('MULTIPLY', g.math('MULTIPLY', grain, patches), crack)
    g.surface(g.shade(g.tint(), amount), rng.uniform(0.65, 0.95))


def paving(g, rng):
    """Slabs in rows."""
    width = rng.uniform(0.3, 0.8)
    colour = g.tint()
    node = g.add('TexBrick', {
        'Vector': g.position(), 'Scale': 1.0, 'Brick Width': width,
        'Row Height': width * rng.choice([0.5, 0.75, 1.0]), 'Mortar Size': 0.008,
        'Color1': colour, 'Color2': g.shade(colour, rng.uniform(0.78, 0.95)),
        'Mortar': (0.08, 0.075, 0.07, 1)}, offset=rng.choice([0.0, 0.5]))
    dirt = g.ramp(g.noise(1.2, detail=3.0), 0.3, 0.7, 0.78, 1.1)
    g.surface(g.shade(node.outputs['Color'], dirt), 0.8)


def cobble(g, rng):
    """Cobblestones."""
    scale = rng.uniform(5, 9)
    edge = g.add('TexVoronoi', {'Vector': g.position(), 'Scale': scale, 'Randomness': 0.6},
                 feature='DISTANCE_TO_EDGE').outputs['Distance']
    cell = g.add('TexVoronoi', {'Vector': g.position(), 'Scale': scale, 'Randomness': 0.6})
    height = g.ramp(edge, 0.0, 0.2)
    each = g.add('SeparateColor', {'Color': cell.outputs['Color']}).outputs[0]
    amount = g.math('MULTIPLY', g.ramp(each, 0.0, 1.0, 0.7, 1.15),
                    g.ramp(height, 0.0, 0.7, 0.35, 1.0))
    g.surface(g.shade(g.tint(), amount), 0.7, g.bump(height, 0.02))


def grass(g, rng):
    """Lawn: greens that wander into yellow."""
    fine = g.noise(45.0, detail=2.0)
    wide = g.noise(rng.uniform(0.2, 0.6), detail=3.0)
    lush = (*rng.uniform((0.02, 0.06, 0.005), (0.06, 0.14, 0.02)), 1)
    dry = (*rng.uniform((0.10, 0.12, 0.02), (0.22, 0.19, 0.06)), 1)
    colour = g.mix('MIX', g.ramp(wide, 0.4, 0.75, 0.0, rng.uniform(0.3, 0.9)), lush, dry)
    g.surface(g.shade(colour, g.ramp(fine, 0.3, 0.7, 0.5, 1.5)), 0.95)


def gravel(g, rng):
    """Gravel and packed earth."""
    grain = g.add('TexVoronoi', {'Vector': g.position(), 'Scale': 40.0}).outputs['Color']
    grain = g.add('SeparateColor', {'Color': grain}).outputs[0]
    wide = g.ramp(g.noise(0.8, detail=3.0), 0.3, 0.7, 0.75, 1.12)
    g.surface(g.shade(g.tint(), g.math('MULTIPLY', g.ramp(grain, 0, 1, 0.7, 1.2), wide)), 0.95)


def roof(g, rng):
    """Rows of roof tiles."""
    xyz = g.add('SeparateXYZ', {'Vector': g.local()}).outputs
    vector = g.add('CombineXYZ', {'X': xyz['X'], 'Y': xyz['Z']}).outputs[0]
    colour = g.tint()
    node = g.add('TexBrick', {'Vector': vector, 'Scale': 1.0, 'Brick Width': 0.28,
                              'Row Height': 0.22, 'Mortar Size': 0.02, 'Color1': colour,
                              'Color2': g.shade(colour, 0.7), 'Mortar': (0.02, 0.02, 0.02, 1)})
    g.surface(g.shade(node.outputs['Color'], g.ramp(g.noise(0.8), 0.3, 0.7, 0.7, 1.1)), 0.8)


def wood(g, rng):
    """Planks with a grain."""
    stretched = g.add('Mapping', {'Vector': g.local(), 'Scale': (3.0, 40.0, 40.0)}).outputs[0]
    grain = g.ramp(g.noise(1.0, stretched, detail=3.0), 0.3, 0.7, 0.65, 1.15)
    g.surface(g.shade(g.tint(), grain), 0.6)


def bark(g, rng):
    """Bark, furrowed upwards."""
    stretched = g.add('Mapping', {'Vector': g.local(), 'Scale': (14.0, 14.0, 2.5)}).outputs[0]
    grain = g.noise(1.0, stretched, detail=3.0)
    g.surface(g.shade(g.tint(), g.ramp(grain, 0.3, 0.7, 0.45, 1.35)), 0.95)


def leaf(g, rng):
    """Leaves: light comes through them."""
    each = g.add('ObjectInfo').outputs['Random']
    colour = g.shade(g.tint(), g.ramp(each, 0.0, 1.0, 0.75, 1.2))
    front = g.add('BsdfDiffuse', {'Color': colour}).outputs[0]
    behind = g.add('BsdfTranslucent', {'Color': g.mix('MULTIPLY', 1.0, colour,
                                                      (1.2, 1.3, 0.5, 1))}).outputs[0]
    g.finish(g.add('MixShader', {0: 0.35, 1: front, 2: behind}).outputs[0])


def cloth(g, rng):
    """Clothes and awnings."""
    folds = g.ramp(g.noise(9.0, g.local(), detail=3.0), 0.3, 0.7, 0.75, 1.12)
    g.surface(g.shade(g.tint(), folds), 0.9)


def water(g, rng):
    """Still water: dark and mirroring."""
    g.surface((0.02, 0.04, 0.045, 1), 0.08, g.bump(g.noise(4.0), 0.02, 0.3))


def glow(g, rng):
    """Lamps that are lit."""
    g.finish(g.add('Emission', {'Color': g.tint(), 'Strength': 4.0}).outputs[0])


def carpet(g, rng):
    """Carpet: woven fluff, often laid in squares."""
    fluff = g.ramp(g.noise(150.0, detail=1.0), 0.3, 0.7, 0.7, 1.25)
    worn = g.ramp(g.noise(0.9, detail=3.0), 0.3, 0.7, rng.uniform(0.75, 0.95), 1.08)
    colour = g.tint()
    if rng.random() < 0.5:
        colour = g.add('TexChecker', {
            'Vector': g.position(), 'Scale': 2.0, 'Color1': colour,
            'Color2': g.shade(colour, rng.uniform(0.75, 0.97))}).outputs['Color']
    g.surface(g.shade(colour, g.math('MULTIPLY', fluff, worn)), 1.0)


def boards(g, rng):
    """Floors of boards or laminate."""
    along = (0.0, 0.0, rng.choice([0.0, np.pi / 2]))
    vector = g.add('Mapping', {'Vector': g.position(), 'Rotation': along}).outputs[0]
    colour, row = g.tint(), rng.uniform(0.09, 0.2)
    node = g.add('TexBrick', {
        'Vector': vector, 'Scale': 1.0, 'Brick Width': row * rng.uniform(6, 10),
        'Row Height': row, 'Mortar Size': 0.0015, 'Color1': colour,
        'Color2': g.shade(colour, rng.uniform(0.65, 0.9)), 'Mortar': (0.03, 0.02, 0.015, 1)},
        offset=rng.uniform(0.3, 0.5))
    stretched = g.add('Mapping', {'Vector': vector, 'Scale': (3.0, 45.0, 1.0)}).outputs[0]
    grain = g.ramp(g.noise(1.0, stretched, detail=3.0), 0.3, 0.7, 0.75, 1.12)
    g.surface(g.shade(node.outputs['Color'], grain), rng.uniform(0.3, 0.65))


def _tiled(g, rng, vector, width, height, roughness):
    colour, grout = g.tint(), rng.uniform(0.1, 0.5)
    node = g.add('TexBrick', {
        'Vector': vector, 'Scale': 1.0, 'Brick Width': width, 'Row Height': height,
        'Mortar Size': 0.004, 'Color1': colour, 'Color2': g.shade(colour, rng.uniform(0.82, 1.0)),
        'Mortar': (grout, grout * 0.97, grout * 0.93, 1)}, offset=rng.choice([0.0, 0.0, 0.5]))
    dirt = g.ramp(g.noise(1.1, detail=3.0), 0.3, 0.7, 0.85, 1.06)
    g.surface(g.shade(node.outputs['Color'], dirt), roughness)


def vinyl(g, rng):
    """Smooth floors with fine specks, more or less polished."""
    specks = g.ramp(g.noise(120.0, detail=1.0), 0.4, 0.6, rng.uniform(0.8, 1.0), 1.05)
    worn = g.ramp(g.noise(0.7, detail=3.0), 0.3, 0.7, rng.uniform(0.85, 0.97), 1.03)
    g.surface(g.shade(g.tint(), g.math('MULTIPLY', specks, worn)), rng.uniform(0.18, 0.6))


def floor_tiles(g, rng):
    """Tiles on a floor."""
    side = rng.uniform(0.2, 0.6)
    _tiled(g, rng, g.position(), side, side, rng.uniform(0.2, 0.5))


def wall_tiles(g, rng):
    """Glazed tiles on a wall."""
    width = rng.uniform(0.1, 0.3)
    _tiled(g, rng, g.wall(), width, width * rng.choice([0.5, 1.0, 1.0]), rng.uniform(0.15, 0.3))


def ceiling_tiles(g, rng):
    """Suspended ceilings: speckled panels in a grid of 0.6 m."""
    colour = g.tint()
    node = g.add('TexBrick', {
        'Vector': g.position(), 'Scale': 1.0, 'Brick Width': 0.6, 'Row Height': 0.6,
        'Mortar Size': 0.012, 'Color1': colour, 'Color2': g.shade(colour, 0.96),
        'Mortar': g.shade(colour, rng.choice([0.45, 0.8, 1.15]))}, offset=0.0)
    specks = g.ramp(g.noise(90.0, detail=1.0), 0.32, 0.45, rng.uniform(0.6, 0.95), 1.0)
    g.surface(g.shade(node.outputs['Color'], specks), 0.9)


def concrete(g, rng):
    """Screed: stained, worn and cut into bays."""
    stains = g.ramp(g.noise(rng.uniform(0.3, 0.8), detail=4.0), 0.35, 0.7,
                    rng.uniform(0.6, 0.85), 1.1)
    grain = g.ramp(g.noise(12.0, detail=3.0), 0.3, 0.7, 0.88, 1.08)
    bay, dark = rng.uniform(3, 6), rng.uniform(0.4, 0.8)
    joints = g.add('TexBrick', {
        'Vector': g.position(), 'Scale': 1.0, 'Brick Width': bay, 'Row Height': bay,
        'Mortar Size': 0.006, 'Color1': (1, 1, 1, 1), 'Color2': (0.93, 0.93, 0.93, 1),
        'Mortar': (dark, dark, dark, 1)}, offset=0.0)
    colour = g.mix('MULTIPLY', 1.0, g.tint(), joints.outputs['Color'])
    g.surface(g.shade(colour, g.math('MULTIPLY', stains, grain)), rng.uniform(0.3, 0.7))


def emulsion(g, rng):
    """Painted walls and ceilings: even, with the marks of use in some worlds."""
    amount = g.ramp(g.noise(35.0, detail=1.0), 0.3, 0.7, 0.97, 1.02)
    if rng.random() < 0.3:
        marks = g.ramp(g.noise(rng.uniform(0.5, 1.2), detail=4.0), 0.35, 0.6,
                       rng.uniform(0.75, 0.95), 1.0)
        amount = g.math('MULTIPLY', amount, marks)
    g.surface(g.shade(g.tint(), amount), rng.uniform(0.5, 0.9))


def timber(g, rng):
    """Veneer of furniture and doors: its grain runs upwards."""
    stretched = g.add('Mapping', {'Vector': g.local(), 'Scale': (14.0, 14.0, 1.2)}).outputs[0]
    grain = g.ramp(g.noise(1.0, stretched, detail=4.0), 0.3, 0.7, rng.uniform(0.6, 0.85), 1.12)
    g.surface(g.shade(g.tint(), grain), rng.uniform(0.3, 0.6))


def wallpaper(g, rng):
    """Paper in stripes or with a small pattern."""
    if rng.random() < 0.5:
        along = g.add('SeparateXYZ', {'Vector': g.wall()}).outputs['X']
        wave = g.math('SINE', g.math('MULTIPLY', along, rng.uniform(15, 80)))
        amount = g.ramp(wave, -0.3, 0.3, rng.uniform(0.65, 0.92), 1.03)
    else:
        cell = g.add('TexVoronoi', {'Vector': g.wall(), 'Scale': rng.uniform(5, 14),
                                    'Randomness': rng.choice([0.0, 0.3])}).outputs['Distance']
        amount = g.ramp(cell, 0.25, 0.35, rng.uniform(0.65, 0.92), 1.03)
    g.surface(g.shade(g.tint(), amount), 0.8)


def cardboard(g, rng):
    """Cartons, each a little its own brown."""
    each = g.ramp(g.add('ObjectInfo').outputs['Random'], 0.0, 1.0, 0.85, 1.12)
    scuffs = g.ramp(g.noise(5.0, g.local(), detail=3.0), 0.3, 0.7, 0.82, 1.08)
    g.surface(g.shade(g.tint(), g.math('MULTIPLY', scuffs, each)), 0.85)


def picture(g, rng):
    """Pictures and posters: washes of colour, others on each, or paintings."""
    each = g.add('ObjectInfo').outputs['Random']
    shift = g.math('MULTIPLY', each, 100.0)
    vector = g.add('VectorMath', {0: g.local(), 1: g.add('CombineXYZ', {
        'X': shift, 'Y': shift, 'Z': shift}).outputs[0]}, operation='ADD').outputs[0]
    cells = g.add('TexVoronoi', {'Vector': vector, 'Scale': g.ramp(each, 0, 1, 2.0, 14.0)},
                  distance=rng.choice(['EUCLIDEAN', 'MANHATTAN'])).outputs['Color']
    wash = g.add('TexNoise', {'Vector': vector, 'Scale': rng.uniform(2, 6),
                              'Detail': 5.0}).outputs['Color']
    share = g.add('TexWhiteNoise', {'W': each}, noise_dimensions='1D').outputs['Value']
    mixed = g.mix('MIX', share, cells, g.mix('MULTIPLY', 0.5, wash, wash))
    grey = g.add('HueSaturation', {'Color': mixed, 'Hue': each, 'Saturation': g.ramp(
        share, 0, 1, 1.3, 0.2)}).outputs[0]
    g.surface(g.mix('MULTIPLY', 1.0, g.tint(), _painted(g, rng, grey, share)), 0.6)


def _painted(g, rng, colour, share):
    """Show one of a few paintings on most objects, the colour on the others."""
    portraits = photographs.portraits()
    if not portraits:
        return colour
    # The picture's box from 0 to 1; it is looked at against its y, where x runs to the left.
    box = g.add('SeparateXYZ', {'Vector': g.add('TexCoord').outputs['Generated']}).outputs
    upright = g.add('CombineXYZ', {'X': g.math('SUBTRACT', 1.0, box['X']),
                                   'Y': box['Z']}).outputs[0]
    shown = rng.choice(len(portraits), min(4, len(portraits)), replace=False)
    for i, index in enumerate(shown):
        later = g.math('GREATER_THAN', share, 0.3 + 0.7 * i / len(shown))
        colour = g.mix('MIX', later, colour, g.image(portraits[index], upright))
    return colour


def lit(g, rng):
    """
    Give what the camera sees of a lamp or a screen; its tint is its radiance.

    A lamp object beside it gives the light, with less noise than a glowing surface would.
    """
    seen = g.add('LightPath').outputs['Is Camera Ray']
    g.finish(g.add('Emission', {'Color': g.tint(), 'Strength': seen}).outputs[0])


def scenery(g, rng):
    """Show the outdoors through a window, in its own light."""
    patches = g.ramp(g.noise(0.8, detail=4.0), 0.3, 0.7, 0.7, 1.2)
    seen = g.add('LightPath').outputs['Is Camera Ray']
    g.finish(g.add('Emission', {'Color': g.shade(g.tint(), patches),
                                'Strength': seen}).outputs[0])


SURFACES = {f.__name__: f for f in (
    paint, metal, cladding, car_paint, glass, plaster, brick, stone, asphalt, paving, cobble,
    grass, gravel, roof, wood, bark, leaf, cloth, water, glow, carpet, boards, vinyl, floor_tiles,
    wall_tiles, ceiling_tiles, concrete, emulsion, timber, wallpaper, cardboard, picture, lit,
    scenery)}
