"""Conversion to the colour models, profiles and depth that a format can hold."""

from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.hdr_profile import build_hdr_profile
from imagemill.imaging.color.levels import to_8_bits
from imagemill.imaging.color.profiles import attach_profile, get_profile, to_srgb
from imagemill.imaging.color.space_tags import get_hdr_tag
from imagemill.imaging.formats import ColorModel, Format
from imagemill.imaging.libvips import Image

# By libvips' interpretations. No format holds others.
COLOR_MODELS: Final = MappingProxyType[str, ColorModel](
    {"srgb": "rgb", "rgb16": "rgb", "b-w": "gray", "grey16": "gray", "cmyk": "cmyk"}
)
NARROW_BITS: Final = 8
GRAY_BANDS: Final = 2  # with alpha


def convert_for_format(image: Image, format_: Format) -> Image:
    """Return the image, converted to sRGB or to 8 bits a channel where the format requires it."""
    hdr = get_hdr_tag(image)
    is_described = hdr is not None or get_profile(image) is not None
    has_no_place = is_described and not format_.has_profile
    if has_no_place or COLOR_MODELS.get(image.interpretation) not in format_.color_models:
        image = to_srgb(image)
    elif hdr is not None and not format_.has_code_points:
        image = attach_profile(image, build_hdr_profile(hdr, is_gray=image.bands <= GRAY_BANDS))
    return image if format_.max_bits > NARROW_BITS else to_8_bits(image)
