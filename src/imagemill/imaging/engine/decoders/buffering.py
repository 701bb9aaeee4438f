"""The memory that decoders of progressive and interlaced files need, computed from the header.

Most files are decoded line by line. A progressive JPEG and an interlaced PNG store ever finer
versions of the whole picture, and their decoders hold all of it until the finest has been read.
"""

from typing import Final

from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG, PNG, Format
from imagemill.imaging.jpeg_segments import FRAME_MARKERS, count_samples_per_pixel, iter_segments
from imagemill.imaging.libvips import Image, get_int

COEFFICIENT_BYTES: Final = 2


def count_buffered_bytes(data: Data, format_: Format, image: Image) -> int:
    """Return the bytes that the decoder holds at once, 0 when it decodes line by line.

    `image` is the file's, opened and not yet decoded. Raises InvalidImage for a damaged JPEG.
    """
    if not get_int(image, "interlaced", 0):
        return 0
    pixels = int(image.width * image.height)
    if format_ is JPEG:
        return round(pixels * read_samples_per_pixel(data) * COEFFICIENT_BYTES)
    if format_ is PNG:
        return pixels * int(image.bands) * (1 if image.format == "uchar" else 2)
    return 0


def read_samples_per_pixel(data: Data) -> float:
    """Return the samples for each pixel of a JPEG.

    Raises InvalidImage when there is no start of frame, or no component in it. Source: ITU-T T.81,
    B.2.2.
    """
    for marker, _, start, end in iter_segments(data):
        if marker in FRAME_MARKERS:
            samples = count_samples_per_pixel(data[start:end][7::3])
            if not samples:
                raise InvalidImage("The picture cannot be decoded: its frame has no components.")
            return samples
    raise InvalidImage("The picture cannot be decoded: it is a JPEG without a frame.")
