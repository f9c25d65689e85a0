"""Nodes of this package as child processes, for programs that start them without ros2 launch."""

import json
import os
from pathlib import Path
import re
import signal
import subprocess
import sys
import threading
from typing import Dict, List, Optional, Sequence

PATIENCE = 10.0  # seconds between asking a process to end and ending it
TIMEOUT = 60.0  # seconds; on a machine that isn't busy with something else nothing takes so long


class NodeProcess:
    """
    A module of depth_estimation_ros as a process, which ends with this object.

    It has a process group of its own, so Ctrl-C on a terminal reaches it through this object.

    Parameters
    ----------
    module : str
    *ros_arguments : str
        What follows --ros-args.
    parameters : dict, optional
        ROS parameters by their names.
    options : sequence of str
        What comes before --ros-args.
    env : dict, optional
        The environment; by default this process's own.
    log : Path, optional
        A file in which its output is kept, too.

    """

    def __init__(self, module: str, *ros_arguments: str, parameters: Optional[Dict] = None,
                 options: Sequence[str] = (), env: Optional[Dict[str, str]] = None,
                 log: Optional[Path] = None):
        self.module = module
        self._lines: List[str] = []
        self._came = threading.Condition()
        self._has_closed = False
        settings = [word for name, value in (parameters or {}).items()
                    for word in ('-p', f'{name}:={json.dumps(value)}')]
        self._process = subprocess.Popen(
            [sys.executable, '-m', f'depth_estimation_ros.{module}', *options,
             '--ros-args', *ros_arguments, *settings],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, errors='replace', start_new_session=True)
        self._reader = threading.Thread(target=self._read, args=(log,))
        self._reader.start()

    def __enter__(self) -> 'NodeProcess':
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def output(self) -> str:
        """Everything that it wrote."""
        with self._came:
            return ''.join(self._lines)

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def wait_for_output(self, pattern: str, timeout: float = TIMEOUT) -> Optional[str]:
        """Return the first line in which a pattern is found; None where none comes."""
        def found():
            return next((line for line in self._lines if re.search(pattern, line)), None)
        with self._came:
            self._came.wait_for(lambda: found() is not None or self._has_closed, timeout)
            return found()

    def wait(self, timeout: float = TIMEOUT) -> int:
        """
        Return its exit code when it has ended.

        Raises
        ------
        subprocess.TimeoutExpired

        """
        code = self._process.wait(timeout)
        self._reader.join()
        return code

    def end(self, signal_number: int = signal.SIGINT) -> int:
        """Ask it to end by a signal, kill it where it doesn't, and return its exit code."""
        if self.is_alive:
            self._send(signal_number)
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._send(signal.SIGKILL)
        return self.wait()

    def exit_code(self) -> Optional[int]:
        """Return its exit code; None while it runs."""
        return self._process.poll()

    def _send(self, signal_number: int):
        try:
            os.killpg(self._process.pid, signal_number)
        except ProcessLookupError:
            pass  # it has just ended

    def _read(self, log: Optional[Path]):
        assert self._process.stdout is not None  # it is a pipe
        with self._process.stdout as lines, open(log or os.devnull, 'w') as copy:
            for line in lines:
                copy.write(line)
                copy.flush()
                with self._came:
                    self._lines.append(line)
                    self._came.notify_all()
        with self._came:
            self._has_closed = True
            self._came.notify_all()
