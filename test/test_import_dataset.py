"""import_dataset.py makes datasets of recordings: which frames, where they go, what is written."""

import json
from pathlib import Path
import subprocess
import sys

import cv2
from depth_estimation_ros.estimation import model_file
from depth_estimation_ros.estimation.estimator import DepthEstimator
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
from depth_estimation_ros.estimation.mount import Mount
import described_model
import import_dataset
from importing import formats, splits
from importing.frames import Frame, Seen
from importing.imported_dataset import ImportedDataset
from importing.teacher import Teacher
from learning.dataset import DepthDataset
from learning.pairs import find_pairs
from learning.pairs_table import read_records
import numpy as np
import onnx
import pytest

ROOT = Path(__file__).resolve().parents[1]
DRIVE = sorted((ROOT / 'data' / 'drive' / 'rgb' / 'test').iterdir())
STILL, COUNT = 5, 40


def run(*arguments) -> int:
    """Run the command in this process; return its exit code."""
    return import_dataset.main(list(map(str, arguments)))


def names(root: Path, split: str) -> list:
    """Return the names of a split's pairs, all of which are whole."""
    pairs, problems = find_pairs(root, split)
    assert not problems
    return [pair.name for pair in pairs]


@pytest.fixture
def sequence(tmp_path):
    """
    Return a sequence of the TUM benchmark, whose camera stands still, then moves 0.1 m a frame.

    Depth comes 5 ms after each picture, is a metre and as many centimetres as the frame's number,
    and unknown in the picture's left half.
    """
    folder = tmp_path / 'rgbd_dataset_freiburg3_test'
    lists = {'rgb': ['# timestamp filename'], 'depth': [], 'groundtruth': ['# timestamp tx ...']}
    for kind in ('rgb', 'depth'):
        (folder / kind).mkdir(parents=True)
    for number in range(COUNT):
        stamp = 1305031102.0 + number
        for kind, later in (('rgb', 0.0), ('depth', 0.005)):
            name = f'{kind}/{stamp + later:.6f}.png'
            lists[kind].append(f'{stamp + later:.6f} {name}')
            pixels = np.full((480, 640, 3), number, np.uint8)
            if kind == 'depth':
                pixels = np.full((480, 640), 5000 + 50 * number, np.uint16)
                pixels[:, :320] = 0
            cv2.imwrite(str(folder / name), pixels)
        moved = 0.1 * max(0, number - STILL)
        lists['groundtruth'].append(f'{stamp + 0.01:.4f} 1.0 {moved} 0.5 0 0 0 1')
    for name, lines in lists.items():
        (folder / f'{name}.txt').write_text('\n'.join(lines) + '\n')
    return folder


def test_a_sequence_becomes_a_dataset_that_training_reads(sequence, tmp_path):
    out = tmp_path / 'out'
    assert run('tum', sequence, '--out', out, '--width', 320) == 0
    dataset = DepthDataset(out, 'train', (240, 320))
    depth = dataset[2].depth
    # The third that is taken is the fourth that moves: 0.2 m is the first step beyond 0.15 m.
    np.testing.assert_allclose(depth[:, 160:], 1.0 + 0.01 * (STILL + 4), atol=6e-4)
    assert np.isnan(depth[:, :160]).all()
    assert dataset.intrinsics == Intrinsics(640, 480, 535.4, 539.2, 320.1, 247.6).resized(320, 240)
    source = json.loads((out / 'source.json').read_text())
    assert source['format'] == 'tum' and 'CC BY 4.0' in source['licence'] and source['date']
    assert (cv2.imread(str(out / 'contact_sheet.png')) > 0).any()


def test_a_recording_is_cut_in_time_and_what_stands_still_is_thinned(sequence, tmp_path):
    out = tmp_path / 'out'
    assert run('tum', sequence, '--out', out, '--split', 2, 1, 1, '--gap', 3) == 0
    seconds = {split: [int(name[-16:]) / 1e6 - 1305031102 for name in names(out, split)]
               for split in ('train', 'val', 'test')}
    assert seconds['train'][:3] == [0.0, STILL + 2, STILL + 4]
    assert seconds['val'][0] - seconds['train'][-1] >= 3.0
    assert seconds['test'][0] - seconds['val'][-1] >= 3.0
    assert seconds['test'][-1] >= 38.0
    every = tmp_path / 'every'
    assert run('tum', sequence, '--out', every, '--split', 1, 0, 0, '--every', 10) == 0
    assert len(names(every, 'train')) == COUNT // 10


