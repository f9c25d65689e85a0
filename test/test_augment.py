"""Augmentation makes a pair into another that a camera could have seen."""

from pathlib import Path

import cv2
from depth_estimation_ros.images.picture import read_rgb
from learning import augment
import numpy as np
import pytest


def test_zoom_brings_things_nearer_and_the_clip_with_them():
    zoom = augment.Augmentation(crop=0.5)
    depth = np.full((100, 200), 10.0, np.float32)
    depth[:, 100:] = 20.0
    rgb = np.zeros((100, 200, 3), np.uint8)
    _, zoomed, nearer, _ = zoom(rgb, depth, np.random.default_rng(1))
    factor = zoomed.shape[1] / 200
    assert factor < 0.95
    assert nearer == pytest.approx(factor)
    np.testing.assert_allclose(np.unique(zoomed), [10.0 * factor, 20.0 * factor], rtol=1e-6)


def test_mirror_image_mirrors_both():
    flip = augment.Augmentation(flip=1.0)
    depth = np.arange(8, dtype=np.float32).reshape(2, 4)
    rgb = np.repeat(depth[..., None], 3, axis=2).astype(np.uint8)
    mirrored, mirrored_depth, _, floor = flip(rgb, depth, np.random.default_rng(0),
                                              floor=depth[:1] > 2)
    np.testing.assert_array_equal(mirrored[..., 0], mirrored_depth)
    np.testing.assert_array_equal(mirrored_depth, depth[:, ::-1])
    assert floor.tolist() == [[True, False, False, False]]


@pytest.mark.parametrize('change', [
    {'colour': 0.5}, {'camera': 0.9}, {'texture': 1.0}, {'cutout': 0.9}])
def test_the_picture_changes_and_the_depth_does_not(change):
    random = np.random.default_rng(0)
    rgb, depth = random.integers(0, 256, (48, 64, 3), np.uint8), np.ones((48, 64), np.float32)
    changed, same, nearer, _ = augment.Augmentation(**change)(rgb, depth, random)
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
        changed = (pattern(rgb, depth, random)[0] != rgb).any(axis=-1)
        near, far = changed[1:12].mean(), changed[36:].mean()
        sides.add((near > 0.5, far > 0.5))
    assert {(True, False), (False, True)} <= sides


def test_a_pattern_needs_no_depth():
    rgb, depth = np.full((48, 64, 3), 90, np.uint8), np.full((48, 64), np.nan, np.float32)
    pattern = augment.Augmentation(texture=1.0)
    assert (pattern(rgb, depth, np.random.default_rng(0))[0] == rgb).all()


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
    changed, depth, nearer, _ = lend(rgb, np.ones((48, 64), np.float32), random,
                                     Path('other.png'))
    assert changed.shape == rgb.shape and changed.dtype == np.uint8
    assert (depth == 1.0).all() and nearer == 1.0
    style = read_rgb(photograph)
    np.testing.assert_allclose(changed.mean(axis=(0, 1)), style.mean(axis=(0, 1)), atol=2.0)
    # What is fine, and so what there is to see, stays.
    for image in (rgb, changed):
        image -= cv2.GaussianBlur(image, (0, 0), 8.0) - 100
    correlation = np.corrcoef(rgb.reshape(-1), changed.reshape(-1))[0, 1]
    assert correlation > 0.6
    assert (lend(rgb, depth, random, photograph)[0] == rgb).all()


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
