"""A node as a process: it runs until it is told to stop, and then stops in good order."""

import gc
import os
import signal
import sys
import threading
from typing import Callable, List, NoReturn, Optional

from depth_estimation_ros.node import process_memory

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 1.5  # seconds that the node has to end in good order


class NodeError(RuntimeError):
    """What ends a node's process; the sentence says why."""


def hold_stop_signals():
    """
    Let SIGINT and SIGTERM wait until `run` takes them, also in the threads that begin after this.

    A thread that began before would take them in its place, and end the process.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


class StopRequest:
    """
    SIGINT or SIGTERM, taken by a thread of its own.

    Python runs a signal's handler when the main thread comes back from what it is doing, and
    raises KeyboardInterrupt wherever that is. Importing modules takes seconds, and so do the calls
    of C++ that load a model. Here the signals are blocked in every thread that begins later, and
    one thread waits for them. It ends the process where the main thread doesn't in time.
    """

    def __init__(self):
        self._requested = threading.Event()
        self._ended = threading.Event()
        self._wake: Callable[[], None] = lambda: None
        hold_stop_signals()
        threading.Thread(target=self._wait, name='stop', daemon=True).start()

    def __bool__(self) -> bool:
        return self._requested.is_set()

    def wakes(self, wake: Callable[[], None]):
        """Have the request call a function, in its own thread."""
        self._wake = wake

    def answered(self):
        """Note that the main thread has ended what it did."""
        self._wake = lambda: None  # what it wakes is to be let go of
        self._ended.set()

    def _wait(self):
        signal.sigwait(STOP_SIGNALS)
        self._requested.set()
        self._wake()
        if not self._ended.wait(PATIENCE):
            os._exit(0)


def run(create: Callable, args: Optional[List[str]] = None) -> int:
    """
    Run a node until SIGINT, SIGTERM or the shutdown of its context.

    Parameters
    ----------
    create : callable
        Makes the node (an rclpy.node.Node), and imports what that takes: a signal that comes
        meanwhile ends the process quietly. A `NodeError` from it or from a callback, or a
        parameter of a wrong type or value, ends the process with a sentence.
    args : list of str, optional
        Command line; by default this process's own.

    Returns
    -------
    int
        The exit code.

    """
    process_memory.keep_freed()
    stop = StopRequest()
    try:
        return _run(create, args, stop)
    finally:
        stop.answered()


def leave(code: int) -> NoReturn:
    """
    End the process when all that it did is done.

    Python would first take down every module: a second of the processor's time, after which
    nobody looks, and five where others want the processor, too.
    """
    # With the last object that uses it goes the DDS participant, and with that the files that it
    # has in /dev/shm, which nobody else would remove.
    gc.collect()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run(create: Callable, args: Optional[List[str]], stop: StopRequest) -> int:
    import rclpy
    from rclpy.exceptions import ParameterException
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:
        print(error, file=sys.stderr)  # for instance, that there is no such parameter file
        return 1
    node = None
    try:
        node = create()
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        stop.wakes(executor.wake)
        while rclpy.ok() and not stop:
            # With a limit: a request that comes just before the wait would not end it.
            executor.spin_once(timeout_sec=0.5)
    except (NodeError, ParameterException) as error:
        rclpy.logging.get_logger('depth_estimation_ros').fatal(str(error))
        return 1
    except Exception:
        # A node that shuts its context down, since it has done its work, ends the wait with one
        # of several errors.
        if rclpy.ok():
            raise
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