def test_an_interrupted_import_goes_on_and_leaves_what_stands(sequence, tmp_path, capsys):
    out = tmp_path / 'out'
    command = ('tum', sequence, '--out', out, '--json', '-')
    assert run(*command) == 0
    whole = json.loads(capsys.readouterr().out)
    table = (out / 'pairs.csv').read_text()
    pairs = find_pairs(out, 'train')[0]
    # As a kill leaves it: a row that is cut off, a picture without its row, and a file too few.
    (out / 'pairs.csv').write_text(table[:table.rindex('test,') + 9])
    pairs[1].depth.unlink()
    before = pairs[0].rgb.stat().st_mtime_ns
    assert run(*command) == 0
    again = json.loads(capsys.readouterr().out)
    assert again['pairs'] == whole['pairs'] and again['new'] == 2
    assert sorted((out / 'pairs.csv').read_text().split()) == sorted(table.split())
    assert pairs[0].rgb.stat().st_mtime_ns == before
    assert run(*command, '--every', 3) == 1
    assert 'another every' in capsys.readouterr().err


def test_a_folder_that_holds_something_else_is_left_alone(sequence, tmp_path, capsys):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'mine.txt').write_text('mine')
    assert run('tum', sequence, '--out', tmp_path / 'out') == 1
    assert 'holds something else' in capsys.readouterr().err
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['mine.txt']


def test_a_picture_that_is_damaged_is_left_out_and_named(sequence, tmp_path, caplog):
    damaged = sorted((sequence / 'rgb').iterdir())[STILL + 2]
    damaged.write_bytes(damaged.read_bytes()[:100])
    out = tmp_path / 'out'
    assert run('tum', sequence, '--out', out) == 1
    assert damaged.name in caplog.text
    assert len(names(out, 'train')) > 10


def test_the_program_ends_with_a_sentence(tmp_path):
    result = subprocess.run(
        [sys.executable, ROOT / 'training' / 'import_dataset.py', 'tum', tmp_path, '--out',
         tmp_path / 'out'], capture_output=True, text=True, timeout=120)
    assert result.returncode == 1
    assert 'rgb.txt' in result.stderr and 'Traceback' not in result.stderr


@pytest.mark.parametrize('kind', formats.FORMATS)
def test_a_folder_of_another_kind_is_refused_with_a_sentence(kind, tmp_path, capsys):
    source = tmp_path / 'source'
    (source / 'holidays').mkdir(parents=True)
    (source / 'notes.txt').write_text('none')
    teacher = [] if formats.FORMATS[kind].has_depth else ['--teacher', 'compact']
    for wrong, told in ((source, 'holidays/, notes.txt'), (tmp_path / 'absent', 'absent'),
                        (source / 'notes.txt', 'notes.txt')):
        assert run(kind, wrong, *teacher, '--out', tmp_path / 'out') == 1
        assert told in capsys.readouterr().err
        assert not (tmp_path / 'out').exists()


def test_pictures_get_their_depth_from_a_teacher_where_it_is_confident(tmp_path):
    source = tmp_path / 'source'
    source.mkdir()
    for path in DRIVE[::10]:
        (source / path.name).write_bytes(path.read_bytes())
    (source / 'camera.json').write_bytes((DRIVE[0].parents[2] / 'camera.json').read_bytes())
    out = tmp_path / 'out'
    assert run('images', source, '--out', out, '--teacher', 'compact', '--split', 1, 0, 0,
               '--camera-height', 1, '--camera-pitch', -2) == 0
    assert read_camera_json(out / 'camera.json') == read_camera_json(source / 'camera.json')
    pair = find_pairs(out, 'train')[0][0]
    rgb = cv2.cvtColor(cv2.imread(str(DRIVE[0])), cv2.COLOR_BGR2RGB)
    pose = read_records(out, 'train')[pair.name].pose
    assert pose.height == 1.0 and abs(np.degrees(pose.pitch) + 2.0) < 0.01
    estimate = DepthEstimator().estimate(rgb, read_camera_json(source / 'camera.json'), pose)
    depth = pair.read_depth(60.0)
    known = estimate.confidence >= 0.5
    assert 0.1 < known.mean() < 0.99
    # The estimate's confidence knows that the pose's scale isn't certain; the teacher's leaves
    # that out.
    kept = np.isfinite(depth)
    assert kept[known].all() and (kept != known).mean() < 0.01
    np.testing.assert_allclose(depth[kept], estimate.depth[kept], rtol=2e-3, atol=1e-3)


def test_an_unknown_scale_leaves_no_pixel_out(tmp_path):
    # As calibrate.py writes it: what nothing tells of the scale bounds the confidence to 0.25.
    shipped, uncertain = model_file.find('compact', cuda=False), tmp_path / 'uncertain.onnx'
    model = onnx.load(shipped)
    for entry in model.metadata_props:
        if entry.key == model_file.METADATA_KEY:
            entry.value = json.dumps({**json.loads(entry.value), 'scale_sigma': 0.3})
    onnx.save(model, uncertain)
    rgb = cv2.cvtColor(cv2.imread(str(DRIVE[0])), cv2.COLOR_BGR2RGB)
    assert DepthEstimator(str(uncertain)).estimate(rgb).confidence.max() < 0.5
    known = []
    for path in (shipped, uncertain):
        teacher = Teacher(str(path), import_dataset.MIN_CONFIDENCE, Mount())
        known.append(np.isfinite(teacher.depth(rgb, None)))
    np.testing.assert_array_equal(*known)
    assert 0.1 < known[0].mean() < 0.99


