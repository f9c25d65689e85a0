"""The renderer: depth is right to the millimetre, and a dataset survives being killed."""

import csv
import fcntl
import json
import os
from pathlib import Path
import subprocess
import time

from depth_estimation_ros.estimation.depth_colors import colorize
import numpy as np
from PIL import Image
import pytest
import render_worlds
from worlds import fetch_photographs, overview, pairs, photographs, sensor, tables

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / '.venv-render' / 'bin' / 'python'
COMMAND = ROOT / 'training' / 'render_worlds.py'

pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason=(
    'no .venv-render: `make render-env` makes it, where there is CPython 3.11 or 3.13, the '
    'versions that Blender has wheels for'))


# Depth and its formula: three bodies at known places, each seen by a tilted camera.

PLANE = [(4.0, 12.0, -13.0), (0.0, -16.0, -15.0), (8.0, -14.0, 11.0), (12.0, 14.0, 13.0)]
SPHERE = {'centre': (0.5, 5.0, 1.2), 'radius': 1.1}
STAIRS = [((-4.0 - 0.3 * step, -1.2, 0.17 * step), (-3.7 - 0.3 * step, 1.2, 0.17 * (step + 1)))
          for step in range(9)]
CARD = [(2.0, 0.5, 0.6), (2.1, -0.6, 0.5), (2.15, -0.45, 1.5), (2.05, 0.65, 1.6)]
WALL = [(5.0, 9.0, -9.0), (5.0, -9.0, -9.0), (5.0, -9.0, 9.0), (5.0, 9.0, 9.0)]
VIEWS = {'plane': {'x': 0.2, 'y': -0.3, 'z': 1.0, 'heading': 0.1, 'pitch': 0.15, 'roll': 0.2},
         'sphere': {'x': 0.0, 'y': 0.0, 'z': 0.7, 'heading': 1.5, 'pitch': 0.1, 'roll': -0.3},
         'stairs': {'x': -1.0, 'y': 0.4, 'z': 1.1, 'heading': 3.2, 'pitch': -0.1, 'roll': 0.1},
         'card': {'x': 0.0, 'y': 0.0, 'z': 1.0, 'heading': 0.0, 'pitch': 0.0, 'roll': 0.0}}

SHOOT = """
import json, sys
from pathlib import Path
import numpy as np
from worlds import cycles, shape
from worlds.camera import Camera, Viewpoint
from worlds.stage import Stage

out, scene = Path(sys.argv[1]), json.loads(sys.argv[2])
angle = np.linspace(-np.pi / 2, np.pi / 2, 500)
ball = shape.lathe(np.c_[np.cos(angle), np.sin(angle)], 'paint', sides=1000)
bodies = {
    'plane': [shape.quad(scene['plane'], 'paint')],
    'sphere': [ball.scaled(scene['sphere']['radius']).moved(*scene['sphere']['centre'])],
    'stairs': [shape.box(low, high, 'paint') for low, high in scene['stairs']],
    'card': [shape.quad(scene['card'], 'glow'), shape.quad(scene['wall'], 'glow', (.1, .1, .1))]}
camera = Camera(160, 90, 75.0)
(out / 'camera.json').write_text(camera.to_json())
for name, view in scene['views'].items():
    stage = Stage(0)
    stage.put(stage.mesh(shape.join(bodies[name])))
    cycles.set_up(stage.scene, camera, samples=8, threads=2)
    light, depth = cycles.render(stage.scene, Viewpoint(height=0, **view), 1, out / 'frame.exr')
    np.save(out / f'{name}.npy', depth)
    np.save(out / f'{name}_light.npy', light)
"""


