"""Into CIE Lab and back, from whatever space a picture is in.

With a profile, by it, in the Lab of the profiles' connection space; without, by libvips' formulas
for sRGB and grey. Both have grey at a and b of 0; they differ in the white they adapt to, D50 and
D65, by less than 3 in lightness. "relative" keeps colours as they are, paper being white; those
that the picture's space lacks come out as the nearest it has, in a grey picture as grey.
"""

from imagemill.imaging.color.levels import BITS, max_level
from imagemill.imaging.color.profiles import (
    attach_profile,
    get_profile,
    remove_profile,
    uses_profile,
)
from imagemill.imaging.errors import DoesNotFit
from imagemill.imaging.libvips import Image, VipsError
from imagemill.imaging.spec.field_types import OPAQUE, HexColor, parse_color


def to_lab(image: Image) -> Image:
    """Return the picture's L (0 to 100), a and b."""
    if uses_profile(image):
        return image.icc_import(embedded=True, intent="relative")
    return image.colourspace("lab")


def from_lab(lab: Image, like: Image) -> Image:
    """Return a picture in the space and depth of another one, which has no alpha or leaves it out.

    Raises DoesNotFit when the profile, as those of scanners may, leads out of its space only.
    """
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
            "The picture's profile has no way back into its colours, which are to be kept; with"
            " color_space srgb or p3 it needs none."
        ) from error


def color_to_lab(color: HexColor, like: Image) -> Image:
    """Return one pixel of the colour, as `from_lab` takes it to the other picture's space."""
    dot = (Image.black(1, 1, bands=3) + parse_color(color)[:3]).cast("uchar")
    return _srgb_to_lab(dot.copy(interpretation="srgb"), like)


def convert_to_space_of(like: Image, given: Image) -> Image:
    """Return what is given in sRGB of 8 bits, with alpha, in the space and depth of a picture."""
    if (like.interpretation, like.format) == ("srgb", "uchar") and not uses_profile(like):
        return given
    colors, alpha = given[:3], given[3] * (max_level(like) / OPAQUE)
    levels = from_lab(_srgb_to_lab(colors, like), like)
    return levels.bandjoin(alpha.rint().cast(like.format))


def _srgb_to_lab(colors: Image, like: Image) -> Image:
    if uses_profile(like):
        return colors.icc_import(input_profile="srgb", intent="relative")
    return colors.colourspace("lab")
