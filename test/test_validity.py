"""Which depths are known, and what is made of those that are not."""

from depth_estimation_ros.estimation.edge_filter import on_edge
from depth_estimation_ros.estimation.validity import enlarge, HORIZON, Validity
import numpy as np
import pytest


def step(near: float, far: float) -> np.ndarray:
    """Return a wall before another; float32 (20, 30), metres."""
    depth = np.full((20, 30), near, np.float32)
    depth[:, 15:] = far
    return depth


def test_a_step_is_an_edge_on_both_of_its_sides_and_at_any_scale():
    for scale in (1.0, 7.0):
        edge = on_edge(scale * step(2.0, 3.0), 0.15)
        assert edge[:, 14:16].all() and edge.sum() == 2 * 20
    assert not on_edge(step(2.0, 2.2), 0.15).any()


def test_a_slanted_wall_is_no_edge():
    assert not on_edge(np.tile(np.linspace(2.0, 4.0, 30, dtype=np.float32), (20, 1)), 0.15).any()


def test_a_ramp_from_the_foreground_to_the_background_is_removed():
    depth = step(2.0, 8.0)
    depth[:, 14:17] = (3.0, 5.0, 7.0)
    known = ~on_edge(depth, 0.15)
    assert set(depth[known]) == {2.0, 8.0}


@pytest.mark.parametrize('size', [(20, 30), (61, 97), (13, 17)])
def test_no_depth_between_foreground_and_background_comes_from_resizing(size):
    depth = step(2.0, 8.0)
    target = np.full((size[0] + 4, size[1] + 4), 99.0, np.float32)
    inner = target[2:-2, 2:-2]
    enlarge(depth, on_edge(depth, 0.15), inner)
    known = inner[np.isfinite(inner)]
    assert np.isin(known, (2.0, 8.0)).all() and {2.0, 8.0} == set(known)
    # Two columns of thirty.
    assert np.isnan(inner).mean() == pytest.approx(2 / 30, abs=1.01 / size[1])
    inner.fill(99.0)
    assert (target == 99.0).all(), 'it wrote beside its target'


def test_resizing_without_unknown_pixels_is_bilinear():
    target = np.empty((20, 60), np.float32)
    enlarge(np.tile(np.arange(30, dtype=np.float32), (20, 1)), None, target)
    np.testing.assert_allclose(target[:, 1:-1], np.tile(np.arange(58) / 2 + 0.25, (20, 1)))


@pytest.mark.parametrize('choice, expected', [
    ('rep117', [-np.inf, 1.0, 5.0, np.inf, np.nan]),
    ('clamp', [1.0, 1.0, 5.0, 10.0, np.nan]),
    ('nan', [np.nan, 1.0, 5.0, np.nan, np.nan])])
def test_what_is_out_of_range_is_marked(choice, expected):
    depth = np.array([[0.5, 1.0, 5.0, 12.0, np.nan]], np.float32)
    Validity(min_range=1.0, max_range=10.0, out_of_range=choice).mark_range(depth, 20.0)
    np.testing.assert_array_equal(depth, np.array([expected], np.float32))


def test_no_range_goes_beyond_what_the_model_was_trained_to_see():
    depth = np.array([[16.9, 17.1, 34.0]], np.float32)
    for max_depth, known in ((20.0, 1), (20.0 * 41 / 20, 2)):
        marked = depth.copy()
        Validity(max_range=1000.0).mark_range(marked, max_depth)
        assert np.isfinite(marked).sum() == (depth <= HORIZON * max_depth).sum()
        assert np.isfinite(marked).sum() >= known


def test_doubt_without_a_confidence_has_no_effect():
    depth = step(2.0, 8.0)
    assert Validity(min_confidence=0.5).unknown(depth, None) is None
    doubt = np.where(depth > 5.0, 0.4, 0.6).astype(np.float32)
    np.testing.assert_array_equal(Validity(min_confidence=0.5).unknown(depth, doubt), depth > 5.0)
    both = Validity(edge_filter=0.15, min_confidence=0.5).unknown(depth, doubt)
    np.testing.assert_array_equal(both, (depth > 5.0) | on_edge(depth, 0.15))
