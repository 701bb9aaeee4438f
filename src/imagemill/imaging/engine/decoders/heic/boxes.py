"""What the boxes of a HEIC file tell that its decoder does not: that the file ends early.

A camera stores a picture as a grid of tiles. libheif shows those of a truncated file that are
there, the rest in green, and pillow-heif does not let us ask for more strictness.
"""

from collections.abc import Iterator
from typing import Final

from imagemill.imaging.errors import InvalidImage, UnsupportedFormat

HEADER_BYTES: Final = 8
LONG_HEADER_BYTES: Final = 16

# A length that stands behind the kind, in twice as many bytes.
LONG: Final = 1


def check_boxes(data: bytes) -> None:
    """Raise InvalidImage when the file ends early, UnsupportedFormat when it is a mere sequence."""
    kinds = set()
    for kind, end in _iter_boxes(data):
        # Only what holds pictures matters: some cameras leave other things behind the last box.
        if kind == b"mdat" and end > len(data):
            raise InvalidImage("The picture cannot be decoded: the file ends early.")
        kinds.add(kind)
    if b"moov" in kinds and b"meta" not in kinds:
        raise UnsupportedFormat("A HEIC that holds a film and no picture cannot be opened.")


def _iter_boxes(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield the kind and the end of every outermost box, as long as they make sense.

    Source: ISO/IEC 14496-12, 4.2.
    """
    at = 0
    while at + HEADER_BYTES <= len(data):
        length, header = int.from_bytes(data[at : at + 4]), HEADER_BYTES
        if length == LONG:
            length, header = int.from_bytes(data[at + 8 : at + 16]), LONG_HEADER_BYTES
        if length < header:  # 0 is lawful too: such a box reaches to the end, wherever that is
            return
        yield data[at + 4 : at + 8], at + length
        at += length
