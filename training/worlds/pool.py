"""Rendering many worlds in worker processes."""

from concurrent.futures import FIRST_EXCEPTION, ProcessPoolExecutor, wait
import multiprocessing
import os
import shutil
import tempfile
import threading
import time

from learning.progress import Progress

from .pairs import count_pictures, pair_paths
from .rendering import render_world
from .tables import note_seconds

WORLDS_PER_WORKER = 25


def render_all(workers, settings, worlds, start):
    """
    Render all worlds in worker processes, with a progress bar.

    Parameters
    ----------
    workers : int
        How many processes.
    settings : Settings
    worlds : list of World
        Those whose pairs all stand are skipped.
    start : float
        When work on the dataset began, on the clock of time.monotonic().

    """
    missing = {w: sum(not pair_paths(settings.out, w, v)[0].exists() for v in w.views)
               for w in worlds}
    unfinished = [w for w in worlds if missing[w]]
    total = sum(len(w.views) for w in worlds)
    standing = count_pictures(settings.out)
    # The workers are replaced now and then, so that what Blender leaks doesn't add up. The
    # executor's own max_tasks_per_child would hang (python/cpython#115634).
    batch = workers * WORLDS_PER_WORKER
    with tempfile.TemporaryDirectory() as scratch, Progress(
            total=total, initial=total - sum(missing.values()), unit=' frames',
            smoothing=0.05) as bar:
        for begin in range(0, len(unfinished), batch):
            for _ in render_batch(workers, scratch, settings,
                                  unfinished[begin:begin + batch]):
                # Pictures are counted, since a world is done only with its last one.
                now = count_pictures(settings.out)
                bar.update(now - standing)
                standing = now
                note_seconds(settings.out, time.monotonic() - start)


def render_batch(workers, scratch, settings, worlds):
    """Render worlds in fresh worker processes; yield every second and at the end."""
    # Blender doesn't survive a fork.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context('spawn'),
                               initializer=begin_worker, initargs=(scratch,))
    try:
        jobs = {pool.submit(render_world, settings, world) for world in worlds}
        while jobs:
            done, jobs = wait(jobs, timeout=1, return_when=FIRST_EXCEPTION)
            yield
            for job in done:
                job.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def begin_worker(scratch):
    """Drop what Blender prints for every frame, and end when the main process is killed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.environ['TMPDIR'] = scratch  # for Blender's temporary files as well as for ours

    def follow_parent():
        multiprocessing.parent_process().join()
        # Nobody else is left to do it.
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=follow_parent, daemon=True).start()
