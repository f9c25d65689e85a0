"""The package in a colcon workspace: built, installed, imported and tested from there."""

import os
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = 'depth_estimation_ros'


class Workspace:
    """A scratch workspace around this package."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.prefix = folder / 'install' / PACKAGE

    def colcon(self, verb: str, *arguments: str) -> str:
        """Run colcon and return what it wrote."""
        result = subprocess.run(
            [sys.executable, '-m', 'colcon', '--log-base', str(self.folder / 'log'), verb,
             '--base-paths', str(ROOT), '--build-base', str(self.folder / 'build'),
             '--install-base', str(self.folder / 'install'), *arguments],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert result.returncode == 0, result.stdout
        return result.stdout


@pytest.fixture(scope='module')
def workspace(tmp_path_factory):
    """Return a workspace in which the package is built."""
    workspace = Workspace(tmp_path_factory.mktemp('workspace'))
    workspace.colcon('build')
    return workspace


def test_what_ros_looks_for_is_installed(workspace):
    for name in ('lib/depth_estimation_ros/depth_node',
                 'lib/depth_estimation_ros/camera_node',
                 'share/ament_index/resource_index/packages/depth_estimation_ros',
                 'share/depth_estimation_ros/package.xml',
                 'share/depth_estimation_ros/launch/depth.launch.py',
                 'share/depth_estimation_ros/config/depth.yaml',
                 'share/depth_estimation_ros/config/depth.rviz',
                 'share/depth_estimation_ros/config/fastdds.xml',
                 'share/depth_estimation_ros/config/nav2_depth.yaml'):
        assert (workspace.prefix / name).is_file(), name


def test_the_installed_copy_finds_its_model_and_estimates(workspace, tmp_path):
    packages = next(workspace.prefix.glob('lib/python*/site-packages'))
    program = ('import numpy, depth_estimation_ros\n'
               'from depth_estimation_ros.estimation.estimator import DepthEstimator\n'
               'image = numpy.zeros((48, 64, 3), numpy.uint8)\n'
               'print(DepthEstimator().estimate(image).depth.shape)\n'
               'print(depth_estimation_ros.__file__)\n')
    result = subprocess.run(
        [sys.executable, '-c', program], cwd=tmp_path, check=True, text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, 'PYTHONPATH': f'{packages}:{os.environ.get("PYTHONPATH", "")}'})
    shape, file = result.stdout.rsplit(maxsplit=1)
    assert shape == '(48, 64)' and Path(file).is_relative_to(workspace.prefix)


def test_colcon_test_runs_the_tests(workspace):
    # One fast file of them: all would run this one again.
    workspace.colcon('test', '--return-code-on-test-failure',
                     '--pytest-args', 'test/test_frame_worker.py')
    report = workspace.folder / 'build' / PACKAGE / 'pytest.xml'
    assert 'test_frame_worker' in report.read_text()
