"""What a bag is on disk; says so without rosbags, which only who reads one needs."""

from pathlib import Path
from typing import List

# rosbag2's, and ROS 1's.
BAG_SUFFIXES = ('.mcap', '.db3', '.bag')


def bag_files(path: Path) -> List[Path]:
    """
    Return what a reader has to open for a bag.

    Returns
    -------
    list of Path
        The path itself where it is a file or a folder with metadata.yaml; of a folder without
        one, the storage files in it; empty where there are none.

    """
    if not path.is_dir() or (path / 'metadata.yaml').is_file():
        return [path]
    return sorted(each for each in path.iterdir() if each.suffix in BAG_SUFFIXES)
