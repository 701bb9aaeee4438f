"""Addition of tags to a TIFF: a new directory at its end takes the place of the first one.

Source: TIFF 6.0, section 2. libvips writes files in the byte order of the machine, with offsets of
32 bits.
"""

from collections.abc import Mapping
from struct import pack, unpack
from typing import BinaryIO, Final

from imagemill.imaging.metadata.tag_directory import ENTRY_BYTES, INLINE

TEXT: Final = 2
BYTES: Final = 7
TEXTS: Final = frozenset({0x013B, 0x8298})
FIRST: Final = 4


def append_tags(tiff: BinaryIO, tags: Mapping[int, bytes]) -> None:
    """Add the tags, by number. The file must have none of them yet."""
    if not tags:
        return
    tiff.seek(0)
    order = "<" if tiff.read(2) == b"II" else ">"
    tiff.seek(FIRST)
    (at,) = unpack(order + "I", tiff.read(4))
    tiff.seek(at)
    (count,) = unpack(order + "H", tiff.read(2))
    old = [tiff.read(ENTRY_BYTES) for _ in range(count)]
    following = tiff.read(4)
    new = [_write_entry(tiff, order, tag, value) for tag, value in tags.items()]
    directory = sorted(old + new, key=lambda entry: unpack(order + "H", entry[:2]))
    place = _append(tiff, pack(order + "H", len(directory)) + b"".join(directory) + following)
    tiff.seek(FIRST)
    tiff.write(pack(order + "I", place))


def _write_entry(tiff: BinaryIO, order: str, tag: int, value: bytes) -> bytes:
    kind = TEXT if tag in TEXTS else BYTES
    head = pack(order + "HHI", tag, kind, len(value))
    if len(value) <= INLINE:
        return head + value.ljust(INLINE, b"\0")
    return head + pack(order + "I", _append(tiff, value))


def _append(tiff: BinaryIO, data: bytes) -> int:
    """Append the data at the next even offset, and return that offset."""
    end = tiff.seek(0, 2)
    tiff.write(bytes(end % 2) + data)
    return end + end % 2
