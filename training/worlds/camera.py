"""The robot's camera: its intrinsics, and where it may stand and drive."""

from dataclasses import asdict, dataclass, replace
import json
from typing import Callable, Optional

import numpy as np


@dataclass(frozen=True)
class Camera:
    """
    A pinhole camera with square pixels, the principal point in the middle of the picture.

    Attributes
    ----------
    width, height : int, pixels
    fov : float
        Horizontal field of view, degrees.

    """

    width: int
    height: int
    fov: float

    @property
    def focal(self):
        """Return the focal length in pixels."""
        return self.width / 2 / np.tan(np.radians(self.fov) / 2)

    def projection(self):
        """Return fx, fy, cx, cy in pixels: as in ROS, (0, 0) is the middle of the first pixel."""
        return {'fx': self.focal, 'fy': self.focal, 'cx': (self.width - 1) / 2,
                'cy': (self.height - 1) / 2}

    def described(self):
        """Return the projection, rounded for a table."""
        return {key: round(float(value), 4) for key, value in self.projection().items()}

    def to_json(self):
        """Return what camera.json holds."""
        return json.dumps({'width': self.width, 'height': self.height, **self.projection()},
                          indent=2) + '\n'


@dataclass(frozen=True)
class Viewpoint:
    """
    Where the camera is and looks: metres and radians.

    Attributes
    ----------
    x, y, z : float
    height : float
        Above the ground it stands on.
    heading : float
        0 looks along +x, counter-clockwise.
    pitch : float
        Positive looks up.
    roll : float
        Positive lifts the camera's right side.
    table_height : float, optional
        Of the table top that it looks at, above the ground.

    """

    x: float
    y: float
    z: float
    height: float
    heading: float
    pitch: float
    roll: float
    table_height: Optional[float] = None

    def pitched(self, angle):
        """Return the viewpoint of a camera that looks up by so many radians more."""
        return replace(self, pitch=self.pitch + angle)

    def described(self):
        """Return the fields that it has as a dict, rounded for a table."""
        return {key: round(value, 4) for key, value in asdict(self).items() if value is not None}


def robot_mount(rng):
    """Draw height (metres), pitch and roll (radians) of a camera on a robot, 0.2 to 1.9 m high."""
    height = rng.uniform(0.2, 1.9) if rng.random() < 0.5 else rng.uniform(1.0, 1.8)
    # Now and then a robot looks down at what lies before it.
    pitch = np.radians(rng.uniform(-20, -6) if height > 0.5 and rng.random() < 0.3
                       else rng.normal(-3 if height > 0.8 else 2, 5))
    return height, pitch, np.radians(rng.normal(0, 2.5))


@dataclass
class Route:
    """
    Where a camera may be in a world.

    Attributes
    ----------
    spot : callable
        rng -> (x, y, heading): somewhere on open ground, with something to see ahead.
    ground : callable
        (x, y) -> height of the ground, metres.
    clearance : callable
        (x, y) -> distance to the nearest obstacle, metres.
    air : worlds.sky.Air
    mount : callable
        rng -> height above the ground (metres), pitch and roll (radians) of a single view.

    """

    spot: Callable
    ground: Callable
    clearance: Callable
    air: object
    mount: Callable = robot_mount

    def viewpoint(self, rng):
        """Draw a viewpoint that isn't inside anything."""
        clearest = -1.0
        for _ in range(200):
            spot = self.spot(rng)
            room = self.clearance(*spot[:2])
            if room > clearest:
                clearest, (x, y, heading) = room, spot
            if room > rng.uniform(0.25, 0.6):
                x, y, heading = spot
                break
        height, pitch, roll = self.mount(rng)
        z = self.ground(x, y) + height
        return Viewpoint(float(x), float(y), float(z), float(height), float(heading),
                         float(pitch), float(roll))

    def drive(self, rng, seconds, rate, height=1.0):
        """
        Plan a smooth drive of about 1 m/s along a free path.

        Parameters
        ----------
        rng : numpy.random.Generator
            For where it goes.
        seconds : float
            How long it takes.
        rate : float
            Viewpoints per second.
        height : float
            Of the camera above the ground, metres.

        Returns
        -------
        list of Viewpoint

        """
        paths = [self._path(rng, seconds, rate) for _ in range(300)]
        points, heading = max(paths, key=lambda path: self._appeal(*path))
        times = np.arange(len(points)) / rate
        ground = np.array([self.ground(x, y) for x, y in points])
        # Wheels climb a kerb gradually.
        window = np.ones(max(1, int(rate))) / max(1, int(rate))
        padded = np.pad(ground, len(window), mode='edge')
        ground = np.convolve(padded, window, 'same')[len(window):-len(window)]
        pitch = np.radians(-2 + 0.5 * np.sin(times * 2.1) + 0.25 * np.sin(times * 5.3))
        roll = np.radians(0.5 * np.sin(times * 1.7 + 1) + 0.2 * np.sin(times * 6.1))
        return [Viewpoint(float(x), float(y), float(g + height), height, float(h), float(p),
                          float(r))
                for (x, y), g, h, p, r in zip(points, ground, heading, pitch, roll)]

    def _path(self, rng, seconds, rate):
        """Draw a path: points (N, 2) and headings (N,)."""
        x, y, heading = self.spot(rng)
        times = np.arange(int(round(seconds * rate))) / rate
        turning = rng.uniform(0.05, 0.3) * np.sin(2 * np.pi * times / rng.uniform(6, 14)
                                                  + rng.uniform(0, 6.3))
        headings = heading + np.cumsum(turning) / rate
        speed = rng.uniform(0.9, 1.2)
        steps = np.c_[np.cos(headings), np.sin(headings)] * speed / rate
        return np.array([x, y]) + np.cumsum(steps, axis=0), headings

    def _appeal(self, points, headings):
        """Score a path: free of obstacles first, then close to many of them."""
        # Every 0.3 m will do, and fewer take less time; at a low rate that is every point.
        every = max(1, round(0.3 / np.hypot(*(points[1] - points[0])))) if len(points) > 1 else 1
        near = np.array([self.clearance(x, y) for x, y in points[::every]])
        ahead = [self.clearance(*(p + 4 * np.array([np.cos(h), np.sin(h)])))
                 for p, h in zip(points[::2 * every], headings[::2 * every])]
        if near.min() < 0.5:
            return near.min() - 10
        return -near.mean() - 0.3 * np.mean(ahead)
