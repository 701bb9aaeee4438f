"""Grey pictures in sRGB: they have one channel until a colour is added to them.

In other spaces a picture keeps its channels: one in grey, three for a profile of three.
"""

from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.profiles import GRAY
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.bounds import ColorSpace
from imagemill.imaging.spec.hex_color import parse_color

# What grey becomes when a colour is added.
COLORED: Final = MappingProxyType({"b-w": "srgb", "grey16": "rgb16"})


def admit_color(image: Image, color: str, space: ColorSpace) -> Image:
    """Return a picture that can show this colour: with three channels, unless both are grey.

    With "keep" a picture stays grey, and what is added to it becomes grey.
    """
    red, green, blue, _ = parse_color(color)
    return image if red == green == blue else admit_colors(image, space)


def admit_colors(image: Image, space: ColorSpace) -> Image:
    """Return a picture that can show any colour; unchanged with "keep"."""
    if space == "keep" or image.interpretation not in GRAY:
        return image
    return image.colourspace(COLORED[image.interpretation])
