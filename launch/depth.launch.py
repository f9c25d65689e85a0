"""Metric depth from a camera: the depth node, and on request a stand-in camera and RViz."""

from pathlib import Path
from typing import List

from ament_index_python.packages import get_package_share_directory
from depth_estimation_ros import fast_dds
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

PACKAGE = 'depth_estimation_ros'
CONFIG = Path(get_package_share_directory(PACKAGE)) / 'config'

ARGUMENTS = [
    DeclareLaunchArgument(
        'model', default_value='',
        description='Path of a model file (.onnx, .safetensors, .pth), or the name of a shipped '
                    'model. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'device', default_value='', choices=['', 'auto', 'cpu', 'cuda'],
        description='What runs the network. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'autostart', default_value='', choices=['', 'true', 'false'],
        description='Whether the node configures and activates itself. Empty: what params_file '
                    'says.'),
    DeclareLaunchArgument(
        'image', default_value='image',
        description="Topic of the camera's (rectified) image."),
    DeclareLaunchArgument(
        'camera_info', default_value='camera_info',
        description='Topic of its CameraInfo.'),
    DeclareLaunchArgument(
        'params_file', default_value=str(CONFIG / 'depth.yaml'),
        description='YAML file with the parameters of the nodes.'),
    DeclareLaunchArgument(
        'namespace', default_value='',
        description='Namespace of the nodes and of every topic that is not absolute.'),
    DeclareLaunchArgument(
        'rviz', default_value='false', choices=['true', 'false'],
        description='Whether to show image, depth and cloud in RViz.'),
    DeclareLaunchArgument(
        'camera', default_value='none', choices=['none', 'replay'],
        description='replay starts a stand-in camera that plays source.'),
    DeclareLaunchArgument(
        'source', default_value='',
        description='What camera:=replay plays: a dataset (the folder that holds rgb/), a folder '
                    'of images or a video file. Empty: what params_file says.'),
]


def nodes(context: LaunchContext) -> List[Node]:
    """Return the nodes, once the values of the arguments are known."""
    given = {argument.name: LaunchConfiguration(argument.name).perform(context)
             for argument in ARGUMENTS}
    inputs = [(topic, given[topic]) for topic in ('image', 'camera_info')]

    def node(package: str, executable: str, name: str, **kwargs) -> Node:
        return Node(package=package, executable=executable, name=name, output='screen',
                    namespace=given['namespace'],
                    additional_env=fast_dds.environment(CONFIG / 'fastdds.xml'), **kwargs)

    def parameters(*names: str) -> List[str]:
        """Return the parameter file, and after it, as the stronger, what was given here."""
        arguments = ['--params-file', given['params_file']]
        for name in names:
            arguments += ['-p', f'{name}:={given[name]}'] if given[name] else []
        return arguments

    result = [node(PACKAGE, 'depth_node', 'depth_estimation', remappings=inputs,
                   ros_arguments=parameters('model', 'device', 'autostart'))]
    if given['camera'] == 'replay':
        result.append(node(PACKAGE, 'camera_node', 'camera', remappings=inputs,
                           ros_arguments=parameters('source')))
    if given['rviz'] == 'true':
        # depth.rviz names absolute topics; here they follow the namespace and the arguments.
        result.append(node(
            'rviz2', 'rviz2', 'rviz', arguments=['-d', str(CONFIG / 'depth.rviz')],
            remappings=[(f'/{name}', topic) for name, topic in inputs] + [
                (f'/depth/{name}', f'depth/{name}')
                for name in ('image', 'camera_info', 'color')]))
    return result


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return LaunchDescription(ARGUMENTS + [OpaqueFunction(function=nodes)])
