"""Levels: the integers of a channel, from 0 to 255 or 65535."""

from types import MappingProxyType
from typing import Final

from imagemill.imaging.libvips import Image

# Bits of a channel, by libvips' name of its type.
BITS: Final = MappingProxyType({"uchar": 8, "ushort": 16})


def get_max_level(image: Image) -> int:
    """Return the highest level of the image's depth: 255 or 65535."""
    return int(2 ** BITS[image.format] - 1)


def to_8_bits(image: Image) -> Image:
    """Return the image with 8 bits a channel, in the same colour space."""
    if image.format == "uchar":
        return image
    narrow = {"rgb16": "srgb", "grey16": "b-w"}.get(image.interpretation, image.interpretation)
    return (image / (get_max_level(image) / 255)).rint().cast("uchar").copy(interpretation=narrow)
