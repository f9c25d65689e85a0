"""The error of all that reads a dataset."""

from pathlib import Path
from typing import List

SHOWN_PROBLEMS = 10


class DatasetError(ValueError):
    """Data that cannot be used; the message names the files and what is wrong with each."""

    def __init__(self, folder: Path, problems: List[str]):
        shown = problems[:SHOWN_PROBLEMS]
        if len(problems) > len(shown):
            shown.append(f'... and {len(problems) - len(shown)} more')
        plural = 's' if len(problems) > 1 else ''
        super().__init__(f'{folder}: {len(problems)} problem{plural}\n  ' + '\n  '.join(shown))
