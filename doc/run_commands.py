#!/usr/bin/env python3
"""
Run the commands of the README and of doc/, those that take under a minute each.

    python doc/run_commands.py [--list]

A command is a line of an indented or fenced block that begins with the name of a program. Each
runs in a shell, in the repository, and has to end well; what it would write to out/ goes to a
scratch folder. SKIPPED tells which do not run, and why.
"""

import argparse
from pathlib import Path
import re
import subprocess
import sys
import tempfile
import time
from typing import Dict, Iterator, NamedTuple, Optional

ROOT = Path(__file__).resolve().parents[1]
PAGES = ['README.md', 'CONTRIBUTING.md', *sorted(
    path.relative_to(ROOT).as_posix() for path in (ROOT / 'doc').glob('*.md'))]
PROGRAM = re.compile(
    r'(\.venv(-render)?/bin/\w+|make|python|pip|ros2|sudo|tar|cd|git|colcon|rosdep|export)\b')
# Regular expressions that a whole line is searched for, and the reason; the first that fits.
SKIPPED = {
    r'^(ros2|rosdep|colcon|export FASTRTPS|cd ~/ros2_ws|tar -C ~)': 'needs a ROS installation',
    r'^(sudo|pip install)': 'changes the machine',
    r'^make demo BAG|--bag check\b|adapt\.py recording/': "needs a bag of the reader's own",
    r'^make (test|quick|test-\w+)$': 'takes minutes',
    r'^make soak': 'takes an hour',
    r'^make docs-commands$': 'is this command',
    r'^make \w+-env$': 'downloads',
    r'\b(ROOT|FOLDER|IMAGES|DIR|MODEL\.safetensors|DepthEstimationUnreal|NETWORK-TIME|FILES'
    r'|NAME)\b':
        "stands for something of the reader's own",
    r'data/worlds': 'needs rendered worlds, which take hours',
    r'data/real': "needs real pictures, which aren't in the repository",
    r'runs/': 'needs a run of hours',
    r'render_worlds\.py': 'renders for minutes',
    r'navigation_trial\.py': 'renders for an hour',
    r'benchmark\.py|export\.py --int8': 'takes minutes',
    r'-m depth_estimation_ros\.view': 'a viewer that runs until it is stopped',
}


class Command(NamedTuple):
    """A command of a page."""

    page: str
    line: int
    text: str

    @property
    def reason(self) -> Optional[str]:
        """Return why it is skipped, None where it is run."""
        return next((why for pattern, why in SKIPPED.items() if re.search(pattern, self.text)),
                    None)


def commands(page: str) -> Iterator[Command]:
    """Yield the commands of a page."""
    fenced = False
    for number, line in enumerate((ROOT / page).read_text().splitlines(), 1):
        if line.lstrip().startswith('```'):
            fenced = not fenced
        elif (fenced or line.startswith('    ')) and PROGRAM.match(line.strip()):
            yield Command(page, number, line.strip().split('    #')[0].strip())


def run(command: Command, scratch: str) -> bool:
    """Run a command, with a scratch folder in place of out/, and tell how it ended."""
    begin = time.monotonic()
    text = re.sub(r'(?<= )out/', f'{scratch}/', command.text)
    result = subprocess.run(text, shell=True, cwd=ROOT, text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    print(f'{"ok  " if result.returncode == 0 else "FAIL"} {time.monotonic() - begin:5.1f} s  '
          f'{command.page}:{command.line}  {command.text}', flush=True)
    if result.returncode:
        print(result.stdout)
    return result.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--list', action='store_true',
                        help='only list all commands, with the reasons of those that do not run')
    arguments = parser.parse_args()
    found: Dict[str, Command] = {}
    for page in PAGES:
        for command in commands(page):
            found.setdefault(command.text, command)
    if arguments.list:
        for command in found.values():
            print(f'{command.page}:{command.line}  {command.text}\n    {command.reason or "runs"}')
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        failed = [command for command in found.values()
                  if not command.reason and not run(command, scratch)]
    print(f'{len(failed)} failed' if failed else 'all ended well')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
