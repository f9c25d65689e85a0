"""A node as a process: it runs until it is told to stop, and then stops in good order."""

import signal
import sys
from typing import Callable, List, Optional

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.node import Node


class NodeError(RuntimeError):
    """What ends a node's process; the sentence says why."""


def run(create: Callable[[], Node], args: Optional[List[str]] = None) -> int:
    """
    Run a node until SIGINT, SIGTERM or the shutdown of its context.

    Parameters
    ----------
    create : callable
        Makes the node. A `NodeError` from it or from a callback, or a parameter of a wrong type
        or value, ends the process with a sentence.
    args : list of str, optional
        Command line; by default this process's own.

    Returns
    -------
    int
        The exit code.

    """
    # rclpy's own handlers shut the context down, which ends spin(). Python's would in addition
    # raise KeyboardInterrupt wherever the main thread is, for instance while it cleans up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        rclpy.init(args=args)
    except RuntimeError as error:
        print(error, file=sys.stderr)  # for instance, that there is no such parameter file
        return 1
    node = None
    try:
        node = create()
        executor = rclpy.get_global_executor()
        executor.add_node(node)
        while rclpy.ok():
            # With a limit: a signal that comes just before the wait would not end it.
            executor.spin_once(timeout_sec=1.0)
    except (NodeError, ParameterException) as error:
        rclpy.logging.get_logger('depth_estimation_ros').fatal(str(error))
        return 1
    except Exception:
        # spin() meets a context that was shut down under it with one of several errors.
        if rclpy.ok():
            raise
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0
