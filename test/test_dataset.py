"""Bad data ends a run before it begins, with the names of the files; good data is read right."""

import json
from pathlib import Path
import shutil
import struct

import cv2
from learning import augment
from learning.dataset import DepthDataset, resize_depth
from learning.dataset_error import DatasetError
from learning.pairs import find_datasets
from learning.settings import read_settings, SettingsError
from learning.training_data import open_data
import numpy as np
import pytest

SAMPLE = Path(__file__).parents[1] / 'data' / 'sample'


@pytest.fixture
def dataset(tmp_path):
    """Return a folder with 12 good training pairs, 32 x 64."""
    for kind in ('rgb', 'depth'):
        (tmp_path / kind / 'train').mkdir(parents=True)
    random = np.random.default_rng(0)
    for index in range(12):
        picture = random.integers(0, 256, (32, 64, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f'rgb/train/{index:02d}.jpeg'), picture)
        np.save(tmp_path / f'depth/train/{index:02d}.npy',
                random.uniform(0.5, 30.0, (32, 64)).astype(np.float32))
    return tmp_path


def depth_of(root, index=3):
    return root / f'depth/train/{index:02d}.npy'


def change_depth(change):
    def apply(root):
        np.save(depth_of(root), change(np.load(depth_of(root))))
    return apply


