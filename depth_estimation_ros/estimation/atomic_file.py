"""Files that are there whole or not at all."""

from contextlib import contextmanager
import json
import math
import os
from pathlib import Path
from typing import Any, Dict, Iterator


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


def write_json(results: Dict, target: str) -> None:
    """
    Write what a command found, for a machine.

    Parameters
    ----------
    results : dict
        Numbers that are not finite become null: JSON has no others.
    target : str
        A file, whose folder is made where it isn't there, or '-' for standard output.

    """
    text = json.dumps(_finite(results), indent=2, allow_nan=False)
    if target == '-':
        print(text)
        return
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        partial.write_text(text + '\n')


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
