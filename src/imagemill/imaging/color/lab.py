"""Conversion to CIE Lab and back, from any colour space of a picture.

An image with a profile is converted by it, to the Lab of the profile connection space; others are
converted by libvips' formulas for sRGB and grey. In both, grey has a and b of 0; their whites, D50
and D65, differ by less than 3 in lightness. The intent "relative" keeps colours, with paper as
white; those outside the picture's gamut become the nearest inside it, in a grey picture a grey.

In PQ and HLG, L is 100 for diffuse white, as for white in sRGB, and more for what is brighter.
"""

from typing import Final

from imagemill.imaging.color.cielab import lab_to_light, light_to_lab
from imagemill.imaging.color.code_points import ColorSpaceTag
from imagemill.imaging.color.hdr import get_peak, to_light, to_signal
from imagemill.imaging.color.levels import BITS, get_max_level
from imagemill.imaging.color.profiles import (
    attach_profile,
    get_profile,
    remove_profile,
    uses_profile,
)
from imagemill.imaging.color.space_tags import get_hdr_tag
from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.libvips import Image, VipsError
from imagemill.imaging.spec.hex_color import OPAQUE, parse_color

WHITE: Final = 100.0


def to_lab(image: Image) -> Image:
    """Return the image's L (0 to 100, or more in HDR), a and b. It has no alpha."""
    hdr = get_hdr_tag(image)
    if hdr is not None:
        light = to_light(image, hdr)
        return light_to_lab(
            light if light.bands > 1 else light.bandjoin([light] * 2), hdr.chromaticities
        )
    if uses_profile(image):
        return image.icc_import(embedded=True, intent="relative")
    return image.colourspace("lab")


def from_lab(lab: Image, like: Image) -> Image:
    """Return the image in the colour space and depth of `like`, without alpha.

    Raises DoesNotFit when the profile of `like` cannot be converted to, as those of some scanners.
    """
    hdr = get_hdr_tag(like)
    if hdr is not None:
        return _to_hdr(lab, hdr, like)
    if not uses_profile(like):
        return lab.colourspace(like.interpretation)
    profile, depth = get_profile(like), BITS[like.format]
    if profile is None:
        inks = lab.icc_export(output_profile="cmyk", intent="relative", depth=depth)
        return remove_profile(inks)
    try:
        return attach_profile(lab, profile).icc_export(intent="relative", depth=depth)
    except VipsError as error:
        raise DoesNotFit(
            "The picture's profile can only be converted from, and the color_space keep needs it"
            " to be converted to. Use srgb or p3."
        ) from error


def color_to_lab(color: str, like: Image) -> Image:
    """Return an image of one pixel, the sRGB colour in the Lab that `from_lab` needs for `like`."""
    dot = (Image.black(1, 1, bands=3) + parse_color(color)[:3]).cast("uchar")
    return _srgb_to_lab(dot.copy(interpretation="srgb"), like)


def convert_to_space_of(like: Image, given: Image) -> Image:
    """Return an 8-bit sRGB image with alpha in the colour space and depth of `like`."""
    is_plain = not uses_profile(like) and get_hdr_tag(like) is None
    if (like.interpretation, like.format) == ("srgb", "uchar") and is_plain:
        return given
    colors, alpha = given[:3], given[3] * (get_max_level(like) / OPAQUE)
    levels = from_lab(_srgb_to_lab(colors, like), like)
    return levels.bandjoin(alpha.rint().cast(like.format))


def get_highest_lightness(image: Image) -> float:
    """Return the L of the brightest white: 100, or more in HDR."""
    hdr = get_hdr_tag(image)
    return WHITE if hdr is None else 116 * get_peak(hdr) ** (1 / 3) - 16


def _to_hdr(lab: Image, hdr: ColorSpaceTag, like: Image) -> Image:
    if like.bands == 1:
        lab = lab[0].bandjoin([0, 0])
    light = lab_to_light(lab, hdr.chromaticities)
    signal = to_signal(light if like.bands > 1 else light[1], hdr) * get_max_level(like)
    return signal.rint().cast(like.format).copy(interpretation=like.interpretation)


def _srgb_to_lab(colors: Image, like: Image) -> Image:
    if uses_profile(like) or get_hdr_tag(like) is not None:
        return colors.icc_import(input_profile="srgb", intent="relative")
    return colors.colourspace("lab")
