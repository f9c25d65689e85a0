"""Images by cv_bridge where there is one that works, and by the table where there is none."""

from array import array
import os
from pathlib import Path
import subprocess
import sys

from depth_estimation_ros.images import raw
from depth_estimation_ros.node import cv_bridge_choice
import numpy as np
import pytest
from sensor_msgs.msg import Image

BRIDGE = cv_bridge_choice.choose().bridge


def noise(encoding: str, padding: int) -> Image:
    """Return an image of random bytes, its rows followed by some that mean nothing."""
    layout = raw.ENCODINGS[encoding]
    step = 32 * layout.channels * layout.bits // 8 + padding
    rows = 24 * layout.rows[0] // layout.rows[1]
    data = np.random.default_rng(0).integers(0, 256, rows * step, np.uint8)
    return Image(width=32, height=24, encoding=encoding, step=step, data=array('B', data))


@pytest.mark.skipif(BRIDGE is None, reason='there is no cv_bridge that works')
def test_cv_bridge_and_the_table_agree():
    messages = [noise(encoding, padding) for encoding in raw.ENCODINGS for padding in (0, 5, 24)]
    for message in messages:
        # Of 16 bits the table takes the upper 8, and cv_bridge rounds.
        tolerance = 2 if raw.ENCODINGS[message.encoding].bits == 16 else 0
        np.testing.assert_allclose(
            raw.to_rgb(message, BRIDGE).astype(int), raw.to_rgb(message), atol=tolerance,
            err_msg=message.encoding)


@pytest.mark.parametrize('module, sentence', [
    ('import os; os.abort()', 'it ended the process that tried it, by signal 6'),
    ('raise ImportError("numpy.core.multiarray failed to import")',
     'ImportError: numpy.core.multiarray failed to import'),
    ('class CvBridge:\n    def imgmsg_to_cv2(self, *_):\n        raise TypeError("no boost")',
     'TypeError: no boost')])
def test_a_cv_bridge_that_does_not_work_is_left_alone_and_said(tmp_path, module, sentence):
    (tmp_path / 'cv_bridge.py').write_text(module)
    code = ('from depth_estimation_ros.node import cv_bridge_choice\n'
            'print(*cv_bridge_choice.choose())')
    root = str(Path(__file__).resolve().parents[1])
    path = os.pathsep.join([str(tmp_path), root, os.environ.get('PYTHONPATH', '')])
    run = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60,
                         env={**os.environ, 'PYTHONPATH': path}, check=True)
    assert run.stdout.startswith('None Messages become images by the table of encodings')
    assert sentence in run.stdout
