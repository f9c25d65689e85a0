"""Augmentation: what makes a pair into another that a camera could have seen."""

from dataclasses import dataclass
from typing import Tuple

import cv2
import numpy as np


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
        to full size, is what a camera with a longer lens would see, so depth is divided by the
        zoom (depth is proportional to the focal length for the same picture).
    colour : float
        How far brightness, contrast, saturation and white balance go from 1, each on its own.
    max_depth : float
        What lies beyond is the sky, which no zoom brings nearer.

    """

    flip: float
    crop: float
    colour: float
    max_depth: float

    def __call__(self, rgb: np.ndarray, depth: np.ndarray,
                 random: np.random.Generator) -> Tuple[np.ndarray, np.ndarray]:
        """
        Change one pair.

        Parameters
        ----------
        rgb : uint8 (H, W, 3)
        depth : float32 (H, W), metres
        random : numpy Generator

        Returns
        -------
        rgb : uint8 (h, w, 3)
        depth : float32 (h, w), metres

        """
        if random.random() < self.flip:
            rgb, depth = rgb[:, ::-1], depth[:, ::-1]
        if self.crop:
            rgb, depth = self._zoom(rgb, depth, random)
        if self.colour:
            rgb = self._recolour(rgb, random)
        return np.ascontiguousarray(rgb), np.ascontiguousarray(depth)

    def _zoom(self, rgb, depth, random):
        height, width = depth.shape
        kept = 1.0 - random.uniform(0.0, self.crop)
        h, w = round(height * kept), round(width * kept)
        top, left = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
        rgb, depth = rgb[top:top + h, left:left + w], depth[top:top + h, left:left + w]
        # The training camera sees this picture when everything is nearer by the zoom.
        zoomed = np.where(depth < self.max_depth, depth * np.float32(w / width), depth)
        return rgb, zoomed

    def _recolour(self, rgb, random):
        def factor(shape=()):
            return np.float32(1.0 + random.uniform(-self.colour, self.colour, shape))

        image = rgb.astype(np.float32)
        image *= factor() * (1.0 + (factor((3,)) - 1.0) * 0.5)
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        image = grey[..., None] + (image - grey[..., None]) * factor()
        image = grey.mean() + (image - grey.mean()) * factor()
        return image.clip(0.0, 255.0).astype(np.uint8)
