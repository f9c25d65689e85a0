"""People in poses, on foot, on benches and on bicycles."""

import numpy as np

from .shape import box, capsule, ellipsoid, join, tube

SKINS = np.array([(0.62, 0.38, 0.27), (0.48, 0.27, 0.18), (0.28, 0.14, 0.08), (0.12, 0.06, 0.04),
                  (0.70, 0.47, 0.36)])
HAIRS = np.array([(0.015, 0.012, 0.01), (0.06, 0.03, 0.015), (0.22, 0.12, 0.05),
                  (0.4, 0.38, 0.36), (0.15, 0.04, 0.015)])
CLOTHES = np.array([(0.02, 0.03, 0.07), (0.03, 0.03, 0.03), (0.45, 0.44, 0.42), (0.4, 0.03, 0.03),
                    (0.05, 0.12, 0.35), (0.05, 0.2, 0.08), (0.6, 0.35, 0.04), (0.25, 0.18, 0.11),
                    (0.7, 0.68, 0.62), (0.35, 0.08, 0.25), (0.09, 0.09, 0.1), (0.1, 0.35, 0.4)])

# Angles in radians, forward positive: (thigh, knee) of both legs, (upper arm, elbow) of both.
POSES = {
    'standing': ((0.03, 0.0), (-0.03, 0.0), (0.05, 0.1), (-0.05, 0.15)),
    'walking': ((0.45, 0.15), (-0.35, 0.35), (-0.4, 0.25), (0.4, 0.35)),
    'strolling': ((0.28, 0.08), (-0.22, 0.2), (-0.2, 0.2), (0.2, 0.3)),
    'phone': ((0.02, 0.0), (-0.05, 0.05), (0.25, 2.0), (0.02, 0.1)),
    'sitting': ((1.5, 1.45), (1.42, 1.4), (0.35, 0.8), (0.4, 0.9)),
    'cycling': ((1.25, 1.3), (0.65, 0.75), (0.95, 0.25), (0.95, 0.25)),
}


def person(rng, pose=None):
    """
    Make a person who looks along +x, the feet on the ground; seated people's hips are at 0.5 m.

    Parameters
    ----------
    rng : numpy.random.Generator
        For the build, clothes and pose.
    pose : str, optional
        One of POSES; a random pose on foot if left out.

    """
    pose = pose or rng.choice(['standing', 'walking', 'walking', 'strolling', 'phone'])
    skin = SKINS[rng.integers(len(SKINS))] * rng.uniform(0.85, 1.1)
    top, bottom = CLOTHES[rng.integers(len(CLOTHES), size=2)] * rng.uniform(0.7, 1.3, (2, 1))
    shoe = CLOTHES[rng.integers(len(CLOTHES))] * 0.6
    build = rng.uniform(0.88, 1.2)
    sleeves = skin if rng.random() < 0.3 else top
    skirt = rng.random() < 0.2 and pose not in ('cycling', 'sitting')
    left_leg, right_leg, left_arm, right_arm = POSES[pose]
    jitter = rng.normal(0, 0.06, 8)
    lean = {'cycling': 0.6, 'walking': 0.06}.get(pose, 0.0) + rng.normal(0, 0.02)

    hip_height = 0.5 if pose == 'sitting' else 0.9
    hips = np.array([0.0, 0, hip_height])
    up = np.array([np.sin(lean), 0, np.cos(lean)])
    parts = []
    for side, (thigh, knee), wobble in ((1, left_leg, jitter[:2]), (-1, right_leg, jitter[2:4])):
        hip = hips + (0, side * 0.09 * build, -0.02)
        knee_at = hip + 0.43 * _down(thigh + wobble[0])
        ankle = knee_at + 0.42 * _down(thigh - knee + wobble[1])
        parts += [capsule(hip, knee_at, 0.088 * build, 'cloth', bottom, 0.06),
                  capsule(knee_at, ankle, 0.06, 'cloth' if not skirt else 'paint',
                          bottom if not skirt else skin, 0.043),
                  capsule(ankle - (0.05, 0, 0.02), ankle + (0.14, 0, -0.03), 0.045, 'paint',
                          shoe, 0.035, sides=6)]
    if skirt:
        parts.append(tube([hips + (0, 0, z) for z in (0.1, 0.0, -0.25, -0.5)],
                          np.array([0.15, 0.19, 0.23, 0.27]) * build, 'cloth', bottom,
                          sides=12, flatten=0.75))
    chest = hips + 0.5 * up
    body = [hips - 0.06 * up, hips + 0.05 * up, hips + 0.2 * up, hips + 0.38 * up, chest,
            hips + 0.55 * up]
    torso = tube(np.zeros((6, 3)) + np.c_[np.zeros((6, 2)), np.arange(6)],
                 np.array([0.14, 0.165, 0.145, 0.175, 0.165, 0.08]) * build, 'cloth', top,
                 sides=12, flatten=1.0)
    torso = _along(torso, np.array(body))
    parts.append(torso)
    for side, (upper, elbow), wobble in ((1, left_arm, jitter[4:6]), (-1, right_arm, jitter[6:])):
        shoulder = chest + (0, side * 0.168 * build, -0.02)
        out = np.array([0, side * 0.1, 0])
        elbow_at = shoulder + 0.29 * _down(upper + wobble[0]) + out * 0.6
        wrist = elbow_at + 0.25 * _down(upper + elbow + wobble[1])
        parts += [capsule(shoulder, elbow_at, 0.05 * build, 'cloth', top, 0.045),
                  capsule(elbow_at, wrist, 0.042, 'cloth', sleeves, 0.032),
                  ellipsoid(wrist + 0.05 * _down(upper + elbow), (0.045, 0.03, 0.06), 'paint',
                            skin, sides=6)]
    parts += _head(rng, chest + 0.08 * up, skin)
    if rng.random() < 0.25 and pose not in ('sitting', 'cycling'):
        parts.append(_backpack(rng, chest))
    return join(parts).scaled(rng.uniform(0.88, 1.1))