@pytest.fixture(scope='module')
def shots(tmp_path_factory):
    """Return the folder of depth maps, and light, of bodies at known places."""
    folder = tmp_path_factory.mktemp('shots')
    scene = {'plane': PLANE, 'sphere': SPHERE, 'stairs': STAIRS, 'card': CARD, 'wall': WALL,
             'views': VIEWS}
    result = subprocess.run([PYTHON, '-c', SHOOT, folder, json.dumps(scene)], timeout=300,
                            env={**os.environ, 'PYTHONPATH': str(COMMAND.parent)},
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return folder


def cast_rays(folder, name):
    """Return a view's place (3,) and its pixels' rays (H, W, 3), each 1 m along the axis."""
    camera, view = json.loads((folder / 'camera.json').read_text()), VIEWS[name]
    v, u = np.mgrid[:camera['height'], :camera['width']]
    sin, cos = ({key: f(view[key]) for key in ('heading', 'pitch', 'roll')}
                for f in (np.sin, np.cos))
    ahead = np.array([cos['pitch'] * cos['heading'], cos['pitch'] * sin['heading'], sin['pitch']])
    level = np.array([sin['heading'], -cos['heading'], 0])
    # A positive roll lifts the camera's right side.
    right = cos['roll'] * level + sin['roll'] * np.cross(level, ahead)
    down = np.cross(ahead, right)
    return np.array([view['x'], view['y'], view['z']]), (
        ahead + ((u - camera['cx']) / camera['fx'])[..., None] * right
        + ((v - camera['cy']) / camera['fy'])[..., None] * down)


def plane_depth(place, rays):
    a, b, c, _ = np.array(PLANE)
    normal = np.cross(b - a, c - a)
    return (a - place) @ normal / (rays @ normal)


def sphere_depth(place, rays):
    offset = place - SPHERE['centre']
    a, half_b = (rays ** 2).sum(-1), rays @ offset
    root = half_b ** 2 - a * (offset @ offset - SPHERE['radius'] ** 2)
    return np.where(root >= 0, (-half_b - np.sqrt(np.maximum(root, 0))) / a, np.inf)


def stairs_depth(place, rays):
    nearest = np.full(rays.shape[:2], np.inf)
    for low, high in STAIRS:
        times = (np.array([low, high]) - place)[:, None, None] / rays
        enter, leave = times.min(0).max(-1), times.max(0).min(-1)
        nearest = np.where((enter < leave) & (enter > 0), np.minimum(nearest, enter), nearest)
    return nearest


@pytest.mark.parametrize('name,formula', [
    ('plane', plane_depth), ('sphere', sphere_depth), ('stairs', stairs_depth)])
def test_depth_is_that_of_the_formula(shots, name, formula):
    depth, expected = np.load(shots / f'{name}.npy'), formula(*cast_rays(shots, name))
    hit = np.isfinite(expected)
    assert hit.mean() > 0.1
    np.testing.assert_array_equal(np.isfinite(depth), hit)
    # The outermost pixels are left out: seen along its rim, a ball made of facets isn't round.
    inner = hit & np.all([np.roll(hit, step, axis) for step in (1, -1) for axis in (0, 1)], axis=0)
    error = np.abs(depth[inner] - expected[inner])
    assert (error <= np.maximum(0.001, 0.001 * expected[inner])).all(), error.max()


def find_edges(share):
    """Return where each row of a picture first rises to a half: row -> column, in pixels."""
    edges = {}
    for row, line in enumerate(share):
        at = np.argmax(line >= 0.5)
        if at:
            edges[row] = at - (line[at] - 0.5) / (line[at] - line[at - 1])
    return edges


@pytest.mark.parametrize('turn', [
    lambda picture: picture, np.fliplr, np.transpose, lambda picture: np.flipud(picture).T],
    ids=['left', 'right', 'top', 'bottom'])
def test_edges_of_colour_are_edges_of_depth(shots, turn):
    light = np.load(shots / 'card_light.npy').mean(axis=-1)
    colour = find_edges(turn((light - light.min()) / (light.max() - light.min())))
    depth = find_edges(turn((np.load(shots / 'card.npy') < 3.5).astype(float)))
    apart = [colour[row] - depth[row] for row in colour.keys() & depth.keys()]
    assert len(apart) > 40
    # Depth has no grey pixels, so that a single row tells its edge to half a pixel at best.
    assert abs(np.mean(apart)) < 0.1 and np.abs(apart).max() < 0.75


# The plan of what stands, on bodies at known places.

PLAN = """
import sys
import numpy as np
from worlds import shape
from worlds.ground_plan import stands_where
from worlds.render_server import triangles_of
from worlds.stage import Stage

stage = Stage(0)
bodies = [((1, 1, 0), (2, 2, 3)), ((1, -2, 0.9), (2, -1, 0.905)), ((-2, 1, 0), (-1, 2, 0.15)),
          ((-2, -2, 1.25), (-1, -1, 3)), ((3, -0.01, 0), (3.02, 0.01, 2))]
box, = [stage.mesh(shape.box((0, 0, 0), (1, 1, 1), 'paint'))]
for low, high in bodies:
    stage.put(box, *low, scale=np.subtract(high, low))
stage.scene.view_layers[0].update()
ground = lambda x, y: 0.12 if x < 0 else 0.0
for low, high in (((3, 2, 0.5), (3.01, 2.1, 0.6)), ((3, -2.5, 0.3), (3.01, -2.4, 0.9))):
    leaf = stage.mesh(shape.box((0, 0, 0), (1, 1, 1), 'leaf'))
    stage.put(leaf, *low, scale=np.subtract(high, low))
stage.scene.view_layers[0].update()
np.save(sys.argv[1], stands_where(*triangles_of(stage.scene), ground, (0.5, 0.0), 4.0, 0.2, 1.2))
"""


def test_the_plan_shows_what_stands_at_the_height_of_a_robot(tmp_path):
    result = subprocess.run([PYTHON, '-c', PLAN, tmp_path / 'plan.npy'], timeout=300,
                            env={**os.environ, 'PYTHONPATH': str(COMMAND.parent)},
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    plan = np.load(tmp_path / 'plan.npy')
    assert plan.shape == (160, 160)

    def within(x, y, x1, y1):
        row, row1, column, column1 = np.rint(np.array([x + 3.5, x1 + 3.5, y + 4, y1 + 4]) / 0.05
                                             ).astype(int)
        return plan[row:row1, column:column1]

    for y in (1.0, -2.0):  # a block, and a board of 5 mm
        edges = within(1.0, y, 2.0, y + 1.0)
        assert edges[0].all() and edges[:, 0].all() and plan[90:112].any(axis=0).sum() < 60
    assert within(2.95, -0.05, 3.05, 0.05).any(), 'a post of 2 cm'
    assert not within(2.9, 1.9, 3.2, 2.3).any() and within(2.95, -2.5, 3.05, -2.4).any(), 'leaves'
    # What is too low, and what is above the robot: where the ground is 0.12 m high, by that.
    assert not within(-3.5, 0.0, -0.5, 4.0).any()
    assert within(-2.0, -2.0, -1.0, -1.0)[0].all(), '1.25 m up, 1.13 m above the ground'


# The command, on a set of four worlds.

SMALL = ('--train', 3, '--val', 2, '--test', 1, '--views-per-world', 2, '--size', '64x36',
         '--fov', 70, '--samples', 1, '--seed', 7, '--kinds', 'street,park')
COUNTS = {'train': 3, 'val': 2, 'test': 1}


def command(*arguments):
    return subprocess.run([PYTHON, COMMAND, *map(str, arguments)], capture_output=True,
                          text=True, timeout=300)


def photographs_of(python):
    """Return which packages of photographs an environment has."""
    contents = python.parents[1] / 'share' / 'photographs' / 'packages.txt'
    return contents.read_text().split() if contents.exists() else []


def pictures(folder):
    return sorted(folder.glob('rgb/*/*.jpeg'))


def depth_of(picture):
    return np.load(str(picture).replace('/rgb/', '/depth/').replace('.jpeg', '.npy'))


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    """Return a small dataset, rendered without an interruption."""
    folder = tmp_path_factory.mktemp('whole') / 'data'
    result = command('--out', folder, *SMALL, '--workers', 2)
    assert result.returncode == 0, result.stderr
    assert f'6 pairs in {folder}' in result.stdout
    return folder


def test_killed_run_goes_on_to_the_same_dataset(dataset, tmp_path):
    begin = time.monotonic()
    process = subprocess.Popen(
        [PYTHON, COMMAND, '--out', tmp_path, *map(str, SMALL), '--workers', '1'],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not pictures(tmp_path):
        assert process.poll() is None, process.stderr.read().decode()
        assert time.monotonic() - begin < 300
        time.sleep(0.01)
    process.kill()
    # The workers write to the same pipe, which ends with the last of them.
    process.communicate(timeout=60)
    survived = pictures(tmp_path)
    assert 0 < len(survived) < 6
    for picture in survived:
        Image.open(picture).load()
        assert depth_of(picture).shape == (36, 64)
    spent = tables.seconds_before(tmp_path)
    assert spent > 0

    # As after very many worlds, each gets a new worker process.
    arguments = list(map(str, ('--out', tmp_path, *SMALL, '--workers', 1, '--resume')))
    begin = time.monotonic()
    result = subprocess.run([PYTHON, '-c', 'import render_worlds\nfrom worlds import pool\n'
                             'pool.WORLDS_PER_WORKER = 1\n'
                             f'render_worlds.main({arguments})'], cwd=COMMAND.parent,
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    took = time.monotonic() - begin
    seconds = json.loads((tmp_path / 'dataset.json').read_text())['seconds']
    assert spent + took / 2 < seconds < spent + took + 0.1

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob('*')} == {
        str(path.relative_to(dataset)) for path in dataset.rglob('*')}
    assert not list(tmp_path.rglob('.*'))
    for one, other in zip(pictures(dataset), pictures(tmp_path)):
        assert depth_of(one).tobytes() == depth_of(other).tobytes()
        difference = np.abs(np.array(Image.open(one), float) - np.array(Image.open(other), float))
        assert difference.mean() < 2
    assert (dataset / 'pairs.csv').read_text() == (tmp_path / 'pairs.csv').read_text()


def test_a_dataset_that_another_process_renders_is_left_alone(dataset):
    before = pictures(dataset)
    with open(dataset / 'lock', 'a') as file:
        fcntl.lockf(file, fcntl.LOCK_EX)
        result = command('--out', dataset, *SMALL, '--train', 4, '--resume')
    assert result.returncode == 1 and f'another run is in {dataset}' in result.stderr
    assert 'Traceback' not in result.stderr and pictures(dataset) == before


def test_pairs_are_of_the_size_and_range_that_was_asked_for(dataset):
    assert {s: len(list(dataset.glob(f'rgb/{s}/*'))) for s in COUNTS} == COUNTS
    assert {s: len(list(dataset.glob(f'depth/{s}/*'))) for s in COUNTS} == COUNTS
    for picture in pictures(dataset):
        image, depth = Image.open(picture), depth_of(picture)
        assert image.size == (64, 36) and image.mode == 'RGB' and image.format == 'JPEG'
        assert depth.shape == (36, 64) and depth.dtype == np.float32
        assert 0 < depth.min() and depth.max() <= 20
        assert np.std(image) > 5 and np.std(depth) > 0.5


def test_camera_json_tells_the_field_of_view(dataset):
    camera = json.loads((dataset / 'camera.json').read_text())
    focal = 32 / np.tan(np.radians(35))
    assert camera == {'width': 64, 'height': 36, 'fx': pytest.approx(focal),
                      'fy': pytest.approx(focal), 'cx': 31.5, 'cy': 17.5}


def test_a_camera_may_be_mounted_looking_down(dataset, tmp_path):
    result = command('--out', tmp_path, *SMALL, '--train', 1, '--val', 0, '--test', 0,
                     '--pitch', -20)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / 'dataset.json').read_text())['pitch'] == -20

    def rows(folder):
        with open(folder / 'pairs.csv') as file:
            return {row['name']: row for row in csv.DictReader(file)}
    (name, down), = rows(tmp_path).items()
    level = rows(dataset)[name]
    assert down['height'] == level['height']
    assert float(down['pitch']) == pytest.approx(float(level['pitch']) - np.radians(20), abs=2e-4)
    # It sees less of the sky, and more of the ground at its feet.
    assert float(down['sky_share']) < float(level['sky_share'])
    near, far = (np.median(depth_of(folder / f'rgb/train/{name}.jpeg')[-8:])
                 for folder in (tmp_path, dataset))
    assert near < far


def test_tables_agree_with_the_files(dataset):
    with open(dataset / 'pairs.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [f'rgb/{row["split"]}/{row["name"]}.jpeg' for row in rows] == [
        str(path.relative_to(dataset)) for split in render_worlds.SPLITS
        for path in pictures(dataset) if path.parent.name == split]
    for row in rows:
        assert row['kind'] in row['name'] and row['world_seed'] in row['name']
        assert 0.2 <= float(row['height']) <= 1.9
        assert abs(float(row['pitch'])) < 1 and abs(float(row['roll'])) < 1
        depth = depth_of(dataset / f'rgb/{row["split"]}/{row["name"]}.jpeg')
        assert float(row['sky_share']) <= np.mean(depth == 20) + 1e-4
    worlds = {(row['split'], row['world_seed']) for row in rows}
    assert len(worlds) == len({seed for _, seed in worlds}) == 4

    facts = json.loads((dataset / 'dataset.json').read_text())
    assert facts['pairs'] == COUNTS and facts['worlds'] == 4 and facts['seed'] == 7
    assert facts['kinds'] == {'street': 3, 'park': 3}
    assert facts['photographs'] == photographs_of(PYTHON)
    assert facts['camera'] == {'width': 64, 'height': 36, 'fov': 70}
    assert facts['seconds'] > 0 and facts['versions']['bpy']


def test_no_world_is_in_two_splits_or_datasets():
    sets = [('--train', '9000', '--val', '900', '--test', '900'), ('--drive', '5')]
    seeds = [world.seed for seed in range(3) for wanted in sets
             for world in render_worlds.plan(render_worlds.parse_arguments(
                 ['--out', 'nowhere', '--seed', str(seed), '--workers', '1', *wanted]))]
    assert len(seeds) == len(set(seeds)) == 3 * (10800 / 4 + 1)


def test_contact_sheets_show_colour_over_depth(dataset):
    for split, count in COUNTS.items():
        sheet = np.array(Image.open(dataset / f'contact_sheet_{split}.png'))
        assert sheet.shape == (2 * 144, 6 * 256, 3)
        for column, picture in enumerate(sorted((dataset / 'rgb' / split).iterdir())):
            depth = colorize(depth_of(picture), 20.0)[..., ::-1]
            for tile, shown in zip(np.split(sheet[:, 256 * column:256 * (column + 1)], 2),
                                   (np.array(Image.open(picture)), depth)):
                small = np.array(Image.fromarray(tile).resize((64, 36)))
                assert np.abs(small.astype(float) - shown).mean() < 12
        assert not sheet[:, 256 * count:].any()


def test_sheets_colours_are_those_of_depth_pictures():
    depth = np.linspace(0, 25, 500, dtype=np.float32)[None]
    expected = colorize(depth, 20.0)[..., ::-1]
    assert np.abs(overview.paint_depth(depth).astype(int) - expected).max() <= 6


def test_histogram_has_a_line_for_each_split(dataset, tmp_path):
    def colours(folder):
        return {colour for _, colour in Image.open(
            folder / 'depth_histogram.png').convert('RGB').getcolors(2 ** 18)}

    assert set(overview.SPLIT_COLOURS.values()) <= colours(dataset)
    for folder in ('rgb', 'depth'):
        (tmp_path / folder).mkdir()
    (tmp_path / 'depth' / 'val').symlink_to(dataset / 'depth' / 'val')
    names = [path.stem for path in (dataset / 'rgb' / 'val').iterdir()]
    overview.write_depth_histogram(tmp_path, {'val': names})
    assert overview.SPLIT_COLOURS['val'] in colours(tmp_path)
    assert overview.SPLIT_COLOURS['train'] not in colours(tmp_path)


def test_indoors_there_are_walls_all_round(tmp_path):
    result = command('--out', tmp_path, '--train', 3, '--views-per-world', 1, '--size', '64x36',
                     '--samples', 1, '--kinds', 'interior,interior,home', '--workers', 1)
    assert result.returncode == 0, result.stderr
    assert len(pictures(tmp_path)) == 3
    for picture in pictures(tmp_path):
        depth = depth_of(picture)
        # Only through windows and gates does one see farther.
        assert np.mean(depth >= 20) < 0.5 and 0.2 < np.median(depth) < 15
        assert np.std(Image.open(picture)) > 5


def test_each_world_may_have_a_camera_of_its_own(tmp_path):
    """Tables are seen from nearby, through lenses that pairs.csv tells."""
    result = command('--out', tmp_path, '--train', 4, '--views-per-world', 2, '--size', '64x36',
                     '--samples', 1, '--kinds', 'desk,full_room', '--fov', '45:100',
                     '--seed', 4, '--workers', 1)
    assert result.returncode == 0, result.stderr
    with open(tmp_path / 'pairs.csv', newline='') as file:
        rows = {row['name']: row for row in csv.DictReader(file)}
    focals = {row['world_seed']: float(row['fx']) for row in rows.values()}
    assert len(focals) == len(set(focals.values())) == 2
    low, high = (32 / np.tan(np.radians(fov) / 2) for fov in (100, 45))
    assert all(low <= focal <= high for focal in focals.values())
    assert all(row['fy'] == row['fx'] and (row['cx'], row['cy']) == ('31.5', '17.5')
               for row in rows.values())
    for name, row in rows.items():
        near = np.median(depth_of(tmp_path / 'rgb' / 'train' / f'{name}.jpeg'))
        if row['kind'] == 'desk':
            table, height = float(row['table_height']), float(row['height'])
            assert 0.3 < table < 1.15 and table < height < table + 1.5
            assert near < 3
        else:
            assert row['table_height'] == '' and near < 6


WITHOUT_PHOTOGRAPHS = """
import sys
from pathlib import Path
import render_worlds
from worlds import photographs, rendering
photographs.FOLDER = Path('nowhere')
arguments = render_worlds.parse_arguments(
    ['--out', sys.argv[1], '--train', '3', '--views-per-world', '1', '--size', '32x18',
     '--samples', '1', '--seed', '5', '--kinds', 'street,park,interior'])
settings = render_worlds.Settings(
    arguments.out, own_cameras=False, samples=1, threads=2, coarse=False, pitch=0.0,
    drive_seconds=0, drive_rate=0)
for folder in ('rgb', 'depth'):
    (arguments.out / folder / 'train').mkdir(parents=True)
for world in render_worlds.plan(arguments):
    rendering.render_world(settings, world)
"""


def test_stand_ins_take_the_place_of_absent_photographs(tmp_path):
    result = subprocess.run([PYTHON, '-c', WITHOUT_PHOTOGRAPHS, tmp_path], cwd=COMMAND.parent,
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert len(pictures(tmp_path)) == 3
    assert all(np.std(Image.open(picture)) > 5 for picture in pictures(tmp_path))


def test_photographs_that_cannot_be_fetched_are_named(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(photographs, 'FOLDER', tmp_path / 'photographs')
    monkeypatch.setenv('PIP_NO_INDEX', '1')
    monkeypatch.setenv('PIP_FIND_LINKS', '')
    monkeypatch.setenv('PATH', '')
    fetch_photographs.main([])
    output = capfd.readouterr()
    for package in ('miniworld', 'pybullet', '@pmndrs/assets'):
        assert f'{package}' in output.out + output.err
    assert 'stand-ins' in output.out + output.err and photographs.packages() == []
    # What was there before is not lost.
    (tmp_path / 'photographs' / photographs.CONTENTS).write_text('miniworld==2.1.0\n')
    fetch_photographs.main([])
    assert photographs.packages() == ['miniworld==2.1.0']


@pytest.mark.parametrize('length,heading,defocus', [(0, 0, 0), (3.3, 0.4, 0), (0, 0, 0.6)])
def test_blur_leaves_edges_where_they_are(length, heading, defocus):
    light = np.zeros((24, 32, 3))
    light[:, 16:] = 1.0
    light[12:] += 1.0
    blurred = sensor.blur(light, length, heading, defocus)
    assert blurred.sum() == pytest.approx(light.sum(), rel=0.02)
    # As much is lost on one side of an edge as the other side gains.
    np.testing.assert_allclose(blurred[4, 12:16, 0] + blurred[4, 19:15:-1, 0], 1.0, atol=1e-6)
    np.testing.assert_allclose(blurred[8:12, 4, 0] + blurred[15:11:-1, 4, 0], 1.0, atol=1e-6)


@pytest.mark.parametrize('arguments,sentence', [
    (('--kinds', 'street,moon'), "no kind of world called 'moon'; there is desk, full_room, home, "
     'interior, park, road, street'),
    (('--size', '256'), "--size is WIDTHxHEIGHT in pixels, such as 256x144, not '256'"),
    (('--size', '0x144'), "--size is WIDTHxHEIGHT in pixels, such as 256x144, not '0x144'"),
    (('--workers', '0'), '--workers must be positive'),
    (('--fov', 'wide'), '--fov is in degrees, from 1 to 170, such as 90, or 45:100 for a camera '
     "of its own for each world, not 'wide'"),
    (('--fov', '100:45'), '--fov is in degrees'),
    (('--pitch', '-100'), '--pitch is from -90 to 90 degrees, not -100'),
    (('--train', '0'), 'nothing to render')])
def test_wrong_arguments_are_refused_with_a_sentence(tmp_path, arguments, sentence):
    result = command('--out', tmp_path / 'data', '--train', 1, *arguments)
    assert result.returncode == 2 and sentence in result.stderr
    assert 'Traceback' not in result.stderr and not (tmp_path / 'data').exists()


def test_other_pairs_are_not_mixed_in_by_accident(dataset):
    before = (dataset / 'dataset.json').read_bytes()
    result = command('--out', dataset, *SMALL)
    assert result.returncode == 2
    assert 'has pairs already: add --resume to go on with it' in result.stderr
    assert (dataset / 'dataset.json').read_bytes() == before


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """Return the folder of a dataset that was interrupted after its first pair of each split."""
    def stop(workers, settings, worlds, start):
        for world in worlds:
            pairs.pair_paths(settings.out, world, 0)[0].touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(render_worlds, 'render_all', stop)
    with pytest.raises(KeyboardInterrupt):
        render_worlds.main(['--out', str(tmp_path / 'begun'), *map(str, SMALL)])
    return tmp_path / 'begun'


def resume(folder, *arguments):
    return render_worlds.parse_arguments(['--out', str(folder), *map(str, arguments), '--resume'])


@pytest.mark.parametrize('changes,sentence', [
    (('--seed', 8), 'was begun with --seed 7, not --seed 8: pass what it was begun with'),
    (('--depth-dtype', 'float16', '--samples', 2), 'was begun with --samples 1 --depth-dtype '
     'float32, not --samples 2 --depth-dtype float16'),
    (('--fov', '45:100'), 'was begun with --fov 70, not --fov 45:100'),
    (('--size', '64x40'), 'was begun with --size 64x36, not --size 64x40'),
    (('--views-per-world', 4), 'was begun with --views-per-world 2, not --views-per-world 4'),
    (('--drive', 2), 'was begun with --drive 0, not --drive 2 --rate 10: pass'),
    (('--kinds', 'park,street'), 'was begun with other --kinds (its world 7900000 is of the kind '
     'street, and now it would be park)'),
    (('--kinds', 'street,park,interior'), 'was begun with other --kinds (its world 7900000')])
def test_other_pairs_are_not_mixed_in_on_resume(begun, capsys, changes, sentence):
    with pytest.raises(SystemExit):
        resume(begun, *SMALL, *changes)
    assert sentence in capsys.readouterr().err
    assert resume(begun, *SMALL).seed == 7


def test_a_dataset_may_grow(begun):
    grown = resume(begun, *SMALL, '--train', 9, '--val', 0, '--test', 2)
    planned = {(w.kind, w.seed) for w in render_worlds.plan(grown) if w.split != 'val'}
    stand = {tuple(path.stem.split('_')[:2]) for path in pictures(begun)
             if path.parent.name != 'val'}
    assert stand <= {(kind, f'{seed:06d}') for kind, seed in planned}


@pytest.mark.parametrize('folder,arguments', [
    ('sample', ('--train', 200, '--seed', 2, '--depth-dtype', 'float16')),
    ('drive', ('--drive', 10, '--seed', 8, '--kinds', 'street', '--depth-dtype', 'float16'))])
def test_a_dataset_that_an_older_version_finished_goes_on_with_its_own_arguments(
        folder, arguments, capsys):
    assert resume(ROOT / 'data' / folder, *arguments)
    for changes, sentence in ((('--kinds', 'park,street,interior'), 'begun with other --kinds'),
                              (('--seed', 3), f'begun with --seed {arguments[3]}, not --seed 3')):
        with pytest.raises(SystemExit):
            resume(ROOT / 'data' / folder, *arguments, *changes)
        assert sentence in capsys.readouterr().err


def test_pairs_that_came_from_elsewhere_are_not_mixed_with_others(begun, capsys):
    (begun / 'dataset.json').unlink()
    with pytest.raises(SystemExit):
        resume(begun, *SMALL)
    assert 'has pairs, but no dataset.json that tells how' in capsys.readouterr().err


def test_a_dataset_is_not_continued_with_another_camera(dataset):
    result = command('--out', dataset, *SMALL, '--resume', '--fov', 80)
    assert result.returncode == 2
    assert 'was begun with --fov 70, not --fov 80' in result.stderr
