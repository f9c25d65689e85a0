"""Augmentation makes a pair into another that a camera could have seen."""

from pathlib import Path

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.picture import read_rgb
from learning import augment
from learning.augment import View
import numpy as np
import pytest


def test_zoom_tells_by_how_much_things_come_nearer():
    zoom = augment.Augmentation(crop=0.5)
    depth = np.full((100, 200), 10.0, np.float32)
    rgb = np.zeros((100, 200, 3), np.uint8)
    zoomed, nearer = zoom(View(rgb, depth), np.random.default_rng(1))
    factor = zoomed.depth.shape[1] / 200
    assert factor < 0.95 and zoomed.depth.shape[0] / 100 == pytest.approx(factor, abs=0.01)
    assert nearer == pytest.approx(factor)


def test_each_pixel_still_looks_where_it_did():
    rows, columns = np.mgrid[:100, :200].astype(np.float32)
    camera = Intrinsics(200, 100, 120.0, 110.0, 90.0, 55.0)
    # The ray of each pixel, in place of its depth and its floor.
    view = View(np.zeros((100, 200, 3), np.uint8), (columns - camera.cx) / camera.fx,
                (rows - camera.cy) / camera.fy, camera)
    change = augment.Augmentation(flip=0.5, crop=0.3, squeeze=0.4)
    random, proportions = np.random.default_rng(3), set()
    for _ in range(8):
        (_, across, down, now), _ = change(view, random)
        h, w = across.shape
        assert (now.width, now.height) == (w, h)
        mirrored = -1 if across[0, 0] > across[0, -1] else 1
        np.testing.assert_allclose(mirrored * across[0], (np.arange(w) - now.cx) / now.fx,
                                   atol=1e-5)
        np.testing.assert_allclose(down[:, 0], (np.arange(h) - now.cy) / now.fy, atol=1e-5)
        proportions.add(round(w / h, 1))
    assert min(proportions) < 1.8 and max(proportions) > 2.2


def test_mirror_image_mirrors_both():
    flip = augment.Augmentation(flip=1.0)
    depth = np.arange(8, dtype=np.float32).reshape(2, 4)
    rgb = np.repeat(depth[..., None], 3, axis=2).astype(np.uint8)
    (mirrored, mirrored_depth, floor, _), _ = flip(
        View(rgb, depth, depth[:1] > 2), np.random.default_rng(0))
    np.testing.assert_array_equal(mirrored[..., 0], mirrored_depth)
    np.testing.assert_array_equal(mirrored_depth, depth[:, ::-1])
    assert floor.tolist() == [[True, False, False, False]]


@pytest.mark.parametrize('change', [
    {'colour': 0.5}, {'camera': 0.9}, {'texture': 1.0}, {'cutout': 0.9}])
def test_the_picture_changes_and_the_depth_does_not(change):
    random = np.random.default_rng(0)
    rgb, depth = random.integers(0, 256, (48, 64, 3), np.uint8), np.ones((48, 64), np.float32)
    (changed, same, _, _), nearer = augment.Augmentation(**change)(View(rgb, depth), random)
    assert changed.shape == rgb.shape and changed.dtype == np.uint8 and (changed != rgb).any()
    assert (same == depth).all() and nearer == 1.0


def test_a_pattern_covers_what_is_nearer_or_what_is_farther():
    pattern = augment.Augmentation(texture=1.0)
    random = np.random.default_rng(0)
    rgb = random.integers(100, 150, (48, 64, 3), np.uint8)
    depth = np.linspace(1, 20, 48 * 64, dtype=np.float32).reshape(48, 64)
    # As sparse as a lidar's: what is between the points is covered with them.
    depth[random.uniform(size=depth.shape) < 0.8] = np.nan
    sides = set()
    for _ in range(20):
        changed = (pattern(View(rgb, depth), random)[0].rgb != rgb).any(axis=-1)
        near, far = changed[1:12].mean(), changed[36:].mean()
        sides.add((near > 0.5, far > 0.5))
    assert {(True, False), (False, True)} <= sides


def test_a_pattern_needs_no_depth():
    rgb, depth = np.full((48, 64, 3), 90, np.uint8), np.full((48, 64), np.nan, np.float32)
    pattern = augment.Augmentation(texture=1.0)
    assert (pattern(View(rgb, depth), np.random.default_rng(0))[0].rgb == rgb).all()


@pytest.fixture
def photograph(tmp_path):
    """Return the path of a reddish picture of another size."""
    image = np.full((60, 80, 3), (40, 60, 200), np.uint8)  # BGR
    image[20:40] //= 2
    cv2.imwrite(str(tmp_path / 'photograph.png'), image)
    return tmp_path / 'photograph.png'


def test_a_photograph_lends_its_colours_and_nothing_else(photograph):
    random = np.random.default_rng(0)
    rgb = random.integers(80, 120, (48, 64, 3), np.uint8)
    rgb[:, 30:] += 50
    lend = augment.Augmentation(fda=1.0, fda_beta=0.03, styles=(photograph,))
    view = View(rgb, np.ones((48, 64), np.float32))
    (changed, depth, _, _), nearer = lend(view, random, Path('other.png'))
    assert changed.shape == rgb.shape and changed.dtype == np.uint8
    assert (depth == 1.0).all() and nearer == 1.0
    style = read_rgb(photograph)
    np.testing.assert_allclose(changed.mean(axis=(0, 1)), style.mean(axis=(0, 1)), atol=2.0)
    # What is fine, and so what there is to see, stays.
    for image in (rgb, changed):
        image -= cv2.GaussianBlur(image, (0, 0), 8.0) - 100
    correlation = np.corrcoef(rgb.reshape(-1), changed.reshape(-1))[0, 1]
    assert correlation > 0.6
    assert (lend(View(rgb, depth), random, photograph)[0].rgb == rgb).all()


def test_amplitudes_are_exchanged_within_beta_only(photograph):
    rgb = np.random.default_rng(0).integers(100, 140, (40, 64, 3), np.uint8)
    style = cv2.resize(read_rgb(photograph), (64, 40), interpolation=cv2.INTER_AREA)
    changed = augment.lend_amplitudes(rgb, style, beta=0.05)
    before, lent, after = (np.fft.fft2(image, axes=(0, 1)) for image in (rgb, style, changed))
    rows, columns = (np.fft.fftfreq(n, 1 / n) for n in (40, 64))
    low = (abs(rows)[:, None] <= 2) & (abs(columns) <= 2)
    # To whole grey values.
    np.testing.assert_allclose(abs(after[low]), abs(lent[low]), atol=60)
    np.testing.assert_allclose(after[~low], before[~low], atol=60)
    np.testing.assert_allclose(augment.lend_amplitudes(rgb, rgb, 0.1), rgb)
