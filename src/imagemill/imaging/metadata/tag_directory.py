"""Reads a directory of tags as TIFF has it, and EXIF too, which is laid out like a TIFF.

Source: TIFF 6.0, section 2. What strangers wrote may point anywhere: entries that reach out of the
data are left out, and data that is no directory has no entries.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from struct import error, unpack_from
from typing import BinaryIO, Final

ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}

# Bytes of a value, by its type, from 1.
WIDTHS: Final = (1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
INLINE: Final = 4
ENTRY_BYTES: Final = 12


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a tag's value stands in the data, and how long it is in bytes."""

    start: int
    length: int


def map_file(file: BinaryIO) -> mmap:
    """Return the file as data of which only what is looked at is read."""
    return mmap(file.fileno(), 0, access=ACCESS_READ)


def read_entries(data: bytes | mmap) -> Mapping[int, Entry]:
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
    except error:  # what was read until here was there
        pass
    return found


def read_values(data: bytes | mmap, tags: frozenset[int], longest: int) -> Mapping[int, bytes]:
    """Return the bytes of those of the tags that are there, not empty, and no longer than that."""
    return {
        tag: bytes(data[entry.start : entry.start + entry.length])
        for tag, entry in read_entries(data).items()
        if tag in tags and 0 < entry.length <= longest
    }
