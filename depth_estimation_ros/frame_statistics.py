"""What became of the frames: counts, rate and latency."""

from collections import deque
from dataclasses import dataclass
import threading
import time
from typing import Deque, NamedTuple

import numpy as np

# Rate and latency are those of the last seconds: a person looks at what happens now.
WINDOW = 5.0


@dataclass(frozen=True)
class Summary:
    """
    A moment's statistics; `received` is the sum of the next four and the frames in work.

    Attributes
    ----------
    received, published, replaced, refused, failed : int
        Frames that came in; whose depth went out; that a newer one replaced; that held no usable
        image; on which the network or the publishing failed. Since the node was configured.
    last_reason : str
        Why the last frame was refused, or failed.
    rate : float
        Depth images per second over the last seconds.
    latency_p50, latency_p95 : float
        Milliseconds from the arrival of an image to the publication of its depth, over the last
        seconds; NaN where there were none.

    """

    received: int = 0
    published: int = 0
    replaced: int = 0
    refused: int = 0
    failed: int = 0
    last_reason: str = ''
    rate: float = 0.0
    latency_p50: float = float('nan')
    latency_p95: float = float('nan')


class _Published(NamedTuple):
    at: float
    latency: float


class FrameStatistics:
    """Counts frames; every method may be called from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(
            ('received', 'published', 'replaced', 'refused', 'failed'), 0)
        self._last_reason = ''
        self._published: Deque[_Published] = deque()

    def count_received(self):
        """Count a frame that came in."""
        self._count('received')

    def count_replaced(self):
        """Count a frame that was dropped for a newer one."""
        self._count('replaced')

    def count_refused(self, reason: str):
        """Count a frame that held no usable image."""
        self._count('refused', reason)

    def count_failed(self, reason: str):
        """Count a frame on which the network or the publishing failed."""
        self._count('failed', reason)

    def count_published(self, arrived: float):
        """Count a frame whose depth went out; it came in at `arrived` (time.monotonic)."""
        now = time.monotonic()
        with self._lock:
            self._counts['published'] += 1
            self._published.append(_Published(now, now - arrived))
            self._forget(now)

    def summary(self) -> Summary:
        """Return the statistics of this moment."""
        with self._lock:
            self._forget(time.monotonic())
            counts, reason = dict(self._counts), self._last_reason
            recent = list(self._published)
        if not recent:
            return Summary(**counts, last_reason=reason)
        p50, p95 = np.percentile([1e3 * frame.latency for frame in recent], (50, 95))
        span = recent[-1].at - recent[0].at
        return Summary(**counts, last_reason=reason,
                       rate=(len(recent) - 1) / span if span > 0.0 else 0.0,
                       latency_p50=float(p50), latency_p95=float(p95))

    def _count(self, what: str, reason: str = ''):
        with self._lock:
            self._counts[what] += 1
            self._last_reason = reason or self._last_reason

    def _forget(self, now: float):
        while self._published and self._published[0].at < now - WINDOW:
            self._published.popleft()
