"""What became of the frames: counts, rates, latency and age."""

from collections import deque
from dataclasses import dataclass
import threading
import time
from typing import Deque, NamedTuple, Optional

import numpy as np

# Rates and latency are those of the last seconds: a person looks at what happens now.
WINDOW = 5.0


@dataclass(frozen=True)
class Summary:
    """
    A moment's statistics; `received` is the sum of the next five and the frames in work.

    Attributes
    ----------
    received, published, replaced, refused, failed, paused : int
        Frames that came in; whose depth went out; that a newer one replaced; that held no usable
        image; on which the network or the publishing failed; that came while the node was
        paused, or idle. Since the node was configured.
    lost : int
        Frames that the middleware lost before they came in, where it tells.
    last_reason : str
        Why the last frame was refused, or failed.
    camera_rate, rate : float
        Frames in and depth images out per second, over the last seconds.
    latency_p50, latency_p95 : float
        Milliseconds from the arrival of an image to the publication of its depth, over the last
        seconds; NaN where there were none.
    age : float
        Seconds since the image came in whose depth was published last; NaN before the first.
    unanswered : float
        Seconds since the first image came in after the one whose depth was published last; 0
        where none did, or the node is paused; NaN where nobody has measured them.
    blank : float
        Seconds since when no published depth image has had a pixel in range.

    """

    received: int = 0
    published: int = 0
    replaced: int = 0
    refused: int = 0
    failed: int = 0
    paused: int = 0
    lost: int = 0
    last_reason: str = ''
    camera_rate: float = 0.0
    rate: float = 0.0
    latency_p50: float = float('nan')
    latency_p95: float = float('nan')
    age: float = float('nan')
    unanswered: float = float('nan')
    blank: float = 0.0


class _Published(NamedTuple):
    at: float
    latency: float


class FrameStatistics:
    """Counts frames; every method may be called from any thread."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = dict.fromkeys(
            ('received', 'published', 'replaced', 'refused', 'failed', 'paused', 'lost'), 0)
        self._last_reason = ''
        self._received: Deque[float] = deque()
        self._published: Deque[_Published] = deque()
        self._newest = float('nan')
        self._unanswered: Optional[float] = None
        self._blank: Optional[float] = None

    def count_received(self):
        """Count a frame that came in."""
        with self._lock:
            self._counts['received'] += 1
            self._received.append(time.monotonic())
            self._unanswered = self._unanswered or self._received[-1]
            self._forget()

    def count_lost(self, count: int):
        """Count frames that the middleware lost before they came in."""
        with self._lock:
            self._counts['lost'] += count

    def count_replaced(self):
        """Count a frame that was dropped for a newer one."""
        self._count('replaced')

    def count_refused(self, reason: str):
        """Count a frame that held no usable image."""
        self._count('refused', reason)

    def count_failed(self, reason: str):
        """Count a frame on which the network or the publishing failed."""
        self._count('failed', reason)

    def count_paused(self):
        """Count a frame that came while the node was paused, or idle."""
        self._count('paused')
        self.begin()

    def begin(self):
        """Begin to wait for depth: what came in before will not be answered."""
        with self._lock:
            self._unanswered = self._blank = None

    def count_published(self, arrived: float, is_blank: bool = False):
        """
        Count a frame whose depth went out.

        Parameters
        ----------
        arrived : float
            When it came in (time.monotonic).
        is_blank : bool
            Whether its depth has no pixel in range.

        """
        now = time.monotonic()
        with self._lock:
            self._unanswered = None
            self._blank = (self._blank or now) if is_blank else None
            self._counts['published'] += 1
            self._published.append(_Published(now, now - arrived))
            self._newest = arrived
            self._forget()

    def summary(self) -> Summary:
        """Return the statistics of this moment."""
        with self._lock:
            self._forget()
            counts, reason, newest = dict(self._counts), self._last_reason, self._newest
            unanswered, blank = self._unanswered, self._blank
            received, published = list(self._received), list(self._published)
        p50, p95 = np.percentile([1e3 * frame.latency for frame in published], (50, 95)) \
            if published else (float('nan'),) * 2
        now = time.monotonic()
        return Summary(
            **counts, last_reason=reason, camera_rate=_rate(received),
            rate=_rate([frame.at for frame in published]),
            latency_p50=float(p50), latency_p95=float(p95), age=now - newest,
            unanswered=now - (unanswered or now), blank=now - (blank or now))

    def _count(self, what: str, reason: str = ''):
        with self._lock:
            self._counts[what] += 1
            self._last_reason = reason or self._last_reason

    def _forget(self):
        begin = time.monotonic() - WINDOW
        while self._received and self._received[0] < begin:
            self._received.popleft()
        while self._published and self._published[0].at < begin:
            self._published.popleft()


def _rate(times) -> float:
    span = times[-1] - times[0] if times else 0.0
    return (len(times) - 1) / span if span > 0.0 else 0.0
