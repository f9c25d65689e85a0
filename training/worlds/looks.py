"""Looks: photographs of surfaces as materials, in a share of the worlds."""

from dataclasses import dataclass

import numpy as np

from . import photographs

BRIGHTEST = (0.86, 0.86, 0.86, 1)  # about what fresh snow reflects: nothing built is brighter


@dataclass(frozen=True)
class Look:
    """
    How photographs serve as a material.

    Attributes
    ----------
    names : tuple of str
        One is drawn from these, as in photographs.SURFACES; a name may stand twice.
    floor : bool
        Whether it is laid flat, turned by quarters, rather than projected on every side.
    share : float
        Of the worlds in which the photograph takes the procedural surface's place.
    own : float
        Share of these that keep the photograph's own colour; others take each face's tint.
    size : (float, float)
        How many times larger than in photographs.SURFACES.
    stretch : float
        How many times taller than wide.
    bump : float
        Height of its relief, metres.
    roughness : (float, float)
    metallic : float
    joints : (float, float, float)
        Shortest and longest width of slabs or boards that it is cut into, metres (0: uncut), and
        how many times longer they are.
    stain : float (2, 3)
        Factors of the colour of wide patches: one about between these two is drawn.

    """

    names: tuple
    floor: bool = False
    share: float = 0.5
    own: float = 0.25
    size: tuple = (0.77, 1.3)
    stretch: float = 1.0
    bump: float = 0.0
    roughness: tuple = (0.7, 0.95)
    metallic: float = 0.0
    joints: tuple = (0.0, 0.0, 1.0)
    stain: tuple = ((0.55, 0.5, 0.42), (0.95, 0.95, 0.95))


FAINT = ((0.82, 0.8, 0.76), (1.0, 1.0, 1.0))  # stains of what is kept clean

LOOKS = {
    'asphalt': Look(('asphalt_1', 'asphalt_1', 'rock_1'), floor=True, roughness=(0.6, 0.95)),
    'gravel': Look(('rock_1', 'asphalt_1'), floor=True, size=(1.2, 2.0), bump=0.01),
    'paving': Look(('concrete_tiles_1', 'concrete_tiles_1', 'cinder_blocks_1'), floor=True,
                   roughness=(0.45, 0.9)),
    'concrete': Look(('concrete_2', 'concrete_3', 'concrete_4', 'concrete_tiles_1', 'marble_2'),
                     floor=True, roughness=(0.2, 0.7)),
    'grass': Look(('grass_1', 'grass_2'), floor=True, share=0.6, own=1.0, size=(0.8, 1.8),
                  stain=((0.7, 0.7, 0.5), (1.6, 1.3, 1.0))),
    'brick': Look(('brick_wall_1', 'brick_wall_1', 'cinder_blocks_1'), share=0.6, own=0.35,
                  size=(0.9, 1.2), bump=0.006),
    'plaster': Look(('stucco_1', 'stucco_1', 'concrete_3', 'concrete_2', 'concrete_1'), own=0.0,
                    bump=0.003),
    'stone': Look(('concrete_1', 'concrete_2', 'concrete_3', 'concrete_4', 'marble_1'), own=0.1,
                  roughness=(0.5, 0.9)),
    'emulsion': Look(('drywall_1', 'drywall_1', 'stucco_1'), own=0.0,
                     roughness=(0.5, 0.9), stain=FAINT),
    'wallpaper': Look(('cardboard_4', 'stucco_1'), share=0.4, own=0.1, stain=FAINT),
    'wall_tiles': Look(('floor_tiles_white', 'marble_1'), own=0.3, size=(0.35, 0.9),
                       roughness=(0.1, 0.35), stain=FAINT),
    'floor_tiles': Look(('floor_tiles_white', 'floor_tiles_bw_1', 'marble_1', 'concrete_3'),
                        floor=True, own=0.4, roughness=(0.08, 0.5), joints=(0.3, 0.9, 1.0),
                        stain=FAINT),
    'vinyl': Look(('concrete_2', 'concrete_4', 'marble_1', 'asphalt_1'), floor=True, own=0.1,
                  size=(0.5, 1.0), roughness=(0.12, 0.6), stain=FAINT),
    'carpet': Look(('asphalt_1', 'cardboard_4'), floor=True, own=0.1, size=(0.5, 1.0),
                   roughness=(0.95, 1.0)),
    'boards': Look(('wood_1', 'wood_2', 'wood_1', 'wood_2', 'wood_planks_1'), floor=True,
                   share=0.6, own=0.4, size=(0.8, 1.5), roughness=(0.15, 0.65),
                   joints=(0.08, 0.2, 8.0)),
    'ceiling_tiles': Look(('ceiling_tiles_1', 'ceiling_tile_noborder_1'), floor=True, own=0.2,
                          size=(1.0, 1.0), joints=(0.6, 0.6, 1.0), stain=FAINT),
    'wood': Look(('wood_1', 'wood_2', 'wood_planks_1'), roughness=(0.4, 0.9)),
    'timber': Look(('wood_1', 'wood_2'), share=0.6, own=0.35, size=(0.8, 2.0),
                   roughness=(0.15, 0.6), stain=FAINT),
    'bark': Look(('rock_1',), size=(0.25, 0.5), stretch=3.0, own=0.0, bump=0.01),
    'cardboard': Look(('cardboard_1', 'cardboard_2', 'cardboard_3'), share=0.7, own=0.4),
    'cloth': Look(('cardboard_4',), share=0.4, own=0.0, size=(0.4, 1.3), roughness=(0.85, 1.0)),
    'metal': Look(('concrete_1', 'concrete_4'), share=0.3, own=0.0, roughness=(0.25, 0.6),
                  metallic=0.6),
}

