"""The camera's sensor: from light to a picture that a cheap camera would give."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sensor:
    """
    How one camera sees on one day.

    Attributes
    ----------
    exposure : float
        In stops about what its light meter says.
    balance : tuple of three floats
        Gains of red, green and blue.
    saturation, contrast : float
        About 1.
    noise : float
        Standard deviation of a white pixel's shot noise.
    vignette : float
        How much light the corners lose.
    quality : int
        Of the JPEG.

    """

    exposure: float = 0.0
    balance: tuple = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    contrast: float = 1.0
    noise: float = 0.004
    vignette: float = 0.1
    quality: int = 85


def draw_sensor(rng):
    """Draw a sensor."""
    warm = rng.normal(0, 0.07)
    return Sensor(exposure=rng.normal(0, 0.35),
                  balance=(np.exp(warm), np.exp(rng.normal(0, 0.02)), np.exp(-warm)),
                  saturation=rng.uniform(0.75, 1.15), contrast=rng.uniform(0.88, 1.15),
                  noise=10 ** rng.uniform(-2.7, -1.4), vignette=rng.uniform(0, 0.25),
                  quality=int(rng.integers(80, 96)))


def meter(light):
    """Return the gain that makes a picture neither dark nor bright (light: (H, W, 3))."""
    grey = light @ np.array([0.2126, 0.7152, 0.0722])
    # The lower two thirds count most: a meter that looked at the sky would drown the street.
    weight = np.linspace(0.35, 1.0, len(grey))[:, None] * np.ones_like(grey)
    return float(0.16 / np.exp(np.average(np.log(np.maximum(grey, 1e-4)), weights=weight)))


def add_haze(light, depth, air):
    """
    Veil what is far away.

    Parameters
    ----------
    light : float (H, W, 3)
        Linear.
    depth : float (H, W)
        Metres, inf for the sky.
    air : worlds.sky.Air
        How hazy it is.

    """
    sky = np.isinf(depth)
    if sky.sum() > 30:
        colour = np.median(light[sky], axis=0)
    else:
        colour = np.percentile(light.reshape(-1, 3), 80, axis=0)
    # The sky's own haze is in its colour.
    clear = np.where(sky, 1.0, np.exp(-air.extinction * np.where(sky, 0, depth)))[..., None]
    return light * clear + colour * air.brightness * (1 - clear)


def develop(light, gain, sensor, rng):
    """
    Turn linear light into a picture.

    Parameters
    ----------
    light : float (H, W, 3)
        Linear.
    gain : float
        From meter().
    sensor : Sensor
        What the camera makes of it.
    rng : numpy.random.Generator
        For the noise.

    Returns
    -------
    uint8 (H, W, 3)

    """
    height, width = light.shape[:2]
    y, x = np.mgrid[:height, :width]
    corner = ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2) * 2
    signal = light * gain * 2 ** sensor.exposure * np.array(sensor.balance)
    signal = np.clip(signal * (1 - sensor.vignette * corner)[..., None], 0, 50)
    signal = signal + rng.normal(size=signal.shape) * sensor.noise * np.sqrt(signal + 0.02)
    signal = np.maximum(signal, 0)
    grey = signal @ np.array([0.2126, 0.7152, 0.0722])
    signal = np.maximum(grey[..., None] + sensor.saturation * (signal - grey[..., None]), 0)
    # Narkowicz' fit of the ACES film curve; 0.8 keeps a mid grey where it was.
    signal = signal * 0.8
    film = signal * (2.51 * signal + 0.03) / (signal * (2.43 * signal + 0.59) + 0.14)
    film = np.clip(film, 0, 1)
    encoded = np.where(film < 0.0031308, 12.92 * film, 1.055 * film ** (1 / 2.4) - 0.055)
    encoded = 0.45 + (encoded - 0.45) * sensor.contrast
    return (np.clip(encoded, 0, 1) * 255 + 0.5).astype(np.uint8)
