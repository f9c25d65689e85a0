"""What a section of the benchmark is told."""

from dataclasses import dataclass


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

    """

    model: str = 'compact'
    device: str = 'auto'
    rounds: int = 100
