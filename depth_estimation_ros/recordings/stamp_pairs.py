"""Which messages of two topics belong together, by their stamps."""

from bisect import bisect_left
from typing import Callable, Dict, List, Sequence


def pair_by_stamp(images: Sequence[int], depths: Sequence[int], tolerance: int) -> Dict[int, int]:
    """
    Return which depth goes with which image: those that are each other's nearest in time.

    Parameters
    ----------
    images, depths : sequence of int
        Stamps in nanoseconds, in any order.
    tolerance : int
        Nanoseconds by which a pair may differ.

    Returns
    -------
    dict
        The number of the depth, by that of its image.

    """
    if not images or not depths:
        return {}
    nearest_depth, nearest_image = _nearest(depths), _nearest(images)
    pairs = {}
    for number, stamp in enumerate(images):
        depth = nearest_depth(stamp)
        if nearest_image(depths[depth]) == number and abs(depths[depth] - stamp) <= tolerance:
            pairs[number] = depth
    return pairs


def _nearest(stamps: Sequence[int]) -> Callable[[int], int]:
    """Return what finds the number of the stamp that is nearest to another."""
    order: List[int] = sorted(range(len(stamps)), key=stamps.__getitem__)
    ordered = [stamps[number] for number in order]

    def find(stamp: int) -> int:
        after = bisect_left(ordered, stamp)
        around = [each for each in (after - 1, after) if 0 <= each < len(ordered)]
        return order[min(around, key=lambda each: abs(ordered[each] - stamp))]
    return find
