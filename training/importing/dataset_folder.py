"""Datasets in the layout that this project trains on: to be split anew, or made smaller."""

from functools import partial
from pathlib import Path
from typing import List, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from importing.frames import Frame, not_of_layout, Seen, SourceError, SourceOptions
from learning.dataset_error import DatasetError
from learning.pairs import find_pairs, Pair, SPLITS
from learning.pairs_table import read_records, Record
import numpy as np


def find_frames(source: Path, options: SourceOptions) -> List[Frame]:
    """
    Return the pairs of a dataset, in the order of their splits and names.

    Where only one split has pairs, it is a recording that nobody has split yet.
    """
    if not (source / 'rgb').is_dir() or not (source / 'depth').is_dir():
        raise not_of_layout(source, 'a dataset holds rgb/SPLIT and depth/SPLIT')
    camera = read_camera_json(source / 'camera.json')
    frames: List[Frame] = []
    splits = set()
    for split in SPLITS:
        pairs, problems = find_pairs(source, split)
        if problems:
            raise DatasetError(source, problems)
        records = read_records(source, split)
        splits |= {split} if pairs else set()
        for pair in pairs:
            record = records.get(pair.name, Record())
            frames.append(Frame(pair.name, source.name,
                                partial(_seen, pair, record, camera, options), split=split,
                                kind=record.kind))
    if not frames:
        raise SourceError(f'{source} has no pairs in any of rgb/{{train,val,test}}.')
    if len(splits) > 1:
        return frames
    return [Frame(frame.name, frame.place, frame.read, kind=frame.kind) for frame in frames]


def _seen(pair: Pair, record: Record, usual: Optional[Intrinsics], options: SourceOptions) -> Seen:
    rgb = pair.read_rgb()
    return Seen(rgb, pair.read_depth(np.inf), options.camera_of(rgb, record.camera(usual)),
                record.pose_above_plane)
