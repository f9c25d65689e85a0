"""Keeping a process's memory small: what glibc's malloc does with memory that was freed."""

import ctypes

M_ARENA_MAX = -8  # of glibc's malloc.h


def use_one_arena():
    """
    Let the memory that one thread has freed be used by all others.

    By default each of the first 8 threads per core gets an arena of its own, and keeps there what
    images and models have left. Call it before threads begin.
    """
    _call('mallopt', M_ARENA_MAX, 1)


def give_back_freed():
    """Give memory that was freed, such as a model's, back to the system; takes milliseconds."""
    _call('malloc_trim', 0)


def _call(name: str, *arguments: int):
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:  # other C libraries have neither
        function(*arguments)
