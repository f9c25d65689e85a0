"""
Metric depth from a camera: the depth node, and on request what makes use of it.

A point cloud (depth_image_proc), a laser scan (depthimage_to_laserscan), RViz, and a stand-in
camera.
"""

import atexit
import json
from pathlib import Path
import tempfile
from typing import Dict, List, Tuple

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from depth_estimation_ros.node import fast_dds
from launch import Action, LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
import yaml

PACKAGE = 'depth_estimation_ros'
CONFIG = Path(get_package_share_directory(PACKAGE)) / 'config'

# The launch arguments that are parameters of a node, and how their text is read.
PARAMETERS = {
    'depth_estimation': {
        'model': str, 'device': str, 'camera_height': float, 'camera_pitch': float,
        'camera_roll': float, 'ground_frame': str, 'scale_from': str, 'fov': float,
        'max_range': float, 'edge_filter': str, 'edge_threshold': float, 'rate': float,
        'autostart': lambda text: text == 'true'},
    'camera': {'source': str},
}

ARGUMENTS = [
    DeclareLaunchArgument(
        'model', default_value='',
        description='Path of a model file (.onnx, .safetensors, .pth), or the name of a shipped '
                    'model or of one that was fetched. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'device', default_value='', choices=['', 'auto', 'cpu', 'cuda', 'tensorrt', 'gpu', 'npu'],
        description='What runs the network. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'camera_height', default_value='',
        description='Height of the camera above the floor in metres, by which depth is '
                    'corrected; 0: unknown. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'camera_pitch', default_value='',
        description='Degrees by which the camera looks up (negative: down), beside '
                    'camera_height. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'camera_roll', default_value='',
        description="Degrees by which the camera's right side is lifted, beside camera_pitch. "
                    'Empty: what params_file says.'),
    DeclareLaunchArgument(
        'ground_frame', default_value='',
        description="Frame on the floor, such as base_footprint, from which TF tells the camera's "
                    'height, pitch and roll. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'scale_from', default_value='',
        description='Topic of a LaserScan or PointCloud2 whose true depths set the scale, too; TF '
                    'brings them into the image. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'fov', default_value='',
        description='Horizontal field of view in degrees, for a camera without camera_info; 0: '
                    'unknown. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'max_range', default_value='',
        description='Metres beyond which depth is out of range. Empty: what params_file says.'),
    DeclareLaunchArgument(
        'edge_filter', default_value='', choices=['', 'sharpen', 'remove', 'off'],
        description='What becomes of the pixels on the edges of things. Empty: what params_file '
                    'says.'),
    DeclareLaunchArgument(
        'edge_threshold', default_value='',
        description='Share by which depths near each other differ where there is an edge. Empty: '
                    'what params_file says.'),
    DeclareLaunchArgument(
        'rate', default_value='',
        description='Hertz at which the network runs at most; 0: for every image that it can. '
                    'Empty: what params_file says.'),
    DeclareLaunchArgument(
        'autostart', default_value='', choices=['', 'true', 'false'],
        description='Whether the node configures and activates itself. Empty: what params_file '
                    'says.'),
    DeclareLaunchArgument(
        'image', default_value='image',
        description="Topic of the camera's (rectified) image; one that ends in /compressed is of "
                    'sensor_msgs/CompressedImage.'),
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
        'pointcloud', default_value='false', choices=['true', 'false'],
        description='Whether to publish depth in the colours of the image as depth/points, with '
                    'depth_image_proc.'),
    DeclareLaunchArgument(
        'laserscan', default_value='false', choices=['true', 'false'],
        description='Whether to publish the middle rows of depth as depth/scan_rows, with '
                    'depthimage_to_laserscan; depth/scan needs none of it.'),
    DeclareLaunchArgument(
        'scan_frame', default_value='camera_link',
        description="Frame of depth/scan_rows: the camera's place, with x forward and z up. The "
                    'frame of the images, with z forward, is not that.'),
    DeclareLaunchArgument(
        'rviz', default_value='false', choices=['true', 'false'],
        description='Whether to show image, depth, confidence and cloud in RViz.'),
    DeclareLaunchArgument(
        'camera', default_value='none', choices=['none', 'replay'],
        description='replay starts a stand-in camera that plays source.'),
    DeclareLaunchArgument(
        'source', default_value='',
        description='What camera:=replay plays: a dataset (the folder that holds rgb/), a folder '
                    'of images, a video file or a rosbag2. Empty: what params_file says.'),
]


