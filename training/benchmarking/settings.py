"""What a section of the benchmark is told."""

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class Settings:
    """
    What a section of the benchmark is told.

    Attributes
    ----------
    model : str
        A model file, or the name of a shipped model.
    device : str
        One of backends.DEVICES.
    rounds : int
        In each of which all candidates take a turn.
    threads : int
        How many run a network on the CPU in the section inference; 0 for each runtime's choice.
    beside : tuple of str
        Further model files for the section inference.

    """

    model: str = 'compact'
    device: str = 'auto'
    rounds: int = 100
    threads: int = 0
    beside: Tuple[str, ...] = ()
