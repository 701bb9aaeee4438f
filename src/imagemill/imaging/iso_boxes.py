"""Boxes of an ISO base media file, such as an AVIF or HEIC. Source: ISO/IEC 14496-12, 4.2."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from imagemill.imaging.file_data import Data

HEADER_BYTES: Final = 8
LONG_HEADER_BYTES: Final = 16

# This length means that the real one follows the kind, in 8 bytes.
LONG: Final = 1

# A version and flags, before the content of many kinds of boxes.
VERSION_BYTES: Final = 4


class Box(NamedTuple):
    """A box of the file: where its header, its content and what follows it begin."""

    kind: bytes
    at: int
    content: int
    end: int


def iter_boxes(data: Data, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes between two offsets, until one is malformed. The last may end beyond."""
    at, limit = start, len(data) if end is None else min(end, len(data))
    while at + HEADER_BYTES <= limit:
        length, header = int.from_bytes(data[at : at + 4]), HEADER_BYTES
        if length == LONG:
            length, header = int.from_bytes(data[at + 8 : at + 16]), LONG_HEADER_BYTES
        if length < header:  # 0 is valid too: such a box reaches to the end of the file
            return
        yield Box(data[at + 4 : at + 8], at, at + header, at + length)
        at += length


def find_box(data: Data, kind: bytes, start: int = 0, end: int | None = None) -> Box | None:
    """Return the first box of this kind between two offsets."""
    return next((box for box in iter_boxes(data, start, end) if box.kind == kind), None)
