"""Decoding of a small JPEG by libjpeg-turbo, to the pixels that libvips decodes."""

from types import MappingProxyType
from typing import Final

import simplejpeg

from imagemill.imaging.engine.header import Header
from imagemill.imaging.engine.small_jpeg.pixels import Pixels

# What is decoded of grey and of colours, and in how many channels.
LAYOUTS: Final = MappingProxyType({"Gray": ("GRAY", 1), "YCbCr": ("RGB", 3)})


def decode(data: bytes, header: Header, shrink: int) -> Pixels:
    """Return the pixels, not oriented, decoded smaller by 1, 2, 4 or 8; grey in one channel.

    Raises ValueError for whatever libjpeg warns of, also where it could go on.
    """
    width, height = header.stored.width, header.stored.height
    _, _, colors, _ = simplejpeg.decode_jpeg_header(data)
    layout, bands = LAYOUTS[colors]
    down, across = -(-height // shrink), -(-width // shrink)
    pixels: Pixels = simplejpeg.decode_jpeg(
        data, layout, min_height=down, min_width=across, strict=True
    )
    if pixels.shape != (down, across, bands):
        raise ValueError(f"decoded to {pixels.shape}, for 1/{shrink} of {header.stored}")
    # libvips leaves out the last column and row where they are not whole.
    return pixels[: height // shrink, : width // shrink]
