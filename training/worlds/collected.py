"""
Meshes that others made, scaled to their real size; plain stand-ins where they aren't there.

Their textures become the colours of their faces, so that they join with our own shapes.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image

from . import photographs
from .houses import ACCENTS
from .shape import box, lathe, shape

MODELS = 1000  # objects of random shape that pybullet brings, in folders from 000 to 999
FINE = 8000  # faces up to which a textured mesh is divided, so that its picture shows


@dataclass(frozen=True)
class Thing:
    """
    What we know of a mesh: where it is, and how big such a thing really is.

    Attributes
    ----------
    file : str
        As photographs.mesh() takes it.
    size : (float, float, float)
        Its length along x, depth along y and height, metres; the height rules.
    upright : str
        The file's axis that points up.
    stand_in : str
        What takes its place where the file is absent.
    hue : (float, float, float)
        Linear RGB, where there is no texture.
    smooth : bool
        Whether it is round all over.

    """

    file: str
    size: tuple
    upright: str = 'y'
    stand_in: str = 'box'
    hue: tuple = (0.4, 0.4, 0.4)
    smooth: bool = False


THINGS = {
    'cone': Thing('miniworld/cone.obj', (0.44, 0.44, 0.7), stand_in='cone', hue=(0.6, 0.12, 0.02)),
    'barrier': Thing('miniworld/barrier.obj', (3.02, 0.6, 0.85)),
    'barrel': Thing('miniworld/barrel.obj', (0.61, 0.61, 0.88), stand_in='cylinder',
                    hue=(0.3, 0.12, 0.05)),
    'office chair': Thing('miniworld/office_chair.obj', (0.58, 0.55, 0.95)),
    'office desk': Thing('miniworld/office_desk.obj', (1.37, 0.67, 1.3)),
    'medkit': Thing('miniworld/medkit.obj', (0.28, 0.15, 0.25), hue=(0.6, 0.05, 0.04)),
    'duck': Thing('miniworld/duckie.obj', (0.1, 0.07, 0.09), hue=(0.7, 0.45, 0.02), smooth=True),
    'potion': Thing('miniworld/potion.obj', (0.1, 0.1, 0.2), stand_in='cylinder',
                    hue=(0.4, 0.05, 0.05)),
    'shelf': Thing('pybullet/kiva_shelf/meshes/pod_lowres.stl', (0.88, 0.88, 2.37),
                   hue=(0.5, 0.4, 0.12)),
    'mug': Thing('pybullet/objects/mug.obj', (0.08, 0.12, 0.1), 'z', 'cylinder', smooth=True),
    'teddy': Thing('pybullet/teddy2_VHACD_CHs.obj', (0.25, 0.2, 0.3), hue=(0.3, 0.18, 0.09)),
    'football': Thing('pybullet/soccerball.obj', (0.22, 0.22, 0.22), 'z', 'cylinder',
                      smooth=True),
    'bricks': Thing('pybullet/lego/lego.obj', (0.06, 0.06, 0.044), hue=(0.5, 0.04, 0.03)),
    'bunny': Thing('pybullet/bunny.obj', (0.13, 0.27, 0.2), hue=(0.4, 0.36, 0.3), smooth=True),
    'stone': Thing('pybullet/stone.obj', (0.5, 0.5, 0.17), 'z', hue=(0.3, 0.29, 0.27)),
}


def thing(name, scale=1.0, tint=(1, 1, 1)):
    """
    Make one of THINGS, its middle at the origin, its foot at z = 0.

    Returns
    -------
    (Shape, half its length along x, its depth along y), metres

    """
    known = THINGS[name]
    file = photographs.mesh(known.file)
    made = _loaded(file, known) if file else _stand_in(known)
    hue = np.clip(made.tint * tint, 0, 1)
    made = shape(made.vertices * scale, made.faces, 'paint', hue, known.smooth)
    return made, known.size[0] * scale / 2, known.size[1] * scale


def model(rng, size, surface=None):
    """
    Make an object of a random shape and colour.

    Parameters
    ----------
    rng : numpy.random.Generator
        For which one, and how it looks.
    size : float
        The longest of its sides, metres.
    surface : str, optional
        What it is made of; drawn if left out.

    Returns
    -------
    Shape, lying on z = 0

    """
    number = rng.integers(MODELS)
    surface = surface or rng.choice(['paint', 'paint', 'car_paint', 'metal', 'wood', 'cloth'])
    hue = np.clip(ACCENTS[rng.integers(len(ACCENTS))] * rng.uniform(0.5, 1.5) * rng.uniform(
        0.6, 1.4, 3), 0.01, 0.8)
    lying, turn = rng.integers(3), rng.uniform(0, 2 * np.pi)
    file = photographs.mesh(f'pybullet/random_urdfs/{number:03}/{number:03}.obj')
    vertices, faces = _points(file) if file else (np.array(_stand_in(
        Thing('', (0.5, 0.7, 1.0))).vertices), _stand_in(Thing('', (1, 1, 1))).faces)
    vertices = np.roll(vertices, lying, axis=1)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    vertices = (vertices - ((low + high) / 2 * (1, 1, 0) + low * (0, 0, 1))) * size / (
        high - low).max()
    return shape(vertices, faces, surface, hue).turned(turn)


def _stand_in(known):
    """Make something plain of a thing's size."""
    x, y, z = known.size
    if known.stand_in == 'box':
        return box((-x / 2, -y / 2, 0), (x / 2, y / 2, z), 'paint', known.hue)
    rim = {'cylinder': 1.0, 'cone': 0.1}[known.stand_in]
    return lathe([(0.5, 0), (rim / 2, 1), (0, 1)], 'paint', known.hue, 16).scaled(x, y, z)


