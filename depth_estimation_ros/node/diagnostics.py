"""What the depth node says of itself on /diagnostics."""

from dataclasses import dataclass
import math
from typing import Tuple

from depth_estimation_ros.node.frame_statistics import Summary
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

# A camera that is faster by less than this is jitter.
KEEPS_UP = 0.9


@dataclass(frozen=True)
class NodeReport:
    """
    A moment of the node, besides its frames.

    Attributes
    ----------
    state : str
        The lifecycle's ('unconfigured', 'inactive', 'active' or 'finalized'), or 'paused'.
    failure : str
        Why the last transition failed; empty where it didn't.
    silence : str
        For how long no image has come in; empty while they come.
    camera_trouble : str
        Why the camera's focal length is unknown; empty where it is known.
    ground_trouble : str
        Why its height, though set, doesn't tell the scale; empty where it does, or isn't set.
    ground_scale : float
        What the ground says that depth has to be multiplied by.
    rate_limit : float
        Hertz; 0 for none.
    model : str
        Which one is set.
    backend, device, precision : str
        What runs it; empty where nothing does.

    """

    state: str
    failure: str = ''
    silence: str = ''
    camera_trouble: str = ''
    ground_trouble: str = ''
    ground_scale: float = 1.0
    rate_limit: float = 0.0
    model: str = ''
    backend: str = ''
    device: str = ''
    precision: str = ''


def judge(report: NodeReport, now: Summary, before: Summary) -> Tuple[bytes, str]:
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
    troubles = (
        (report.failure, DiagnosticStatus.ERROR, report.failure),
        (now.failed > before.failed, DiagnosticStatus.ERROR,
         f'images without depth: {now.last_reason}'),
        (report.silence, DiagnosticStatus.STALE, report.silence),
        (now.refused > before.refused, DiagnosticStatus.WARN,
         f'images dropped: {now.last_reason}'),
        (report.camera_trouble, DiagnosticStatus.WARN,
         f'depth without focal length: {report.camera_trouble}'),
        (report.ground_trouble, DiagnosticStatus.WARN,
         f'camera_height without effect: {report.ground_trouble}'),
        (slower, DiagnosticStatus.WARN,
         f'slower than the camera: {now.rate:.1f} of {now.camera_rate:.1f} images a second'),
    )
    return next(((level, text) for holds, level, text in troubles if holds),
                (DiagnosticStatus.OK, report.state))


def status(name: str, report: NodeReport, now: Summary, before: Summary) -> DiagnosticStatus:
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
    level, text = judge(report, now, before)
    values = {
        'state': report.state,
        'frames in': now.received,
        'frames out': now.published,
        'frames replaced': now.replaced,
        'frames refused': now.refused,
        'frames failed': now.failed,
        'frames paused': now.paused,
        'last reason': now.last_reason,
        'camera rate (Hz)': f'{now.camera_rate:.1f}',
        'rate (Hz)': f'{now.rate:.1f}',
        'latency p50 (ms)': f'{now.latency_p50:.1f}',
        'latency p95 (ms)': f'{now.latency_p95:.1f}',
        'age of newest depth (s)': f'{now.age:.2f}',
        'scale by the ground': f'{report.ground_scale:.2f}',
        'model': report.model,
        'backend': report.backend,
        'device': report.device,
        'precision': report.precision,
    }
    return DiagnosticStatus(
        level=level, name=name, message=text, hardware_id=report.device,
        values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