def is_installed(package: str) -> bool:
    """Tell whether ROS finds a package."""
    try:
        get_package_share_directory(package)
    except PackageNotFoundError:
        return False
    return True


def missing(argument: str, package: str) -> LogInfo:
    """Return what says that a package is missing."""
    return LogInfo(msg=f'{argument}:=true needs the package {package}, which is not installed '
                       f'(apt: ros-$ROS_DISTRO-{package.replace("_", "-")}). Going on without it.')


def absolute(name: str, *namespaces: str) -> str:
    """Return a name within namespaces, the outermost first; an absolute one needs none."""
    for namespace in reversed(namespaces):
        name = name if name.startswith('/') else f'{namespace}/{name}'
    return '/' + '/'.join(filter(None, name.split('/')))


def cloud_inputs(image: str, *namespaces: str) -> Tuple[List[Tuple[str, str]], List[str]]:
    """Return remappings and arguments that lead the inputs to depth_image_proc's cloud node."""
    suffix = '/compressed'
    is_compressed = image.endswith(suffix)
    color = image[:-len(suffix)] if is_compressed else image
    # Up to Iron the node asks for rgb/camera_info, later for the camera_info beside the colour
    # image. depth/camera_info has the stamps of depth, and comes with each of it.
    info_beside_color = color.rpartition('/')[0] + '/camera_info'
    remappings = [
        ('rgb/image_rect_color', color), ('depth_registered/image_rect', 'depth/image'),
        ('rgb/camera_info', 'depth/camera_info'),
        (info_beside_color if '/' in color else 'camera_info', 'depth/camera_info'),
        ('points', 'depth/points')]
    # Depth has the stamp of its image, so there is nothing to approximate; the queue bridges the
    # time that depth takes. A best effort subscription takes every camera; the default one,
    # reliable, would leave the cloud empty with most.
    settings = {
        'exact_sync': 'true', 'queue_size': '10',
        'image_transport': 'compressed' if is_compressed else 'raw',
        f'qos_overrides.{absolute(image, *namespaces)}.subscription.reliability': 'best_effort'}
    return remappings, [word for name, value in settings.items()
                        for word in ('-p', f'{name}:={value}')]


def parameter_values(given: Dict[str, str]) -> Dict[str, Dict]:
    """
    Return the parameters that launch arguments give each node.

    Raises
    ------
    ValueError
        Where an argument cannot be read; the sentence names it.

    """
    values = {}
    for node, readers in PARAMETERS.items():
        for name, read in readers.items():
            if not given[name]:
                continue
            try:
                values.setdefault(node, {})[name] = read(given[name])
            except ValueError as error:
                raise ValueError(
                    f'{name}:={given[name]} cannot be: {name} is a number') from error
    return values


def write_parameter_file(values: Dict[str, Dict]) -> str:
    """
    Return a parameter file that reaches nodes in every namespace, until this process ends.

    `-p NODE:NAME:=VALUE` would reach a node in the root namespace only.
    """
    sections = {f'/**/{node}': {'ros__parameters': parameters}
                for node, parameters in values.items()}
    with tempfile.NamedTemporaryFile(
            'w', prefix='depth_estimation_', suffix='.yaml', delete=False) as file:
        json.dump(sections, file)  # which is YAML, and leaves no doubt about types
    atexit.register(Path(file.name).unlink, missing_ok=True)
    return file.name


