"""The processes that the sections about the node start."""

from pathlib import Path
import subprocess
import sys
from typing import Dict

TRAINING = Path(__file__).resolve().parents[1]
PROFILE = TRAINING.parent / 'config' / 'fastdds.xml'


class Process:
    """
    A module of this folder as a process, which ends with this object.

    Parameters
    ----------
    module : str
    *arguments
        Of its command line.

    """

    def __init__(self, module: str, *arguments: object):
        self._process = subprocess.Popen(
            [sys.executable, '-m', f'benchmarking.{module}', *map(str, arguments)], cwd=TRAINING,
            start_new_session=True)  # Ctrl-C on a terminal reaches it through this object

    def __enter__(self) -> 'Process':
        return self

    def __exit__(self, *_):
        # Killed, it would leave its shared memory of DDS behind.
        self._process.terminate()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def memory(pid: int) -> Dict[str, float]:
    """Return a process's resident memory, and how much of it is shared memory of DDS, in MB."""
    fields = dict(line.split(':', 1)
                  for line in Path(f'/proc/{pid}/status').read_text().splitlines())
    return {'resident': int(fields['VmRSS'].split()[0]) / 1024,
            'shared': int(fields['RssShmem'].split()[0]) / 1024}
