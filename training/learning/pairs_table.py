"""What pairs.csv tells of each pair: the kind of world, the camera, and where it was."""

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, Optional

from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.estimation.pose import CameraPose, PoseError
from learning.dataset_error import DatasetError

NUMBERS = ('height', 'pitch', 'roll', 'table_height', 'fx', 'fy', 'cx', 'cy')


@dataclass(frozen=True)
class Record:
    """
    One row of pairs.csv; None for what it leaves out.

    Attributes
    ----------
    kind : str, optional
        Of world: 'street', 'park', ...
    height : float, optional
        Of the camera above the ground, metres.
    pitch : float, optional
        Radians, positive looks up.
    roll : float, optional
        Radians, positive lifts the camera's right side.
    table_height : float, optional
        Of the table top that the camera looks at, above the ground, metres.
    fx, fy, cx, cy : float, optional
        Of the pair's own camera, pixels at the stored size; together or not at all.

    """

    kind: Optional[str] = None
    height: Optional[float] = None
    pitch: Optional[float] = None
    roll: Optional[float] = None
    table_height: Optional[float] = None
    fx: Optional[float] = None
    fy: Optional[float] = None
    cx: Optional[float] = None
    cy: Optional[float] = None

    @property
    def pose(self) -> Optional[CameraPose]:
        """Return how the camera stands above the floor; None where that isn't known."""
        if self.height is None or self.pitch is None or self.roll is None:
            return None
        return CameraPose(self.height, self.pitch, self.roll)

    @property
    def pose_above_plane(self) -> Optional[CameraPose]:
        """Return `pose` above the plane that is seen: the table's top where there is one."""
        pose = self.pose
        if pose is None or not self.table_height:
            return pose
        return CameraPose(pose.height - self.table_height, pose.pitch, pose.roll)

    def camera(self, default: Optional[Intrinsics]) -> Optional[Intrinsics]:
        """Return the pair's camera; `default`, which also tells its size, where it has none."""
        if default is None or self.fx is None or self.fy is None or (
                self.cx is None or self.cy is None):
            return default
        return replace(default, fx=self.fx, fy=self.fy, cx=self.cx, cy=self.cy)


def read_records(root: Path, split: str) -> Dict[str, Record]:
    """
    Read the rows of a split, by the pair's name; none where there is no pairs.csv.

    Raises
    ------
    DatasetError
        Where a row has no split or name, a number that is none, half a camera, or a pose that no
        camera has.

    """
    path = Path(root) / 'pairs.csv'
    if not path.is_file():
        return {}
    with open(path, newline='', encoding='utf-8') as file:
        table = csv.DictReader(file)
        if not {'split', 'name'} <= set(table.fieldnames or ()):
            raise DatasetError(root, [f'{path} must have the columns split and name'])
        return {row['name']: _record(row, path, table.line_num)
                for row in table if row['split'] == split}


def _record(row: Dict[str, str], path: Path, line: int) -> Record:
    try:
        numbers = {name: float(row[name]) if row.get(name) else None for name in NUMBERS}
    except ValueError as error:
        raise DatasetError(path.parent, [
            f'{path}, line {line}: height (metres), pitch and roll (radians) must be numbers, '
            f'and so must table_height (metres), fx, fy, cx and cy (pixels) ({error})'
        ]) from error
    camera = [numbers[name] for name in ('fx', 'fy', 'cx', 'cy')]
    if any(value is None for value in camera) and any(value is not None for value in camera):
        raise DatasetError(path.parent, [
            f'{path}, line {line}: fx, fy, cx and cy belong together, and some are missing'])
    record = Record(kind=row.get('kind') or None, **numbers)
    try:
        record.pose_above_plane
    except PoseError as error:
        raise DatasetError(path.parent, [f'{path}, line {line}: {error}']) from error
    return record
