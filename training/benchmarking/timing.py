"""Timing candidates that take turns."""

from dataclasses import dataclass
import time
from typing import Callable, Dict, List, Mapping, Tuple

from learning.progress import Progress
import numpy as np


@dataclass(frozen=True)
class Times:
    """
    How long a candidate took in each round.

    Attributes
    ----------
    ms : float (rounds,), milliseconds
    cpu_ms : float (rounds,), milliseconds
        Of the process's time on all processors; other work doesn't count. Threads that wait for
        others do, so that candidates are best compared by it on one thread.

    """

    ms: np.ndarray
    cpu_ms: np.ndarray

    @property
    def p50(self) -> float:
        """Return the median, in milliseconds."""
        return float(np.median(self.ms))

    @property
    def p95(self) -> float:
        """Return the 95th percentile, in milliseconds."""
        return float(np.percentile(self.ms, 95))

    @property
    def cpu_p50(self) -> float:
        """Return the median of the processors' time, in milliseconds."""
        return float(np.median(self.cpu_ms))

    def times_faster(self, reference: 'Times') -> float:
        """
        Return how many times as fast as a reference of the same rounds.

        The median of the rounds' ratios: other work on the machine slows both of a round.
        """
        return float(np.median(reference.ms / self.ms))


def take_turns(candidates: Mapping[str, Callable[[], object]], rounds: int) -> Dict[str, Times]:
    """
    Time each candidate once a round, so that a machine whose speed drifts slows each alike.

    Each is called once more just before, untimed: the candidate before it has filled the caches,
    and PyTorch's threads spin for a while when their work is done.
    """
    seconds: Dict[str, List[Tuple[float, float]]] = {name: [] for name in candidates}
    for index in Progress(range(-2, rounds), unit=' rounds', leave=False):
        for name, call in candidates.items():
            call()
            start, cpu_start = time.perf_counter(), time.process_time()
            call()
            if index >= 0:
                seconds[name].append((time.perf_counter() - start,
                                      time.process_time() - cpu_start))
    return {name: Times(*1000.0 * np.array(values).T) for name, values in seconds.items()}
