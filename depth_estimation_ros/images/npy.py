"""Arrays from .npy files, whatever is in them."""

from pathlib import Path

from depth_estimation_ros.images import ImageError
import numpy as np


def load_npy(path: Path) -> np.ndarray:
    """
    Read a .npy file.

    Raises
    ------
    ImageError
        With a sentence that names the file, where it holds no array of numbers.

    """
    try:
        # Mapped, an array that is larger than its file is refused before there is memory for it.
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except Exception as error:
        # The header is Python source, and NumPy raises whatever the parser of Python does.
        raise ImageError(f'{path} cannot be read: it is empty, cut off or no .npy array of '
                         'numbers') from error
    if not isinstance(array, np.ndarray):
        array.close()
        raise ImageError(f'{path} is a .npz archive: save the array alone, with np.save')
    if not np.issubdtype(array.dtype, np.number):
        raise ImageError(f'{path} holds {array.dtype}, which is no kind of number')
    return np.array(array)
