"""The launch file, as far as it can be tested where ros2 launch is not installed."""

from contextlib import contextmanager
import importlib.util
from pathlib import Path
import subprocess
import sys
from types import ModuleType
from typing import Dict

from depth_estimation_ros.node import fast_dds
import pytest
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from ros_probe import NodeProcess
from sensor_msgs.msg import Image
import yaml

ROOT = Path(__file__).resolve().parents[1]
LAUNCH_FILE = ROOT / 'launch' / 'depth.launch.py'
ARGUMENTS = {'model', 'device', 'camera_height', 'camera_pitch', 'camera_roll', 'ground_frame',
             'scale_from', 'fov', 'max_range', 'edge_filter', 'edge_threshold', 'rate',
             'autostart', 'image', 'camera_info', 'params_file', 'namespace', 'pointcloud',
             'laserscan', 'scan_frame', 'rviz', 'camera', 'source'}
PACKAGES = {'depth_image_proc', 'depthimage_to_laserscan', 'rviz2'}


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
        return context[self.name] if self.name in context else self.default


class Installed:
    """Stands in for ament_index_python: it knows this package, and those that a test installs."""

    class PackageNotFoundError(KeyError):
        """There is no such package."""

    def __init__(self):
        self.packages = {'depth_estimation_ros', *PACKAGES}

    def get_package_share_directory(self, package: str) -> str:
        """Return where a package's files are."""
        if package not in self.packages:
            raise self.PackageNotFoundError(package)
        return str(ROOT)


@pytest.fixture
def installed():
    """Return which packages are installed; a test may take some away."""
    return Installed()


def stand_ins(installed: Installed) -> Dict[str, ModuleType]:
    """Return modules in place of those that come with ros2 launch."""
    contents = {
        'ament_index_python.packages': {
            'get_package_share_directory': installed.get_package_share_directory,
            'PackageNotFoundError': Installed.PackageNotFoundError},
        'launch': {'Action': Recorded, 'LaunchContext': dict, 'LaunchDescription': Recorded},
        'launch.actions': {'DeclareLaunchArgument': Recorded, 'LogInfo': Recorded,
                           'OpaqueFunction': Recorded},
        'launch.substitutions': {'LaunchConfiguration': LaunchConfiguration},
        'launch_ros': {},
        'launch_ros.actions': {'Node': Recorded},
    }
    modules = {name: ModuleType(name) for name in contents}
    for name, module in modules.items():
        module.__dict__.update(contents[name])
    return modules


