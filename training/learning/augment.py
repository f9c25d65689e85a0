"""Augmentation: what makes a pair into another that a camera could have seen."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Optional, Tuple

import cv2
from depth_estimation_ros.estimation.geometry import Intrinsics
from depth_estimation_ros.images.picture import read_rgb
import numpy as np


class View(NamedTuple):
    """
    A picture with all that is known of it.

    Attributes
    ----------
    rgb : uint8 (H, W, 3)
    depth : float32 (H, W), metres
        NaN where it is unknown.
    floor : float32 (H, W), optional
        1 where a pixel shows the floor, 0 where it doesn't, NaN where that isn't known.
    camera : Intrinsics, optional
        Of the picture.

    """

    rgb: np.ndarray
    depth: np.ndarray
    floor: Optional[np.ndarray] = None
    camera: Optional[Intrinsics] = None


@dataclass(frozen=True)
class Augmentation:
    """
    Random changes of a pair, before it is resized.

    Parameters
    ----------
    flip : float
        The probability of a mirror image.
    crop : float
        The largest share of width and height that is cut away. A part of the picture, stretched
        to full size, is what a camera with a longer lens would see.
    squeeze : float
        The largest share of width, or else of height, that is cut away besides: pictures of
        other proportions, for networks that are told the camera.
    colour : float
        How far brightness, contrast, saturation, gamma and white balance go from 1, each on its
        own. One picture in twenty is grey, as from a monochrome camera.
    camera : float
        The probability of each of a cheap camera's faults: blur or too much sharpening, noise,
        JPEG's blocks.
    texture : float
        The probability that what is nearer, or what is farther, than some depth gets a fine
        pattern: the picture itself, small and repeated. Real rooms are full of detail within
        reach, which rendered ones aren't, so a network learns that detail is far away.
    cutout : float
        The probability that a rectangle of one colour hides a part, whose depth can then only be
        told from what is around it (DeVries and Taylor 2017).
    fda : float
        The probability that the picture's low frequencies, its light and colours, get the
        amplitudes of another's: Fourier domain adaptation (Yang and Soatto 2020).
    fda_beta : float
        Up to which share of the spectrum's sides (their beta; they take 0.01 to 0.09).
    styles : tuple of Path
        The pictures that lend their amplitudes: real ones, to rendered ones. They themselves
        don't get others'.

    """

    flip: float = 0.0
    crop: float = 0.0
    squeeze: float = 0.0
    colour: float = 0.0
    camera: float = 0.0
    texture: float = 0.0
    cutout: float = 0.0
    fda: float = 0.0
    fda_beta: float = 0.01
    styles: Tuple[Path, ...] = ()

    def __call__(self, view: View, random: np.random.Generator, path: Optional[Path] = None
                 ) -> Tuple[View, float]:
        """
        Change one pair.

        Parameters
        ----------
        view : View
        random : numpy Generator
        path : Path, optional
            Of the picture.

        Returns
        -------
        view : View
            Its depth is that of its own camera.
        nearer : float
            By what factor its pixels would be nearer to the camera of the whole picture: depth is
            proportional to the focal length for the same picture.

        """
        nearer = 1.0
        if random.random() < self.flip:
            view = _mirrored(view)
        if self.crop or self.squeeze:
            view, nearer = self._zoom(view, random)
        rgb, depth = view.rgb, view.depth
        if random.random() < self.fda and path not in self.styles:
            style = read_rgb(self.styles[random.integers(len(self.styles))])
            rgb = lend_amplitudes(rgb, style, self.fda_beta)
        if self.colour:
            rgb = self._recolour(rgb, random)
        if random.random() < self.texture:
            rgb = _add_texture(rgb, depth, random)
        if self.camera:
            rgb = self._degrade(np.ascontiguousarray(rgb), random)
        if random.random() < self.cutout:
            rgb = _hide_a_part(rgb, random)
        floor = None if view.floor is None else np.ascontiguousarray(view.floor)
        return View(np.ascontiguousarray(rgb), np.ascontiguousarray(depth), floor,
                    view.camera), nearer

    def _zoom(self, view, random):
        """Return the part that is kept, and by what factor its zoom brings everything nearer."""
        height, width = view.depth.shape
        kept = 1.0 - random.uniform(0.0, self.crop)
        h, w = round(height * kept), round(width * kept)
        if self.squeeze:
            cut = 1.0 - random.uniform(0.0, self.squeeze)
            h, w = (h, round(w * cut)) if random.random() < 0.5 else (round(h * cut), w)
        top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
        part = slice(top, top + h), slice(left, left + w)
        return View(view.rgb[part], view.depth[part],
                    None if view.floor is None else view.floor[part],
                    view.camera and view.camera.cropped(int(left), int(top), w, h)), w / width

    def _recolour(self, rgb, random):
        def factor(shape=()):
            return np.float32(1.0 + random.uniform(-self.colour, self.colour, shape))

        image = rgb.astype(np.float32)
        image *= factor() * (1.0 + (factor((3,)) - 1.0) * 0.5)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        saturation = factor() if random.random() < 0.95 else np.float32(0.0)
        image = grey[..., None] + (image - grey[..., None]) * saturation
        image = grey.mean() + (image - grey.mean()) * factor()
        levels = (np.linspace(0, 1, 256) ** factor() * 255.0 + 0.5).astype(np.uint8)
        return cv2.LUT(image.clip(0.0, 255.0).astype(np.uint8), levels)

    def _degrade(self, rgb, random):
        if random.random() < self.camera:
            soft = cv2.GaussianBlur(rgb, (0, 0), random.uniform(0.3, 2.0))
            detail = random.uniform(0.0, 3.0)
            rgb = cv2.addWeighted(rgb, detail, soft, 1.0 - detail, 0.0)
        if random.random() < self.camera:
            noise = random.standard_normal(rgb.shape, np.float32) * random.uniform(2.0, 14.0)
            rgb = (rgb + noise).clip(0.0, 255.0).astype(np.uint8)
        if random.random() < self.camera:
            quality = int(random.integers(25, 90))
            _, data = cv2.imencode('.jpeg', rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])
            rgb = cv2.imdecode(data, cv2.IMREAD_COLOR)
        return rgb


def _mirrored(view: View) -> View:
    camera = view.camera and replace(view.camera, cx=view.camera.width - 1 - view.camera.cx)
    return View(view.rgb[:, ::-1], view.depth[:, ::-1],
                None if view.floor is None else view.floor[:, ::-1], camera)


def lend_amplitudes(rgb: np.ndarray, style: np.ndarray, beta: float) -> np.ndarray:
    """
    Return a picture with its own phases, and another's amplitudes at low frequencies.

    Yang and Soatto 2020 (FDA), equation 3.

    Parameters
    ----------
    rgb : uint8 (H, W, 3)
    style : uint8 (h, w, 3)
    beta : float
        Up to which share of the shorter side frequencies are low.

    Returns
    -------
    uint8 (H, W, 3)

    """
    height, width = rgb.shape[:2]
    style = cv2.resize(style, (width, height), interpolation=cv2.INTER_AREA)
    spectrum, lender = (np.fft.rfft2(image, axes=(0, 1)) for image in (rgb, style))
    highest = int(beta * min(height, width))
    # rfft2 leaves out the negative horizontal frequencies, which mirror the positive ones.
    for rows in (slice(0, highest + 1), slice(height - highest, height)):
        low = rows, slice(0, highest + 1)
        spectrum[low] = np.abs(lender[low]) * np.exp(1j * np.angle(spectrum[low]))
    changed = np.fft.irfft2(spectrum, s=(height, width), axes=(0, 1))
    return changed.round().clip(0, 255).astype(np.uint8)


def _add_texture(rgb, depth, random):
    depth = _without_holes(depth)
    size = tuple(max(8, round(side / random.uniform(2.0, 6.0))) for side in depth.shape[::-1])
    pattern = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    # Its colours go up and down about what is there.
    pattern -= pattern.mean(axis=(0, 1))
    pattern *= random.uniform(10.0, 45.0) / (pattern.std() + 1.0)
    for axis in (0, 1):
        if random.random() < 0.5:
            pattern = np.flip(pattern, axis)
        pattern = np.roll(pattern, random.integers(pattern.shape[axis]), axis)
    repeats = [-(-whole // part) for whole, part in zip(depth.shape, pattern.shape)]
    pattern = np.tile(pattern, (*repeats, 1))[:depth.shape[0], :depth.shape[1]]
    # Of a random pixel: as often near as far as the picture's depths are.
    border = depth.flat[random.integers(depth.size)]
    covered = depth <= border if random.random() < 0.6 else depth >= border
    return (rgb + pattern * covered[..., None]).clip(0.0, 255.0).astype(np.uint8)


def _without_holes(depth):
    """Return the map with the depth of the nearest known pixel where it is unknown."""
    unknown = np.isnan(depth)
    if unknown.all() or not unknown.any():
        return depth
    # A pattern that leaves out the pixels between a lidar's points would mark the points.
    _, labels = cv2.distanceTransformWithLabels(
        unknown.astype(np.uint8), cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    known = np.zeros(labels.max() + 1, np.float32)
    known[labels[~unknown]] = depth[~unknown]
    return known[labels]


def _hide_a_part(rgb, random):
    height, width = rgb.shape[:2]
    h, w = (int(side * random.uniform(0.1, 0.35)) for side in (height, width))
    top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
    rgb = rgb.copy()
    rgb[top:top + h, left:left + w] = random.integers(0, 256, 3)
    return rgb
