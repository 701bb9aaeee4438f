"""Changes to a written PNG before its pixels: chunks that libvips does not write as they should be.

Source: W3C PNG (third edition), 5.3 (layout of chunks).
"""

from collections.abc import Callable
from typing import BinaryIO

from imagemill.imaging.metadata.move_rest import move_rest
from imagemill.imaging.png_chunks import (
    CRC_BYTES,
    HEAD_BYTES,
    LENGTH_BYTES,
    PIXELS,
    SIGNATURE,
    build_chunk,
)

# A chunk's kind and its data.
Chunk = tuple[bytes, bytes]
Edit = Callable[[list[Chunk]], list[Chunk]]


def edit_head(png: BinaryIO, edit: Edit) -> None:
    """Replace the chunks before the pixels, of which the first is IHDR."""
    chunks, end = _read_head(png)
    edited = edit(chunks)
    if edited == chunks:
        return
    head = b"".join(build_chunk(*chunk) for chunk in edited)
    move_rest(png, end, len(SIGNATURE) + len(head))
    png.seek(len(SIGNATURE))
    png.write(head)


def _read_head(png: BinaryIO) -> tuple[list[Chunk], int]:
    """Return the chunks before the pixels, and the offset of what follows them."""
    chunks: list[Chunk] = []
    at = png.seek(len(SIGNATURE))
    while True:
        start = png.read(HEAD_BYTES)
        length, kind = int.from_bytes(start[:LENGTH_BYTES]), start[LENGTH_BYTES:]
        if kind == PIXELS:
            return chunks, at
        chunks.append((kind, png.read(length)))
        at = png.seek(CRC_BYTES, 1)