def load() -> ModuleType:
    """Return the launch file as a module."""
    spec = importlib.util.spec_from_file_location('depth_launch', LAUNCH_FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def launch_file(monkeypatch, installed):
    """Return the launch file as a module, with launch's classes replaced by recorders."""
    for name, module in stand_ins(installed).items():
        monkeypatch.setitem(sys.modules, name, module)
    return load()


def actions(launch_file, **given):
    """Return what starts, for the given arguments and defaults otherwise."""
    defaults = {argument.name: argument.default_value for argument in launch_file.ARGUMENTS}
    return launch_file.nodes({**defaults, **given})


def nodes(launch_file, **given):
    """Return the nodes by their executables."""
    return {node.executable: node for node in actions(launch_file, **given)}


@contextmanager
def started(recorded):
    """Start a node of the same name with the arguments that a launched one gets."""
    remappings = [f'{old}:={new}' for old, new in recorded.remappings]
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node(
        recorded.name, namespace=recorded.namespace, context=context, use_global_arguments=False,
        cli_args=['--ros-args', *recorded.ros_arguments,
                  *(word for rule in remappings for word in ('-r', rule))])
    try:
        yield node
    finally:
        node.destroy_node()
        context.shutdown()


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


@pytest.mark.parametrize('namespace', ['', 'front', '/fleet/robot1'])
def test_the_arguments_reach_the_nodes_in_every_namespace(launch_file, probe, namespace):
    recorded = nodes(
        launch_file, namespace=namespace, model='/m.onnx', device='cpu', camera_height='1',
        camera_pitch='-12.5', camera_roll='1', fov='78', max_range='12.5',
        edge_filter='remove', edge_threshold='0.3', rate='5', autostart='false',
        image='/front/image_raw/compressed', camera='replay',
        source=str(ROOT / 'data' / 'sample'))
    wanted = {
        'depth_node': {'model': '/m.onnx', 'device': 'cpu', 'camera_height': 1.0,
                       'camera_pitch': -12.5, 'camera_roll': 1.0, 'fov': 78.0,
                       'max_range': 12.5, 'edge_filter': 'remove', 'edge_threshold': 0.3,
                       'rate': 5.0, 'autostart': False, 'min_range': 0.1},
        'camera_node': {'source': str(ROOT / 'data' / 'sample'), 'rate': 10.0}}
    for executable, values in wanted.items():
        node = recorded[executable]
        # As launch_ros starts it.
        rules = [f'{old}:={new}' for old, new in node.remappings]
        rules += [f'__node:={node.name}'] + [f'__ns:=/{namespace.strip("/")}'] * bool(namespace)
        with NodeProcess(executable, *(word for rule in rules for word in ('-r', rule)),
                         *node.ros_arguments):
            name = f'{node.namespace and "/" + node.namespace.strip("/")}/{node.name}'
            assert probe.get_parameters(name, list(values)) == values


def test_what_the_arguments_do_not_say_the_parameter_file_does(launch_file, tmp_path):
    params_file = tmp_path / 'mine.yaml'
    params_file.write_text('/**/depth_estimation: {ros__parameters: {rate: 3.0, fov: 60.0}}\n')
    with started(nodes(launch_file, namespace='front', params_file=str(params_file),
                       fov='70')['depth_node']) as node:
        assert node.declare_parameter('rate', 0.0).value == 3.0
        assert node.declare_parameter('fov', 0.0).value == 70.0


def test_what_is_given_lasts_no_longer_than_the_launch():
    launch = subprocess.run(
        [sys.executable, '-c', f'import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n'
         'import test_launch\n'
         'sys.modules.update(test_launch.stand_ins(test_launch.Installed()))\n'
         "path = test_launch.nodes(test_launch.load(), rate='5')['depth_node'].ros_arguments[-1]\n"
         'print(path, open(path).read())'],
        capture_output=True, text=True, check=True)
    path, _, contents = launch.stdout.partition(' ')
    assert yaml.safe_load(contents) == {
        '/**/depth_estimation': {'ros__parameters': {'rate': 5.0}}}
    assert not Path(path).exists()


def test_an_argument_that_is_no_number_is_named(launch_file):
    with pytest.raises(ValueError, match='camera_height:=abc cannot be: camera_height is a num'):
        nodes(launch_file, camera_height='abc')


@pytest.mark.parametrize('contents', [
    '/**/depth_estimation: {ros__parameters: {depth_size: network}}',
    '/**: {ros__parameters: {depth_size: network}}',
    'front: {depth_estimation: {ros__parameters: {depth_size: network}}}'])
def test_a_cloud_at_the_size_of_the_network_is_refused(launch_file, tmp_path, contents):
    params_file = tmp_path / 'mine.yaml'
    params_file.write_text(contents)
    nodes(launch_file, params_file=str(params_file))
    with pytest.raises(ValueError, match='pointcloud:=true .*mine.yaml sets depth_size'):
        nodes(launch_file, params_file=str(params_file), pointcloud='true')


@pytest.mark.parametrize('arguments, color, subscribed, info', [
    ({}, '/image', '/image', '/depth/camera_info'),
    ({'namespace': 'robot1'}, '/robot1/image', '/robot1/image', '/robot1/depth/camera_info'),
    ({'namespace': '/robot1', 'image': 'front/image_raw'}, '/robot1/front/image_raw',
     '/robot1/front/image_raw', '/robot1/depth/camera_info'),
    ({'namespace': 'robot1', 'image': '/front/image_raw'}, '/front/image_raw', '/front/image_raw',
     '/robot1/depth/camera_info'),
    ({'image': '/front/image_raw/compressed'}, '/front/image_raw', '/front/image_raw/compressed',
     '/depth/camera_info'),
])
def test_the_cloud_node_finds_its_topics_and_takes_a_best_effort_camera(
        launch_file, arguments, color, subscribed, info):
    recorded = nodes(launch_file, pointcloud='true', **arguments)['point_cloud_xyzrgb_node']
    assert recorded.package == 'depth_image_proc'
    # What depth_image_proc's PointCloudXyzrgbNode does when somebody subscribes to its points.
    with started(recorded) as node:
        assert node.resolve_topic_name('rgb/image_rect_color') == color
        beside = color.rpartition('/')[0] + '/camera_info'
        assert node.resolve_topic_name(beside) == info
        prefix = info[:-len('camera_info')]
        assert node.resolve_topic_name('depth_registered/image_rect') == f'{prefix}image'
        assert node.resolve_topic_name('points') == f'{prefix}points'
        assert node.declare_parameter('exact_sync', False).value is True
        assert node.declare_parameter('queue_size', 5).value == 10
        assert node.declare_parameter('image_transport', 'raw').value == (
            'compressed' if subscribed.endswith('compressed') else 'raw')
        node.create_subscription(
            Image, subscribed, lambda _: None,
            QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE),
            qos_overriding_options=QoSOverridingOptions.with_default_policies())
        assert node.get_parameter(
            f'qos_overrides.{subscribed}.subscription.reliability').value == 'best_effort'


