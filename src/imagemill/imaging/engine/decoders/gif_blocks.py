"""Finds out whether a GIF is all there, which its decoder does not tell.

A file that ends in the middle of a frame is to libvips an animation of the frames before it.
"""

import mmap
from pathlib import Path
from typing import Final

from imagemill.imaging.errors import InvalidImage

# Where the byte of the screen's flags lies, and what follows the screen.
SCREEN_FLAGS: Final = 10
SCREEN_END: Final = 13

EXTENSION: Final = 0x21
FRAME: Final = 0x2C
FRAME_FLAGS: Final = 9
FRAME_END: Final = 10

HAS_TABLE: Final = 0x80
TABLE_SIZE: Final = 0x07


def check_complete(file: Path) -> None:
    """Raise InvalidImage when a GIF ends before its last block does."""
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _walk_blocks(data)
        except IndexError as error:
            raise InvalidImage("The picture cannot be decoded: the GIF is cut off.") from error


def _walk_blocks(data: mmap.mmap) -> None:
    """Step from block to block. Source: GIF89a, appendix B.

    Anything else than the two kinds of blocks is the trailer, or what decoders take for it.
    """
    at = _skip_table(data, SCREEN_FLAGS, SCREEN_END)
    while (kind := data[at]) in {EXTENSION, FRAME}:
        if kind == FRAME:
            at = _skip_table(data, at + FRAME_FLAGS, at + FRAME_END)
            at = _skip_data(data, at + 1)  # the byte is LZW's code size
        else:
            at = _skip_data(data, at + 2)


def _skip_table(data: mmap.mmap, flags_at: int, table_at: int) -> int:
    flags = data[flags_at]
    return table_at + (3 << (flags & TABLE_SIZE) + 1 if flags & HAS_TABLE else 0)


def _skip_data(data: mmap.mmap, at: int) -> int:
    """Return what follows a chain of sub-blocks, each of which begins with its length."""
    while length := data[at]:
        at += 1 + length
    return at + 1
