"""At home: a living room, a kitchen or a bedroom, and mostly what is within reach."""

from . import interior


def build(stage, rng):
    """Build a home's rooms about the origin on the stage and return the Route."""
    rooms, windows = interior.home(stage, rng)
    return interior.raise_rooms(stage, rng, rooms, windows, near=0.85, away=(0.3, 2.0))
