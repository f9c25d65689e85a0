"""A ROS domain of its own for a program that starts nodes and talks to no others."""

import os
from pathlib import Path
import random
import socket
from typing import Optional, Tuple

from depth_estimation_ros.node import fast_dds


class DomainError(RuntimeError):
    """There is no ROS domain that nobody uses."""


def reserve_domain() -> Tuple[int, socket.socket]:
    """
    Return a ROS domain that no program on this machine uses, and what reserves it.

    The domain is reserved, among those who ask here, until the socket is closed.
    """
    domains = list(range(1, 102))  # those whose ports lie below the ephemeral ones
    random.shuffle(domains)
    for domain in domains:
        # RTPS 2.2, 9.6.1: the domain's multicast port, its first participant's port, and the
        # last port before the next domain, which no participant takes.
        base = 7400 + 250 * domain
        reservation = _bind(base + 249)
        if reservation is None:
            continue
        in_use = [_bind(port) for port in (base, base + 10)]
        if None not in in_use:
            for probe in filter(None, in_use):
                probe.close()
            return domain, reservation
        reservation.close()
    raise DomainError('All ROS domains from 1 to 101 are in use on this machine.')


def enter_domain(profile: Path) -> socket.socket:
    """
    Take a ROS domain that nobody else uses, for this process and those that it starts.

    Other programs on this machine, and a robot in the same network, stay unseen. What is returned
    reserves the domain until it is closed.

    Parameters
    ----------
    profile : Path
        Of Fast DDS (config/fastdds.xml), unless the user has chosen one.

    """
    domain, reservation = reserve_domain()
    os.environ.update(
        fast_dds.environment(profile),
        ROS_DOMAIN_ID=str(domain), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')
    return reservation


def _bind(port: int) -> Optional[socket.socket]:
    """Return a socket at a UDP port; None where somebody else has it."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probe.bind(('', port))
    except OSError:
        probe.close()
        return None
    return probe
