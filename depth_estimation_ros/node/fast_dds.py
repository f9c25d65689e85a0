"""Making room for images in the shared memory of Fast DDS, ROS 2's default middleware."""

import os
from pathlib import Path
from typing import Dict

# The first is read by Fast DDS 2 (up to ROS 2 Jazzy), the second by Fast DDS 3.
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
CHOICES = PROFILE_VARIABLES + ('FASTDDS_BUILTIN_TRANSPORTS',)


def environment(profile: Path) -> Dict[str, str]:
    """
    Return the environment variables that make a process use a profile (config/fastdds.xml).

    It is empty where the user has already chosen how Fast DDS is to work.
    """
    if any(name in os.environ for name in CHOICES):
        return {}
    return dict.fromkeys(PROFILE_VARIABLES, str(profile))
