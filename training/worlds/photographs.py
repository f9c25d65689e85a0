"""Photographs of surfaces and places, and scanned meshes, where they have been fetched."""

from pathlib import Path
import sys

# They belong to the environment that renders; worlds/fetch_photographs.py puts them there.
FOLDER = Path(sys.prefix) / 'share/photographs'
CONTENTS = 'packages.txt'

# How many metres each photograph of a surface spans, by the bricks, tiles and boards in it, and
# its mean colour (linear RGB).
SURFACES = {
    'asphalt_1': (1.5, (0.163, 0.167, 0.171)),
    'brick_wall_1': (1.8, (0.211, 0.127, 0.095)),
    'cardboard_1': (0.35, (0.496, 0.331, 0.150)),
    'cardboard_2': (0.35, (0.496, 0.331, 0.150)),
    'cardboard_3': (0.6, (0.478, 0.439, 0.358)),
    'cardboard_4': (0.3, (0.684, 0.477, 0.313)),
    'ceiling_tile_noborder_1': (0.6, (0.709, 0.709, 0.709)),
    'ceiling_tiles_1': (2.4, (0.671, 0.649, 0.622)),
    'cinder_blocks_1': (1.6, (0.175, 0.171, 0.152)),
    'concrete_1': (1.2, (0.319, 0.314, 0.297)),
    'concrete_2': (1.5, (0.234, 0.234, 0.234)),
    'concrete_3': (2.5, (0.433, 0.433, 0.436)),
    'concrete_4': (1.5, (0.235, 0.235, 0.235)),
    'concrete_tiles_1': (1.8, (0.356, 0.356, 0.358)),
    'drywall_1': (0.8, (0.666, 0.674, 0.680)),
    'floor_tiles_bw_1': (1.2, (0.373, 0.364, 0.343)),
    'floor_tiles_white': (1.3, (0.780, 0.778, 0.776)),
    'grass_1': (1.8, (0.136, 0.239, 0.032)),
    'grass_2': (1.8, (0.061, 0.113, 0.020)),
    'marble_1': (1.0, (0.519, 0.511, 0.488)),
    'marble_2': (1.5, (0.484, 0.484, 0.484)),
    'rock_1': (1.5, (0.188, 0.195, 0.189)),
    'stucco_1': (0.8, (0.546, 0.546, 0.533)),
    'wood_1': (0.6, (0.327, 0.165, 0.056)),
    'wood_2': (0.6, (0.517, 0.342, 0.134)),
    'wood_planks_1': (1.2, (0.167, 0.097, 0.058)),
}


def packages():
    """Return which packages of photographs there are, as NAME==VERSION."""
    contents = FOLDER / CONTENTS
    return contents.read_text().split() if contents.exists() else []


def texture(name):
    """Return the path of the photograph of a surface, such as 'brick_wall_1', or None."""
    return _existing(FOLDER / 'textures' / f'{name}.png')


def portraits():
    """Return the paths of photographs of paintings."""
    return sorted((FOLDER / 'textures/portraits').glob('*.png'))


def hdri(name):
    """Return the path of a panorama of a place, such as 'park', or None."""
    return _existing(FOLDER / 'hdri' / f'{name}.exr')


def mesh(name):
    """Return the path of a mesh, such as 'miniworld/cone.obj', or None."""
    return _existing(FOLDER / 'meshes' / name)


def _existing(path):
    return path if path.exists() else None
