"""Conversion to the colour models, profiles and depth that a format can hold."""

from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.levels import to_8_bits
from imagemill.imaging.color.profiles import get_profile, to_srgb
from imagemill.imaging.formats import ColorModel, Format
from imagemill.imaging.libvips import Image

# By libvips' interpretations. No format holds others.
COLOR_MODELS: Final = MappingProxyType[str, ColorModel](
    {"srgb": "rgb", "rgb16": "rgb", "b-w": "gray", "grey16": "gray", "cmyk": "cmyk"}
)
NARROW_BITS: Final = 8


def convert_for_format(image: Image, format_: Format) -> Image:
    """Return the image, converted to sRGB or to 8 bits a channel where the format requires it."""
    has_no_place = not format_.has_profile and get_profile(image) is not None
    if has_no_place or COLOR_MODELS.get(image.interpretation) not in format_.color_models:
        image = to_srgb(image)
    return image if format_.max_bits > NARROW_BITS else to_8_bits(image)