def sets_network_size(params_file: str) -> bool:
    """Tell whether a parameter file has the depth node publish depth at the network's size."""
    def finds(contents, name: str) -> bool:
        if not isinstance(contents, dict):
            return False
        is_for_node = name.rpartition('/')[2] in ('depth_estimation', '*', '**')
        parameters = contents.get('ros__parameters')
        if is_for_node and isinstance(parameters, dict) and \
                parameters.get('depth_size') == 'network':
            return True
        return any(finds(each, str(key)) for key, each in contents.items())
    try:
        return finds(yaml.safe_load(Path(params_file).read_text()), '')
    except (OSError, ValueError, yaml.YAMLError):
        return False  # the node says what is wrong with the file


def nodes(context: LaunchContext) -> List[Action]:
    """Return the nodes, once the values of the arguments are known."""
    given = {argument.name: LaunchConfiguration(argument.name).perform(context)
             for argument in ARGUMENTS}
    inputs = [(topic, given[topic]) for topic in ('image', 'camera_info')]
    files = ['--params-file', given['params_file']]
    values = parameter_values(given)
    # The later file is the stronger.
    with_arguments = files + (['--params-file', write_parameter_file(values)] if values else [])
    if given['pointcloud'] == 'true' and sets_network_size(given['params_file']):
        raise ValueError(
            f'pointcloud:=true needs depth at the size of the image, but {given["params_file"]} '
            'sets depth_size to network: set it to input. (depth_image_proc crops the colour '
            'image to the proportions of depth, and fails where they differ.)')

    def node(package: str, executable: str, name: str, **kwargs) -> Node:
        return Node(package=package, executable=executable, name=name, output='screen',
                    namespace=given['namespace'],
                    additional_env=fast_dds.environment(CONFIG / 'fastdds.xml'), **kwargs)

    result = [node(PACKAGE, 'depth_node', 'depth_estimation', remappings=inputs,
                   ros_arguments=with_arguments)]
    if given['camera'] == 'replay':
        result.append(node(PACKAGE, 'camera_node', 'camera', remappings=inputs,
                           ros_arguments=with_arguments))
    if given['pointcloud'] == 'true' and not is_installed('depth_image_proc'):
        result.append(missing('pointcloud', 'depth_image_proc'))
    elif given['pointcloud'] == 'true':
        # The namespace that a launch file around this one may have pushed, and the own one.
        outer = LaunchConfiguration('ros_namespace', default='').perform(context)
        # The parameter file comes after the defaults, as the stronger.
        remappings, defaults = cloud_inputs(given['image'], outer, given['namespace'])
        result.append(node('depth_image_proc', 'point_cloud_xyzrgb_node', 'point_cloud',
                           remappings=remappings, ros_arguments=defaults + files))
    if given['laserscan'] == 'true' and not is_installed('depthimage_to_laserscan'):
        result.append(missing('laserscan', 'depthimage_to_laserscan'))
    elif given['laserscan'] == 'true':
        # Five rows above the middle and five below: they see the ground only beyond
        # (focal length / 5) x the camera's height, 19 m for 320 pixels and 0.3 m.
        result.append(node(
            'depthimage_to_laserscan', 'depthimage_to_laserscan_node', 'laser_scan',
            remappings=[('depth', 'depth/image'), ('depth_camera_info', 'depth/camera_info'),
                        ('scan', 'depth/scan_rows')],
            ros_arguments=['-p', 'scan_height:=10', '-p', f'output_frame:={given["scan_frame"]}']
            + files))
    if given['rviz'] == 'true' and not is_installed('rviz2'):
        result.append(missing('rviz', 'rviz2'))
    elif given['rviz'] == 'true':
        # depth.rviz names absolute topics; here they follow the namespace and the arguments.
        result.append(node(
            'rviz2', 'rviz2', 'rviz', arguments=['-d', str(CONFIG / 'depth.rviz')],
            remappings=[(f'/{name}', topic) for name, topic in inputs] + [
                (f'/depth/{name}', f'depth/{name}')
                for name in ('image', 'camera_info', 'color', 'confidence', 'floor', 'points',
                             'scan')]))
    return result


def generate_launch_description() -> LaunchDescription:
    """Return the launch description."""
    return LaunchDescription(ARGUMENTS + [OpaqueFunction(function=nodes)])
