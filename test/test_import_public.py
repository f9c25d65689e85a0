"""Public datasets as their downloads hold them: each layout, written here small, is imported."""

import csv
import json
from pathlib import Path

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics, read_camera_json
import h5py
import import_dataset
from learning.dataset import DepthDataset
from learning.pairs import find_pairs
from learning.pairs_table import read_records
import numpy as np
import pytest


def run(*arguments) -> int:
    """Run the command in this process; return its exit code."""
    return import_dataset.main([*map(str, arguments), '--motion', '0'])


def pairs(out: Path, split: str) -> list:
    """Return a split's pairs, all of which training takes."""
    DepthDataset(out, split)
    return find_pairs(out, split)[0]


def picture(path: Path, width: int, height: int, value: int = 90) -> None:
    """Write a picture of one grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full((height, width, 3), value, np.uint8))


def depth_png(path: Path, depth: np.ndarray) -> None:
    """Write a depth map of 16 bit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), depth.astype(np.uint16))


def test_kitti(tmp_path):
    for split, drive in (('train', '2011_09_26_drive_0001_sync'),
                         ('val', '2011_09_28_drive_0002_sync')):
        date = drive[:10]
        depth = np.zeros((375, 1242))
        depth[200:, :] = 256 * 12.5
        for name in ('0000000005.png', '0000000006.png'):
            depth_png(tmp_path / split / drive / 'proj_depth/groundtruth/image_02' / name, depth)
            picture(tmp_path / date / drive / 'image_02/data' / name, 1242, 375)
        (tmp_path / date / 'calib_cam_to_cam.txt').write_text(
            'calib_time: 09-Jan-2012\nP_rect_02: 700 0 600 45 0 710 170 0.2 0 0 1 0.003\n')
    out = tmp_path / 'out'
    assert run('kitti', tmp_path, '--out', out, '--width', 2000) == 0
    assert len(pairs(out, 'train')) == len(pairs(out, 'val')) == 2
    seen = pairs(out, 'val')[0].read_depth(80.0)
    assert seen[300, 600] == 12.5 and np.isnan(seen[100, 600])
    assert read_camera_json(out / 'camera.json') == Intrinsics(1242, 375, 700, 710, 600, 170)


def test_kittis_selected_frames(tmp_path):
    folder = tmp_path / 'depth_selection' / 'val_selection_cropped'
    stem = '2011_09_26_drive_0002_sync_{}_0000000005_image_02'
    depth_png(folder / 'groundtruth_depth' / f'{stem.format("groundtruth_depth")}.png',
              np.full((352, 1216), 256 * 7))
    picture(folder / 'image' / f'{stem.format("image")}.png', 1216, 352)
    (folder / 'intrinsics').mkdir()
    (folder / 'intrinsics' / f'{stem.format("image")}.txt').write_text(
        '700 0 600 0 710 170 0 0 1')
    out = tmp_path / 'out'
    assert run('kitti', tmp_path, '--out', out, '--width', 608) == 0
    assert (pairs(out, 'val')[0].read_depth(80.0) == 7.0).all()
    assert read_camera_json(out / 'camera.json').fx == 350.0


def test_kitti_without_its_raw_data_says_which_picture_is_missing(tmp_path, capsys):
    depth_png(tmp_path / 'train/2011_09_26_drive_0001_sync/proj_depth/groundtruth/image_02'
              / '0000000005.png', np.ones((5, 5)))
    assert run('kitti', tmp_path, '--out', tmp_path / 'out') == 1
    error = capsys.readouterr().err
    assert '2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000005.png' in error


