"""A folder in which one process works at a time: that of a training run, or of a dataset."""

from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
from typing import Iterator


class FolderInUseError(RuntimeError):
    """Another process works in the folder; the message names both."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """
    Hold a folder, which is made where there is none, and unmade where nothing comes into it.

    The lock is the process's, and ends with it however that ends.

    Raises
    ------
    FolderInUseError
        Where another process holds the folder.

    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / 'lock'
    with open(path, 'a+') as file:
        try:
            # Not flock, which the processes that read data would inherit and outlive a kill with.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            raise FolderInUseError(f'another run is in {folder} (process {file.read()}): wait for '
                                   'its end, or name another folder') from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            if list(folder.iterdir()) == [path]:
                path.unlink()
                folder.rmdir()