@lru_cache(maxsize=None)
def _loaded(file, known):
    """Read a mesh, set it upright and to its real height, colour its faces."""
    if file.suffix == '.stl':
        vertices, faces = _read_stl(file)
        hues = np.broadcast_to(known.hue, (len(faces), 3))
    else:
        vertices, faces, hues = _read_coloured(file, known)
    if known.upright == 'y':
        vertices = np.c_[vertices[:, 0], -vertices[:, 2], vertices[:, 1]]
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    foot = (low + high) / 2 * (1, 1, 0) + low * (0, 0, 1)
    vertices = (vertices - foot) * known.size[2] / (high - low)[2]
    return shape(vertices, faces, 'paint', hues)


def _read_stl(file):
    """Read a binary STL: vertices (N, 3) and triangles (M, 3)."""
    layout = np.dtype([('normal', '<f4', 3), ('corners', '<f4', (3, 3)), ('spare', '<u2')])
    corners = np.frombuffer(file.read_bytes(), layout, offset=84)['corners']
    vertices, faces = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    return vertices.astype(float), faces.reshape(-1, 3)


def _read_obj(file):
    """
    Read an OBJ, its polygons cut into triangles.

    Returns
    -------
    (vertices (N, 3), texture coordinates (T, 2), triangles (M, 3), theirs (M, 3), materials (M,))
        A triangle without texture coordinates has -1 there.

    """
    vertices, flat, faces, corners, materials, material = [], [], [], [], [], ''
    for line in file.read_text(errors='replace').splitlines():
        key, *words = line.split() or ['']
        if key == 'v':
            vertices.append([float(w) for w in words[:3]])
        elif key == 'vt':
            flat.append([float(w) for w in words[:2]])
        elif key == 'usemtl':
            material = ' '.join(words)
        elif key == 'f':
            marks = [(w + '//').split('/')[:2] for w in words]
            at = [int(v) - 1 if int(v) > 0 else len(vertices) + int(v) for v, _ in marks]
            on = [int(t) - 1 if t else -1 for _, t in marks]
            for k in range(1, len(at) - 1):
                faces.append((at[0], at[k], at[k + 1]))
                corners.append((on[0], on[k], on[k + 1]))
                materials.append(material)
    return (np.array(vertices), np.array(flat).reshape(-1, 2), np.array(faces),
            np.array(corners), np.array(materials))