def test_nyu(tmp_path):
    count = 20
    path = tmp_path / 'nyu_depth_v2_labeled.mat'
    with h5py.File(path, 'w') as file:
        # As MATLAB stores height x width x channels x number, seen from C.
        images = np.zeros((count, 3, 640, 480), np.uint8)
        images[:, 0, 40:, 44:] = 200
        depths = np.full((count, 640, 480), 2.5, np.float32)
        depths[:, 300, 200] = 4.0
        raw = depths.copy()
        raw[:, 40:60] = 0.0
        file['images'], file['depths'], file['rawDepths'] = images, depths, raw
        for name, text in (('scenes', 'kitchen_{:04d}'), ('sceneTypes', 'kitchen')):
            cells = []
            for number in range(count):
                key = f'#refs#/{name}{number}'
                file[key] = np.array([[ord(each)] for each in text.format(number // 2)], np.uint16)
                cells.append(file[key].ref)
            file.create_dataset(name, data=[cells], dtype=h5py.ref_dtype)
    out = tmp_path / 'out'
    assert run('nyu', path, '--out', out) == 0
    assert [len(pairs(out, split)) for split in ('train', 'val', 'test')] == [16, 2, 2]
    pair = pairs(out, 'train')[0]
    depth, rgb = pair.read_depth(10.0), pair.read_rgb()
    assert depth.shape == (427, 561)
    # Without what was painted in, and without the white frame.
    assert np.isnan(depth[:, :20]).all() and depth[200 - 44, 300 - 40] == 4.0
    assert depth[0, 20] == 2.5 and abs(int(rgb[0, 0, 0]) - 200) < 4 and rgb[0, 0, 2] < 10
    assert read_camera_json(out / 'camera.json').cx == pytest.approx(325.58245 - 40)
    assert read_records(out, 'train')[pair.name].kind == 'kitchen'
    # Two pictures of one kitchen are in one split.
    numbers = {int(pair.name[-4:]) for pair in pairs(out, 'test')}
    assert min(numbers) + 1 == max(numbers)


def test_another_mat_file_is_refused(tmp_path, capsys):
    with h5py.File(tmp_path / 'other.mat', 'w') as file:
        file['images'] = np.zeros((1, 3, 4, 5), np.uint8)
    assert run('nyu', tmp_path / 'other.mat', '--out', tmp_path / 'out') == 1
    assert 'it has no depths, rawDepths, scenes, sceneTypes' in capsys.readouterr().err
    (tmp_path / 'none.mat').write_text('none')
    assert run('nyu', tmp_path / 'none.mat', '--out', tmp_path / 'out') == 1


def test_seven_scenes(tmp_path):
    # A bright ball in front of a wall, as each of the Kinect's two cameras sees it.
    folder = tmp_path / 'chess' / 'seq-01'
    for number in range(3):
        base = folder / f'frame-{number:06d}'
        picture(base.with_name(f'{base.name}.color.png'), 640, 480)
        depth = np.full((480, 640), 3000, np.uint16)
        cv2.circle(depth, (320, 240), 30, 1000, -1)
        depth[:, :50] = 65535
        depth_png(base.with_name(f'{base.name}.depth.png'), depth)
        pose = np.eye(4)
        pose[0, 3] = 0.1 * number
        np.savetxt(base.with_name(f'{base.name}.pose.txt'), pose)
    out = tmp_path / 'out'
    assert run('7scenes', tmp_path, '--out', out, '--split', 1, 0, 0) == 0
    depth = pairs(out, 'train')[0].read_depth(10.0)
    rows, columns = np.nonzero(depth < 1.5)
    # The ball moves to the left, by the distance of the two cameras, and shrinks with the focal
    # length; what was invalid stays unknown.
    assert columns.mean() == pytest.approx(320 + 525 * (-0.0256 - 0.0079), abs=3)
    assert (rows.max() - rows.min()) / 2 == pytest.approx(30 * 525 / 585, abs=2)
    assert np.isfinite(depth).mean() > 0.6 and not (depth > 4.0).any()


def test_sun_rgbd(tmp_path):
    for number, (sensor, width, height) in enumerate((
            ('kv1/NYUdata/NYU0001', 561, 427), ('kv2/kinect2data/000002', 730, 530))):
        folder = tmp_path / 'SUNRGBD' / sensor
        picture(folder / 'image' / f'{number}.jpg', width, height)
        millimetres = np.full((height, width), 2345, np.uint16)
        millimetres[: height // 2] = 0
        depth_png(folder / 'depth' / f'{number}.png', (millimetres << 3) | (millimetres >> 13))
        (folder / 'intrinsics.txt').write_text(f'{500 + number} 0 280\n0 501 210\n0 0 1\n')
        (folder / 'scene.txt').write_text('bedroom')
    out = tmp_path / 'out'
    assert run('sunrgbd', tmp_path / 'SUNRGBD', '--out', out, '--split', 1, 0, 0) == 0
    found = pairs(out, 'train')
    depths = [pair.read_depth(10.0) for pair in found]
    # The second has other proportions: its centre, at the size of the first.
    assert [depth.shape for depth in depths] == [(427, 561)] * 2
    for depth in depths:
        assert np.nanmin(depth) == np.nanmax(depth) == np.float32(2.345)
        assert 0.45 < np.isnan(depth).mean() < 0.55
    record = read_records(out, 'train')[found[1].name]
    assert record.kind == 'bedroom'
    assert record.fx == pytest.approx(501 * 427 / 530, rel=2e-3)
    assert record.cx == pytest.approx((280 - (730 - 696) / 2 + 0.5) * 561 / 696 - 0.5, abs=0.5)


def hypersim(tmp_path: Path) -> Path:
    """Write a scene with a plain camera, a wall 2 m ahead of it, and one with a tilted lens."""
    names = [f'M_cam_from_uv_{i}{j}' for i in range(3) for j in range(3)]
    tangent = np.tan(np.pi / 6.0)
    plain = [tangent, 0, 0, 0, 0.75 * tangent, 0, 0, 0, -1]
    tilted = [tangent, 0, 0, 0, 0.75 * tangent, 0, 0, 0.1, -1]
    with open(tmp_path / 'metadata_camera_parameters.csv', 'w', newline='') as file:
        table = csv.writer(file)
        table.writerow(['scene_name', 'settings_output_img_width', 'settings_output_img_height',
                        *names])
        table.writerow(['ai_001_001', 1024.0, 768.0, *plain])
        table.writerow(['ai_001_002', 1024.0, 768.0, *tilted])
    v, u = np.mgrid[:768, :1024]
    x, y = (2 * (u + 0.5) / 1024 - 1) * tangent, (2 * (v + 0.5) / 768 - 1) * 0.75 * tangent
    distance = (2.0 * np.sqrt(1.0 + x ** 2 + y ** 2)).astype(np.float32)
    distance[:100] = np.nan
    for scene in ('ai_001_001', 'ai_001_002'):
        images = tmp_path / scene / 'images'
        picture(images / 'scene_cam_00_final_preview' / 'frame.0000.tonemap.jpg', 1024, 768)
        (images / 'scene_cam_00_geometry_hdf5').mkdir()
        with h5py.File(images / 'scene_cam_00_geometry_hdf5' / 'frame.0000.depth_meters.hdf5',
                       'w') as file:
            file['dataset'] = distance
    return tmp_path


def test_hypersims_distance_becomes_depth(tmp_path, caplog):
    out = tmp_path / 'out'
    assert run('hypersim', hypersim(tmp_path), '--out', out, '--split', 1, 0, 0,
               '--width', 1024) == 0
    pair, = pairs(out, 'train')
    assert pair.name == 'ai_001_001_cam_00_0000'
    depth = pair.read_depth(10.0)
    assert np.isnan(depth[:100]).all()
    np.testing.assert_allclose(depth[100:], 2.0, atol=6e-4)
    assert read_camera_json(out / 'camera.json').fx == pytest.approx(886.81, abs=0.01)
    assert 'ai_001_002' in caplog.text


def test_hypersims_splits_are_its_publishers_where_its_table_is_there(tmp_path):
    source = hypersim(tmp_path)
    (source / 'metadata_images_split_scene_v1.csv').write_text(
        'scene_name,camera_name,frame_id,included_in_public_release,exclude_reason,'
        'split_partition_name\nai_001_001,cam_00,0,True,,val\n')
    assert run('hypersim', source, '--out', tmp_path / 'out') == 0
    assert len(pairs(tmp_path / 'out', 'val')) == 1


def test_tartanair(tmp_path):
    for flight in ('P000', 'P001'):
        folder = tmp_path / 'abandonedfactory' / 'Easy' / flight
        (folder / 'depth_left').mkdir(parents=True)
        for number in range(4):
            picture(folder / 'image_left' / f'{number:06d}_left.png', 640, 480)
            depth = np.full((480, 640), 3.0, np.float32)
            depth[:100] = 10000.0
            np.save(folder / 'depth_left' / f'{number:06d}_left_depth.npy', depth)
        (folder / 'pose_left.txt').write_text(
            ''.join(f'{0.1 * number} 0 0 0 0 0 1\n' for number in range(4)))
    out = tmp_path / 'out'
    # 0.2 m are the first step beyond 0.15 m.
    assert import_dataset.main(['tartanair', str(tmp_path), '--out', str(out),
                                '--split', '1', '0', '0']) == 0
    found = pairs(out, 'train')
    assert [pair.name[-16:] for pair in found] == [
        'P000_000000_left', 'P000_000002_left', 'P001_000000_left', 'P001_000002_left']
    depth = found[0].read_depth(20.0)
    assert depth[300, 300] == 3.0 and depth[0, 0] == 20.0
    assert read_camera_json(out / 'camera.json') == Intrinsics(640, 480, 320, 320, 320, 240)


def test_nuscenes(tmp_path):
    """The car drives 1 m between the lidar and the camera; a wall is 10 m ahead of the lidar."""
    ahead = {'token': 'c', 'sensor_token': 'cs', 'translation': [1.5, 0.0, 1.5],
             'rotation': [0.5, -0.5, 0.5, -0.5],
             'camera_intrinsic': [[600, 0, 400], [0, 600, 225], [0, 0, 1]]}
    lidar = {'token': 'l', 'sensor_token': 'ls', 'translation': [0.5, 0.0, 2.0],
             'rotation': [1.0, 0.0, 0.0, 0.0], 'camera_intrinsic': []}
    turned = [np.sqrt(0.5), 0.0, 0.0, np.sqrt(0.5)]
    data = [{'token': f'd{channel}', 'sample_token': 's', 'ego_pose_token': f'e{channel}',
             'calibrated_sensor_token': channel, 'filename': f'samples/{channel}.{ending}',
             'timestamp': 1, 'is_key_frame': True, 'width': 800, 'height': 450}
            for channel, ending in (('c', 'jpg'), ('l', 'pcd.bin'))]
    tables = {
        'sample': [{'token': 's', 'scene_token': 'scene'}],
        'scene': [{'token': 'scene', 'name': 'scene-0061'}],
        'sensor': [{'token': 'cs', 'channel': 'CAM_FRONT'},
                   {'token': 'ls', 'channel': 'LIDAR_TOP'}],
        'calibrated_sensor': [ahead, lidar],
        # The car looks along the world's y.
        'ego_pose': [{'token': 'ec', 'translation': [100.0, 51.0, 0.0], 'rotation': turned},
                     {'token': 'el', 'translation': [100.0, 50.0, 0.0], 'rotation': turned}],
        'sample_data': data}
    (tmp_path / 'v1.0-mini').mkdir()
    for name, rows in tables.items():
        (tmp_path / 'v1.0-mini' / f'{name}.json').write_text(json.dumps(rows))
    picture(tmp_path / 'samples' / 'c.jpg', 800, 450)
    y, z = np.meshgrid(np.linspace(-5, 5, 200), np.linspace(-3, 1, 40))
    points = np.stack([np.full(y.shape, 10.0), y, z, 0 * y, 0 * y], axis=-1).reshape(-1, 5)
    own_car = np.zeros((50, 5))
    np.concatenate([points, own_car]).astype(np.float32).tofile(
        tmp_path / 'samples' / 'l.pcd.bin')
    out = tmp_path / 'out'
    assert run('nuscenes', tmp_path, '--out', out, '--split', 1, 0, 0, '--width', 800) == 0
    depth = pairs(out, 'train')[0].read_depth(60.0)
    v, u = np.nonzero(np.isfinite(depth))
    assert len(v) > 2000
    # 10 m ahead of the lidar, which was 1 m behind the camera, and 1 m farther back in time.
    np.testing.assert_allclose(depth[v, u], 8.0, atol=1e-3)
    assert v.min() == pytest.approx(225 + 600 * -1.5 / 8.0, abs=1.0)
    assert u.min() == pytest.approx(400 + 600 * -5.0 / 8.0, abs=1.0)
