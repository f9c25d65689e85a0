"""What is public is documented: ament_pep257, as in every ROS package."""

from pathlib import Path

from ament_pep257.main import main
import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = [str(ROOT / name) for name in (
    'depth_estimation_ros', 'doc', 'launch', 'setup.py', 'test', 'training')]


@pytest.mark.linter
@pytest.mark.pep257
def test_pep257():
    # D417 asks for a sentence on every argument. In numpydoc, whose convention leaves it out, a
    # name and a type can say it all.
    assert main(argv=['--add-ignore', 'D417', '--', *PATHS]) == 0
