"""What all tests that use ROS share: a domain of their own, and one probe."""

import os
from pathlib import Path

import demo
from depth_estimation_ros.node import fast_dds
import pytest

# Before the first rclpy.init, and for every process that a test starts: another run of these
# tests on the same machine, or a robot in the same network, stays unseen.
DOMAIN, _reservation = demo.reserve_domain()
os.environ.update(
    fast_dds.environment(Path(__file__).resolve().parents[1] / 'config' / 'fastdds.xml'),
    ROS_DOMAIN_ID=str(DOMAIN), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')


def pytest_configure(config):
    """Register the mark that ament_lint registers where ROS is installed."""
    config.addinivalue_line('markers', 'linter: a test of style')


@pytest.fixture(scope='session')
def probe():
    """Return the tests' own ROS node."""
    from ros_probe import Probe
    probe = Probe()
    yield probe
    probe.close()
