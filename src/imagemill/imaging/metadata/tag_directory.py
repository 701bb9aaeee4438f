"""Reading of a TIFF's first directory of tags; EXIF has the same layout.

The data is untrusted: entries that reach beyond it are left out, and data without a directory has
no entries. Source: TIFF 6.0, section 2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import error, unpack_from
from typing import Final

from imagemill.imaging.file_data import Data

ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}

# Bytes of a value, by its type minus 1.
WIDTHS: Final = (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
INLINE: Final = 4
ENTRY_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """Offset and length in bytes of a tag's value."""

    start: int
    length: int


def read_entries(data: Data) -> Mapping[int, Entry]:
    """Return the entries of the first directory by their tags."""
    order = ORDERS.get(bytes(data[:4]))
    if order is None:
        return {}
    found = {}
    try:
        (at,) = unpack_from(order + "I", data, 4)
        (count,) = unpack_from(order + "H", data, at)
        for place in range(at + 2, at + 2 + count * ENTRY_BYTES, ENTRY_BYTES):
            tag, type_, number, offset = unpack_from(order + "HHII", data, place)
            length = number * WIDTHS[type_ - 1] if 0 < type_ <= len(WIDTHS) else 0
            start = place + 8 if length <= INLINE else offset
            if start + length <= len(data):
                found[tag] = Entry(start, length)
    except error:  # the data ends here; keep the entries read so far
        pass
    return found


def read_values(data: Data, tags: frozenset[int], longest: int) -> Mapping[int, bytes]:
    """Return the values, by tag, of those tags that have one of 1 to `longest` bytes."""
    return {
        tag: bytes(data[entry.start : entry.start + entry.length])
        for tag, entry in read_entries(data).items()
        if tag in tags and 0 < entry.length <= longest
    }
