"""What torchrun tells each process of a run about the others; without it, there is one."""

import os
import sys
from typing import NoReturn


def rank() -> int:
    """Return this process's number; the first one, 0, writes the run's files."""
    return int(os.environ.get('RANK', 0))


def count() -> int:
    """Return how many processes train together."""
    return int(os.environ.get('WORLD_SIZE', 1))


def local_rank() -> int:
    """Return this process's number among those of its machine, which is that of its GPU."""
    return int(os.environ.get('LOCAL_RANK', 0))


def leave(status: int) -> NoReturn:
    """
    End the process with an exit status.

    One of several ends without Python's clean-up: now and then a thread of PyTorch's outlives its
    process group and is still there then, which aborts the process (SIGABRT, "terminate called
    without an active exception") after all has been done and written.
    """
    if count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)
