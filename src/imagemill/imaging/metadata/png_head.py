"""Changes to a written PNG before its pixels: chunks that libvips does not write as they should be.

Source: W3C PNG (third edition), 5.3 (layout of chunks).
"""

from collections.abc import Callable
from typing import BinaryIO, Final
from zlib import crc32

from imagemill.imaging.metadata.move_rest import move_rest

SIGNATURE_BYTES: Final = 8
LENGTH_AND_KIND: Final = 8
CRC_BYTES: Final = 4
PIXELS: Final = b"IDAT"

# A chunk's kind and its data.
Chunk = tuple[bytes, bytes]
Edit = Callable[[list[Chunk]], list[Chunk]]


def edit_head(png: BinaryIO, edit: Edit) -> None:
    """Replace the chunks before the pixels, of which the first is IHDR."""
    chunks, end = _read_head(png)
    edited = edit(chunks)
    if edited == chunks:
        return
    head = b"".join(_build_chunk(*chunk) for chunk in edited)
    move_rest(png, end, SIGNATURE_BYTES + len(head))
    png.seek(SIGNATURE_BYTES)
    png.write(head)


def _read_head(png: BinaryIO) -> tuple[list[Chunk], int]:
    """Return the chunks before the pixels, and the offset of what follows them."""
    chunks: list[Chunk] = []
    at = png.seek(SIGNATURE_BYTES)
    while True:
        start = png.read(LENGTH_AND_KIND)
        length, kind = int.from_bytes(start[:4]), start[4:]
        if kind == PIXELS:
            return chunks, at
        chunks.append((kind, png.read(length)))
        at = png.seek(CRC_BYTES, 1)


def _build_chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + crc32(kind + data).to_bytes(4)
