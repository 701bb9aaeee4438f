"""Moving of the end of a file, to make room for what is inserted or to close a gap."""

from typing import BinaryIO, Final

BLOCK_BYTES: Final = 1024 * 1024


def move_rest(file: BinaryIO, start: int, to: int) -> None:
    """Move everything from `start` on, by blocks in the order in which none is overwritten."""
    end, by = file.seek(0, 2), to - start
    starts = range(start, end, BLOCK_BYTES)
    for at in reversed(starts) if by > 0 else starts:
        file.seek(at)
        block = file.read(min(BLOCK_BYTES, end - at))
        file.seek(at + by)
        file.write(block)
    file.truncate(end + by)
