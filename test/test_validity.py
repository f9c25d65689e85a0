"""Which depths are known, and what is made of those that are not."""

import cv2
from depth_estimation_ros.estimation.edge_filter import find_edges, on_edge
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


def sharpened(depth: np.ndarray, size=None) -> np.ndarray:
    """Return a depth map, brought to a size and with its edges sharpened."""
    edges = find_edges(depth, 0.15)
    result = cv2.resize(depth, size[::-1]) if size else depth.copy()
    if edges is not None:
        edges.sharpen(result)
    return result


@pytest.mark.parametrize('size', [None, (61, 97), (13, 17), (480, 640)])
def test_a_ramp_becomes_a_step_between_its_two_sides(size):
    depth = step(2.0, 8.0)
    depth[:, 13:18] = (2.5, 3.3, 4.4, 5.5, 7.0)
    result = sharpened(depth, size)
    known = np.isfinite(result)
    # A side is what is seen of it within three pixels: at the ramp's other end that is 2.5 m.
    assert ((result[known] <= 2.5) | (result[known] == 8.0)).all()
    # The foreground wins: 4.4 m is nearer to 8 m by its logarithm, and 7 m belongs to the wall.
    width = result.shape[1]
    column = (np.arange(width) + 0.5) * 30 / width - 0.5
    assert (result[:, column < 15.0] <= 2.5).all() and (result[:, column > 17.0] == 8.0).all()
    # Only what lies between the two limits is unknown: two pixels of the ramp.
    assert (~known).sum(axis=1).max() <= max(1, 2 * width / 30)


def test_a_thin_pole_that_a_network_draws_as_a_dip_keeps_its_depth():
    depth = np.full((20, 30), 8.0, np.float32)
    depth[:, 13:18] = (7.0, 4.0, 3.0, 4.0, 7.0)
    assert (~np.isnan(sharpened(depth))).all()
    np.testing.assert_array_equal(sharpened(depth)[10, 12:19], (8, 8, 3, 3, 3, 8, 8))
    assert on_edge(depth, 0.15)[:, 13:18].all(), 'removing leaves nothing of it'


def test_a_floor_seen_at_a_flat_angle_has_no_edges():
    rows = np.arange(6.0, 46.0, dtype=np.float32)
    floor = np.tile((60.0 / rows)[:, None], (1, 30)).astype(np.float32)
    assert (floor[:5] / floor[6:11]).min() > 1.5
    assert find_edges(floor, 0.15) is None
    floor[25:, 10:14] = 1.0  # something that stands on it has
    assert find_edges(floor, 0.15) is not None


def test_edges_are_the_same_at_any_scale_and_unknown_stays_unknown():
    depth = step(2.0, 8.0)
    depth[:, 13:18] = (2.5, 3.3, 4.4, 5.5, 7.0)
    np.testing.assert_allclose(sharpened(3.0 * depth), 3.0 * sharpened(depth), rtol=1e-6)
    edges, part = find_edges(depth, 0.15), np.full((24, 34), 99.0, np.float32)
    part[2:-2, 2:-2] = depth
    part[2:-2, 14] = np.nan
    edges.sharpen(part[2:-2, 2:-2])
    assert np.isnan(part[2:-2, 14]).all()
    part[2:-2, 2:-2] = 99.0
    assert (part == 99.0).all(), 'it wrote beside its target'


def test_a_depth_that_cannot_be_is_near():
    depth = step(2.0, 8.0)
    depth[5:8, 5:8] = (-1.0, 0.0, -0.1)
    assert np.isfinite(sharpened(depth)).all()


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
    both = Validity(edge_filter='remove', min_confidence=0.5).unknown(depth, doubt)
    np.testing.assert_array_equal(both, (depth > 5.0) | on_edge(depth, 0.15))
