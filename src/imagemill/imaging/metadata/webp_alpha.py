"""The flag of an animated WebP that it has transparent pixels.

libwebp sets it where a stored part of a frame has such pixels, and stores no part of what it
clears; without it, decoders show cleared places black. Source: RFC 9649, 2.7 (VP8X).
"""

from typing import BinaryIO, Final

EXTENDED: Final = b"VP8X"
EXTENDED_AT: Final = 12
FLAGS_AT: Final = 20
HAS_ALPHA: Final = 0x10


def set_alpha_flag(webp: BinaryIO) -> None:
    """Set the flag, if the file has a place for it; a still picture of one block needs none."""
    webp.seek(EXTENDED_AT)
    if webp.read(len(EXTENDED)) != EXTENDED:
        return
    webp.seek(FLAGS_AT)
    flags = webp.read(1)[0]
    webp.seek(FLAGS_AT)
    webp.write(bytes([flags | HAS_ALPHA]))
