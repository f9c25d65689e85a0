"""The pairs of a dataset on disk, and the tables that tell of them."""

import json
import os

from depth_estimation_ros.estimation.atomic_file import replacing
import numpy as np
from PIL import Image

from .plan import SPLITS

MAX_DEPTH = 20.0  # metres, as in the paper's dataset


def pair_paths(out, world, view):
    """Return the paths of a pair's picture and depth."""
    split = 'test' if world.split == 'drive' else world.split
    name = world.name(view)
    return out / 'rgb' / split / f'{name}.jpeg', out / 'depth' / split / f'{name}.npy'


def write_pair(settings, world, view, picture, depth, quality, viewpoint, rejected):
    """
    Write a pair so that it is there whole or not at all: the picture comes last.

    The picture's JPEG comment tells where it was taken, which pairs.csv is made from.
    """
    rgb_path, depth_path = pair_paths(settings.out, world, view)
    depth_map = np.clip(depth, 0, MAX_DEPTH).astype(np.float32)
    if settings.coarse:
        depth_map = (np.round(depth_map * 64) / 64).astype(np.float16)
    comment = json.dumps({'split': rgb_path.parent.name, 'name': rgb_path.stem,
                          'kind': world.kind, 'world_seed': world.seed,
                          **viewpoint.described(),
                          **(world.camera.described() if settings.own_cameras else {}),
                          'sky_share': round(float(np.isinf(depth).mean()), 4),
                          'rejected': rejected})
    with replacing(depth_path) as partial, open(partial, 'wb') as file:
        np.save(file, depth_map)
    with replacing(rgb_path) as partial:
        Image.fromarray(picture).save(partial, 'jpeg', quality=quality, comment=comment)


def count_pictures(out):
    """Return how many pairs stand."""
    return sum(name.endswith('.jpeg')
               for split in SPLITS for name in os.listdir(out / 'rgb' / split))


def load_depth(out, split, name):
    """Load a pair's depth: float32 (H, W), metres."""
    return np.load(out / 'depth' / split / f'{name}.npy').astype(np.float32)
