"""A wide road: several lanes with traffic, seen from a vehicle's or a large robot's height."""

import numpy as np

from . import street, vehicles

LANE = 3.3  # metres


def build(stage, rng):
    """Build a road along x on the stage and return the Route."""
    kerb = rng.uniform(5.0, 11.5)
    plan = street.Plan(
        kerb=kerb, front=kerb + rng.uniform(1.8, 6.0),
        yard=rng.choice([0.0, rng.uniform(1.5, 4.0), rng.uniform(4.0, 14.0)]),
        crossing=rng.uniform(-25, 25), side_half=rng.uniform(4.5, 10.0))
    route = street.raise_street(stage, rng, plan)
    _traffic(stage, rng, kerb)

    def spot(rng):
        x, ahead = rng.uniform(-35, 35), rng.choice([0, np.pi])
        if rng.random() < 0.8:
            y = rng.uniform(0.5, kerb - 1.0) * (-1 if ahead == 0 else 1)
        else:
            y = rng.uniform(-plan.front + 0.5, plan.front - 0.5)
        # To the front, or as the cameras on a vehicle's sides and at its back.
        turn = rng.normal(0, 0.12) if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi)
        return x, y, ahead + turn

    route.spot, route.mount = spot, _mount
    return route


def _mount(rng):
    """Draw height (metres), pitch and roll (radians) of a camera on a vehicle."""
    return (rng.uniform(1.2, 2.2), np.radians(rng.normal(-2, 3)), np.radians(rng.normal(0, 1.2)))


def _traffic(stage, rng, kerb):
    """Let cars drive on the lanes, on the right-hand side."""
    models = [vehicles.vehicle(rng) for _ in range(5)]
    meshes = [(stage.mesh(shape, 'car'), length, width) for shape, length, width in models]
    lanes = max(1, int((kerb - 2.0) / LANE))
    for _ in range(rng.integers(3, 16)):
        direction, lane = rng.choice([1, -1]), rng.integers(lanes)
        x, y = rng.uniform(-60, 60), -direction * (lane + 0.5) * LANE + rng.normal(0, 0.2)
        if stage.clearance(x, y) > 2.6:
            street.put_car(stage, rng, meshes, x, y, 0 if direction > 0 else np.pi)
