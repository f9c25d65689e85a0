"""Making room for images in the shared memory of Fast DDS, ROS 2's default middleware."""

from importlib.metadata import PackageNotFoundError, version
import os
from pathlib import Path
from typing import Dict

# The first is read by Fast DDS 2 (up to ROS 2 Jazzy), the second by Fast DDS 3, which warns of the
# first.
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
FIRST_RCLPY_WITH_FAST_DDS_3 = 9  # ROS 2 Kilted's
CHOICES = PROFILE_VARIABLES + ('FASTDDS_BUILTIN_TRANSPORTS',)


def environment(profile: Path) -> Dict[str, str]:
    """
    Return the environment variable that makes a process use a profile (config/fastdds.xml).

    It is empty where the user has already chosen how Fast DDS is to work.
    """
    if any(name in os.environ for name in CHOICES):
        return {}
    try:
        is_new = int(version('rclpy').split('.')[0]) >= FIRST_RCLPY_WITH_FAST_DDS_3
    except (PackageNotFoundError, ValueError):
        return dict.fromkeys(PROFILE_VARIABLES, str(profile))
    return {PROFILE_VARIABLES[is_new]: str(profile)}
