"""Detection of truncated HEIC files by their boxes, which the decoder does not report.

A camera stores a picture as a grid of tiles. libheif decodes the tiles that a truncated file has,
shows the others in green, and pillow-heif has no option to be stricter.
"""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.errors import InvalidImage, UnsupportedFormat

HEADER_BYTES: Final = 8
LONG_HEADER_BYTES: Final = 16

# This length means that the real one follows the kind, in 8 bytes.
LONG: Final = 1


def check_boxes(data: bytes) -> None:
    """Raise InvalidImage for a truncated file, UnsupportedFormat for an image sequence alone."""
    kinds = set()
    for kind, end in _iter_boxes(data):
        # Other boxes may reach beyond the end: some cameras append data after the last one.
        if kind == b"mdat" and end > len(data):
            raise InvalidImage("The picture cannot be decoded: the file is truncated.")
        kinds.add(kind)
    if b"moov" in kinds and b"meta" not in kinds:
        raise UnsupportedFormat(
            "A HEIC with an image sequence and no still picture cannot be opened."
        )


def _iter_boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the kind and the end offset of every outermost box, until one is malformed.

    Source: ISO/IEC 14496-12, 4.2.
    """
    at = 0
    while at + HEADER_BYTES <= len(data):
        length, header = int.from_bytes(data[at : at + 4]), HEADER_BYTES
        if length == LONG:
            length, header = int.from_bytes(data[at + 8 : at + 16]), LONG_HEADER_BYTES
        if length < header:  # 0 is valid too: such a box reaches to the end of the file
            return
        yield data[at + 4 : at + 8], at + length
        at += length
