"""The commands of the documents have the options that the documents give them."""

import re
import subprocess
import sys

import pytest
import run_commands
from run_commands import ROOT

COMMAND = re.compile(r'\S*(?:python|torchrun)\S* .*?(training/experiment\.py \w+|training/\w+\.py'
                     r'|-m depth_estimation_ros[\w.]+)(.*)')
# They load PyTorch before they tell their options, and have tests of their own.
SLOW = ('training/adapt.py', 'training/average.py', 'training/benchmark.py', 'training/export.py')


def documented() -> dict:
    """Return the options that the documents give to each command of the project."""
    options: dict = {}
    for page in run_commands.PAGES:
        for command in run_commands.commands(page):
            match = COMMAND.match(command.text)
            if match and match[1] not in SLOW and '--ros-args' not in match[2]:
                options.setdefault(match[1], set()).update(re.findall(r'--[\w-]+', match[2]))
    return options


@pytest.mark.parametrize('command', sorted(documented()))
def test_the_options_of_a_command_exist(command):
    text = subprocess.run([sys.executable, *command.split(), '--help'], cwd=ROOT, check=True,
                          stdout=subprocess.PIPE, text=True, timeout=120).stdout
    known = set(re.findall(r'--[\w-]+', text))
    assert documented()[command] <= known