def test_a_namespace_that_another_launch_file_pushed_is_respected(launch_file):
    recorded = nodes(launch_file, pointcloud='true', ros_namespace='/fleet', namespace='robot1')
    assert 'qos_overrides./fleet/robot1/image.subscription.reliability:=best_effort' in \
        recorded['point_cloud_xyzrgb_node'].ros_arguments


def test_the_scan_node_finds_its_topics_and_its_frame(launch_file):
    recorded = nodes(launch_file, laserscan='true', namespace='robot1', scan_frame='front_link')
    recorded = recorded['depthimage_to_laserscan_node']
    assert recorded.package == 'depthimage_to_laserscan'
    with started(recorded) as node:
        for name, topic in (('depth', 'image'), ('depth_camera_info', 'camera_info'),
                            ('scan', 'scan_rows')):
            assert node.resolve_topic_name(name) == f'/robot1/depth/{topic}'
        assert node.declare_parameter('output_frame', '').value == 'front_link'
        assert node.declare_parameter('scan_height', 1).value == 10


def test_the_parameter_file_is_stronger_than_what_these_nodes_get(launch_file, tmp_path):
    params_file = tmp_path / 'mine.yaml'
    params_file.write_text('/**/laser_scan: {ros__parameters: {scan_height: 3}}\n'
                           '/**/point_cloud: {ros__parameters: {queue_size: 30}}\n')
    recorded = nodes(launch_file, laserscan='true', pointcloud='true',
                     params_file=str(params_file))
    with started(recorded['depthimage_to_laserscan_node']) as node:
        assert node.declare_parameter('scan_height', 1).value == 3
    with started(recorded['point_cloud_xyzrgb_node']) as node:
        assert node.declare_parameter('queue_size', 5).value == 30


def test_a_package_that_is_not_installed_is_named_and_the_rest_starts(launch_file, installed):
    installed.packages -= PACKAGES
    depth, *messages = actions(launch_file, pointcloud='true', laserscan='true', rviz='true')
    assert len(messages) == 3
    assert depth.executable == 'depth_node'
    for message, words in zip(messages, (
            ('pointcloud:=true', 'depth_image_proc', 'ros-$ROS_DISTRO-depth-image-proc'),
            ('laserscan:=true', 'depthimage_to_laserscan', 'depthimage-to-laserscan'),
            ('rviz:=true', 'rviz2', 'ros-$ROS_DISTRO-rviz2'))):
        for word in words:
            assert word in message.msg


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
    # Only the variable that this middleware reads: Kilted's warns of the older one.
    assert list(fast_dds.environment(profile).values()) == [str(profile)]
    monkeypatch.setenv('FASTDDS_BUILTIN_TRANSPORTS', 'UDPv4')
    assert fast_dds.environment(profile) == {}
