"""What the node says of itself, and in which order of importance."""

from depth_estimation_ros.node.camera_watchdog import CameraWatchdog
from depth_estimation_ros.node.diagnostics import judge, NodeReport, status
from depth_estimation_ros.node.frame_statistics import Summary
from diagnostic_msgs.msg import DiagnosticStatus
import pytest
from ros_probe import values_of

OK, WARN = DiagnosticStatus.OK, DiagnosticStatus.WARN
ERROR, STALE = DiagnosticStatus.ERROR, DiagnosticStatus.STALE


@pytest.mark.parametrize('report, now, level, text', [
    ({}, {}, OK, 'active'),
    ({'state': 'paused'}, {'paused': 3}, OK, 'paused'),
    ({'failure': 'no such model'}, {}, ERROR, 'no such model'),
    ({}, {'failed': 1, 'last_reason': 'out of memory'}, ERROR, 'without depth: out of memory'),
    ({'silence': 'no image yet'}, {}, STALE, 'no image yet'),
    ({}, {'refused': 1, 'last_reason': 'odd encoding'}, WARN, 'dropped: odd encoding'),
    ({'camera_trouble': 'uncalibrated'}, {}, WARN, 'without focal length: uncalibrated'),
    ({'ground_trouble': 'none seen'}, {}, WARN, 'camera_height without effect: none seen'),
    ({}, {'replaced': 9, 'rate': 8.0, 'camera_rate': 30.0}, WARN, '8.0 of 30.0 images a second'),
    ({'rate_limit': 8.0}, {'replaced': 9, 'rate': 7.9, 'camera_rate': 30.0}, OK, 'active'),
    ({'rate_limit': 20.0}, {'replaced': 9, 'rate': 8.0, 'camera_rate': 30.0}, WARN, 'slower'),
    ({'silence': 'none', 'camera_trouble': 'none'}, {'failed': 1}, ERROR, 'without depth'),
])
def test_what_is_worst_comes_first(report, now, level, text):
    judged = judge(NodeReport(**{'state': 'active', **report}), Summary(**now), Summary())
    assert judged[0] == level and text in judged[1]


def test_only_what_is_new_is_trouble():
    before = Summary(failed=2, refused=3, replaced=4)
    assert judge(NodeReport('active'), before, before) == (OK, 'active')


def test_a_status_tells_everything():
    values = values_of(status('node', NodeReport('active', model='compact'), Summary(), Summary()))
    assert set(values) >= {
        'frames in', 'frames out', 'frames replaced', 'frames refused', 'last reason',
        'rate (Hz)', 'latency p50 (ms)', 'latency p95 (ms)', 'age of newest depth (s)',
        'scale by the ground', 'backend', 'device', 'precision', 'model'}


def test_the_watchdog_tells_each_change_once():
    watchdog = CameraWatchdog()
    assert not watchdog.check(1000.0) and watchdog.sentence('/image', 0) == ''
    assert watchdog.check(-1.0) and not watchdog.check(-1.0)
    assert watchdog.sentence('/image', 0) == 'no image on /image yet (nobody publishes it)'
    watchdog.feed()
    assert watchdog.check(1000.0) and watchdog.sentence('/image', 1) == ''
    watchdog.check(-1.0)
    assert 'for 0 s (1 publish it)' in watchdog.sentence('/image', 1)
