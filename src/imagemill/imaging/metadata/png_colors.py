"""What a PNG says of its colours besides a profile, which is all that libvips writes.

Source: W3C PNG, third edition, 11.3.2.1 (cHRM), 11.3.2.2 (gAMA) and 11.3.2.6 (cICP).
"""

from collections.abc import Iterator
from struct import pack
from typing import Final

from imagemill.imaging.color.code_points import ColorSpaceTag
from imagemill.imaging.metadata.png_head import Chunk

# Numbers of gAMA and cHRM are in units of 1 / 100000.
UNITS: Final = 100_000


def insert_colors(chunks: list[Chunk], tag: ColorSpaceTag | None) -> list[Chunk]:
    """Return the chunks with those of the tag after the first one, the header."""
    return [chunks[0], *_build_chunks(tag), *chunks[1:]] if tag is not None else chunks


def _build_chunks(tag: ColorSpaceTag) -> Iterator[Chunk]:
    if tag.code_points is not None:
        yield b"cICP", bytes([*tag.code_points, 0, 1])
        return
    if isinstance(tag.transfer, float):
        yield b"gAMA", pack(">I", round(UNITS / tag.transfer))
    points = tag.chromaticities
    numbers = (*points.white, *points.red, *points.green, *points.blue)
    yield b"cHRM", pack(">8I", *(round(number * UNITS) for number in numbers))
