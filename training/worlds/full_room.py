"""A small room that is full: little is farther than a few metres, and little of the floor free."""

import numpy as np

from . import interior


def build(stage, rng):
    """Build a room of up to 6 m about the origin on the stage and return the Route."""
    rooms, windows = interior.small_room(stage, rng)
    route = interior.raise_rooms(stage, rng, rooms, windows, near=0.5, away=(0.4, 2.5), full=True)
    route.mount = _mount
    return route


def _mount(rng):
    """Draw height (metres), pitch and roll (radians): on a robot, or in a hand."""
    if rng.random() < 0.5:
        return (rng.uniform(0.2, 1.2), np.radians(rng.normal(-2, 6)),
                np.radians(rng.normal(0, 2.5)))
    return (rng.uniform(1.0, 1.75), np.radians(rng.normal(-15, 11)), np.radians(rng.normal(0, 5)))
