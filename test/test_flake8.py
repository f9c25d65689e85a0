"""The code follows ROS's style: ament_flake8, as in every ROS package."""

from pathlib import Path

from ament_flake8.main import main_with_errors
import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / name) for name in (
    'depth_estimation_ros', 'launch', 'setup.py', 'test', 'training')]


@pytest.mark.flake8
@pytest.mark.linter
def test_flake8():
    code, errors = main_with_errors(argv=PATHS)
    assert code == 0, '\n'.join(errors)
