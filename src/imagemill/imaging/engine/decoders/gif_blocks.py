"""Detection of truncated GIFs, which their decoder does not report.

To libvips, a file that ends in the middle of a frame is an animation of the frames before it.
"""

from typing import Final

from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data

# Offsets of the screen descriptor's flags and of its end.
SCREEN_FLAGS: Final = 10
SCREEN_END: Final = 13

EXTENSION: Final = 0x21
FRAME: Final = 0x2C
FRAME_FLAGS: Final = 9
FRAME_END: Final = 10

HAS_TABLE: Final = 0x80
TABLE_SIZE: Final = 0x07


def check_complete(data: Data) -> None:
    """Raise InvalidImage when a GIF ends in the middle of a block."""
    try:
        _walk_blocks(data)
    except IndexError as error:
        raise InvalidImage("The picture cannot be decoded: the GIF is truncated.") from error


def _walk_blocks(data: Data) -> None:
    """Walk from block to block. Raises IndexError at the end of the data.

    Source: GIF89a, appendix B. What is neither of the two kinds of blocks is the trailer, or
    decoders take it for that.
    """
    at = _skip_table(data, SCREEN_FLAGS, SCREEN_END)
    while (kind := data[at]) in {EXTENSION, FRAME}:
        if kind == FRAME:
            at = _skip_table(data, at + FRAME_FLAGS, at + FRAME_END)
            at = _skip_data(data, at + 1)  # the byte is LZW's code size
        else:
            at = _skip_data(data, at + 2)


def _skip_table(data: Data, flags_at: int, table_at: int) -> int:
    flags = data[flags_at]
    return table_at + (3 << (flags & TABLE_SIZE) + 1 if flags & HAS_TABLE else 0)


def _skip_data(data: Data, at: int) -> int:
    """Return the offset after a chain of sub-blocks, each of which begins with its length."""
    while length := data[at]:
        at += 1 + length
    return at + 1
