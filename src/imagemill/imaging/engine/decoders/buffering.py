"""The memory that decoders of progressive and interlaced files need, computed from the header.

Most files are decoded line by line. A progressive JPEG and an interlaced PNG store ever finer
versions of the whole picture, and their decoders hold all of it until the finest has been read.
"""

from typing import Final

from imagemill.imaging.engine.decoders.jpeg_segments import FRAME_MARKERS, iter_segments
from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG, PNG, Format
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
    """Return the samples for each pixel of a JPEG: 1.5 with the usual subsampling, 3 without.

    Raises InvalidImage when there is no start of frame. Source: ITU-T T.81, B.2.2 and A.1.1.
    """
    for marker, start, end in iter_segments(data):
        if marker in FRAME_MARKERS:
            return _count_samples_per_pixel(data[start:end])
    raise InvalidImage("The picture cannot be decoded: it is a JPEG without a frame.")


def _count_samples_per_pixel(frame: bytes) -> float:
    components = [frame[at] for at in range(7, len(frame), 3)]
    across, down = [byte >> 4 for byte in components], [byte & 15 for byte in components]
    whole = max(across, default=0) * max(down, default=0)
    if not whole:
        raise InvalidImage("The picture cannot be decoded: its frame has no components.")
    return sum(one * other for one, other in zip(across, down, strict=True)) / whole
