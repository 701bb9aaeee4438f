"""What a decoder must hold before it can give its first line, told from the header alone.

Most files give line after line. A JPEG in several scans and an interlaced PNG come as ever finer
versions of the whole picture, and their decoders wait for the finest.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.formats import JPEG, PNG, Format
from imagemill.imaging.libvips import Image, get_int

COEFFICIENT_BYTES: Final = 2

# Start of frame, in all its kinds; three of its numbers mean something else.
FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Segments that consist of their marker: TEM, RST0 to RST7, SOI, EOI.
WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xDA)})


def count_buffered_bytes(file: Path, format_: Format, image: Image) -> int:
    """Return the bytes that the format's decoder holds at once, 0 when it gives line after line.

    `image` is the file's, opened and not yet decoded.
    """
    if not get_int(image, "interlaced", 0):
        return 0
    pixels = int(image.width * image.height)
    if format_ is JPEG:
        return round(pixels * read_samples_per_pixel(file) * COEFFICIENT_BYTES)
    if format_ is PNG:
        return pixels * int(image.bands) * (1 if image.format == "uchar" else 2)
    return 0


def read_samples_per_pixel(file: Path) -> float:
    """Return how many numbers a JPEG has for a pixel: 1.5 with the usual subsampling, 3 without.

    Raises InvalidImage when there is no start of frame. Source: ITU-T T.81, B.2.2 and A.1.1.
    """
    with file.open("rb") as stream:
        for marker, length in _iter_segments(stream):
            if marker in FRAME_MARKERS:
                return _count_samples_per_pixel(stream.read(length))
    raise InvalidImage("The picture cannot be decoded: it is a JPEG without a frame.")


def _iter_segments(stream: BinaryIO) -> Iterator[tuple[int, int]]:
    """Yield markers and the lengths of what follows them, with the stream standing right there."""
    while byte := stream.read(1):
        if byte != b"\xff":
            continue
        while (marker := stream.read(1)) == b"\xff":
            pass
        if not marker or marker[0] in WITHOUT_LENGTH or marker[0] == 0:
            continue
        length = int.from_bytes(stream.read(2)) - 2
        start = stream.tell()
        yield marker[0], length
        stream.seek(start + max(0, length))


def _count_samples_per_pixel(frame: bytes) -> float:
    components = [frame[at] for at in range(7, len(frame), 3)]
    across, down = [byte >> 4 for byte in components], [byte & 15 for byte in components]
    whole = max(across, default=0) * max(down, default=0)
    if not whole:
        raise InvalidImage("The picture cannot be decoded: its frame has no components.")
    return sum(one * other for one, other in zip(across, down, strict=True)) / whole
