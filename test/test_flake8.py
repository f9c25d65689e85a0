"""The code follows ROS's style: ament_flake8, as in every ROS package."""

from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / name) for name in (
    'depth_estimation_ros', 'doc', 'launch', 'setup.py', 'test', 'training')]
LINT = 'import sys; from ament_flake8.main import main; sys.exit(main())'


@pytest.mark.flake8
@pytest.mark.linter
def test_flake8():
    # In a process of its own: flake8 forks, and a fork of a process with the threads of PyTorch
    # and DDS can wait for ever for a lock that one of them held.
    result = subprocess.run([sys.executable, '-c', LINT, *PATHS],
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
