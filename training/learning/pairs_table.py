"""What pairs.csv tells of each pair: the kind of world, and where the camera was."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Optional

from learning.dataset import DatasetError


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

    """

    kind: Optional[str] = None
    height: Optional[float] = None
    pitch: Optional[float] = None
    roll: Optional[float] = None


def read_records(root: Path, split: str) -> Dict[str, Record]:
    """
    Read the rows of a split, by the pair's name; none where there is no pairs.csv.

    Raises
    ------
    DatasetError
        Where a row has no split or name, or a height, pitch or roll that is no number.

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
        pose = {name: float(row[name]) if row.get(name) else None
                for name in ('height', 'pitch', 'roll')}
    except ValueError as error:
        raise DatasetError(path.parent, [
            f'{path}, line {line}: height (metres), pitch and roll (radians) must be numbers '
            f'({error})']) from error
    return Record(kind=row.get('kind') or None, **pose)
