"""Image messages that hold no image, or claim one that would cost a node its memory."""

from array import array
import struct
from typing import Iterator, List
import zlib

import cv2
from depth_estimation_ros.images.picture import PNG_START
from depth_estimation_ros.node.image_messages import from_array
import numpy as np
from ros_probe import picture
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


def compressed(data: bytes, form: str) -> CompressedImage:
    """Return a message of a file's bytes."""
    message = CompressedImage(format=form)
    message.data = array('B', bytes(data))
    return message


def encoded(suffix: str, pixels: np.ndarray, *options: int) -> bytes:
    """Return the bytes of a file."""
    return cv2.imencode(suffix, pixels, options)[1].tobytes()


FILES = {
    'jpeg': encoded('.jpg', picture()),
    'progressive': encoded('.jpg', picture(), cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    'restarts': encoded('.jpg', picture(), cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
    'png': encoded('.png', picture())}


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG with a right header and no pixels."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack(
            '>I', zlib.crc32(kind + data))
    return PNG_START + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) \
        + chunk(b'IDAT', zlib.compress(b'')) + chunk(b'IEND', b'')


def jpeg_that_claims(width: int, height: int) -> bytes:
    """Return a whole JPEG of 16 x 16 pixels with another size in its header."""
    data = bytearray(encoded('.jpg', np.zeros((16, 16, 3), np.uint8)))
    at = data.find(b'\xff\xc0') + 5
    data[at:at + 4] = struct.pack('>HH', height, width)
    return bytes(data)


def jpeg_of_many_scans() -> bytes:
    """Return a JPEG that a decoder would pass over hundreds of times."""
    data = FILES['progressive']
    last = data.rfind(b'\xff\xda')
    return data[:-2] + 40 * data[last:-2] + data[-2:]


def damaged(count: int, random: np.random.Generator) -> Iterator[CompressedImage]:
    """Yield messages of the files above with bytes changed, and some of them cut."""
    for number in range(count):
        data = bytearray(list(FILES.values())[number % len(FILES)])
        begin = int(random.integers(0, len(data)))
        for at in random.integers(0, min(len(data), 700), random.integers(1, 6)):
            data[at] = random.integers(0, 256)
        if number % 5 == 0:
            del data[begin:begin + int(random.integers(0, 500))]
        yield compressed(data, ('jpeg', 'bayer_rggb8; png', '16UC1; compressedDepth png')[
            number % 3])


def refused_images() -> List[Image]:
    """Return raw messages that the node refuses."""
    changes = ({'encoding': 'holographic'}, {'encoding': '8UC3'}, {'encoding': '16UC1'},
               {'encoding': ''}, {'step': 7}, {'step': 2 ** 32 - 1}, {'data': array('B')},
               {'data': array('B', bytes(1000))}, {'height': 0}, {'width': 2 ** 32 - 1},
               {'width': 32000, 'height': 32000, 'step': 96000})
    result = []
    for change in changes:
        message = from_array(picture(), 'rgb8', Header(frame_id='lens'))
        for name, value in change.items():
            setattr(message, name, value)
        result.append(message)
    return result


def refused_compressed_images() -> List[CompressedImage]:
    """Return messages of files that the node refuses."""
    jpeg = FILES['jpeg']
    return [compressed(data, form) for data, form in (
        (b'', 'jpeg'), (b'neither JPEG nor PNG', 'jpeg'), (jpeg[:len(jpeg) // 2], 'jpeg'),
        (jpeg_that_claims(32000, 32000), 'jpeg'), (jpeg_that_claims(6000, 6000), 'jpeg'),
        (png_that_claims(32000, 32000), 'png'), (png_that_claims(0, 16), 'png'),
        (jpeg_of_many_scans(), 'jpeg'), (jpeg, '16UC1; compressedDepth png'))]
