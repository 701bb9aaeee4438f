"""Converts what a format cannot hold: inks, grey with a profile, any profile, more than 8 bits."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.levels import to_8_bits
from imagemill.imaging.color.profiles import profile_of, to_srgb
from imagemill.imaging.engine.libvips import Image
from imagemill.imaging.formats import Format
from imagemill.imaging.spec.encoder_options import WITHOUT_PROFILE

RGB: Final = frozenset({"srgb", "rgb16"})
GREY: Final = frozenset({"b-w", "grey16"})
INKS: Final = frozenset({"cmyk"})

HELD: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "jpeg": RGB | GREY | INKS,
        "png": RGB | GREY,
        "webp": RGB,
        "avif": RGB,
        "gif": RGB,
        "tiff": RGB | GREY | INKS,
    }
)
DEEP: Final = frozenset({"png", "tiff"})


def convert_depth(image: Image, format_: Format) -> Image:
    """Return the picture as the format can hold it: in sRGB, or with 8 bits a channel."""
    has_no_place = format_.name in WITHOUT_PROFILE and profile_of(image) is not None
    if has_no_place or image.interpretation not in HELD[format_.name]:
        image = to_srgb(image)
    return image if format_.name in DEEP else to_8_bits(image)
