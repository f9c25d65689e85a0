"""Which part of a source is trained on, and which is kept for validation and for the test."""

import hashlib
from typing import Dict, List, Optional, Sequence

from importing.frames import Frame
from learning.pairs import SPLITS
import numpy as np

GAP = 2.0  # seconds
# Of the frames of a recording without stamps.
GAP_SHARE = 0.01


def assign(frames: Sequence[Frame], shares: Optional[Sequence[float]] = None,
           gap: float = GAP) -> List[Optional[str]]:
    """
    Return the split of each frame.

    Neighbouring frames of a recording look alike: with some of them in training and others in
    the test, the test would measure what was learnt by heart. So whole places go into a split
    where there are enough of them; else each recording is cut in two places, its last part is
    the test, and between two parts some frames are left out.

    Parameters
    ----------
    frames : sequence of Frame
        Those of a place in their order.
    shares : three floats, optional
        Of train, val and test; their sum is 1. Without them, a frame stays where its publisher
        has put it, and the others are divided as 0.8, 0.1 and 0.1.
    gap : float, seconds
        What is left out between two parts of a recording, at most half of the later one; of a
        recording without stamps it is GAP_SHARE of its frames.

    Returns
    -------
    list of str or None
        None: left out.

    """
    if shares is None and any(frame.split for frame in frames):
        return [frame.split or SPLITS[0] for frame in frames]
    shares = (0.8, 0.1, 0.1) if shares is None else shares
    places: Dict[str, List[int]] = {}
    for number, frame in enumerate(frames):
        places.setdefault(frame.place, []).append(number)
    splits: List[Optional[str]] = [None] * len(frames)
    whole = _whole_places(list(places), shares)
    for place, numbers in places.items():
        parts = [whole[place]] * len(numbers) if whole else _cut(
            [frames[number].seconds for number in numbers], shares, gap)
        for number, part in zip(numbers, parts):
            splits[number] = part
    return splits


def _whole_places(places: List[str], shares: Sequence[float]) -> Dict[str, str]:
    """Return the split of each place; none where they are too few to be divided."""
    if any(0.0 < share * len(places) < 0.99 for share in shares):
        return {}
    # Neither by the order of the names, which often tells the building, nor by chance: a source
    # that is imported again is divided alike.
    mixed = sorted(places, key=lambda place: hashlib.sha256(place.encode()).digest())
    bounds = np.round(np.cumsum(shares) * len(mixed))
    return {place: SPLITS[int(np.searchsorted(bounds, number, side='right'))]
            for number, place in enumerate(mixed)}


def _cut(seconds: Sequence[Optional[float]], shares: Sequence[float], gap: float
         ) -> List[Optional[str]]:
    """Return the parts of one recording: train, then val, then test."""
    if any(each is None for each in seconds):
        times, gap = np.arange(len(seconds), dtype=float), np.ceil(GAP_SHARE * len(seconds))
        end = float(len(seconds))
    else:
        times = np.array(seconds, float)
        times -= times.min()
        # The last frame belongs to the last part.
        end = np.nextafter(times.max(), np.inf)
    parts: List[Optional[str]] = []
    # Rounded, since 0.8 + 0.1 + 0.1 is less than 1.
    begins = np.concatenate([[0.0], np.round(np.cumsum(shares)[:2], 9)]) * end
    ends = np.append(begins[1:], end)
    for time in times:
        split, first, last = next((split, first, last) for split, first, last in zip(
            SPLITS, begins, ends) if first <= time < last)
        # What comes first in a recording has nothing before it, and a short one keeps a test.
        gap_end = first + min(gap, (last - first) / 2.0) if first > 0.0 else 0.0
        parts.append(None if time < gap_end else split)
    return parts
