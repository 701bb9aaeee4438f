"""A palette in a PNG whose pixels libvips has written as grey: numbers into it.

Source: W3C PNG (third edition), 11.2.1 (IHDR), 11.2.2 (PLTE), 11.3.1.1 (tRNS), 11.3.2.3 (iCCP).
"""

from collections.abc import Sequence
from typing import Final
from zlib import compress

from imagemill.imaging.color.palette import OPAQUE, Color
from imagemill.imaging.metadata.png_head import Chunk

COLOR_TYPE_AT: Final = 9
INDEXED: Final = b"\3"

# Its name and the only method of compression.
PROFILE_START: Final = b"icc\0\0"


def insert_palette(
    chunks: list[Chunk], colors: Sequence[Color], profile: bytes | None
) -> list[Chunk]:
    """Return the chunks with this palette and this profile, which libvips cannot write to grey.

    Alpha at the end of the palette is left out where it is opaque.
    """
    (kind, header), *others = chunks
    indexed = header[:COLOR_TYPE_AT] + INDEXED + header[COLOR_TYPE_AT + 1 :]
    profiles = [(b"iCCP", PROFILE_START + compress(profile))] if profile else []
    palette = bytes(level for *rgb, _ in colors for level in rgb)
    alphas = bytes(color[3] for color in colors).rstrip(bytes([OPAQUE]))
    transparency = [(b"tRNS", alphas)] if alphas else []
    return [(kind, indexed), *profiles, *others, (b"PLTE", palette), *transparency]