def test_a_model_of_others_is_a_teacher(tmp_path, capsys):
    source = DRIVE[0].parent
    metric = described_model.write(tmp_path / 'metric.onnx', input__mean=None,
                                   input__deviation=None)
    arguments = ('images', source, '--fov', 90, '--split', 1, 0, 0, '--every', 50,
                 '--min-confidence', 0)
    assert run(*arguments, '--out', tmp_path / 'out', '--teacher', metric) == 0
    pair = find_pairs(tmp_path / 'out', 'train')[0][0]
    rgb = cv2.cvtColor(cv2.imread(str(DRIVE[0])), cv2.COLOR_BGR2RGB)
    expected = DepthEstimator(metric).estimate(rgb).depth
    np.testing.assert_allclose(pair.read_depth(60.0), expected, rtol=2e-3, atol=1e-3)
    relative = described_model.write_relative(tmp_path / 'relative.onnx')
    assert run(*arguments, '--out', tmp_path / 'other', '--teacher', relative) == 1
    assert 'it needs --camera-height with --camera-pitch' in capsys.readouterr().err


def test_a_video_is_thinned_by_what_changes_in_the_picture(tmp_path):
    pictures = [cv2.imread(str(path)) for path in (*[DRIVE[0]] * 10, *DRIVE[10::20])]
    writer = cv2.VideoWriter(str(tmp_path / 'a.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 10.0,
                             (640, 360))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    out = tmp_path / 'out'
    assert run('video', tmp_path / 'a.avi', '--out', out, '--teacher', 'compact', '--fov', 90,
               '--min-confidence', 0, '--split', 1, 0, 0) == 0
    assert names(out, 'train') == [
        f'a_{number:06d}' for number in (0, *range(10, len(pictures)))]


def test_the_few_points_of_a_scanner_are_enough_for_a_pair(tmp_path):
    dataset = ImportedDataset(tmp_path, {}, 640)
    for count in (60, 10):
        depth = np.full((480, 640), np.nan, np.float32)
        depth[240, :10 * count:10] = 2.0
        seen = Seen(np.zeros((480, 640, 3), np.uint8), depth)
        assert dataset.add('train', f'{count}', None, seen) == (count == 60)


def test_a_dataset_is_split_anew_where_nobody_has_split_it(tmp_path):
    sample, out = ROOT / 'data' / 'sample', tmp_path / 'out'
    assert run('dataset', sample, '--out', out) == 0
    assert names(out, 'train') == names(sample, 'train')
    assert names(out, 'test') == names(sample, 'test')
    drive, out = ROOT / 'data' / 'drive', tmp_path / 'drive'
    assert run('dataset', drive, '--out', out, '--split', 7, 1, 2) == 0
    # In time: the end is the test, and the pair before each part is left out.
    whole = names(drive, 'test')
    assert names(out, 'train') == whole[:70] and names(out, 'test') == whole[81:]
    here, there = find_pairs(drive, 'test')[0][-1], find_pairs(out, 'test')[0][-1]
    np.testing.assert_allclose(there.read_depth(20.0), here.read_depth(20.0), atol=6e-4)
    assert read_records(out, 'test')[here.name] == read_records(drive, 'test')[here.name]
    assert read_camera_json(out / 'camera.json') == read_camera_json(drive / 'camera.json')


def test_a_format_without_depth_asks_for_a_teacher(tmp_path, capsys):
    with pytest.raises(SystemExit):
        run('video', 'a.mp4', '--out', tmp_path / 'out')
    assert '--teacher' in capsys.readouterr().err


def frames(*places: str, split=None) -> list:
    """Return ten frames, a second apart, of each place."""
    return [Frame(f'{place}_{number}', place, lambda: Seen(np.zeros((1, 1, 3), np.uint8)),
                  float(number), split)
            for place in places for number in range(10)]


def test_of_many_places_each_is_in_one_split():
    many = frames(*map(str, range(20)))
    parts = splits.assign(many)
    of_place = {frame.place: {part for other, part in zip(many, parts)
                              if other.place == frame.place} for frame in many}
    assert all(len(each) == 1 for each in of_place.values())
    assert [parts.count(split) for split in ('train', 'val', 'test')] == [160, 20, 20]


def test_the_publishers_splits_are_kept_unless_others_are_asked_for():
    official = frames('a', split='train') + frames('b', split='val')
    assert splits.assign(official) == ['train'] * 10 + ['val'] * 10
    assert set(splits.assign(official, (0.5, 0.0, 0.5), gap=1.0)) == {'train', 'test'}


def test_the_page_has_the_table_of_formats(capsys):
    with pytest.raises(SystemExit) as ended:
        run('--formats')
    assert ended.value.code == 0
    assert capsys.readouterr().out in (ROOT / 'doc' / 'your_data.md').read_text()
