"""The size of a network's input, as people write it."""

from typing import Tuple, Union

# The encoders halve it five times.
MULTIPLE = 32


def parse_size(text: Union[int, str]) -> Tuple[int, int]:
    """
    Return the height and width that such as 224 or '160x256' stand for.

    Raises
    ------
    ValueError
        With a sentence that says what would be right.

    """
    try:
        height, *more = (int(side) for side in str(text).split('x'))
        width, = more or (height,)
    except ValueError:
        raise ValueError(f'is {text!r}, and must be such as 224 or 160x256 (height x width)'
                         ) from None
    if any(side <= 0 or side % MULTIPLE for side in (height, width)):
        raise ValueError(f'is {text}, and must be a multiple of {MULTIPLE}: the encoder halves '
                         'it five times')
    return height, width
