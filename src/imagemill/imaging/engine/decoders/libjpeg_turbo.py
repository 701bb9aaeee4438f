"""Decoding of JPEGs by libjpeg-turbo: libvips' pixels, in three quarters of its time.

libvips comes with mozjpeg, whose decoder is an older libjpeg-turbo, and takes lines from it one by
one. Damaged pictures are left to libvips: it alone decides what counts as damage, and has the words
for it.
"""

from types import MappingProxyType
from typing import Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from imagemill.imaging.engine.geometry import Size
from imagemill.imaging.file_data import Data
from imagemill.imaging.libvips import Image, get_int

# Rows from the top, of columns from the left, of red, green and blue, or of grey alone.
Pixels = NDArray[np.uint8]

# What is decoded of grey and of colours, and in how many channels.
LAYOUTS: Final = MappingProxyType({"Gray": ("GRAY", 1), "YCbCr": ("RGB", 3)})

# Of decoded pixels. Where they are read once, libvips holds some lines only.
MAX_BYTES: Final = 64 * 1024 * 1024


def decode_pixels(data: Data, stored: Size, shrink: int) -> Pixels:
    """Return the pixels, not oriented, decoded smaller by 1, 2, 4 or 8; grey in one channel.

    Raises ValueError for whatever libjpeg warns of, also where it could go on, and for other
    colours than YCbCr and grey.
    """
    size = _shrink(stored, shrink)
    return _decode(data, stored, shrink)[: size.height, : size.width]


def decode_baseline(data: Data, opened: Image, shrink: int) -> Image | None:
    """Return the picture with its metadata, in memory, decoded smaller by 1, 2, 4 or 8.

    `opened` is the picture as libvips opened it. Returns None for what libvips has to decode: a
    picture that is damaged, large, in CMYK, or in several scans, which libvips limits in number.
    """
    stored = Size(opened.width, opened.height)
    size = _shrink(stored, shrink)
    if get_int(opened, "jpeg-multiscan", 0) or size.pixels * opened.bands > MAX_BYTES:
        return None
    try:
        pixels = _decode(data, stored, shrink)
    except (ValueError, MemoryError):
        return None
    height, width, bands = pixels.shape
    if bands != opened.bands:
        return None
    # Cropping by libvips copies nothing.
    image = Image.new_from_memory(pixels, width, height, bands, "uchar")
    return _attach_metadata(image.crop(0, 0, size.width, size.height), opened)


def _shrink(stored: Size, shrink: int) -> Size:
    """Return the size that libvips decodes to: without the last column and row if not whole."""
    return Size(stored.width // shrink, stored.height // shrink)


def _decode(data: Data, stored: Size, shrink: int) -> Pixels:
    """Do what `decode_pixels` does, and keep the last column and row that are not whole."""
    _, _, colors, _ = simplejpeg.decode_jpeg_header(data)
    if colors not in LAYOUTS:
        raise ValueError(f"its colours are {colors}")
    layout, bands = LAYOUTS[colors]
    down, across = -(-stored.height // shrink), -(-stored.width // shrink)
    pixels: Pixels = simplejpeg.decode_jpeg(
        data, layout, min_height=down, min_width=across, strict=True
    )
    if pixels.shape != (down, across, bands):
        raise ValueError(f"decoded to {pixels.shape}, for 1/{shrink} of {stored}")
    return pixels


def _attach_metadata(image: Image, opened: Image) -> Image:
    image = image.copy(interpretation=opened.interpretation, xres=opened.xres, yres=opened.yres)
    for name in set(opened.get_fields()) - set(image.get_fields()):
        image.set_type(opened.get_typeof(name), name, opened.get(name))
    return image
