"""A world's true obstacles seen from above: where anything stands at the height of a robot."""

import numpy as np

CELL = 0.05  # metres
# Between two heights at which things are cut: what is thinner and lies flat shows by its edges.
LEVEL = 0.02
# Between two points of a cut: no cell on its way is left out but at a corner.
SPACING = 0.02
# Single leaves stop no robot. They stand where, in a cell and those around it, they fill so much
# of the height.
DENSE = 0.2  # metres


def cut(triangles, z):
    """
    Cut triangles with a level plane.

    Parameters
    ----------
    triangles : float (N, 3, 3), metres
    z : float, metres

    Returns
    -------
    float (M, 2, 2)
        The ends of each cut, x and y.

    """
    above = triangles[:, :, 2] >= z
    count = above.sum(axis=1)
    crossing = (count == 1) | (count == 2)
    triangles, above, count = triangles[crossing], above[crossing], count[crossing]
    # The corner that is alone on its side: both sides that meet in it cross the plane.
    alone = np.argmax(above == (count == 1)[:, None], axis=1)
    row = np.arange(len(triangles))
    tip = triangles[row, alone]
    ends = []
    for step in (1, 2):
        other = triangles[row, (alone + step) % 3]
        share = (z - tip[:, 2]) / (other[:, 2] - tip[:, 2])
        ends.append(tip[:, :2] + share[:, None] * (other[:, :2] - tip[:, :2]))
    return np.stack(ends, axis=1)


def points_along(segments):
    """Return points on segments (M, 2, D), at most SPACING apart: float (K, D)."""
    begin, way = segments[:, 0], segments[:, 1] - segments[:, 0]
    count = np.ceil(np.linalg.norm(way, axis=1) / SPACING).astype(int) + 1
    which = np.repeat(np.arange(len(segments)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    share = number / np.maximum(count - 1, 1)[which]
    return begin[which] + share[:, None] * way[which]


def stands_where(triangles, are_leaves, ground, centre, half, low, high):
    """
    Return where something stands between two heights above the ground.

    Parameters
    ----------
    triangles : float (N, 3, 3), metres
        The surfaces of a world.
    are_leaves : bool (N,)
        Which of them are leaves, which stand only where they are dense.
    ground : callable
        (x, y) -> height of the ground, metres.
    centre : (x, y), metres
    half : float, metres
        From the centre to each side of the plan.
    low, high : float, metres
        Above the ground.

    Returns
    -------
    bool (C, C)
        Row and column are the numbers of CELLs along x and y, from centre - half on.

    """
    corner = np.asarray(centre, float) - half
    cells = int(round(2 * half / CELL))
    levels = [ground(x, y) for x in corner[0] + np.arange(0, 2 * half, 0.25)
              for y in corner[1] + np.arange(0, 2 * half, 0.25)]
    bottom, top = min(levels) + low, max(levels) + high
    nearest, farthest = triangles.min(axis=1), triangles.max(axis=1)
    near = ((nearest[:, :2] < corner + 2 * half).all(axis=1)
            & (farthest[:, :2] > corner).all(axis=1)
            & (nearest[:, 2] < top) & (farthest[:, 2] > bottom))
    solid, leaves = triangles[near & ~are_leaves], triangles[near & are_leaves]

    def cells_of(points):
        """Return the plan's cells of points (K, 3) that are between the two heights."""
        place = np.floor((points[:, :2] - corner) / CELL).astype(int)
        inside = ((place >= 0) & (place < cells)).all(axis=1)
        place, z = place[inside], points[inside, 2]
        found, number = np.unique(place @ [cells, 1], return_inverse=True)
        floor = np.array([ground(*(corner + (np.array(divmod(cell, cells)) + 0.5) * CELL))
                          for cell in found])
        above = z - floor[number] if len(z) else z
        plan = np.zeros(cells * cells, bool)
        plan[found[number[(above > low) & (above < high)]]] = True
        return plan.reshape(cells, cells)

    # The edges alone show a board that lies between two levels.
    points = [points_along(solid[:, [i, (i + 1) % 3]]) for i in range(3)]
    filled = np.zeros((cells, cells), int)
    for z in np.arange(bottom, top + LEVEL, LEVEL):
        flat, sparse = (points_along(cut(each, z)) for each in (solid, leaves))
        points.append(np.c_[flat, np.full(len(flat), z)])
        if len(sparse):
            filled += spread(cells_of(np.c_[sparse, np.full(len(sparse), z)]))
    return cells_of(np.concatenate(points)) | (filled * LEVEL >= DENSE)


def spread(plan):
    """Return a plan, bool (C, C), in which each cell has what it and the eight around it have."""
    padded = np.pad(plan, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    return rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
