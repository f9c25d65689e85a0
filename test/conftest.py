"""What the test files need, and what those that use ROS share: a domain, and one probe."""

import os
from pathlib import Path

import pytest

# What a test file needs besides this package and pytest. `pytest test --without torch` leaves out
# the files of that line, before they are imported.
NEEDS = {
    # rclpy and its messages, or the linters that come with ROS.
    'ros': (
        'test_camera_info', 'test_camera_node', 'test_colcon', 'test_demo', 'test_depth_node',
        'test_depth_settings', 'test_diagnostics', 'test_edge_curve', 'test_flake8',
        'test_image_messages', 'test_launch', 'test_parameters', 'test_pep257', 'test_view'),
    # PyTorch, in the test or in the commands that it runs.
    'torch': (
        'test_average', 'test_edge_curve', 'test_experiments', 'test_losses', 'test_model_file',
        'test_network', 'test_training'),
    'blender': ('test_render_worlds',),
}


def pytest_addoption(parser):
    """Take `--without NEED`."""
    parser.addoption('--without', action='append', choices=sorted(NEEDS), default=[],
                     help='leave out the test files that need this; may be given several times')


def pytest_ignore_collect(collection_path, config):
    """Leave out what `--without` names."""
    if any(collection_path.stem in NEEDS[need] for need in config.getoption('without')):
        return True
    return None


def pytest_configure(config):
    """Register the mark that ament_lint registers where ROS is installed; choose a domain."""
    config.addinivalue_line('markers', 'linter: a test of style')
    if 'ros' not in config.getoption('without'):
        _enter_domain(config)


def _enter_domain(config):
    """
    Take a ROS domain that nobody else uses, for this process and those that the tests start.

    Another run of these tests on the same machine, another worker of this run, and a robot in the
    same network stay unseen.
    """
    import demo
    from depth_estimation_ros.node import fast_dds
    domain, reservation = demo.reserve_domain()
    config.add_cleanup(reservation.close)
    os.environ.update(
        fast_dds.environment(Path(__file__).resolve().parents[1] / 'config' / 'fastdds.xml'),
        ROS_DOMAIN_ID=str(domain), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')


@pytest.fixture(scope='session')
def probe():
    """Return the tests' own ROS node."""
    from ros_probe import Probe
    probe = Probe()
    yield probe
    probe.close()
