"""The descriptions of parameters are those of the code, wherever they stand."""

from depth_estimation_ros.node import describe_parameters
from depth_estimation_ros.node.describe_parameters import NODES, PAGE, YAML
import pytest
import yaml

MEND = 'run python -m depth_estimation_ros.node.describe_parameters'


def test_the_parameter_file_is_what_the_code_says():
    assert YAML.read_text() == describe_parameters.parameter_file(), MEND


@pytest.mark.parametrize('node', NODES)
def test_the_parameter_file_sets_every_parameter_to_its_default(node):
    parameters = yaml.safe_load(YAML.read_text())[f'/**/{node}']['ros__parameters']
    # NaN is equal to nothing, but is told like NaN.
    assert str(parameters) == str({
        name: setting.default for name, setting in NODES[node][1].items()})


@pytest.mark.skipif(not PAGE.is_file(), reason='there is no such page yet')
def test_the_page_on_robots_has_every_parameter_as_the_code_says():
    assert describe_parameters.markdown() in PAGE.read_text(), MEND


def test_the_tables_are_written_between_the_marks_and_nowhere_else():
    page = 'before <!-- parameters -->\nstale table\n<!-- /parameters --> after'
    filled = describe_parameters.filled(page)
    assert filled.startswith('before <!-- parameters -->\n')
    assert filled.endswith('\n<!-- /parameters --> after')
    assert 'stale table' not in filled and '`camera_height`' in filled
    assert describe_parameters.filled(filled) == filled


def test_every_description_is_a_sentence():
    for _, settings in NODES.values():
        for setting in settings.values():
            assert setting.description.endswith('.')
