"""What the annotations promise holds, in the package and in training/ (setup.cfg, [mypy])."""

from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[1]


def test_mypy():
    result = subprocess.run([sys.executable, '-m', 'mypy'], cwd=ROOT, capture_output=True,
                            text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
