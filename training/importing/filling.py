"""
Depth of a sensor that tells a narrow part of each picture, with the rest as a model sees it.

A 2D scanner tells the depth of one line. Learnt from alone, that spoils the depth of all that is
above and below it. So there, a model that is fine-tuned learns its own depth, times the factor
between the line and its depth on the line: its scale changes, and its shape stays. (Its own
answers hold what it knows: Li and Hoiem 2016, "Learning without forgetting".)
"""

import csv
import json
from pathlib import Path
import shutil

import cv2
from depth_estimation_ros.estimation.atomic_file import replacing
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.validity import HORIZON
from learning.dataset import DepthDataset
from learning.pairs import MILLIMETRES
import numpy as np

CELLS = 8  # along each side of a picture, in which a sensor has points or has none
# With points in fewer of the cells, a sensor tells of a narrow part: a line crosses 8 to 16 of 64,
# and 16 rings, 2 degrees apart, more than half.
NARROW = 0.35
LEAST_POINTS = 10  # of a picture, to tell its factor
FARTHEST = 65.535  # metres, in a PNG of millimetres


def coverage(root: Path) -> float:
    """Return in which share of the cells of a dataset's training pictures depth is known."""
    shares = []
    for pair in DepthDataset(root, 'train').in_metres().pairs:
        known = ~np.isnan(pair.read_depth(FARTHEST))
        rows, columns = (np.linspace(0, size, CELLS, endpoint=False, dtype=int)
                         for size in known.shape)
        cells = np.logical_or.reduceat(np.logical_or.reduceat(known, rows, 0), columns, 1)
        shares.append(cells.mean())
    return float(np.mean(shares))


def write_filled(root: Path, target: Path, model: str) -> int:
    """
    Write the training pictures of a dataset, filled, as another dataset.

    Parameters
    ----------
    root : Path
        With camera.json and, perhaps, pairs.csv.
    target : Path
    model : str
        That sees the rest.

    Returns
    -------
    int
        How many pictures there are; those with too few points are left out.

    """
    estimator = DepthEstimator(model, 'cpu')
    names = set()
    for pair in DepthDataset(root, 'train').in_metres().pairs:
        told = pair.read_depth(FARTHEST)
        seen = estimator.estimate(pair.read_rgb(), pair.camera, want_confidence=False,
                                  want_floor=False).depth
        seen = cv2.resize(seen, told.shape[::-1])
        # Beyond, it may as well be the sky, which has no scale.
        seen[seen > HORIZON * estimator.metadata.max_depth] = np.nan
        ratio = told / seen
        ratio = ratio[np.isfinite(ratio)]
        if len(ratio) < LEAST_POINTS:
            continue
        filled = np.where(np.isnan(told), seen * np.median(ratio), told)
        picture = target / 'rgb' / 'train' / pair.rgb.name
        depth = target / 'depth' / 'train' / f'{pair.name}.png'
        for path in (picture, depth):
            path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(pair.rgb, picture)
        millimetres = np.rint(MILLIMETRES * np.nan_to_num(filled).clip(0.0, FARTHEST))
        with replacing(depth) as partial:
            partial.write_bytes(cv2.imencode('.png', millimetres.astype(np.uint16))[1].tobytes())
        names.add(pair.name)
    camera = json.loads((root / 'camera.json').read_text())
    (target / 'camera.json').write_text(json.dumps({**camera, 'depth_scale': MILLIMETRES}) + '\n')
    table = root / 'pairs.csv'
    if table.is_file():
        with open(table, newline='', encoding='utf-8') as source, open(
                target / 'pairs.csv', 'w', newline='', encoding='utf-8') as copy:
            rows = csv.DictReader(source)
            writer = csv.DictWriter(copy, rows.fieldnames or ())
            writer.writeheader()
            writer.writerows(row for row in rows
                             if row['split'] == 'train' and row['name'] in names)
    return len(names)
