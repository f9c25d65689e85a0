"""The newest frame wins, and every frame is counted once."""

import threading

from depth_estimation_ros.node.frame_statistics import FrameStatistics
from depth_estimation_ros.node.frame_worker import FrameWorker
import pytest

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


def test_a_frame_whose_work_does_not_end_is_given_up_and_its_failure_is_not_told():
    go_on, began, failed = threading.Event(), threading.Event(), []

    def work(frame):
        began.set()
        assert go_on.wait(TIMEOUT)
        raise ZeroDivisionError
    worker = FrameWorker(work, print, failed.append)
    worker.put('stuck')
    assert began.wait(TIMEOUT)
    assert worker.stop(patience=0.0) == 'stuck'
    go_on.set()
    assert worker.stop() is None
    assert not failed


def test_a_period_keeps_the_newest_waiting_until_it_is_due():
    work = Slow()
    work.go_on.release(10)
    worker = FrameWorker(work, work.count_replaced, period=1000.0)
    worker.put(1)
    assert work.began.acquire(timeout=TIMEOUT), 'the first has nothing to wait for'
    for frame in (2, 3):
        worker.put(frame)
    assert not work.began.acquire(timeout=0.1)
    worker.set_period(0.0)
    assert work.began.acquire(timeout=TIMEOUT), 'a change applies at once'
    worker.stop()
    assert work.done == [1, 3] and work.replaced == 1


def test_a_worker_that_waits_for_its_time_can_be_stopped():
    work = Slow()
    work.go_on.release(10)
    worker = FrameWorker(work, work.count_replaced, period=1000.0)
    worker.put(1)
    assert work.began.acquire(timeout=TIMEOUT)
    worker.put(2)
    worker.stop()
    assert work.done == [1] and work.replaced == 1


@pytest.mark.parametrize('error', [ZeroDivisionError, SystemExit])
def test_a_failing_frame_costs_a_frame_and_not_the_thread(error):
    failed, done = [], threading.Event()

    def work(frame):
        if frame == 'bad':
            raise error(frame)
        done.set()
    began = threading.Event()
    worker = FrameWorker(work, print, lambda error: (failed.append(error), began.set()))
    worker.put('bad')
    assert began.wait(TIMEOUT)
    worker.put('good')
    assert done.wait(TIMEOUT)
    worker.stop()
    assert [type(each) for each in failed] == [error]


def test_no_period_is_too_long_to_be_changed_again():
    work = Slow()
    work.go_on.release(10)
    worker = FrameWorker(work, work.count_replaced, period=1e12)
    worker.put(1)
    assert work.began.acquire(timeout=TIMEOUT)
    worker.put(2)
    assert not work.began.acquire(timeout=0.1)
    worker.set_period(0.0)
    assert work.began.acquire(timeout=TIMEOUT)
    worker.stop()
    assert work.done == [1, 2]


def test_what_is_in_work_is_told_while_it_is():
    work = Slow()
    worker = FrameWorker(work, work.count_replaced)
    assert worker.busy == 0.0
    worker.put(1)
    assert work.began.acquire(timeout=TIMEOUT)
    assert worker.busy > 0.0
    work.go_on.release()
    worker.stop()
    assert worker.busy == 0.0


def test_images_without_depth_are_told_until_depth_comes_or_is_not_wanted():
    statistics = FrameStatistics()
    assert statistics.summary().unanswered == 0.0
    for answer in (lambda: statistics.count_published(0.0), statistics.count_paused):
        statistics.count_received()
        statistics.count_refused('odd encoding')
        assert statistics.summary().unanswered > 0.0
        answer()
        assert statistics.summary().unanswered == 0.0


def test_depth_without_a_pixel_in_range_is_told_until_one_has_depth():
    statistics = FrameStatistics()
    statistics.count_published(0.0, is_blank=True)
    statistics.count_published(0.0, is_blank=True)
    assert statistics.summary().blank > 0.0
    statistics.count_published(0.0)
    assert statistics.summary().blank == 0.0


def test_statistics_add_up():
    statistics = FrameStatistics()
    for _ in range(6):
        statistics.count_received()
    statistics.count_replaced()
    statistics.count_refused('unknown encoding')
    statistics.count_failed('out of memory')
    statistics.count_paused()
    statistics.count_lost(3)
    for arrived in (0.0, 1.0):
        statistics.count_published(arrived)
    summary = statistics.summary()
    assert summary.received == 6 == summary.published + summary.replaced + summary.refused + (
        summary.failed + summary.paused)
    assert summary.lost == 3
    assert summary.published == 2 and summary.last_reason == 'out of memory'
    assert summary.rate > 0.0 and 0.0 < summary.latency_p50 <= summary.latency_p95
