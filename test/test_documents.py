"""The documents lead where they say: links, pictures, files and commands that they name exist."""

from pathlib import Path
import re
from typing import Iterator, Set, Tuple
import xml.etree.ElementTree as ElementTree

import pytest
import run_commands
from run_commands import ROOT

PAGES = run_commands.PAGES + ['depth_estimation_ros/models/model_card.md']
LINK = re.compile(r'\[[^\]]*\]\(([^)\s]+)\)')
# A path of the repository with an ending, in a sentence or in a command.
FILE = re.compile(r'(?<![\w/.-])((?:config|data|depth_estimation_ros|doc|launch|test|training)'
                  r'/[\w/.-]*\.(?:py|yaml|xml|md|png|jpeg|onnx|safetensors))\b')
# What commands make, and what a page says to make.
MADE = re.compile(r'data/worlds')


def links(page: Path) -> Iterator[Tuple[str, str]]:
    """Yield the file and the anchor of each link of a page that leads into the repository."""
    for target in LINK.findall(re.sub(r'^```.*?^```', '', page.read_text(),
                                      flags=re.MULTILINE | re.DOTALL)):
        if not re.match(r'https?:|mailto:', target):
            file, _, anchor = target.partition('#')
            yield file, anchor


def anchors(page: Path) -> Set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found: Set[str] = set()
    for heading in re.findall(r'^#+ (.*)$', page.read_text(), flags=re.MULTILINE):
        slug = re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
        copies = sum(re.fullmatch(rf'{re.escape(slug)}(-\d+)?', other) is not None
                     for other in found)
        found.add(f'{slug}-{copies}' if copies else slug)
    return found


@pytest.mark.parametrize('page', PAGES)
def test_links_and_pictures_exist(page):
    path = ROOT / page
    for file, anchor in links(path):
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f'{page} links to {file}, which does not exist'
        assert not anchor or anchor in anchors(target), \
            f'{page} links to {file}#{anchor}, which is no heading there'


@pytest.mark.parametrize('page', PAGES)
def test_files_that_are_named_exist(page):
    named = set(FILE.findall((ROOT / page).read_text()))
    assert {name for name in named if not MADE.match(name) and not (ROOT / name).exists()} == set()


def test_each_page_of_doc_is_reached_from_the_readme():
    linked = {(ROOT / file).resolve() for file, _ in links(ROOT / 'README.md')}
    assert set((ROOT / 'doc').glob('*.md')) <= linked


def test_the_readme_is_short():
    assert len((ROOT / 'README.md').read_text().splitlines()) <= 150


def test_targets_of_make_exist():
    targets = set(re.findall(r'^([\w-]+):', (ROOT / 'Makefile').read_text(), flags=re.MULTILINE))
    called = {match for page in PAGES
              for match in re.findall(r'(?:^ {4}|`)make ([\w-]+)', (ROOT / page).read_text(),
                                      flags=re.MULTILINE)}
    assert called and called <= targets


def test_commands_are_found_and_those_that_run_need_nothing_of_the_readers_own():
    found = [command for page in run_commands.PAGES for command in run_commands.commands(page)]
    running = [command.text for command in found if not command.reason]
    assert any('evaluate.py --model compact --bag' in text for text in running)
    assert not any(text.startswith(('ros2', 'sudo')) for text in running)


def test_the_changelog_tells_of_the_version():
    version = ElementTree.parse(ROOT / 'package.xml').getroot().findtext('version')
    changelog = (ROOT / 'CHANGELOG.rst').read_text()
    assert re.search(rf'^{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)\n-+$', changelog, re.MULTILINE)


def test_the_program_without_ros_runs(monkeypatch):
    monkeypatch.chdir(ROOT)
    page = (ROOT / 'doc' / 'without_ros.md').read_text()
    names: dict = {}
    exec(re.search(r'```python\n(.*?)```', page, re.DOTALL)[1], names)
    assert names['depth'].shape == names['with_pose'].shape == names['image'].shape[:2]
    assert (names['depth'] != names['with_pose']).any()
