"""The stage: a Blender scene that objects are put on, and a map of what stands where."""

from dataclasses import dataclass, field

import bpy
from mathutils import Matrix, Vector
import numpy as np

from .materials import Materials


@dataclass
class Footprint:
    """A rectangle on the ground that an object covers (metres, heading in radians)."""

    x: float
    y: float
    half_length: float
    half_width: float
    heading: float = 0.0

    def distance(self, x, y):
        """Return the distance from a point to this rectangle, 0 inside."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        dx, dy = x - self.x, y - self.y
        along = abs(cos * dx + sin * dy) - self.half_length
        across = abs(cos * dy - sin * dx) - self.half_width
        return float(np.hypot(max(along, 0), max(across, 0)))


@dataclass
class TableTop:
    """The top of a table: a rectangle at a height (metres, heading in radians)."""

    x: float
    y: float
    height: float
    half_length: float
    half_width: float
    heading: float

    def point(self, along, across):
        """Return a place on it, float (3,); -1 to 1 reach from edge to edge."""
        cos, sin = np.cos(self.heading), np.sin(self.heading)
        along, across = along * self.half_length, across * self.half_width
        return np.array([self.x + cos * along - sin * across, self.y + sin * along + cos * across,
                         self.height])


@dataclass
class Stage:
    """An empty scene, its materials and the footprints of what was put on it."""

    seed: int
    footprints: list = field(default_factory=list)

    def __post_init__(self):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        self.scene = bpy.context.scene
        self.materials = Materials(self.seed)

    def mesh(self, shape, name='shape'):
        """Make a Blender mesh of a shape; put it any number of times."""
        mesh = bpy.data.meshes.new(name)
        corners = shape.faces[shape.faces >= 0]
        totals = (shape.faces >= 0).sum(axis=1)
        mesh.vertices.add(len(shape.vertices))
        mesh.vertices.foreach_set('co', shape.vertices.astype(np.float32).ravel())
        mesh.loops.add(len(corners))
        mesh.loops.foreach_set('vertex_index', corners.astype(np.int32))
        mesh.polygons.add(len(totals))
        starts = np.concatenate([[0], np.cumsum(totals)[:-1]]).astype(np.int32)
        mesh.polygons.foreach_set('loop_start', starts)
        mesh.polygons.foreach_set('use_smooth', shape.smooth)
        surfaces, slots = np.unique(shape.surface, return_inverse=True)
        for surface in surfaces:
            mesh.materials.append(self.materials[str(surface)])
        mesh.polygons.foreach_set('material_index', slots.astype(np.int32))
        tint = mesh.attributes.new('tint', 'FLOAT_COLOR', 'FACE')
        tint.data.foreach_set('color', np.c_[shape.tint, np.ones(len(totals))].ravel())
        mesh.update(calc_edges=True)
        return mesh

    def put(self, mesh, x=0.0, y=0.0, z=0.0, heading=0.0, scale=1.0, tint=(1, 1, 1)):
        """Put a mesh on the stage, its origin at x, y, z (metres)."""
        thing = bpy.data.objects.new(mesh.name, mesh)
        factors = scale if np.ndim(scale) else (scale, scale, scale)
        thing.matrix_world = (Matrix.Translation((x, y, z)) @ Matrix.Rotation(heading, 4, 'Z')
                              @ Matrix.Diagonal((*factors, 1)))
        thing.color = (*tint, 1)
        self.scene.collection.objects.link(thing)
        return thing

    def cover(self, x, y, half_length, half_width=None, heading=0.0):
        """Note that something covers the ground here."""
        half_width = half_length if half_width is None else half_width
        self.footprints.append(Footprint(x, y, half_length, half_width, heading))

    def clearance(self, x, y):
        """Return the distance in metres from a point to the nearest covered ground."""
        return min((f.distance(x, y) for f in self.footprints), default=np.inf)

    def free_distance(self, origin, target):
        """Return how far one sees from a point towards another one, at most to there, metres."""
        origin, way = Vector(origin), Vector(target) - Vector(origin)
        hit, place, *_ = self.scene.ray_cast(
            bpy.context.evaluated_depsgraph_get(), origin, way.normalized(), distance=way.length)
        return (place - origin).length if hit else way.length

    def scatter(self, draw, radius, tries=20):
        """
        Find a free place and cover it.

        Parameters
        ----------
        draw : callable
            Draws a place: () -> (x, y), metres.
        radius : float
            How much room it needs, metres.
        tries : int
            After how many places without room it gives up.

        Returns
        -------
        (x, y), or None if there is no room.

        """
        for _ in range(tries):
            x, y = draw()
            if self.clearance(x, y) > radius:
                self.cover(x, y, radius * 0.8)
                return float(x), float(y)
        return None
