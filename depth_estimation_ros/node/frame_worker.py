"""A thread that works on the newest frame: what came while it was busy is replaced."""

import threading
import time
import traceback
from typing import Callable, Generic, Optional, TypeVar

Frame = TypeVar('Frame')

STOP_PATIENCE = 5.0  # seconds for the frame in work to be finished


class FrameWorker(Generic[Frame]):
    """
    Run `work(frame)` in a thread of its own, one frame at a time.

    Between the caller and the thread is room for one frame. A later frame takes the place of one
    that still waits there, so the thread always goes on with the newest.

    Parameters
    ----------
    work : callable
        Called with each frame, in the thread.
    replaced : callable
        Called, without arguments, for each frame that is dropped before it is worked on.
    failed : callable
        Called with what `work` raises; the thread goes on with the next frame. By default the
        traceback is printed.
    period : float
        Seconds from the beginning of one frame's work to the next's; 0 for no such limit. Of
        what comes in between, the newest is next.

    """

    def __init__(self, work: Callable[[Frame], None], replaced: Callable[[], None],
                 failed: Callable[[BaseException], None] = traceback.print_exception,
                 period: float = 0.0):
        self._work = work
        self._replaced = replaced
        self._failed = failed
        self._period = period
        self._due = time.monotonic()
        self._waiting: Optional[Frame] = None
        self._in_work: Optional[Frame] = None
        self._is_left = False
        self._began: Optional[float] = None
        self._stopping = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name='depth', daemon=True)
        self._thread.start()

    @property
    def busy(self) -> float:
        """Seconds since the work on the frame in work began; 0 where none is."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

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

    def stop(self, patience: float = STOP_PATIENCE) -> Optional[Frame]:
        """
        Drop the frame that waits, finish the one in work, and end the thread.

        A thread that doesn't come back from its work within `patience` seconds is left behind: its
        process ends without it. What it then raises is told to nobody.

        Returns
        -------
        Frame or None
            The one in work, where the thread is left behind.

        """
        with self._changed:
            dropped, self._waiting = self._waiting, None
            self._stopping = True
            self._changed.notify()
        if dropped is not None:
            self._replaced()
        self._thread.join(patience)
        with self._changed:
            self._is_left = self._in_work is not None
            return self._in_work

    def _run(self):
        while True:
            try:
                frame = self._next()
                if frame is None:
                    return
                self._began = time.monotonic()
                self._work(frame)
            except BaseException as error:
                # Without this thread no image would ever be answered again.
                if not self._is_left:
                    self._failed(error)
            finally:
                self._began = self._in_work = None

    def _next(self) -> Optional[Frame]:
        """Wait for the next frame, until it is due; None where the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._stopping)
            # set_period may change when the next one is due.
            while not self._stopping and self._due > time.monotonic():
                # Longer waits overflow.
                self._changed.wait(min(self._due - time.monotonic(), threading.TIMEOUT_MAX))
            if self._stopping:
                return None
            frame, self._waiting = self._waiting, None
            self._in_work = frame
            # From when this one was due: one that is late does not lower the rate.
            now = time.monotonic()
            late = now - self._due
            self._due = now + self._period - (late if late < self._period else 0.0)
            return frame
