"""
JPEG and PNG pictures, of which the header is read before anything is decoded.

A picture is decoded only where its header asks for no more pixels than are allowed, where it has
as many bytes as so many pixels need at least, and where it has its own end. Without these, some
hundred bytes make a decoder fill gigabytes, and what was cut off becomes grey.
"""

from pathlib import Path
import re
from typing import Any, Callable, Dict, NamedTuple, Union

import cv2
from depth_estimation_ros.images import ImageError
import numpy as np

# More pixels than this are refused unless the caller says otherwise.
MAX_PIXELS = 50_000_000

# Scans of a progressive JPEG. libjpeg's own script makes 10 of a colour picture and 24 of one
# with four channels; each one more makes a decoder pass over all pixels again.
MAX_SCANS = 32

JPEG_START, PNG_START = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'

# A JPEG's marker: not a byte 0xFF of the compressed data (followed by 0), no fill byte, and none
# of the restart markers and of TEM, which have no segment after them.
JPEG_MARKER = re.compile(rb'\xff[\x02-\xcf\xd8-\xfe]')
START_OF_IMAGE, END_OF_IMAGE, START_OF_SCAN = 0xd8, 0xd9, 0xda
START_OF_FRAME = frozenset(range(0xc0, 0xd0)) - {0xc4, 0xc8, 0xcc}

PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
PNG_RATIO = 1032  # what deflate makes of one byte at most

# np.ndarray, which mypy knows as a buffer from Python 3.12 on.
Data = Union[bytes, bytearray, memoryview, Any]


class PictureHeader(NamedTuple):
    """
    What a picture says of itself.

    Attributes
    ----------
    width, height : int
        Pixels.
    channels : int
        Numbers per pixel.
    least_bytes : int
        Fewer cannot hold so many pixels, however plain they are.

    """

    width: int
    height: int
    channels: int
    least_bytes: int


def read_rgb(path: Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Read a JPEG or PNG file, whatever the end of its name.

    Returns
    -------
    uint8 (H, W, 3) RGB
        As it is stored, whatever an EXIF entry asks for: camera.json and depth describe that.

    Raises
    ------
    ImageError
        With a sentence that names the file.

    """
    return _read(path, decode_rgb, max_pixels)


def read_single(path: Path, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Read a JPEG or PNG file with one number per pixel, as `read_rgb`.

    Returns
    -------
    uint8 or uint16 (H, W)

    """
    return _read(path, decode_single, max_pixels)


def decode_rgb(data: Data, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Decode a JPEG or PNG.

    Parameters
    ----------
    data : bytes, or what has the interface of a buffer of bytes
    max_pixels : int
        A picture of more is refused.

    Returns
    -------
    uint8 (H, W, 3) RGB

    Raises
    ------
    ImageError
        With a sentence that says what is wrong with it.

    """
    return cv2.cvtColor(_decode(data, max_pixels, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def decode_single(data: Data, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """
    Decode a JPEG or PNG with one number per pixel, as `decode_rgb`.

    Returns
    -------
    uint8 or uint16 (H, W)

    """
    header = read_header(data)
    if header.channels != 1:
        raise ImageError(f'a picture with {header.channels} numbers per pixel, where there has to '
                         'be one')
    return _decode(data, max_pixels, cv2.IMREAD_GRAYSCALE | cv2.IMREAD_ANYDEPTH)


def read_header(data: Data) -> PictureHeader:
    """
    Return what the header of a whole JPEG or PNG says.

    Raises
    ------
    ImageError
        Where it is neither, has no header, or ends too soon.

    """
    data = memoryview(data)
    for start, read in READERS.items():
        if data[:len(start)] == start:
            return read(data)
    raise ImageError(f'{len(data)} bytes that are no JPEG or PNG')


def _read(path: Path, decode: Callable[[Data, int], np.ndarray], max_pixels: int) -> np.ndarray:
    try:
        return decode(path.read_bytes(), max_pixels)
    except (OSError, ImageError) as error:
        raise ImageError(f'{path} cannot be read: {error}') from error


def _decode(data: Data, max_pixels: int, flags: int) -> np.ndarray:
    header = read_header(data)
    size = f'{header.width} x {header.height} pixels'
    if not header.width or not header.height:
        raise ImageError(f'a picture of {size} is empty')
    if header.width * header.height > max_pixels:
        raise ImageError(f'its header asks for {size}, and more than {max_pixels} are refused')
    if len(data) < header.least_bytes:
        raise ImageError(f'its header asks for {size}, for which {len(data)} bytes are too few')
    try:
        # camera_info, camera.json and depth describe the pixels as they are stored, whatever an
        # EXIF entry asks for.
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        image = None
    if image is None or image.shape[:2] != (header.height, header.width):
        raise ImageError(f'{len(data)} bytes that begin as a JPEG or PNG of {size}, and cannot '
                         'be decoded')
    return image


def _read_jpeg(data: memoryview) -> PictureHeader:
    """Walk the segments from the start to the end of the image, as libjpeg does."""
    header, scans, position = None, 0, len(JPEG_START) - 1
    while marker := JPEG_MARKER.search(data, position):
        position = marker.end()
        kind = data[position - 1]
        if kind == END_OF_IMAGE:
            if header is None or not scans:
                raise ImageError('a JPEG that holds no picture')
            return header
        if kind == START_OF_IMAGE:
            raise ImageError('a JPEG that begins twice')
        if kind in START_OF_FRAME and header is None:
            header = _frame_header(data[position:position + 8])
        scans += kind == START_OF_SCAN
        if scans > MAX_SCANS:
            raise ImageError(f'a JPEG of more than {MAX_SCANS} scans')
        position += int.from_bytes(data[position:position + 2], 'big')
    raise ImageError(f'a JPEG that ends too soon, after {len(data)} bytes')


def _frame_header(segment: memoryview) -> PictureHeader:
    """Return what the segment after a marker of START_OF_FRAME says."""
    if len(segment) < 8:
        raise ImageError('a JPEG that ends in its header')
    width, height = int.from_bytes(segment[5:7], 'big'), int.from_bytes(segment[3:5], 'big')
    # Each block of 8 x 8 pixels takes a bit or more for its mean.
    return PictureHeader(width, height, segment[7], width * height // 64 // 8)


def _read_png(data: memoryview) -> PictureHeader:
    """Walk the chunks from the header to the end."""
    if data[12:16] != b'IHDR' or len(data) < 29:
        raise ImageError('a PNG without a header')
    width, height = int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big')
    channels = PNG_CHANNELS.get(data[25], 0)
    position = len(PNG_START)
    while position + 12 <= len(data):
        kind = data[position + 4:position + 8]
        position += 12 + int.from_bytes(data[position:position + 4], 'big')
        if kind == b'IEND' and position <= len(data):
            stored = width * height * channels * data[24] // 8
            return PictureHeader(width, height, channels, stored // PNG_RATIO)
    raise ImageError(f'a PNG that ends too soon, after {len(data)} bytes')


READERS: Dict[bytes, Callable[[memoryview], PictureHeader]] = {
    JPEG_START: _read_jpeg, PNG_START: _read_png}
