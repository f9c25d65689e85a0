"""The machine that times are from, and whether it is busy with something else."""

from importlib.metadata import version
import os
from pathlib import Path
import platform
import time
from typing import Dict, List, Tuple

import torch

# Of /proc/cpuinfo, those that networks gain from: x86-64's, then ARM's.
INSTRUCTION_SETS = ('avx2', 'fma', 'f16c', 'avx_vnni', 'avx512f', 'avx512_vnni', 'avx512_bf16',
                    'amx_bf16', 'amx_int8', 'asimd', 'asimddp', 'i8mm', 'sve')
PACKAGES = ('numpy', 'onnx', 'opencv-python-headless', 'openvino', 'torch')
# Of all cores' time.
BUSY = 0.1


def describe() -> Dict:
    """Return the processor, its instruction sets, the threads and the versions, for JSON."""
    processor, flags = _processor()
    return {'processor': processor, 'cores': len(os.sched_getaffinity(0)),
            'instruction_sets': [name for name in INSTRUCTION_SETS if name in flags],
            'threads': torch.get_num_threads(),
            'versions': {'python': platform.python_version(),
                         **{name: version(name) for name in PACKAGES}}}


def table(machine: Dict) -> str:
    """Return what people are told of it."""
    versions = ', '.join(f'{name} {number}' for name, number in machine['versions'].items())
    return (f'{machine["processor"]}, {machine["cores"]} cores, '
            f'{" ".join(machine["instruction_sets"])}; {machine["threads"]} threads\n{versions}')


def busy_share(seconds: float = 1.0) -> float:
    """Return the share of all cores' time that the machine works, by itself, for a while."""
    busy, whole = _processor_times()
    time.sleep(seconds)
    busy_then, whole_then = _processor_times()
    return (busy_then - busy) / max(1, whole_then - whole)


def _processor() -> Tuple[str, List[str]]:
    fields = dict(line.split(':', 1) for line in Path('/proc/cpuinfo').read_text().splitlines()
                  if ':' in line)
    values = {name.strip(): value.strip() for name, value in fields.items()}
    # ARM's tells no name, and calls the flags features.
    return (values.get('model name', platform.machine()),
            values.get('flags', values.get('Features', '')).split())


def _processor_times() -> Tuple[int, int]:
    """Return the ticks that all cores together worked since the start, and all of them."""
    ticks = [int(value) for value in Path('/proc/stat').read_text().splitlines()[0].split()[1:9]]
    idle = ticks[3] + ticks[4]  # idle, and waiting for a disk
    return sum(ticks) - idle, sum(ticks)