def _down(angle):
    """Return the direction of a limb that hangs, swung forward by an angle."""
    return np.array([np.sin(angle), 0, -np.cos(angle)])


def _along(torso, spine):
    """Bend an upright tube, built with its rings at z = 0, 1, 2, ..., onto a spine."""
    level = torso.vertices[:, 2]
    bent = np.stack([np.interp(level, np.arange(len(spine)), spine[:, i]) for i in range(3)], 1)
    bent[:, 0] += torso.vertices[:, 0] * 0.62
    bent[:, 1] += torso.vertices[:, 1]
    return torso._with(bent)


def _head(rng, neck, skin):
    hair = HAIRS[rng.integers(len(HAIRS))]
    head = neck + (0.02, 0, 0.15)
    parts = [capsule(neck - (0, 0, 0.05), neck + (0.01, 0, 0.08), 0.052, 'paint', skin),
             ellipsoid(head, (0.098, 0.078, 0.125), 'paint', skin, sides=12),
             ellipsoid(head + (0.1, 0, -0.015), (0.02, 0.014, 0.025), 'paint', skin * 0.9, 6)]
    for side in (1, -1):
        parts.append(ellipsoid(head + (0.082, side * 0.033, 0.02), (0.012, 0.016, 0.01), 'paint',
                               (0.03, 0.02, 0.02), 6))
    style = rng.choice(['short', 'long', 'hat', 'bald'], p=[0.45, 0.35, 0.15, 0.05])
    if style in ('short', 'long'):
        parts.append(ellipsoid(head + (-0.018, 0, 0.02), (0.104, 0.09, 0.125), 'paint', hair,
                               low=-0.05))
        parts.append(ellipsoid(head + (-0.045, 0, -0.01), (0.08, 0.082, 0.11), 'paint', hair))
    if style == 'long':
        parts.append(capsule(head - (0.06, 0, 0.0), head - (0.07, 0, 0.22), 0.075, 'paint', hair,
                             0.06))
    if style == 'hat':
        hue = CLOTHES[rng.integers(len(CLOTHES))]
        parts.append(ellipsoid(head + (-0.005, 0, 0.04), (0.108, 0.09, 0.1), 'cloth', hue, low=0))
        parts.append(box(head + (0.06, -0.06, 0.035), head + (0.17, 0.06, 0.05), 'cloth', hue))
    return parts


def _backpack(rng, chest):
    hue = CLOTHES[rng.integers(len(CLOTHES))]
    return tube([chest + (-0.2, 0, z) for z in (-0.4, -0.35, -0.1, 0.02)],
                [0.1, 0.15, 0.15, 0.09], 'cloth', hue, sides=8, flatten=0.8)


def bicycle(rng):
    """Make a bicycle along x, its wheels on the ground."""
    hue = CLOTHES[rng.integers(len(CLOTHES))] + 0.02
    rear, front = np.array([-0.52, 0, 0.34]), np.array([0.52, 0, 0.34])
    seat, head, pedals = np.array([-0.2, 0, 0.86]), np.array([0.38, 0, 0.86]), np.array(
        [-0.1, 0, 0.3])
    circle = np.linspace(0, 2 * np.pi, 25)
    ring = np.c_[np.cos(circle), np.zeros(25), np.sin(circle)]
    parts = []
    for hub in (rear, front):
        parts.append(tube(hub + 0.325 * ring, 0.02, 'paint', (0.015, 0.015, 0.015), sides=5))
        for angle in np.linspace(0, np.pi, 8, endpoint=False):
            spoke = 0.32 * np.array([np.cos(angle), 0, np.sin(angle)])
            parts.append(tube([hub - spoke, hub + spoke], 0.003, 'metal', (0.5, 0.5, 0.5),
                              sides=3))
    for start, end in ((rear, pedals), (pedals, seat), (seat, rear), (seat * 0.95, head),
                       (pedals, head - (0, 0, 0.08)), (head + (-0.03, 0, 0.1), front)):
        parts.append(tube([start, end], 0.018, 'car_paint', hue, sides=6))
    bar = head + (-0.03, 0, 0.14)
    parts.append(tube([bar - (0.08, 0.28, 0), bar, bar + (-0.08, 0.28, 0)], 0.014, 'metal',
                      (0.05, 0.05, 0.05), sides=5))
    parts.append(ellipsoid(seat + (0, 0, 0.06), (0.14, 0.08, 0.04), 'paint', (0.02, 0.02, 0.02),
                           8))
    return join(parts)


def cyclist(rng):
    """Make somebody riding a bicycle along +x."""
    rider = person(rng, 'cycling')
    return join([bicycle(rng), rider.moved(-0.22, 0, 0.08)])
