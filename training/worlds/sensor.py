"""The camera's sensor: from light to a picture that a cheap camera would give."""

from dataclasses import dataclass

import numpy as np

BRIGHT, DARK = 3.0, 6.0  # the gains from which on a place is less than bright, and dark
MOST_SHAKE = 4 / 256  # widths of the picture; a picture worse than that is of no use


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
    shake : float
        How far the picture moves while a well lit place is exposed, in widths of the picture.
    heading : float
        Which way it moves, radians from the x axis.
    defocus : float
        Standard deviation of the lens's blur, pixels, 0.7 at most.

    """

    exposure: float = 0.0
    balance: tuple = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    contrast: float = 1.0
    noise: float = 0.004
    vignette: float = 0.1
    quality: int = 85
    shake: float = 0.0
    heading: float = 0.0
    defocus: float = 0.0


def draw_sensor(rng):
    """Draw a sensor."""
    exposure = rng.normal(0, 0.35) if rng.random() < 0.8 else rng.uniform(-1, 1)
    warm = rng.normal(0, 0.07)
    balance = np.exp([warm, rng.normal(0, 0.02), -warm])
    if rng.random() < 0.12:
        # The white balance stayed with another lamp: tungsten, fluorescent tube, or shade.
        cast = np.array([(1.4, 1.0, 0.55), (0.9, 1.15, 0.85), (0.75, 1.0, 1.35)][rng.integers(3)])
        balance = balance * cast ** rng.uniform(0.4, 1.0)
    return Sensor(exposure=exposure, balance=tuple(balance),
                  saturation=rng.uniform(0.75, 1.15), contrast=rng.uniform(0.88, 1.15),
                  noise=10 ** rng.uniform(-2.7, -1.4), vignette=rng.uniform(0, 0.25),
                  quality=int(rng.integers(80, 96)),
                  # Robots turn more than they nod. One in five moves by more than 1/256.
                  shake=min(0.0013 * np.exp(rng.normal(0, 1.3)), MOST_SHAKE),
                  heading=rng.normal(0, 0.25) if rng.random() < 0.7 else rng.uniform(0, np.pi),
                  defocus=rng.uniform(0, 0.6) * (rng.random() < 0.5))


def meter(light):
    """Return the gain that makes a picture neither dark nor bright (light: (H, W, 3))."""
    grey = light @ np.array([0.2126, 0.7152, 0.0722])
    # The lower two thirds count most: a meter that looked at the sky would drown the street.
    weight = np.linspace(0.35, 1.0, len(grey))[:, None] * np.ones_like(grey)
    gain = 0.16 / np.exp(np.average(np.log(np.maximum(grey, 1e-4)), weights=weight))
    # A camera lets a dark place look rather dark.
    return float(gain if gain < DARK else DARK * (gain / DARK) ** 0.7)


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
    colour = np.percentile(light.reshape(-1, 3), 80, axis=0)
    if sky.sum() > 30:
        above = np.median(light[sky], axis=0)
        # A veil as bright as a sky against the sun would leave nothing of a shaded street.
        rest = light[~sky]
        limit = 2 * np.percentile(rest, 80) if len(rest) else np.inf
        colour = above * min(1, limit / max(above.max(), 1e-6))
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
    # In the dark a camera exposes longer first, and then amplifies more.
    longer = np.clip(gain / BRIGHT, 1, 3)
    amplified = np.clip(gain / BRIGHT / longer, 1, 25)
    signal = blur(signal, min(sensor.shake * longer, MOST_SHAKE) * width, sensor.heading,
                  sensor.defocus)
    noise = sensor.noise * np.sqrt(amplified)
    signal = signal + rng.normal(size=signal.shape) * noise * np.sqrt(signal + 0.02)
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


def blur(light, length, heading, defocus):
    """
    Blur a picture by movement and by the lens, evenly to both sides of each edge.

    Parameters
    ----------
    light : float (H, W, 3)
        Linear.
    length : float
        How far the picture moves, pixels.
    heading : float
        Which way, radians from the x axis.
    defocus : float
        Standard deviation of the lens's blur, pixels, 0.7 at most.

    """
    reach = int(np.ceil(length / 2)) + 1
    at = np.arange(-reach, reach + 1)
    steps = np.linspace(-0.5, 0.5, 4 * reach + 1)[:, None] * length
    across = np.maximum(1 - abs(at - steps * np.cos(heading)), 0)
    down = np.maximum(1 - abs(at - steps * np.sin(heading)), 0)
    kernel = np.pad(down.T @ across / len(steps), 1)
    # Three taps have any variance up to a half.
    taps = np.array([defocus ** 2 / 2, 1 - defocus ** 2, defocus ** 2 / 2])
    kernel = sum(a * b * np.roll(kernel, (i, j), (0, 1))
                 for i, a in zip((-1, 0, 1), taps) for j, b in zip((-1, 0, 1), taps))
    height, width = light.shape[:2]
    padded = np.pad(light, ((reach + 1, reach + 1), (reach + 1, reach + 1), (0, 0)), 'edge')
    return sum(kernel[i, j] * padded[i:i + height, j:j + width]
               for i, j in zip(*np.nonzero(kernel > 1e-4))) / kernel[kernel > 1e-4].sum()
