"""Whole numbers that stand for how much of a channel there is."""

from types import MappingProxyType
from typing import Final

from imagemill.imaging.libvips import Image

# Bits a channel, by libvips' name of the numbers' type.
BITS: Final = MappingProxyType({"uchar": 8, "ushort": 16})


def max_level(image: Image) -> int:
    """Return the number that stands for all: 255 or 65535."""
    return int(2 ** BITS[image.format] - 1)


def to_8_bits(image: Image) -> Image:
    """Return the picture with 8 bits a channel, in the space that it is in."""
    if image.format == "uchar":
        return image
    narrow = {"rgb16": "srgb", "grey16": "b-w"}.get(image.interpretation, image.interpretation)
    return (image / (max_level(image) / 255)).rint().cast("uchar").copy(interpretation=narrow)
