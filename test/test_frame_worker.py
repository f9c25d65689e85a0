"""The newest frame wins, and every frame is counted once."""

import threading

from depth_estimation_ros.frame_statistics import FrameStatistics
from depth_estimation_ros.frame_worker import FrameWorker

TIMEOUT = 30.0


class Slow:
    """Work that takes as long as the test wants."""

    def __init__(self):
        self.done = []
        self.replaced = 0
        self.began = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)

    def __call__(self, frame):
        """Work on a frame."""
        self.began.release()
        assert self.go_on.acquire(timeout=TIMEOUT)
        self.done.append(frame)

    def count_replaced(self):
        """Count."""
        self.replaced += 1


def test_the_newest_of_those_that_came_during_work_is_next():
    work = Slow()
    worker = FrameWorker(work, work.count_replaced)
    worker.put(1)
    assert work.began.acquire(timeout=TIMEOUT)
    for frame in (2, 3, 4):
        worker.put(frame)
    work.go_on.release()
    assert work.began.acquire(timeout=TIMEOUT)
    work.go_on.release()
    worker.stop()
    assert work.done == [1, 4] and work.replaced == 2


def test_stopping_finishes_the_frame_in_work_and_drops_the_one_that_waits():
    work = Slow()
    worker = FrameWorker(work, work.count_replaced)
    worker.put(1)
    assert work.began.acquire(timeout=TIMEOUT)
    worker.put(2)
    work.go_on.release(2)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    stopping.join(TIMEOUT)
    assert not stopping.is_alive()
    assert work.done[0] == 1 and len(work.done) + work.replaced == 2


def test_statistics_add_up():
    statistics = FrameStatistics()
    for _ in range(5):
        statistics.count_received()
    statistics.count_replaced()
    statistics.count_refused('unknown encoding')
    statistics.count_failed('out of memory')
    for arrived in (0.0, 1.0):
        statistics.count_published(arrived)
    summary = statistics.summary()
    assert summary.received == 5 == (
        summary.published + summary.replaced + summary.refused + summary.failed)
    assert summary.published == 2 and summary.last_reason == 'out of memory'
    assert summary.rate > 0.0 and 0.0 < summary.latency_p50 <= summary.latency_p95