@lru_cache(maxsize=200)
def _points(file):
    """Read the vertices and triangles of an OBJ."""
    vertices, _, faces, _, _ = _read_obj(file)
    return vertices, faces


def _read_coloured(file, known):
    """Read an OBJ with a colour for each face, out of its texture where it has one."""
    vertices, flat, faces, corners, materials = _read_obj(file)
    looks = _read_looks(file)
    if (corners >= 0).all() and any(picture for _, picture in looks.values()):
        if not known.smooth:
            vertices, flat, faces, corners, materials = _divided(vertices, flat, faces, corners,
                                                                 materials)
        places = flat[corners].mean(axis=1)
    else:
        places = np.zeros((len(faces), 2))
    hues = np.broadcast_to(np.array(known.hue), (len(faces), 3)).copy()
    for name, (hue, picture) in looks.items():
        own = materials == name
        if picture:
            hues[own] = _sampled(picture, places[own])
        elif hue is not None:
            hues[own] = hue
    return vertices, faces, hues


def _divided(vertices, flat, faces, corners, materials):
    """Cut triangles into four again and again while they are few."""
    points, places = vertices[faces], flat[corners]
    while 4 * len(points) <= FINE:
        points, places = (np.concatenate([np.stack(c, axis=1) for c in (
            (p[:, 0], (p[:, 0] + p[:, 1]) / 2, (p[:, 0] + p[:, 2]) / 2),
            ((p[:, 0] + p[:, 1]) / 2, p[:, 1], (p[:, 1] + p[:, 2]) / 2),
            ((p[:, 0] + p[:, 2]) / 2, (p[:, 1] + p[:, 2]) / 2, p[:, 2]),
            ((p[:, 0] + p[:, 1]) / 2, (p[:, 1] + p[:, 2]) / 2, (p[:, 0] + p[:, 2]) / 2))])
            for p in (points, places))
        materials = np.tile(materials, 4)
    index = np.arange(3 * len(points)).reshape(-1, 3)
    return points.reshape(-1, 3), places.reshape(-1, 2), index, index, materials


def _read_looks(file):
    """Return {material: (linear RGB or None, path of its picture or None)} of an OBJ."""
    looks, name = {}, None
    beside = [p for p in [file.with_suffix('.mtl')] if p.exists()]
    for line in (beside[0].read_text(errors='replace') if beside else '').splitlines():
        key, *words = line.split() or ['']
        if key == 'newmtl':
            name = ' '.join(words)
            looks[name] = (None, None)
        elif key == 'Kd' and name is not None:
            looks[name] = (np.array(words[:3], float) ** 2.2 * 0.8, looks[name][1])
        elif key == 'map_Kd' and name is not None:
            picture = file.parent / words[-1].replace('\\', '/').split('/')[-1]
            looks[name] = (looks[name][0], picture if picture.exists() else None)
    picture = file.with_suffix('.png')
    if picture.exists() and not any(p for _, p in looks.values()):
        # One picture goes with the mesh, whatever its materials are called.
        looks = {name: (None, picture) for name in sorted(set(_read_obj(file)[4].tolist()))}
    return looks


def _sampled(picture, places):
    """Return the colours (N, 3), linear RGB, of a picture at texture coordinates (N, 2)."""
    with Image.open(picture) as image:
        image = image.convert('RGB')
        image.thumbnail((256, 256))
        pixels = (np.asarray(image) / 255.0) ** 2.2
    rows, columns = pixels.shape[:2]
    column = (places[:, 0] % 1.0 * columns).astype(int) % columns
    row = ((1 - places[:, 1] % 1.0) * rows).astype(int) % rows
    return pixels[row, column]
