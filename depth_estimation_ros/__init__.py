"""Metric depth from one ordinary camera."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from depth_estimation_ros.estimation.estimator import DepthEstimator

__all__ = ['DepthEstimator']


def __getattr__(name: str):
    # Only when it is asked for: a launch file imports this package, and needs no OpenCV.
    if name == 'DepthEstimator':
        from depth_estimation_ros.estimation.estimator import DepthEstimator
        return DepthEstimator
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
