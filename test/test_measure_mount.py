"""`measure_mount`: pitch and roll by the floor's shape, from a recording and from topics."""

import csv
from pathlib import Path
import re

from depth_estimation_ros import measure_mount
from depth_estimation_ros.estimation.mount_measurement import summarize
from depth_estimation_ros.estimation.pose import CameraPose
import numpy as np
import pytest
from ros_probe import NodeProcess

DRIVE = Path(__file__).parents[1] / 'data' / 'drive'


def measured(output: str):
    """Return what it tells to write into params.yaml: height, pitch, roll."""
    return [float(re.search(rf'camera_{name}: (.*)', output).group(1))
            for name in ('height', 'pitch', 'roll')]


@pytest.fixture(scope='module')
def truth():
    """Return median pitch and roll of the drive, degrees."""
    with (DRIVE / 'pairs.csv').open() as file:
        rows = list(csv.DictReader(file))[:30]
    return [np.degrees(np.median([float(row[name]) for row in rows]))
            for name in ('pitch', 'roll')]


def test_a_recording_tells_pitch_and_roll(truth, capsys):
    assert measure_mount.main(['--height', '1', '--source', str(DRIVE)]) == 0
    output = capsys.readouterr().out
    height, pitch, roll = measured(output)
    assert height == 1.0
    assert (pitch, roll) == pytest.approx(truth, abs=3.0)
    # The transform says the same.
    quaternion = [float(re.search(rf'--q{axis} (\S+)', output).group(1)) for axis in 'xyzw']
    pose = CameraPose.from_transform(height, quaternion)
    assert np.degrees((pose.pitch, pose.roll)) == pytest.approx((pitch, roll), abs=0.01)


def test_a_camera_tells_pitch_and_roll(truth):
    with NodeProcess('measure_mount', '-r', '__ns:=/measure',
                     options=('--height', '1', '--images', '10')) as process:
        with NodeProcess('camera_node', '-r', '__ns:=/measure', '-p', f'source:={DRIVE}'):
            assert process.wait_for_output('static_transform_publisher .*camera_optical_frame')
        assert measured(process.output)[1:] == pytest.approx(truth, abs=3.0)


def test_without_a_floor_or_a_camera_it_says_so(tmp_path, capsys):
    assert summarize([CameraPose(1.0)] * 4 + [None] * 26) is None
    seen = summarize([CameraPose(1.0, -0.1)] * 20 + [None] * 10)
    assert seen.pitch == pytest.approx(-5.73, abs=0.01)
    assert measure_mount.main(['--height', '1', '--source', str(tmp_path / 'none')]) == 1
    assert 'There is no folder' in capsys.readouterr().err
    pictures = str(DRIVE / 'rgb' / 'test')
    assert measure_mount.main(['--height', '1', '--source', pictures]) == 1
    assert 'give --fov' in capsys.readouterr().err
