"""Verification of a plain JPEG: what was written is opened again, by segments and by libjpeg."""

from typing import Final

import simplejpeg

from imagemill.imaging.engine.small_jpeg.segments import (
    BASELINE,
    Unreadable,
    read_segments,
)
from imagemill.imaging.engine.verify import BadOutput, ExpectedOutput
from imagemill.imaging.file_data import MAX_INLINE_BYTES
from imagemill.imaging.jpeg_segments import END, FRAME_MARKERS
from imagemill.imaging.result import WrittenOutput

# Tables of quantisation and of Huffman codes. No other segment is written.
TABLES: Final = frozenset({0xDB, 0xC4})


def verify_jpeg(data: bytes, expected: ExpectedOutput) -> WrittenOutput:
    """Open the output again and return its facts. Raises BadOutput unless they are as expected.

    A file without metadata can have no position.
    """
    name, size = expected.name, expected.size
    try:
        file = read_segments(data)
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except (Unreadable, ValueError) as error:
        raise BadOutput(f"{name} cannot be opened again") from error
    if file.frame != BASELINE or file.size != size or (width, height) != (size.width, size.height):
        raise BadOutput(f"{name} is {file.size}, not a baseline JPEG of {size}")
    if not data.endswith(END):
        raise BadOutput(f"{name} has no end")
    if file.contents.keys() - TABLES - FRAME_MARKERS:
        raise BadOutput(f"{name} contains metadata")
    return WrittenOutput(
        name=name,
        format=expected.format,
        content=data if len(data) <= MAX_INLINE_BYTES else None,
        bytes=len(data),
        width=size.width,
        height=size.height,
        frames=1,
    )
