"""
Whether cv_bridge turns messages into images here, decided once for the process.

A ROS installation has cv_bridge. The one that apt installs is compiled for NumPy 1, and beside a
NumPy 2 that pip brought it ends the process or raises, by its release; so a child process tries
it first. Where there is none, or none that works, the table of encodings does its work.
"""

import functools
import importlib.util
import subprocess
import sys
from typing import Any, NamedTuple, Optional

import numpy as np

# Converts an image as imgmsg_to_cv2 does, and says that it came back right.
PROBE = """
from types import SimpleNamespace
from cv_bridge import CvBridge
message = SimpleNamespace(height=1, width=2, encoding='bgr8', is_bigendian=0, step=6,
                          data=bytes(range(6)))
assert CvBridge().imgmsg_to_cv2(message, 'rgb8').tolist() == [[[2, 1, 0], [5, 4, 3]]]
"""

PROBE_TIMEOUT = 20.0  # seconds, for a cold disk


class Choice(NamedTuple):
    """
    What turns messages into images, and why.

    Attributes
    ----------
    bridge : cv_bridge.CvBridge or None
        None where the table of encodings does.
    sentence : str
        For the log.

    """

    bridge: Optional[Any]
    sentence: str


@functools.lru_cache(maxsize=None)
def choose() -> Choice:
    """Return the choice; the first call tries cv_bridge, where there is one."""
    if importlib.util.find_spec('cv_bridge') is None:
        return Choice(None, 'Messages become images by the table of encodings: there is no '
                            'cv_bridge')
    problem = _probe()
    if problem:
        return Choice(None, 'Messages become images by the table of encodings: cv_bridge does '
                            f'not work beside NumPy {np.__version__} ({problem})')
    from cv_bridge import CvBridge
    return Choice(CvBridge(), 'Messages become images by cv_bridge')


def _probe() -> str:
    """Return what is wrong with cv_bridge; empty where it works."""
    try:
        run = subprocess.run([sys.executable, '-c', PROBE], stdin=subprocess.DEVNULL,
                             capture_output=True, text=True, timeout=PROBE_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f'no answer after {PROBE_TIMEOUT:g} s'
    if run.returncode == 0:
        return ''
    if run.returncode < 0:
        return f'it ended the process that tried it, by signal {-run.returncode}'
    return run.stderr.strip().rpartition('\n')[2] or f'exit code {run.returncode}'
