"""
Write what the tables of parameters say into config/depth.yaml and doc/robot.md.

The descriptions stand in depth_settings.py and camera_settings.py; `ros2 param describe` shows
them, too. Run in a checkout after a change there; a test holds the files against it.
"""

import json
from pathlib import Path
import re
import sys
import textwrap

from depth_estimation_ros.node import camera_settings, depth_settings
from depth_estimation_ros.node.settings import AT_START, Setting

ROOT = Path(__file__).resolve().parents[2]
YAML, PAGE = ROOT / 'config' / 'depth.yaml', ROOT / 'doc' / 'robot.md'
WIDTH = 99
MARKS = '<!-- parameters -->', '<!-- /parameters -->'
NODES = {
    'depth_estimation': ('The depth node.', depth_settings.SETTINGS),
    'camera': ('The stand-in camera: only with camera:=replay.', camera_settings.SETTINGS),
}


def parameter_file() -> str:
    """Return config/depth.yaml: every parameter of both nodes with its default."""
    lines = [
        '# Parameters of the two nodes of depth.launch.py, with their defaults.',
        "# '/**' fits any namespace. Written by python -m "
        'depth_estimation_ros.node.describe_parameters.']
    for node, (title, settings) in NODES.items():
        lines += ['', f'# {title}', f'/**/{node}:', '  ros__parameters:']
        for index, (name, setting) in enumerate(settings.items()):
            lines += [''] * bool(index)
            lines += textwrap.wrap(
                sentences(setting), WIDTH, initial_indent='    # ', subsequent_indent='    # ',
                break_long_words=False, break_on_hyphens=False)
            lines.append(f'    {name}: {_value(setting)}')
    return '\n'.join(lines) + '\n'


def markdown() -> str:
    """Return the tables of parameters for doc/robot.md, with the marks around them."""
    blocks = []
    for node, (title, settings) in NODES.items():
        rows = [f'| `{name}` | `{_value(setting)}` | {sentences(setting)} |'
                for name, setting in settings.items()]
        blocks.append('\n'.join([f'`{node}`: {title[0].lower()}{title[1:]}', '',
                                 '| parameter | default | meaning |', '| --- | --- | --- |',
                                 *rows]))
    return '\n\n'.join([MARKS[0], *blocks, MARKS[1]])


def filled(page: str) -> str:
    """Return a page with what stands between its marks replaced by the tables."""
    return re.sub(f'{MARKS[0]}.*{MARKS[1]}', lambda _: markdown(), page, flags=re.DOTALL)


def sentences(setting: Setting) -> str:
    """Return what there is to say of a parameter."""
    limits = '' if setting.limits is None else (
        f'From {setting.limits[0]:g} to {setting.limits[1]:g}.')
    choices = f'One of {", ".join(setting.choices)}.' if setting.choices else ''
    applies = f'Applies {setting.applies}.' if setting.applies != AT_START else 'Read at start.'
    return ' '.join(filter(None, (setting.description, choices, limits, applies)))


def _value(setting: Setting) -> str:
    if isinstance(setting.default, str):
        return setting.default or "''"
    if setting.default != setting.default:
        return '.nan'
    return json.dumps(setting.default)


def main() -> int:
    """Write the files."""
    YAML.write_text(parameter_file())
    if PAGE.is_file():
        PAGE.write_text(filled(PAGE.read_text()))
    return 0


if __name__ == '__main__':
    sys.exit(main())
