"""Shapes: polygon meshes as arrays, put together from boxes, tubes, lofts and leaves."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Shape:
    """
    A polygon mesh of quads and triangles.

    Attributes
    ----------
    vertices : float (N, 3), metres
    faces : int (M, 4), counter-clockwise seen from outside; a triangle's last index is -1
    surface : str (M,), the names of materials
    tint : float (M, 3), linear RGB that the material multiplies or uses as its colour
    smooth : bool (M,)

    """

    vertices: np.ndarray
    faces: np.ndarray
    surface: np.ndarray
    tint: np.ndarray
    smooth: np.ndarray

    def moved(self, x=0.0, y=0.0, z=0.0):
        """Return a copy moved by x, y, z (metres)."""
        return self._with(self.vertices + (x, y, z))

    def scaled(self, x, y=None, z=None):
        """Return a copy scaled about the origin (all three axes by x if only x is given)."""
        factors = (x, x, x) if y is None else (x, y, z)
        return self._with(self.vertices * factors)

    def turned(self, angle, axis=2):
        """Return a copy turned about an axis through the origin (angle in radians)."""
        i, j = [(1, 2), (2, 0), (0, 1)][axis]
        cos, sin = np.cos(angle), np.sin(angle)
        vertices = self.vertices.copy()
        vertices[:, i] = cos * self.vertices[:, i] - sin * self.vertices[:, j]
        vertices[:, j] = sin * self.vertices[:, i] + cos * self.vertices[:, j]
        return self._with(vertices)

    def _with(self, vertices):
        return Shape(vertices, self.faces, self.surface, self.tint, self.smooth)


def shape(vertices, faces, surface, tint=(1, 1, 1), smooth=False):
    """Make a Shape of one surface; tint may be one colour or one for each face."""
    faces = np.asarray(faces, int)
    if faces.shape[1] == 3:
        faces = np.c_[faces, np.full(len(faces), -1)]
    count = len(faces)
    return Shape(np.asarray(vertices, float).reshape(-1, 3), faces, np.full(count, surface),
                 np.broadcast_to(np.asarray(tint, float), (count, 3)), np.full(count, smooth))


def join(shapes):
    """Join shapes (nested lists of them too) into one."""
    flat = list(_flatten(shapes))
    starts = np.cumsum([0] + [len(s.vertices) for s in flat[:-1]])
    faces = [np.where(s.faces < 0, -1, s.faces + start) for s, start in zip(flat, starts)]
    return Shape(np.concatenate([s.vertices for s in flat]), np.concatenate(faces),
                 np.concatenate([s.surface for s in flat]),
                 np.concatenate([s.tint for s in flat]),
                 np.concatenate([s.smooth for s in flat]))


def _flatten(shapes):
    for item in shapes:
        if isinstance(item, Shape):
            yield item
        else:
            yield from _flatten(item)


BOX_FACES = ((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5))


def box(low, high, surface, tint=(1, 1, 1)):
    """Make an axis-aligned box between two corners."""
    corners = np.array([low, high], float)
    vertices = [(corners[i & 1, 0], corners[i >> 1 & 1, 1], corners[i >> 2, 2])
                for i in range(8)]
    return shape(vertices, BOX_FACES, surface, tint)


def quad(corners, surface, tint=(1, 1, 1)):
    """Make one quad from four corners, counter-clockwise seen from the front."""
    return shape(corners, [(0, 1, 2, 3)], surface, tint)


def grid(points, surface, tint=(1, 1, 1), smooth=True, closed=False):
    """
    Make a surface through a grid of points.

    Parameters
    ----------
    points : float (U, V, 3)
        Metres.
    surface, tint, smooth
        As in Shape.
    closed : bool
        Whether the last column joins the first one (a tube).

    """
    points = np.asarray(points, float)
    rows, columns = points.shape[:2]
    index = np.arange(rows * columns).reshape(rows, columns)
    ahead = np.roll(index, -1, axis=1)
    if not closed:
        index, ahead = index[:, :-1], ahead[:, :-1]
    faces = np.stack([index[:-1], ahead[:-1], ahead[1:], index[1:]], axis=-1).reshape(-1, 4)
    return shape(points, faces, surface, tint, smooth)


def tube(path, radii, surface, tint=(1, 1, 1), sides=8, flatten=1.0, smooth=True):
    """
    Make a tube along a path, its ends closed.

    Parameters
    ----------
    path : float (N, 3)
        Metres.
    radii : float or (N,)
        Metres.
    surface, tint, smooth
        As in Shape.
    sides : int
        How many faces go round it.
    flatten : float
        How much narrower it is along its second cross axis (a torso is flat).

    """
    path = np.asarray(path, float)
    radii = np.broadcast_to(np.asarray(radii, float), len(path))
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    aside = np.array([0.0, 1, 0]) if abs(along[0, 1]) < 0.8 else np.array([1.0, 0, 0])
    first = np.cross(np.cross(along, aside), along)
    first /= np.linalg.norm(first, axis=1, keepdims=True) + 1e-9
    second = np.cross(along, first)
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = (np.cos(angle)[:, None] * first[:, None]
            + np.sin(angle)[:, None] * second[:, None] * flatten)
    rings = path[:, None] + radii[:, None, None] * ring
    ends = [np.repeat(p[None, None], sides, axis=1) for p in (path[0], path[-1])]
    return grid(np.concatenate([ends[0], rings, ends[1]]), surface, tint, smooth, closed=True)


def capsule(start, end, radius, surface, tint=(1, 1, 1), end_radius=None, sides=8):
    """Make a limb: a tube from start to end with round ends."""
    start, end = np.asarray(start, float), np.asarray(end, float)
    end_radius = radius if end_radius is None else end_radius
    axis = (end - start) / (np.linalg.norm(end - start) + 1e-9)
    path, radii = [], []
    for angle in np.linspace(-1.4, 0, 3):
        path.append(start + axis * radius * np.sin(angle))
        radii.append(radius * np.cos(angle))
    for angle in np.linspace(0, 1.4, 3):
        path.append(end + axis * end_radius * np.sin(angle))
        radii.append(end_radius * np.cos(angle))
    return tube(path, radii, surface, tint, sides)


def ellipsoid(centre, radii, surface, tint=(1, 1, 1), sides=10, low=-1.0):
    """Make an ellipsoid, cut off below the height `low` (in units of its vertical radius)."""
    angle = np.linspace(np.arcsin(low), np.pi / 2, max(4, sides * 2 // 3))
    profile = np.c_[np.cos(angle), np.sin(angle)]
    body = lathe(profile, surface, tint, sides)
    return body.scaled(*radii).moved(*centre)


def lathe(profile, surface, tint=(1, 1, 1), sides=16, smooth=True):
    """Turn a profile of (radius, height) pairs, lowest first, about the vertical axis."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    radius, height = np.asarray(profile, float).T
    points = np.stack([radius[:, None] * np.cos(angle), radius[:, None] * np.sin(angle),
                       np.broadcast_to(height[:, None], (len(height), sides))], axis=-1)
    return grid(points, surface, tint, smooth, closed=True)


def leaves(centres, length, surface, tint, rng, droop=0.0):
    """
    Make leaves: small folded rhombs, turned at random.

    Parameters
    ----------
    centres : float (N, 3)
        Metres.
    length : float
        Of a middling leaf, metres.
    surface
        As in Shape.
    tint : float (N, 3)
        One for each leaf.
    rng : numpy.random.Generator
        For how they lie.
    droop : float
        0 leaves them turned every way, 1 makes them all hang.

    """
    count = len(centres)
    along = rng.normal(size=(count, 3)) * (1 - droop) - np.array([0, 0, droop])
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    across = np.cross(along, rng.normal(size=(count, 3)))
    across /= np.linalg.norm(across, axis=1, keepdims=True) + 1e-9
    size = length * rng.uniform(0.6, 1.3, (count, 1))
    vertices = np.stack([centres - along * size / 2, centres + across * size * 0.3,
                         centres + along * size / 2, centres - across * size * 0.3], axis=1)
    faces = np.arange(4 * count).reshape(count, 4)
    return shape(vertices, faces, surface, tint)
