"""The settings for programs that are not installed here, as far as their sources tell."""

from pathlib import Path

import pytest
import yaml

CONFIG = Path(__file__).resolve().parents[1] / 'config'

# What nav2_costmap_2d of ROS 2 Jazzy declares for a layer, and for each of its sources.
LAYER = {'plugin', 'enabled', 'footprint_clearing_enabled', 'min_obstacle_height',
         'max_obstacle_height', 'combination_method', 'observation_sources'}
VOXEL_LAYER = LAYER | {'z_voxels', 'origin_z', 'z_resolution', 'unknown_threshold',
                       'mark_threshold', 'publish_voxel_map'}
SOURCE = {'topic': str, 'sensor_frame': str, 'observation_persistence': float,
          'expected_update_rate': float, 'data_type': str, 'min_obstacle_height': float,
          'max_obstacle_height': float, 'inf_is_valid': bool, 'marking': bool, 'clearing': bool,
          'obstacle_max_range': float, 'obstacle_min_range': float, 'raytrace_max_range': float,
          'raytrace_min_range': float}


@pytest.mark.parametrize('costmap, name, plugin, declared', [
    ('local_costmap', 'voxel_layer', 'nav2_costmap_2d::VoxelLayer', VOXEL_LAYER),
    ('global_costmap', 'obstacle_layer', 'nav2_costmap_2d::ObstacleLayer', LAYER),
])
def test_nav2_knows_each_parameter_of_the_layers(costmap, name, plugin, declared):
    costmap = yaml.safe_load((CONFIG / 'nav2_depth.yaml').read_text())[costmap][costmap]
    parameters = costmap['ros__parameters']
    assert name in parameters['plugins']
    layer = parameters[name]
    assert layer['plugin'] == plugin
    source = layer.pop(layer['observation_sources'])
    assert set(layer) <= declared
    for key, value in source.items():
        # ROS parameters have types: 6 is not 6.0.
        assert type(value) is SOURCE[key], key
    assert source['topic'] == '/depth/points' and source['data_type'] == 'PointCloud2'
    assert source['obstacle_max_range'] <= source['raytrace_max_range']
    # What the source drops, the layer cannot mark.
    assert source['min_obstacle_height'] <= layer['min_obstacle_height']
    assert source['max_obstacle_height'] >= layer['max_obstacle_height']
    if name == 'voxel_layer':
        assert layer['z_voxels'] <= 16
        assert layer['z_voxels'] * layer['z_resolution'] >= layer['max_obstacle_height']


def test_rviz_shows_colour_depth_confidence_and_cloud():
    config = yaml.safe_load((CONFIG / 'depth.rviz').read_text())
    displays = config['Visualization Manager']['Displays']
    shown = {display['Name']: display for display in displays if display['Enabled']}
    assert set(shown) == {'Image', 'Depth in colours', 'Confidence', 'Cloud'}
    topics = {name: display.get('Topic', {}).get('Value') for name, display in shown.items()}
    assert topics['Image'] == '/image' and topics['Confidence'] == '/depth/confidence'
    assert shown['Cloud']['Depth Map Topic'] == '/depth/image'
    for display in displays:
        # The cloud is published best effort, and any camera is taken.
        if 'Topic' in display:
            assert display['Topic']['Reliability Policy'] == 'Best Effort'
