"""Imports point one way: what a folder may use, so that each can be read and run by itself."""

import re
import xml.etree.ElementTree as ElementTree

import draw_import_graph
import import_graph
from import_graph import PACKAGE, ROOT, TRAINING
import pytest

MODULES = import_graph.read()
# From the commands down: a module imports from its own folder and from those below.
LAYERS = [TRAINING, f'{TRAINING}/trial', f'{TRAINING}/experiments', f'{TRAINING}/benchmarking',
          f'{TRAINING}/exporting', f'{TRAINING}/scoring', f'{TRAINING}/importing',
          f'{TRAINING}/worlds', f'{TRAINING}/learning', PACKAGE]
ROS = re.compile(r'(rclpy|launch|tf2|ament|cv_bridge|message_filters|rosidl)(_\w+)?$'
                 r'|\w+_(msgs|srvs|interfaces|transport)$')


def folders_of(name: str) -> set:
    """Return the folders of the project from which a module imports."""
    return {MODULES[other].folder for other in MODULES[name].imports if other in MODULES}


def is_within(folder: str, top: str) -> bool:
    """Tell whether a folder is another or lies in it."""
    return folder == top or folder.startswith(f'{top}/')


def modules_in(top: str) -> list:
    """Return the names of the modules in a folder and in those below."""
    return [name for name, module in MODULES.items() if is_within(module.folder, top)]


def test_the_reader_sees_imports_of_every_kind(tmp_path):
    folder = tmp_path / PACKAGE / 'inner'
    folder.mkdir(parents=True)
    for name in ('a', 'b', 'c', 'd', 'e'):
        (folder / f'{name}.py').write_text('')
    (folder / '__init__.py').write_text('')
    (folder / 'all.py').write_text(
        f'import {PACKAGE}.inner.a\nfrom {PACKAGE}.inner import b\nfrom . import c\n'
        'from .d import thing\nimport numpy.linalg\n\n\n'
        f'def late():\n    from {PACKAGE}.inner.e import thing\n')
    inner = f'{PACKAGE}.inner'
    assert import_graph.read(tmp_path)[f'{inner}.all'].imports == {
        f'{inner}.a', f'{inner}.b', f'{inner}.c', f'{inner}.d', f'{inner}.e', 'numpy'}


def test_the_reader_finds_a_circle():
    assert import_graph.circle({'a': {'b'}, 'b': {'c'}, 'c': {'b'}}) == ['b', 'c', 'b']
    assert import_graph.circle({'a': {'b', 'c'}, 'b': {'c'}, 'c': set()}) == []


def test_no_modules_import_each_other_in_a_circle():
    assert import_graph.circle({name: module.imports for name, module in MODULES.items()}) == []


def test_no_folders_import_each_other_in_a_circle():
    assert import_graph.circle(import_graph.between_folders(MODULES)) == []


def test_no_arrow_of_the_picture_of_imports_crosses_a_box():
    arrows = import_graph.between_folders(MODULES)
    boxes = draw_import_graph.place(MODULES, arrows)
    for ends, way in draw_import_graph.routes(boxes, arrows).items():
        others = [box for folder, box in boxes.items() if folder not in ends]
        assert draw_import_graph.crossed(way, others) == [], ends


@pytest.mark.parametrize('folder', ['estimation', 'images', 'recordings'])
def test_what_also_runs_without_ros_imports_nothing_of_it(folder):
    for name in modules_in(f'{PACKAGE}/{folder}'):
        assert not {other for other in MODULES[name].imports if ROS.match(other)}, name


def test_estimation_imports_no_other_folder():
    for name in modules_in(f'{PACKAGE}/estimation'):
        assert all(is_within(folder, f'{PACKAGE}/estimation') for folder in folders_of(name)), name


def test_the_package_imports_nothing_of_training():
    for name in modules_in(PACKAGE):
        assert all(is_within(folder, PACKAGE) for folder in folders_of(name)), name


@pytest.mark.parametrize('layer', LAYERS[1:-1])
def test_each_layer_of_training_imports_only_from_those_below(layer):
    allowed = LAYERS[LAYERS.index(layer):]
    for name in modules_in(layer):
        assert all(any(is_within(folder, below) for below in allowed)
                   for folder in folders_of(name)), name


def test_what_blender_runs_needs_neither_pytorch_nor_opencv_nor_ros():
    reached, following = set(), {'render_worlds', *modules_in(f'{TRAINING}/worlds')}
    while following:
        reached |= following
        following = {other for name in following & set(MODULES)
                     for other in MODULES[name].imports} - reached
    assert 'bpy' in reached
    assert not {name for name in reached if name in ('torch', 'cv2', 'timm') or ROS.match(name)}


def test_package_xml_names_each_ros_package_that_is_imported():
    named = {element.text for element in ElementTree.parse(ROOT / 'package.xml').getroot()
             if element.tag in ('depend', 'exec_depend')}
    # The Python module tf2_ros is in a package of another name.
    imported = {'tf2_ros_py' if other == 'tf2_ros' else other for name in modules_in(PACKAGE)
                for other in MODULES[name].imports if ROS.match(other)}
    assert imported and imported <= named
