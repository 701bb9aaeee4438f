"""Writes the directories of camera RAW files, without their pixels, and of TIFFs that are none.

As in real ones, the first directory describes a thumbnail, and a directory below it the sensor's
data. Source: TIFF 6.0, section 2; TIFF/EP (ISO 12234-2); Adobe's DNG specification.
"""

import struct
from collections.abc import Mapping

SHORT, LONG, TEXT, BYTE = 3, 4, 2, 1

SUBFILE_TYPE, BITS, COMPRESSION, PHOTOMETRIC = 254, 258, 259, 262
MAKE, SUB_DIRECTORIES, DNG_VERSION = 271, 330, 50706
RGB, SENSOR = 2, 32803

Tags = Mapping[int, int | bytes]


def tiff(first: Tags, below: Tags | None = None, *, at: int = 8, gap: int = 0) -> bytes:
    """Return a file with its first directory at this offset, and `below`, a gap after it."""
    if below is None:
        return _header(at) + _directory(first, at)
    tags = {**first, SUB_DIRECTORIES: 0}
    after = at + len(_directory(tags, at)) + gap
    start = _header(at) + _directory({**tags, SUB_DIRECTORIES: after}, at)
    return start.ljust(after, b"\0") + _directory(below, after)


def camera_raw(make: str, compression: int = 1, *, gap: int = 0) -> bytes:
    """Return a RAW file as most cameras write it."""
    first: Tags = {SUBFILE_TYPE: 1, COMPRESSION: 1, PHOTOMETRIC: RGB, MAKE: make.encode() + b"\0"}
    below = {SUBFILE_TYPE: 0, COMPRESSION: compression, PHOTOMETRIC: SENSOR}
    return tiff(first, below, gap=gap)


def dng(*, at: int = 8) -> bytes:
    first: Tags = {SUBFILE_TYPE: 1, COMPRESSION: 1, PHOTOMETRIC: RGB, DNG_VERSION: b"\1\4\0\0"}
    return tiff(first, at=at)


def _header(at: int) -> bytes:
    return (b"II*\0" + struct.pack("<I", at)).ljust(at, b"\0")


def _directory(tags: Tags, at: int) -> bytes:
    """Return a directory, whose long texts follow it."""
    entries, rest = b"", b""
    after = at + 2 + 12 * len(tags) + 4
    for tag, value in sorted(tags.items()):
        if isinstance(value, int):
            entries += struct.pack("<HHII", tag, LONG, 1, value)
        elif len(value) <= 4:
            entries += struct.pack("<HHI4s", tag, BYTE, len(value), value)
        else:
            entries += struct.pack("<HHII", tag, TEXT, len(value), after + len(rest))
            rest += value
    return struct.pack("<H", len(tags)) + entries + bytes(4) + rest
