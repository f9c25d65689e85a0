"""What torchrun tells each process of a run about the others; without it, there is one."""

import os


def rank() -> int:
    """Return this process's number; the first one, 0, writes the run's files."""
    return int(os.environ.get('RANK', 0))


def count() -> int:
    """Return how many processes train together."""
    return int(os.environ.get('WORLD_SIZE', 1))


def local_rank() -> int:
    """Return this process's number among those of its machine, which is that of its GPU."""
    return int(os.environ.get('LOCAL_RANK', 0))