def npy(header):
    """Return a .npy file with a header and no data."""
    header = header.encode()
    header += b' ' * (63 - (len(header) + 10) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header


CAMERA = {'width': 64, 'height': 32, 'fx': 32.0, 'fy': 32.0, 'cx': 31.5, 'cy': 15.5}
FAULTS = {
    'missing depth': (lambda root: depth_of(root).unlink(), r'03\.jpeg has no depth map'),
    'missing picture': (lambda root: (root / 'rgb/train/03.jpeg').unlink(),
                        r'03\.npy has no picture'),
    'broken picture': (lambda root: (root / 'rgb/train/03.jpeg').write_bytes(b'\xff\xd8\xff'),
                       r'03\.jpeg cannot be read'),
    'empty picture': (lambda root: (root / 'rgb/train/03.jpeg').write_bytes(b''),
                      r'03\.jpeg cannot be read'),
    'broken depth': (lambda root: depth_of(root).write_bytes(b'\x93NUMPY'),
                     r'03\.npy cannot be read'),
    'other shape': (change_depth(lambda d: d[:16]), r'03\.npy has the shape \(16, 64\)'),
    'negative': (change_depth(lambda d: -d), r'03\.npy holds negative'),
    'zeros': (change_depth(lambda d: 0 * d), r'03\.npy holds only zeros'),
    'NaN': (change_depth(lambda d: np.nan * d), r'03\.npy holds only zeros or NaN'),
    'millimetres': (change_depth(lambda d: 1000 * d),
                    r'03\.npy: .* in metres; .* 1000 \(15 m\) or 5000'),
    'centimetres': (change_depth(lambda d: 100 * (d / 10 + 1)),
                    r'03\.npy: .* divided by 100 \(2\.5 m\) or 256'),
    'depth_scale of another PNG': (lambda root: (
        depth_of(root).unlink(), (root / 'camera.json').write_text(json.dumps(
            {**CAMERA, 'depth_scale': 100})), cv2.imwrite(
            str(root / 'depth/train/03.png'), np.full((32, 64), 6000, np.uint16))),
        r'depth_scale .* divided by 1000 \(6 m\) or 5000'),
    'two pictures': (lambda root: shutil.copy(root / 'rgb/train/03.jpeg',
                                              root / 'rgb/train/03.jpg'),
                     r'03\.jpeg and 03\.jpg have one name'),
    'two depth maps': (lambda root: shutil.copy(root / 'rgb/train/03.jpeg',
                                                root / 'depth/train/03.png'),
                       r'03\.npy and 03\.png have one name'),
    'depth of 8 bit': (lambda root: (depth_of(root).unlink(), cv2.imwrite(
        str(root / 'depth/train/03.png'), np.ones((32, 64), np.uint8))),
        r'03\.png holds uint8: .* 16 bit'),
    'depth scale': (lambda root: (root / 'camera.json').write_text(json.dumps(
        {**CAMERA, 'depth_scale': 0})), 'depth_scale is 0'),
    'header of terabytes': (lambda root: depth_of(root).write_bytes(npy(
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1048576, 1048576), }")),
        r'03\.npy cannot be read'),
    'nested header': (lambda root: depth_of(root).write_bytes(npy("{'shape': " + '(' * 9000)),
                      r'03\.npy cannot be read'),
    'archive': (lambda root: np.savez(root / 'a.npz', a=np.ones((32, 64))) or shutil.move(
        root / 'a.npz', depth_of(root)), r'03\.npy is a \.npz archive'),
    'other proportions': (lambda root: (root / 'camera.json').write_text(json.dumps(
        {**CAMERA, 'height': 64})), r'03\.jpeg does not fit camera\.json: 64 x 32 pixels have'),
    'integers': (change_depth(lambda d: d.astype(np.uint16)), r'03\.npy holds uint16'),
}


@pytest.mark.parametrize('fault', FAULTS)
def test_a_bad_file_is_named_with_what_is_wrong(dataset, fault):
    spoil, sentence = FAULTS[fault]
    spoil(dataset)
    with pytest.raises(DatasetError, match=sentence):
        DepthDataset(dataset, 'train')


def test_a_cut_off_picture_is_named(dataset):
    path = dataset / 'rgb/train/03.jpeg'
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(DatasetError, match=r'03\.jpeg cannot be read'):
        DepthDataset(dataset, 'train')


def test_a_picture_is_what_its_first_bytes_say(dataset):
    png, jpeg = dataset / 'rgb/train/03.jpeg', dataset / 'rgb/train/04.jpeg'
    expected = cv2.imread(str(png))[..., ::-1]
    png.write_bytes(cv2.imencode('.png', expected[..., ::-1])[1].tobytes())
    jpeg.write_bytes(jpeg.read_bytes() + b'what a camera appends')
    pairs = DepthDataset(dataset, 'train').pairs
    np.testing.assert_array_equal(pairs[3].read_rgb(), expected)
    assert pairs[4].read_rgb().shape == (32, 64, 3)


def test_a_camera_json_of_another_size_is_scaled_and_that_is_said_once(dataset, caplog):
    half = {key: value / 2 if key[0] == 'f' else (value - 0.5) / 2
            for key, value in CAMERA.items() if key[0] in 'fc'}
    (dataset / 'camera.json').write_text(json.dumps({'width': 32, 'height': 16, **half}))
    pair = DepthDataset(dataset, 'train').pairs[0]
    told, = caplog.messages
    assert "12 of 12 pictures have another size than camera.json's 32 x 16" in told
    (dataset / 'camera.json').write_text(json.dumps(CAMERA))
    whole = DepthDataset(dataset, 'train').pairs[0]
    assert pair.camera == whole.camera and pair.scale == whole.scale == 1.0
    assert len(caplog.messages) == 1


def test_the_first_ten_problems_are_shown_at_once(dataset):
    for index in range(12):
        np.save(depth_of(dataset, index), np.full((32, 64), np.nan, np.float32))
    with pytest.raises(DatasetError) as error:
        DepthDataset(dataset, 'train')
    lines = str(error.value).splitlines()
    assert '12 problems' in lines[0] and len(lines) == 12 and 'and 2 more' in lines[-1]


@pytest.mark.parametrize('root,split,sentence', [
    ('nowhere', 'train', 'no such dataset'), ('.', 'val', "split 'val' is empty")])
def test_a_missing_folder_is_said(dataset, root, split, sentence):
    with pytest.raises(DatasetError, match=sentence):
        DepthDataset(dataset / root, split)


def test_a_broken_camera_json_is_named(dataset):
    (dataset / 'camera.json').write_text(json.dumps({'width': 64}))
    with pytest.raises(ValueError, match=r'camera\.json must be'):
        DepthDataset(dataset, 'train')


def test_preprocessing_is_the_papers(dataset):
    data = DepthDataset(dataset, 'train')
    rgb, depth, *_ = data[0]
    assert rgb.shape == (224, 224, 3) and rgb.dtype == np.uint8
    assert depth.shape == (224, 224) and depth.dtype == np.float32
    assert depth.max() == 20.0
    colour = cv2.imread(str(dataset / 'rgb/train/00.jpeg'))[0, 0, ::-1]
    np.testing.assert_array_equal(rgb[0, 0], colour)


def test_depth_that_a_camera_did_not_see_is_unknown(dataset):
    for index, nothing in enumerate((0.0, np.nan)):
        depth = np.full((32, 64), 5.0, np.float32)
        depth[:, :16] = nothing
        np.save(depth_of(dataset, index), depth)
    data = DepthDataset(dataset, 'train', input_size=(32, 32))
    expected = np.full((32, 32), 5.0, np.float32)
    expected[:, :8] = np.nan
    for index in range(2):
        np.testing.assert_array_equal(data[index][1], expected)
    data.pairs = data.pairs[:3]
    third = data[2][1]
    np.testing.assert_allclose(data.mean_depth(),
                               np.where(np.isnan(expected), third, (10.0 + third) / 3), rtol=1e-5)


@pytest.mark.parametrize('camera,units', [
    (None, 1000), ({}, 1000), ({'depth_scale': 5000}, 5000), ({'depth_scale': 256.0}, 256)])
def test_depth_may_be_a_png_of_16_bit(dataset, camera, units):
    if camera is not None:
        (dataset / 'camera.json').write_text(json.dumps({**CAMERA, **camera}))
    metres = np.full((32, 64), 8.5)
    metres[:, :16] = 0.0
    for index in range(12):
        depth_of(dataset, index).unlink()
        cv2.imwrite(str(dataset / f'depth/train/{index:02d}.png'),
                    (metres * units).astype(np.uint16))
    depth = DepthDataset(dataset, 'train', input_size=(32, 64))[5][1]
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(depth, np.where(metres, 8.5, np.nan))


def test_resizing_keeps_depth_that_is_known_all_over_as_its_picture_is_resized():
    depth = np.random.default_rng(0).uniform(1, 9, (24, 32)).astype(np.float32)
    np.testing.assert_array_equal(resize_depth(depth, 16, 12),
                                  cv2.resize(depth, (16, 12), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize('size', [(10, 7), (40, 30), (100, 200), (33, 31), (64, 20)])
def test_resizing_neither_loses_nor_invents_depth_beside_what_is_unknown(size):
    random = np.random.default_rng(1)
    left, right = 2.0, 9.0
    depth = np.full((30, 40), np.nan, np.float32)
    depth[random.uniform(size=depth.shape) < 0.2] = left
    depth[:, 20:][~np.isnan(depth[:, 20:])] = right
    depth[4:9, 2:9], depth[20:28, 30:38] = left, right
    resized = resize_depth(depth, *size)
    assert resized.shape == size[::-1]
    known = ~np.isnan(resized)
    # No sparse point vanishes by being averaged with nothing, and no mixture is made.
    assert known.mean() >= (~np.isnan(depth)).mean() * 0.8
    assert set(np.unique(resized[known])) == {left, right}
    # Depth stays in its half of the picture, up to the pixel in the middle.
    middle = size[0] // 2
    assert (resized[:, :middle][known[:, :middle]] == left).all()
    assert (resized[:, middle + 1:][known[:, middle + 1:]] == right).all()


def test_where_a_lidar_sees_past_an_edge_the_nearer_depth_is_kept():
    depth = np.full((8, 8), np.nan, np.float32)
    depth[1, 1], depth[0, 0], depth[5, 4] = 9.0, 3.0, 7.0
    resized = resize_depth(depth, 4, 4)
    assert resized[0, 0] == 3.0 and resized[2, 2] == 7.0 and np.isnan(resized).sum() == 14


def test_focal_length_is_that_of_the_networks_input(dataset):
    (dataset / 'camera.json').write_text(json.dumps(
        {'width': 64, 'height': 32, 'fx': 32.0, 'fy': 32.0, 'cx': 31.5, 'cy': 15.5}))
    assert DepthDataset(dataset, 'train').focal == 112.0


def test_mean_depth_is_the_mean_of_the_split(dataset):
    data = DepthDataset(dataset, 'train', input_size=(32, 64))
    expected = np.mean([np.load(depth_of(dataset, i)).clip(0, 20) for i in range(12)], axis=0)
    np.testing.assert_allclose(data.mean_depth(), expected, rtol=1e-5)


def test_augmentation_depends_on_seed_epoch_and_pair_only(dataset):
    change = augment.Augmentation(flip=0.5, crop=0.3, colour=0.3, camera=0.5, texture=0.5,
                                  cutout=0.5)
    first, second = (DepthDataset(dataset, 'train', augment=change, seed=4) for _ in range(2))
    for _ in range(5):
        first[1]
    np.testing.assert_array_equal(first[7][0], second[7][0])
    second.epoch = 1
    assert (first[7][0] != second[7][0]).any()
    np.testing.assert_array_equal(first.without_augmentation()[7][0],
                                  DepthDataset(dataset, 'train')[7][0])


def test_a_zoom_brings_things_nearer_and_the_clip_with_them(dataset):
    data = DepthDataset(dataset, 'train', (32, 64), augment=augment.Augmentation(crop=0.5))
    plain = data.without_augmentation()
    zoomed = [data[i].clip / 20.0 for i in range(len(data))]
    assert min(zoomed) < 0.8
    for i, factor in enumerate(zoomed):
        # Each map is of one depth.
        np.testing.assert_allclose(data[i].depth.max(), plain[i].depth.max() * factor, rtol=1e-5)


def test_a_network_with_rays_learns_each_cameras_own_depth(dataset):
    (dataset / 'camera.json').write_text(json.dumps(
        {'width': 64, 'height': 32, 'fx': 40.0, 'fy': 50.0, 'cx': 31.5, 'cy': 15.5}))
    data = DepthDataset(dataset, 'train', (64, 64), rays=True)
    np.testing.assert_allclose(data[0].camera, [40.0, 100.0, 31.5, 31.5])
    zoom = DepthDataset(dataset, 'train', (64, 64), augment=augment.Augmentation(crop=0.5),
                        rays=True)
    for i in range(len(zoom)):
        assert zoom[i].clip == 20.0 and zoom[i].camera[0] >= 40.0
        np.testing.assert_allclose(zoom[i].depth.max(), data[i].depth.max())
    assert max(zoom[i].camera[0] for i in range(len(zoom))) > 50.0


def test_a_network_with_rays_needs_to_know_the_camera(dataset):
    with pytest.raises(DatasetError, match='told the camera'):
        DepthDataset(dataset, 'train', rays=True)


def test_depth_becomes_that_of_the_camera_that_is_asked_for(dataset, tmp_path):
    (dataset / 'camera.json').write_text(json.dumps(CAMERA))
    longer = tmp_path / 'longer.json'
    longer.write_text(json.dumps({**CAMERA, 'fx': 2 * CAMERA['fx'], 'fy': 2 * CAMERA['fy']}))
    own, other = (open_data(read_settings(arguments=[
        '--data-dir', str(dataset), '--batch-size', '2', '--input-size', '32x64',
        '--network', 'efficientnet_lite0_skip', *more]))
        for more in ((), ('--training-camera', str(longer))))
    np.testing.assert_allclose(other.evaluated['train'][0].depth, np.minimum(
        2 * own.evaluated['train'][0].depth, 20.0))
    assert other.train.focal == 2 * own.train.focal
    with pytest.raises(SettingsError, match='no such file'):
        open_data(read_settings(arguments=[
            '--data-dir', str(dataset), '--training-camera', str(tmp_path / 'none.json')]))


def test_mixed_datasets_share_the_first_ones_camera(dataset, tmp_path):
    def camera(root, focal):
        (root / 'camera.json').write_text(json.dumps(
            {'width': 64, 'height': 32, 'fx': focal, 'fy': focal, 'cx': 31.5, 'cy': 15.5}))

    other = tmp_path / 'other'
    shutil.copytree(dataset, other, ignore=shutil.ignore_patterns('other'))
    with pytest.raises(DatasetError, match='no camera.json'):
        camera(dataset, 32.0)
        DepthDataset([dataset, other], 'train')
    camera(other, 64.0)
    alone, mixed = DepthDataset(dataset, 'train'), DepthDataset([dataset, other], 'train')
    assert len(mixed) == 24 and mixed.focal == alone.focal
    # The other camera's lens is twice as long: to the first one, all is half as far.
    np.testing.assert_allclose(mixed.pairs[12].read_depth(20.0),
                               (np.load(depth_of(dataset, 0)) / 2).clip(0, 20), rtol=1e-5)
    assert mixed[12][2] == 10.0 and mixed[0][2] == 20.0
    # As validation pairs of the other camera alone are, for a network that learnt from both.
    scored = DepthDataset(other, 'train', camera=alone.intrinsics)
    assert {pair.scale for pair in scored.pairs} == {0.5} and scored.focal == alone.focal


def test_mixed_datasets_may_have_other_proportions(dataset, tmp_path):
    (dataset / 'camera.json').write_text(json.dumps(
        {'width': 64, 'height': 32, 'fx': 32.0, 'fy': 32.0, 'cx': 31.5, 'cy': 15.5}))
    other = tmp_path / 'other'
    shutil.copytree(dataset, other, ignore=shutil.ignore_patterns('other'))
    # The same lens, and a sensor twice as high: the input's rows are worth twice as much.
    for index in range(12):
        cv2.imwrite(str(other / f'rgb/train/{index:02d}.jpeg'), np.zeros((64, 64, 3), np.uint8))
        np.save(depth_of(other, index), np.ones((64, 64), np.float32))
    (other / 'camera.json').write_text(json.dumps(
        {'width': 64, 'height': 64, 'fx': 32.0, 'fy': 32.0, 'cx': 31.5, 'cy': 31.5}))
    scale = DepthDataset([dataset, other], 'train').pairs[12].scale
    assert 2.0 ** 0.5 < scale < 2.0


def test_each_pair_may_have_a_camera_of_its_own(dataset):
    """Its depth becomes that of camera.json's, and is measured as its own camera sees it."""
    (dataset / 'camera.json').write_text(json.dumps(CAMERA))
    table = dataset / 'pairs.csv'
    table.write_text('split,name,height,fx,fy,cx,cy\n'
                     'train,03,1.2,64,64,30.5,15.5\ntrain,04,1,,,,\n')
    plain = DepthDataset(dataset, 'train')
    assert plain.pairs[3].camera.fx == 64 and plain.pairs[3].camera.cx == 30.5
    assert plain.pairs[4].camera == plain.pairs[0].camera == plain.intrinsics
    stored = np.load(depth_of(dataset)).clip(max=20)
    # Through a lens twice as long the same picture is of things twice as far away.
    assert [plain.pairs[index].scale for index in (0, 3, 4)] == [1.0, 0.5, 1.0]
    np.testing.assert_allclose(plain.pairs[3].read_depth(20.0), np.load(depth_of(dataset)) / 2)
    own = plain.in_metres()
    np.testing.assert_allclose(own.pairs[3].read_depth(20.0), stored)
    assert own.pairs[3].camera == plain.pairs[3].camera and plain.pairs[3].scale == 0.5
    table.write_text('split,name,fx,fy,cx,cy\ntrain,03,64,,30.5,15.5\n')
    with pytest.raises(DatasetError, match='line 2: fx, fy, cx and cy belong together'):
        DepthDataset(dataset, 'train')


def test_weights_say_how_often_pairs_are_drawn(dataset, tmp_path):
    (dataset / 'camera.json').write_text(json.dumps(CAMERA))
    other = tmp_path / 'other'
    shutil.copytree(dataset, other, ignore=shutil.ignore_patterns('other'))
    mixed = DepthDataset([dataset, other], 'train', weights=[0.25, 2.5], seed=3)
    assert len(mixed) == 24 and mixed.drawn_pairs == 3 + 30
    drawn, count = [], np.zeros(24)
    for epoch in range(40):
        mixed.epoch = epoch
        drawn.append(mixed.draw())
        assert len(drawn[-1]) == 33 and len(set(drawn[-1])) == 33
        np.add.at(count, drawn[-1] % 24, 1 / 40)
    assert (count[:12] > 0.05).all() and count[:12].mean() == pytest.approx(0.25)
    assert (abs(count[12:] - 2.5) < 0.25).all()
    assert list(drawn[0]) != list(drawn[1])
    again = DepthDataset([dataset, other], 'train', weights=[0.25, 2.5], seed=3)
    again.epoch = 7
    assert list(again.draw()) == list(drawn[7])


def test_a_pair_that_is_drawn_twice_is_augmented_twice(dataset):
    data = DepthDataset(dataset, 'train', augment=augment.Augmentation(colour=0.5), weights=[2.0])
    assert sorted(data.draw()) == list(range(24))
    assert (data[5][0] != data[17][0]).any() and (data[5][1] == data[17][1]).all()


@pytest.mark.parametrize('entry', ['', 'real', 'real/*'])
def test_a_folder_of_datasets_is_all_those_with_the_split(dataset, tmp_path, entry):
    for name, split in (('b', 'train'), ('a', 'train'), ('c', 'val')):
        for kind in ('rgb', 'depth'):
            shutil.copytree(dataset / kind / 'train', tmp_path / 'real' / name / kind / split)
    root = tmp_path / 'real'
    if entry:
        assert find_datasets(tmp_path / entry, 'train') == [root / 'a', root / 'b']
        assert find_datasets(tmp_path / entry, 'val') == [root / 'c']
    else:
        assert find_datasets(dataset, 'train') == [dataset]


def test_the_floor_is_where_the_pose_and_the_depth_agree():
    data = DepthDataset(SAMPLE, 'val', (144, 256))
    shares = []
    for pair, (_, depth, _, floor, _) in zip(data.pairs, data):
        assert set(np.unique(floor)) <= {0.0, 1.0}
        assert not floor[depth >= data.max_depth].any(), 'the sky is no floor'
        # A camera that looks about level has its floor in the lower half.
        shares.append((floor[:48].mean(), floor[96:].mean()))
    above, below = np.mean(shares, axis=0)
    assert above < 0.02 and below > 0.4


def test_without_a_pose_nobody_knows_where_the_floor_is(dataset):
    assert np.isnan(DepthDataset(dataset, 'train')[0].floor).all()
