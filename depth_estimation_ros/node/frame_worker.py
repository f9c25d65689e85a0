"""A thread that works on the newest frame: what came while it was busy is replaced."""

import threading
import time
from typing import Callable, Generic, Optional, TypeVar

Frame = TypeVar('Frame')


class FrameWorker(Generic[Frame]):
    """
    Run `work(frame)` in a thread of its own, one frame at a time.

    Between the caller and the thread is room for one frame. A later frame takes the place of one
    that still waits there, so the thread always goes on with the newest.

    Parameters
    ----------
    work : callable
        Called with each frame, in the thread. It handles its own errors.
    replaced : callable
        Called, without arguments, for each frame that is dropped before it is worked on.
    period : float
        Seconds from the beginning of one frame's work to the next's; 0 for no such limit. Of
        what comes in between, the newest is next.

    """

    def __init__(self, work: Callable[[Frame], None], replaced: Callable[[], None],
                 period: float = 0.0):
        self._work = work
        self._replaced = replaced
        self._period = period
        self._due = time.monotonic()
        self._waiting: Optional[Frame] = None
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='depth', daemon=True)
        self._thread.start()

    def put(self, frame: Frame):
        """Hand over the newest frame; returns at once."""
        with self._changed:
            dropped, self._waiting = self._waiting, frame
            self._changed.notify()
        if dropped is not None:
            self._replaced()

    def set_period(self, period: float):
        """Change `period`, from the next frame on."""
        with self._changed:
            self._period = period
            self._due = min(self._due, time.monotonic() + period)
            self._changed.notify()

    def stop(self):
        """Drop the frame that waits, finish the one in work, and end the thread."""
        with self._changed:
            dropped, self._waiting = self._waiting, None
            self._stopping = True
            self._changed.notify()
        if dropped is not None:
            self._replaced()
        self._thread.join()

    def _run(self):
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._stopping)
                # set_period may change when the next one is due.
                while not self._stopping and self._due > time.monotonic():
                    self._changed.wait(self._due - time.monotonic())
                if self._stopping:
                    return
                frame, self._waiting = self._waiting, None
                # From when this one was due: one that is late does not lower the rate.
                now = time.monotonic()
                late = now - self._due
                self._due = now + self._period - (late if late < self._period else 0.0)
            self._work(frame)
