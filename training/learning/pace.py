"""How long a step of training takes on this machine."""

from itertools import islice
import time

from learning.settings import Settings
from learning.training_data import open_data
from learning.training_loop import train_step
from learning.training_run import Run

WARM_UP = 2  # steps, in which memory is allocated and the processes that read data begin


def seconds_per_step(settings: Settings, longest: float) -> float:
    """
    Return how long a step takes, from reading its pairs to the update of the weights.

    Parameters
    ----------
    settings : Settings
        Of the run, whose epoch has to have more steps than WARM_UP.
    longest : float, seconds
        After which no further step is timed; at most one epoch is.

    Raises
    ------
    DatasetError, IntrinsicsError, SettingsError
        Where the run's data or settings cannot be used.

    """
    run = Run(settings, open_data(settings))
    run.set_training()
    batches = iter(run.training_batches())
    for batch in islice(batches, WARM_UP):
        train_step(run, batch)
    start, done = time.monotonic(), 0
    for batch in batches:
        train_step(run, batch)
        done += 1
        if time.monotonic() - start > longest:
            break
    return (time.monotonic() - start) / done
