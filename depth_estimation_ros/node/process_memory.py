"""Keeping a process's memory small and at hand: what glibc's malloc does with what was freed."""

import ctypes

# Of glibc's malloc.h.
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8

# The largest that glibc takes: 11 megapixels in rgb8. Larger images come from mmap as before.
LARGEST_KEPT = 32 << 20
MOST_KEPT = 64 << 20


def keep_freed():
    """
    Let the memory that one image has freed be used by the next, whichever thread frees it.

    By default each of the first 8 threads per core gets an arena of its own, and keeps there what
    images and models have left. And what an image takes, some ten blocks of megabytes, goes back
    to the system with each of them: the next image has it mapped anew, page by page, which at
    1280 x 720 took several times as long as what is computed in it. Call it before threads begin.
    """
    _call('mallopt', M_ARENA_MAX, 1)
    _call('mallopt', M_MMAP_THRESHOLD, LARGEST_KEPT)
    _call('mallopt', M_TRIM_THRESHOLD, MOST_KEPT)


def give_back_freed():
    """Give memory that was freed, such as a model's, back to the system; takes milliseconds."""
    _call('malloc_trim', 0)


def _call(name: str, *arguments: int):
    function = getattr(ctypes.CDLL(None), name, None)
    if function is not None:  # other C libraries have neither
        function(*arguments)
