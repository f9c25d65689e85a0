"""What the test files need, and what those that use ROS share: a domain, and one probe."""

import os
from pathlib import Path
import re
import tempfile

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What a test file needs besides this package and pytest: it is found by what the file imports, or
# listed where the file runs what imports it. `pytest test --without torch` leaves out the files
# that need torch, before they are imported.
NEEDS = {
    'ros': (r'rclpy|ros_probe|\w+_(?:msgs|srvs)\b',
            ('test_benchmark_node', 'test_edge_curve', 'test_parameters')),
    'torch': ('torch|timm|safetensors',
              ('test_adapt', 'test_benchmark', 'test_benchmark_node', 'test_documented_commands',
               'test_edge_curve', 'test_experiments', 'test_filling', 'test_int8')),
    'blender': ('render_worlds|worlds', ()),
    # rerun-sdk, which wants NumPy 2.
    'viewer': ('rerun', ()),
    # colcon and the linters.
    'tools': ('ament', ('test_colcon', 'test_flake8', 'test_mypy')),
}
# The files that take longest: where the others are spread over several processes, one that began
# last would keep a single process busy at the end.
FIRST = ('test_training', 'test_render_worlds', 'test_evaluate', 'test_depth_node',
         'test_depth_settings')


def pytest_addoption(parser):
    """Take `--without NEED`."""
    parser.addoption('--without', action='append', choices=sorted(NEEDS), default=[],
                     help='leave out the test files that need this; may be given several times')


def pytest_ignore_collect(collection_path, config):
    """Leave out what `--without` names."""
    if collection_path.suffix == '.py' and any(
            _needs(collection_path, *NEEDS[need]) for need in config.getoption('without')):
        return True
    return None


def _needs(path, imports, names):
    return path.stem in names or re.search(
        rf'^(?:from|import) (?:{imports})', path.read_text(), re.MULTILINE)


def pytest_collection_modifyitems(items):
    """
    Let the longest files begin first, and keep in one process what shares nodes, models or runs.

    A file's tests stay together, in their order. Only test_training, which takes longest, is
    two parts: what begins with the run that its tests share, and what makes a run of its own.
    """
    items.sort(key=lambda item: FIRST.index(item.path.stem) if item.path.stem in FIRST
               else len(FIRST))
    for item in items:
        group = item.path.stem
        if group == 'test_training' and 'run' not in item.fixturenames:
            group += '_alone'
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_configure(config):
    """Register the mark that ament_lint registers; choose a cache, and a domain."""
    config.addinivalue_line('markers', 'linter: a test of style')
    # Not the user's: a cache keeps a few models only, and those of the tests are none of these.
    cache = tempfile.TemporaryDirectory()
    config.add_cleanup(cache.cleanup)
    os.environ['XDG_CACHE_HOME'] = cache.name
    if 'ros' not in config.getoption('without'):
        from depth_estimation_ros.node.private_domain import enter_domain

        # Each worker of this run has a domain of its own.
        config.add_cleanup(enter_domain(ROOT / 'config' / 'fastdds.xml').close)


@pytest.fixture(scope='session')
def probe():
    """Return the tests' own ROS node."""
    from ros_probe import Probe
    probe = Probe()
    yield probe
    probe.close()
