"""Files that are there whole or not at all."""

from contextlib import contextmanager
import os
from pathlib import Path
from typing import Iterator


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """
    Write a file, an older one of its name being replaced only when the new one is whole.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Path
        Where to write: FILE.partial in the same folder. It becomes `path` at the end of the
        block, and is removed where the block is left by an exception (a full disk, Ctrl-C).

    """
    partial = path.with_name(f'{path.name}.partial')
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
