"""Noticing that a camera has stopped, and that it has come back."""

import time


class CameraWatchdog:
    """
    Knows for how long no image has come in; its methods may be called from any thread.

    It counts by a clock of its own: with use_sim_time, a simulation that stands still is a
    camera that has stopped.
    """

    def __init__(self):
        self.is_silent = False
        self._last = time.monotonic()
        self._has_seen = False

    def note_image(self):
        """Note that an image has come in."""
        self._last = time.monotonic()
        self._has_seen = True

    def check(self, patience: float) -> bool:
        """Tell whether the camera has fallen silent, or come back, since the last check."""
        was_silent, self.is_silent = self.is_silent, time.monotonic() - self._last > patience
        return self.is_silent != was_silent

    def silence(self, topic: str, publishers: int, problem: str = '') -> str:
        """
        Say what is missing; empty where nothing is.

        Parameters
        ----------
        topic : str
            The full name of the image topic.
        publishers : int
            How many there are of it.
        problem : str
            Why their images cannot come in, where that is known.

        """
        if not self.is_silent:
            return ''
        since = 'yet' if not self._has_seen else f'for {time.monotonic() - self._last:.0f} s'
        who = 'nobody publishes it' if not publishers else f'{publishers} publish it'
        return f'no image on {topic} {since} ({problem or who})'
