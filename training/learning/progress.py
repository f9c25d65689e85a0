"""How far a command's work is: a bar on a terminal, elsewhere a line now and then."""

import io
import sys
import time

from tqdm import tqdm

PERIOD = 30.0  # seconds between two lines where there is no terminal


class Progress(tqdm):
    """
    A tqdm, of which a log gets a line every PERIOD seconds.

    tqdm draws its bar anew with a carriage return several times a second: in a file these make
    one line of thousands of fragments.
    """

    def __init__(self, *arguments, **options):
        self._on_terminal = sys.stderr.isatty()
        self._printed = time.monotonic()
        if self._on_terminal:
            options.setdefault('dynamic_ncols', True)
        else:
            # What tqdm itself would write goes nowhere; ncols=0 leaves the figures without a bar.
            options.update(file=io.StringIO(), ncols=0, miniters=1, mininterval=1.0)
        super().__init__(*arguments, **options)

    def display(self, msg=None, pos=None):
        """Draw the bar, or print a line where the last is long enough ago."""
        if self._on_terminal:
            super().display(msg, pos)
        elif time.monotonic() - self._printed >= PERIOD:
            self._printed = time.monotonic()
            print(msg or self, file=sys.stderr, flush=True)
