"""Noticing that a camera has stopped, and that it has come back."""

import time


class CameraWatchdog:
    """
    Knows for how long no image has come in; its methods may be called from any thread.

    It counts by a clock of its own: with use_sim_time, a simulation that stands still is a
    camera that has stopped.
    """

    def __init__(self):
        self._last = time.monotonic()
        self._has_seen = False
        self._reason = ''  # why no image comes in; empty while they do

    def note_image(self):
        """Note that an image has come in."""
        self._last = time.monotonic()
        self._has_seen = True

    def check(self, patience: float, reason: str) -> bool:
        """
        Tell whether the camera has stopped or come back, or the reason changed, since last time.

        Parameters
        ----------
        patience : float
            Seconds without an image after which it counts as stopped.
        reason : str
            Why no image may come in.

        """
        is_silent = time.monotonic() - self._last > patience
        before, self._reason = self._reason, reason if is_silent else ''
        return self._reason != before

    def silence(self, topic: str) -> str:
        """Say for how long no image has come in on a topic, and why; empty while they do."""
        if not self._reason:
            return ''
        since = 'yet' if not self._has_seen else f'for {time.monotonic() - self._last:.0f} s'
        return f'no image on {topic} {since} ({self._reason})'
