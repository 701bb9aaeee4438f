"""Insertion of XMP into a PNG: libvips writes it into a chunk that other software does not read.

Source: ISO 16684-3, 3.3 (XMP in PNG: `iTXt`, not compressed, early); W3C PNG, 11.3.3.4.
"""

from typing import BinaryIO, Final
from zlib import crc32

# The signature and the header, which is always first.
START_BYTES: Final = 8 + 25
BLOCK_BYTES: Final = 1024 * 1024

KIND: Final = b"iTXt"
# Not compressed, in no language.
HEAD: Final = b"XML:com.adobe.xmp\0\0\0\0\0"


def insert_xmp(png: BinaryIO, packet: bytes) -> None:
    """Insert the packet after the header of the file; do nothing for an empty one."""
    if not packet:
        return
    chunk = _build_chunk(HEAD + packet)
    for end in range(png.seek(0, 2), START_BYTES, -BLOCK_BYTES):  # from the end, to make room
        start = max(START_BYTES, end - BLOCK_BYTES)
        png.seek(start)
        block = png.read(end - start)
        png.seek(start + len(chunk))
        png.write(block)
    png.seek(START_BYTES)
    png.write(chunk)


def _build_chunk(text: bytes) -> bytes:
    return len(text).to_bytes(4) + KIND + text + crc32(KIND + text).to_bytes(4)
