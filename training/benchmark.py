"""
What a frame and a training step cost, each against a reference in the same run.

All candidates of a section take turns, so that a machine whose speed drifts slows each alike:
trust the ratios, which are medians of those of each round.
"""

import argparse
from importlib import import_module
import json
from pathlib import Path
import sys

from benchmarking import machine
from benchmarking.settings import Settings
from depth_estimation_ros.estimation import backends
from depth_estimation_ros.estimation.model_file import ModelFileError

# Each a module of benchmarking/; what one needs (ROS) others do without.
SECTIONS = ('inference', 'layers', 'estimate', 'training', 'frame', 'node')


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', default='compact',
                        help='a model file, or the name of a shipped model')
    parser.add_argument('--device', choices=backends.DEVICES, default='auto')
    parser.add_argument('--sections', nargs='+', choices=SECTIONS, default=SECTIONS,
                        help='what is measured (all)')
    parser.add_argument('--beside', nargs='+', default=[], metavar='FILE',
                        help='further models for the section inference')
    parser.add_argument('--threads', type=int, default=0,
                        help="of the networks in the section inference; 0: each runtime's choice")
    parser.add_argument('--rounds', type=int, default=100, help='timed rounds (%(default)s)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write all figures there')
    options = parser.parse_args()
    busy = machine.busy_share()
    if busy > machine.BUSY:
        print(f'benchmark: the machine is busy ({100 * busy:.0f} % of its cores): times are '
              'longer than they should be, and ratios uncertain.', file=sys.stderr)
    settings = Settings(options.model, options.device, options.rounds, options.threads,
                        tuple(options.beside))
    results = {'machine': {**machine.describe(), 'busy': busy}}
    print(machine.table(results['machine']))
    for name in options.sections:
        try:
            section = import_module(f'benchmarking.{name}')
            measured = section.measure(settings)
        except (ModelFileError, backends.DeviceError) as error:
            print(f'benchmark: {error}', file=sys.stderr)
            return 1
        print(f'\n{name}\n{section.table(measured)}', flush=True)
        results.update(measured)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(results, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
