"""Groups of pairs that a model is scored on: one dataset, or many of one place or camera each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

from learning.dataset import DepthDataset
from learning.dataset_error import DatasetError
from learning.pairs import find_datasets, Pair
from learning.pairs_table import read_records, Record


@dataclass(frozen=True)
class Group:
    """
    A split of one dataset, and what its pairs.csv tells.

    Attributes
    ----------
    name : str
        Its folder's.
    dataset : DepthDataset
    records : dict
        The row of each pair, by the pair's name.

    """

    name: str
    dataset: DepthDataset
    records: Dict[str, Record]

    @property
    def root(self) -> Path:
        """Return the folder of the dataset."""
        return self.dataset.roots[0]

    def record(self, pair: Pair) -> Record:
        """Return what is known of a pair; nothing where pairs.csv doesn't tell it."""
        return self.records.get(pair.name, Record())


def find_groups(folders: Sequence[Path], split: str) -> List[Group]:
    """
    Read the split of each dataset that is named, or that lies in a folder that is named.

    A folder of datasets, or a pattern, may name some without this split: they are left out.

    Raises
    ------
    DatasetError
        Where a split is empty, or any of its files cannot be used.

    """
    roots: List[Path] = []
    for folder in folders:
        found = find_datasets(folder, split)
        if not found:
            raise DatasetError(folder, [f'none of its datasets has a split {split!r}'])
        roots += found
    names = _names(roots)
    return [Group(name, DepthDataset(root, split).in_metres(), read_records(root, split))
            for name, root in zip(names, roots)]


def all_pairs(groups: Sequence[Group]) -> Iterator[Tuple[Group, Pair]]:
    """Go through the pairs of all groups."""
    return ((group, pair) for group in groups for pair in group.dataset.pairs)


def _names(roots: Sequence[Path]) -> List[str]:
    """Return the folders' names; whole paths where two have the same name."""
    names = [root.resolve().name for root in roots]
    return names if len(set(names)) == len(names) else [str(root) for root in roots]
