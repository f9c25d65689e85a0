"""What the depth node says of itself on /diagnostics."""

from dataclasses import dataclass
import math
from typing import Tuple

from depth_estimation_ros.node.frame_statistics import Summary
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

# A camera that is faster by less than this is jitter.
KEEPS_UP = 0.9
# Of the images that a camera sends; single ones are lost at the start of a connection.
LOST_SHARE = 0.1


@dataclass(frozen=True)
class NodeReport:
    """
    A moment of the node, besides its frames.

    Attributes
    ----------
    state : str
        The lifecycle's ('unconfigured', 'inactive', 'active' or 'finalized'), 'paused', or
        'idle' where nobody listens.
    failure : str
        Why the last transition failed; empty where it didn't.
    silence : str
        For how long no image has come in; empty while they come.
    camera_problem : str
        Why the camera's focal length is unknown, or not as camera_info tells; empty where it is.
    intrinsics_source : str
        From what the focal length is had; empty where it is unknown.
    pose_source : str
        From what it is known how the camera is mounted: 'TF, above ...', 'parameters',
        'height alone' or 'none'.
    scale_problem : str
        Why that, though known, doesn't tell the scale; empty where it does, or isn't known.
    pose_problem : str
        How that contradicts the floor that is seen; empty where it doesn't.
    floor_scale, floor_sigma : float
        What the floor says that depth has to be multiplied by, and the standard deviation of its
        logarithm; infinite before it was measured.
    rate_limit : float
        Hertz; 0 for none.
    stale_after : float
        Seconds without depth, or without a pixel in range, that are too long.
    inference_timeout : float
        Seconds that the network may work on one image.
    busy : float
        Seconds since the network began with the image that it works on; 0 where with none.
    model : str
        Which one is set.
    digest : str
        The first 8 digits of its file's SHA-256.
    backend, device, precision : str
        What runs it; empty where nothing does.

    """

    state: str
    failure: str = ''
    silence: str = ''
    camera_problem: str = ''
    intrinsics_source: str = ''
    pose_source: str = 'none'
    scale_problem: str = ''
    pose_problem: str = ''
    floor_scale: float = 1.0
    floor_sigma: float = math.inf
    rate_limit: float = 0.0
    stale_after: float = 3.0
    inference_timeout: float = 5.0
    busy: float = 0.0
    model: str = ''
    digest: str = ''
    backend: str = ''
    device: str = ''
    precision: str = ''


def level_and_message(report: NodeReport, now: Summary, before: Summary) -> Tuple[bytes, str]:
    """
    Return level and message: the first that holds of what is worst.

    Parameters
    ----------
    report : NodeReport
    now, before : Summary
        Of this moment and of the last report.

    """
    # A rate of 0 is not known yet: fewer than two depth images in the last seconds.
    wanted = min(report.rate_limit or math.inf, now.camera_rate)
    slower = now.replaced > before.replaced and 0.0 < now.rate < KEEPS_UP * wanted
    lost, received = now.lost - before.lost, now.received - before.received
    problems = (
        (report.failure, DiagnosticStatus.ERROR, report.failure),
        (report.busy > report.inference_timeout, DiagnosticStatus.ERROR,
         f'the network has been at work on one image for {report.busy:.0f} s'),
        (is_stalled(report, now, before), DiagnosticStatus.ERROR,
         f'images come in, and no depth went out for {unanswered(now, before):.0f} s: '
         f'{stall_reason(report, now, before)}'),
        (now.failed > before.failed, DiagnosticStatus.ERROR,
         f'images without depth: {now.last_reason}'),
        (report.silence, DiagnosticStatus.STALE, report.silence),
        (now.refused > before.refused, DiagnosticStatus.WARN,
         f'images dropped: {now.last_reason}'),
        (lost > LOST_SHARE * (lost + received), DiagnosticStatus.WARN,
         f'DDS lost {lost} of {lost + received} images before they came in: give it room for '
         'them (config/fastdds.xml)'),
        (now.blank > report.stale_after, DiagnosticStatus.WARN,
         f'no pixel has had a depth in range for {now.blank:.0f} s: the lens is covered, the '
         'range too small, or the model broken'),
        (report.camera_problem, DiagnosticStatus.WARN,
         f'{_focal_length(report)}: {report.camera_problem}'),
        (report.scale_problem, DiagnosticStatus.WARN,
         f'the scale is not measured: {report.scale_problem}'),
        (report.pose_problem, DiagnosticStatus.WARN, report.pose_problem),
        (slower, DiagnosticStatus.WARN,
         f'slower than the camera: {now.rate:.1f} of {now.camera_rate:.1f} images a second'),
    )
    return next(((level, text) for holds, level, text in problems if holds),
                (DiagnosticStatus.OK, report.state))


def is_stalled(report: NodeReport, now: Summary, before: Summary) -> bool:
    """Tell whether images come in and depth has not gone out for too long."""
    period = 1.0 / report.rate_limit if report.rate_limit else 0.0
    return report.state == 'active' and not report.silence and \
        unanswered(now, before) > report.stale_after + period


def unanswered(now: Summary, before: Summary) -> float:
    """Return for how many seconds images have come in and no depth has gone out."""
    if not math.isnan(now.unanswered):
        return now.unanswered
    is_answered = now.published > before.published or now.received == before.received
    return 0.0 if is_answered else now.age


def stall_reason(report: NodeReport, now: Summary, before: Summary) -> str:
    """Say why images that come in have no depth."""
    if report.busy > report.stale_after:
        return f'the network has been at work on one image for {report.busy:.0f} s'
    if now.failed > before.failed or now.refused > before.refused:
        return now.last_reason
    if now.replaced > before.replaced:
        return 'images are replaced by newer ones before the network takes them'
    return now.last_reason or 'the log may tell why'


def _focal_length(report: NodeReport) -> str:
    source = report.intrinsics_source
    return f'focal length from {source}' if source else 'depth without focal length'


def diagnostic_status(name: str, report: NodeReport, now: Summary,
                      before: Summary) -> DiagnosticStatus:
    """
    Return the status of a node.

    Parameters
    ----------
    name : str
        Of the status.
    report : NodeReport
    now, before : Summary
        Of this moment and of the last report.

    """
    level, text = level_and_message(report, now, before)
    values = {
        'state': report.state,
        'frames in': now.received,
        'frames out': now.published,
        'frames replaced': now.replaced,
        'frames refused': now.refused,
        'frames failed': now.failed,
        'frames paused': now.paused,
        'frames lost by DDS': now.lost,
        'last reason': now.last_reason,
        'camera rate (Hz)': f'{now.camera_rate:.1f}',
        'rate (Hz)': f'{now.rate:.1f}',
        'latency p50 (ms)': f'{now.latency_p50:.1f}',
        'latency p95 (ms)': f'{now.latency_p95:.1f}',
        'age of newest depth (s)': f'{now.age:.2f}',
        'focal length from': report.intrinsics_source,
        'camera pose from': report.pose_source,
        'scale by the floor': f'{report.floor_scale:.2f}',
        'sigma of the scale': f'{report.floor_sigma:.2f}',
        'model': report.model,
        'model file (SHA-256)': report.digest,
        'backend': report.backend,
        'device': report.device,
        'precision': report.precision,
    }
    return DiagnosticStatus(
        level=level, name=name, message=text, hardware_id=report.device,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
