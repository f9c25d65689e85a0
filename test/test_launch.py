"""The launch file, as far as it can be tested where ros2 launch is not installed."""

import importlib.util
from pathlib import Path
import sys
from types import ModuleType

from depth_estimation_ros import fast_dds
import pytest

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILE = ROOT / 'launch' / 'depth.launch.py'
ARGUMENTS = {'model', 'device', 'image', 'camera_info', 'params_file', 'namespace', 'autostart',
             'rviz', 'camera', 'source'}


class Recorded:
    """Stands in for a class of launch: it keeps what it was made with."""

    def __init__(self, *args, **kwargs):
        self.args = args
        self.name = args[0] if args else ''
        self.__dict__.update(kwargs)


class LaunchConfiguration(Recorded):
    """A launch argument, whose value the test's context knows."""

    def perform(self, context) -> str:
        """Return the value."""
        return context[self.name]


@pytest.fixture
def launch_file(monkeypatch):
    """Return the launch file as a module, with launch's classes replaced by recorders."""
    modules = {
        'ament_index_python.packages': {'get_package_share_directory': lambda _: str(ROOT)},
        'launch': {'LaunchContext': dict, 'LaunchDescription': Recorded},
        'launch.actions': {'DeclareLaunchArgument': Recorded, 'OpaqueFunction': Recorded},
        'launch.substitutions': {'LaunchConfiguration': LaunchConfiguration},
        'launch_ros': {},
        'launch_ros.actions': {'Node': Recorded},
    }
    for name, contents in modules.items():
        module = ModuleType(name)
        module.__dict__.update(contents)
        monkeypatch.setitem(sys.modules, name, module)
    spec = importlib.util.spec_from_file_location('depth_launch', LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def nodes(launch_file, **given):
    """Return the nodes by their executables, for the given arguments and defaults otherwise."""
    defaults = {argument.name: argument.default_value for argument in launch_file.ARGUMENTS}
    return {node.executable: node for node in launch_file.nodes({**defaults, **given})}


def test_every_argument_is_described(launch_file):
    description = launch_file.generate_launch_description()
    assert description.args[0][-1].function is launch_file.nodes
    assert {argument.name for argument in launch_file.ARGUMENTS} == ARGUMENTS
    for argument in launch_file.ARGUMENTS:
        assert argument.description.endswith('.')


def test_by_default_only_the_depth_node_starts_with_the_parameter_file(launch_file):
    started = nodes(launch_file)
    assert list(started) == ['depth_node']
    assert started['depth_node'].ros_arguments == [
        '--params-file', str(ROOT / 'config' / 'depth.yaml')]


def test_arguments_are_stronger_than_the_parameter_file(launch_file):
    started = nodes(launch_file, model='/m.onnx', autostart='false', namespace='robot1',
                    image='/front/image_raw', camera='replay', source='/data/drive')
    depth, camera = started['depth_node'], started['camera_node']
    assert depth.ros_arguments[2:] == ['-p', 'model:=/m.onnx', '-p', 'autostart:=false']
    assert camera.ros_arguments[2:] == ['-p', 'source:=/data/drive']
    for node in (depth, camera):
        assert node.namespace == 'robot1'
        assert ('image', '/front/image_raw') in node.remappings


def test_rviz_gets_the_topics_of_the_namespace(launch_file):
    rviz = nodes(launch_file, rviz='true', image='/front/image_raw')['rviz2']
    assert ('/image', '/front/image_raw') in rviz.remappings
    assert ('/depth/camera_info', 'depth/camera_info') in rviz.remappings
    config = (ROOT / 'config' / 'depth.rviz').read_text()
    for absolute, _ in rviz.remappings:
        assert absolute in config or absolute.endswith('camera_info')


def test_a_choice_of_dds_transports_is_left_alone(monkeypatch):
    for name in fast_dds.CHOICES:
        monkeypatch.delenv(name, raising=False)
    profile = ROOT / 'config' / 'fastdds.xml'
    assert set(fast_dds.environment(profile).values()) == {str(profile)}
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'UDPv4')
    assert fast_dds.environment(profile) == {}
