"""What the node says of itself, and in which order of importance."""

from dataclasses import replace

from depth_estimation_ros.node.camera_watchdog import CameraWatchdog
from depth_estimation_ros.node.diagnostics import diagnostic_status, level_and_message, NodeReport
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
    ({'camera_problem': 'uncalibrated'}, {}, WARN, 'without focal length: uncalibrated'),
    ({'scale_problem': 'none seen'}, {}, WARN, 'the scale is not measured: none seen'),
    ({'pose_problem': 'knocked'}, {}, WARN, 'knocked'),
    ({}, {'replaced': 9, 'rate': 8.0, 'camera_rate': 30.0}, WARN, '8.0 of 30.0 images a second'),
    ({'rate_limit': 8.0}, {'replaced': 9, 'rate': 7.9, 'camera_rate': 30.0}, OK, 'active'),
    ({'rate_limit': 20.0}, {'replaced': 9, 'rate': 8.0, 'camera_rate': 30.0}, WARN, 'slower'),
    ({'silence': 'none', 'camera_problem': 'none'}, {'failed': 1}, ERROR, 'without depth'),
    ({'busy': 9.0}, {}, ERROR, 'the network has been at work on one image for 9'),
    ({'busy': 9.0, 'inference_timeout': 10.0}, {}, OK, 'active'),
    ({'busy': 9.0}, {'unanswered': 9.0}, ERROR, 'the network has been at work on one image for 9'),
    ({'stale_after': 1.0}, {'unanswered': 2.0, 'refused': 1, 'last_reason': 'odd encoding'},
     ERROR, 'no depth went out for 2 s: odd encoding'),
    ({}, {'unanswered': 9.0, 'replaced': 5}, ERROR, 'replaced by newer ones'),
    ({'rate_limit': 0.1}, {'unanswered': 9.0}, OK, 'active'),
    ({'state': 'paused'}, {'unanswered': 9.0}, OK, 'paused'),
    ({'silence': 'none'}, {'unanswered': 9.0}, STALE, 'none'),
    ({}, {'lost': 4, 'received': 6}, WARN, 'DDS lost 4 of 10 images'),
    ({}, {'lost': 1, 'received': 30}, OK, 'active'),
    ({}, {'blank': 9.0}, WARN, 'no pixel has had a depth in range for 9 s'),
    ({'camera_problem': 'uncalibrated', 'intrinsics_source': 'fov, 78 degrees'}, {}, WARN,
     'focal length from fov, 78 degrees: uncalibrated'),
])
def test_what_is_worst_comes_first(report, now, level, text):
    told = level_and_message(
        NodeReport(**{'state': 'active', **report}), Summary(**now), Summary())
    assert told[0] == level and text in told[1]


def test_counts_alone_tell_that_no_depth_goes_out():
    before = Summary(received=100, published=50, replaced=49, age=20.0)
    now = Summary(received=130, published=50, replaced=79, age=23.0)
    level, text = level_and_message(NodeReport('active'), now, before)
    assert level == ERROR and 'no depth went out for 23 s: images are replaced' in text
    for later in (replace(now, published=51), replace(now, received=100)):
        assert level_and_message(NodeReport('active'), later, before)[0] != ERROR


def test_only_what_is_new_is_reported():
    before = Summary(failed=2, refused=3, replaced=4)
    assert level_and_message(NodeReport('active'), before, before) == (OK, 'active')


def test_a_status_tells_everything():
    values = values_of(diagnostic_status(
        'node', NodeReport('active', model='compact'), Summary(), Summary()))
    assert set(values) >= {
        'frames in', 'frames out', 'frames replaced', 'frames refused', 'last reason',
        'rate (Hz)', 'latency p50 (ms)', 'latency p95 (ms)', 'age of newest depth (s)',
        'camera pose from', 'scale by the floor', 'sigma of the scale', 'backend',
        'device', 'precision', 'model'}


def test_the_watchdog_tells_each_change_once():
    watchdog = CameraWatchdog()
    assert not watchdog.check(1000.0, 'nobody') and watchdog.silence('/image') == ''
    assert watchdog.check(-1.0, 'nobody') and not watchdog.check(-1.0, 'nobody')
    assert watchdog.silence('/image') == 'no image on /image yet (nobody)'
    assert watchdog.check(-1.0, 'another type') and not watchdog.check(-1.0, 'another type')
    watchdog.note_image()
    assert watchdog.check(1000.0, 'one') and watchdog.silence('/image') == ''
    watchdog.check(-1.0, 'one')
    assert watchdog.silence('/image') == 'no image on /image for 0 s (one)'