# These are cut into slabs or boards already.
CUT = ('ceiling_tiles_1', 'cinder_blocks_1', 'concrete_tiles_1', 'floor_tiles_white',
       'floor_tiles_bw_1', 'wood_planks_1')


def photographed(g, rng, look):
    """Make a material of a photograph and return True; False where this world has none of it."""
    names = [name for name in look.names if photographs.texture(name)]
    if not names or rng.random() >= look.share:
        return False
    name = names[rng.integers(len(names))]
    metres, mean = photographs.SURFACES[name]
    metres = metres * rng.uniform(*look.size)
    coordinates, worn = _coordinates(g, rng, look, metres), None
    if look.joints[0] and name not in CUT:
        coordinates, worn = _cut(g, rng, look, coordinates, metres)
    photograph = g.image(photographs.texture(name), coordinates, 'FLAT' if look.floor else 'BOX')
    if rng.random() < look.own:
        each = g.add('ObjectInfo').outputs['Random']
        colour = g.shade(photograph, g.ramp(each, 0.0, 1.0, *rng.uniform(0.6, 1.1, 2)))
    else:
        relative = g.mix('MULTIPLY', 1.0, photograph, (*(1 / np.array(mean)), 1))
        colour = g.mix('MULTIPLY', rng.uniform(0.7, 1.0), g.tint(), relative)
    colour = g.add('HueSaturation', {'Color': colour, 'Hue': 0.5 + rng.normal(0, 0.012),
                                     'Saturation': rng.uniform(0.75, 1.2)}).outputs[0]
    if worn is not None:
        colour = g.shade(colour, worn)
    # Wide stains, so that nobody sees the photograph repeat.
    stained = g.ramp(g.noise(rng.uniform(0.3, 1.0), detail=3.0), 0.35, 0.7)
    clean = rng.uniform() + rng.normal(0, 0.1, 3)
    stain = np.array(look.stain[0]) * (1 - clean) + np.array(look.stain[1]) * clean
    colour = g.mix('MULTIPLY', stained, colour, (*stain, 1))
    normal = None
    if look.bump:
        normal = g.bump(g.add('RGBToBW', {'Color': photograph}).outputs[0], look.bump,
                        rng.uniform(0.2, 0.7))
    g.surface(g.mix('DARKEN', 1.0, colour, BRIGHTEST), rng.uniform(*look.roughness), normal,
              Metallic=look.metallic)
    return True


def _coordinates(g, rng, look, metres):
    """Return coordinates of which one unit is the photograph's size in metres."""
    moved = rng.uniform(0, 1, 3)
    if look.floor:
        return g.add('Mapping', {
            'Vector': g.position(), 'Scale': (1 / metres,) * 3, 'Location': moved,
            'Rotation': (0, 0, rng.integers(4) * np.pi / 2)}).outputs[0]
    laid = g.add('Mapping', {
        'Vector': g.local(), 'Location': moved,
        'Scale': (1 / metres, 1 / metres, 1 / metres / look.stretch)}).outputs[0]
    # Things of one shape each show another piece of it.
    return _shifted(g, laid, g.add('ObjectInfo').outputs['Random'])


def _cut(g, rng, look, coordinates, metres):
    """
    Cut a floor into slabs or boards that lie along the photograph's height.

    Each shows another piece of the photograph. Returns the coordinates and a factor of the
    colour, which is dark in the joints.
    """
    shortest, longest, longer = look.joints
    width = rng.uniform(shortest, longest)
    axes = g.add('SeparateXYZ', {'Vector': coordinates}).outputs
    lying = g.add('CombineXYZ', {'X': axes['Y'], 'Y': axes['X']}).outputs[0]
    node = g.add('TexBrick', {
        'Vector': lying, 'Scale': metres, 'Brick Width': width * longer, 'Row Height': width,
        'Mortar Size': rng.uniform(0.001, 0.004), 'Color1': (0, 0, 0, 1),
        'Color2': (1, 1, 1, 1)}, offset=0.0 if longer == 1.0 else rng.uniform(0.3, 0.5))
    each = g.add('SeparateColor', {'Color': node.outputs['Color']}).outputs[0]
    worn = g.math('MULTIPLY', g.ramp(each, 0.0, 1.0, rng.uniform(0.7, 0.95), 1.0),
                  g.ramp(node.outputs['Fac'], 0.0, 1.0, 1.0, rng.uniform(0.2, 0.6)))
    return _shifted(g, coordinates, each), worn


def _shifted(g, coordinates, each):
    """Move coordinates by a random number in [0, 1]."""
    far = g.math('MULTIPLY', each, 10.0)
    elsewhere = g.add('CombineXYZ', {axis: far for axis in 'XYZ'}).outputs[0]
    return g.add('VectorMath', {0: coordinates, 1: elsewhere}, operation='ADD').outputs[0]
