"""What a dataset is made of: its worlds, their seeds and kinds, and the views of each."""

from dataclasses import dataclass

import numpy as np

from .camera import Camera

SPLITS = ('train', 'val', 'test')
# Modules of this folder: each has build(stage, rng) -> Route.
KINDS = ('desk', 'full_room', 'home', 'interior', 'park', 'road', 'street')

# Where each split's world seeds begin within a dataset seed's million: no two splits, and no two
# dataset seeds, ever share a world.
FIRST_WORLD = {'train': 0, 'val': 800_000, 'test': 900_000, 'trial': 980_000, 'drive': 990_000}


@dataclass(frozen=True)
class World:
    """A world to build, which views of it to render, and the Camera that sees them."""

    split: str
    kind: str
    seed: int
    views: tuple
    camera: Camera

    def name(self, view):
        """Return the name of a pair."""
        return f'{self.kind}_{self.seed:06d}_{view:0{2 if self.split != "drive" else 4}d}'


def plan(arguments):
    """Return the Worlds to render: they follow from the arguments alone."""
    first = arguments.seed * 1_000_000
    if arguments.drive:
        frames = tuple(range(int(round(arguments.drive * arguments.rate))))
        seed = first + FIRST_WORLD['drive']
        kind = kind_of(arguments, 'drive', seed)
        # Every worker builds the same world and takes its share of the frames.
        return [World('drive', kind, seed, tuple(int(f) for f in share),
                      camera_of(arguments, seed))
                for share in np.array_split(frames, arguments.workers) if len(share)]
    worlds = []
    for split in SPLITS:
        count, views = getattr(arguments, split), arguments.views_per_world
        for index in range(-(-count // views)):
            seed = first + FIRST_WORLD[split] + index
            chosen = tuple(range(min(views, count - index * views)))
            worlds.append(World(split, kind_of(arguments, split, seed), seed, chosen,
                                camera_of(arguments, seed)))
    return worlds


def trial_worlds(seed, count, kinds):
    """Return kind and seed of each world of a trial, the kinds taken in turn."""
    first = seed * 1_000_000 + FIRST_WORLD['trial']
    return [(kinds[index % len(kinds)], first + index) for index in range(count)]


def kind_of(arguments, split, seed):
    """Return the kind of a split's world."""
    if split == 'drive':
        return arguments.kinds[0]
    index = seed - arguments.seed * 1_000_000 - FIRST_WORLD[split]
    # Each split begins with another kind, so that a small dataset shows more of them.
    return arguments.kinds[(SPLITS.index(split) + index) % len(arguments.kinds)]


def camera_of(arguments, seed):
    """Return a world's camera: its field of view is drawn from the range that was asked for."""
    low, high = arguments.fov
    fov = low if low == high else float(np.random.default_rng([seed, 3]).uniform(low, high))
    return Camera(arguments.width, arguments.height, round(fov, 2))
