"""Rendering of HDR pictures for screens of standard range (SDR): sRGB and Display P3.

Highlights are compressed by extended Reinhard (E. Reinhard et al., "Photographic Tone Reproduction
for Digital Images", SIGGRAPH 2002, equation 4), used above a knee, where its slope is 1: light
below the knee stays as it is, and the peak of the format becomes the white of SDR. The curve is
applied to the largest of red, green and blue, and the others keep their ratio to it, so that no hue
shifts. Colours that the space lacks are cut to its edge.

The EETF of ITU-R BT.2390 was not taken: for a peak above 1,000 nits, as PQ has, its knee falls
below 70 nits, and would darken what a screen can show.
"""

from functools import cache
from types import MappingProxyType
from typing import Final, Literal

from imagemill.imaging.color.code_points import BT709, DISPLAY_P3, ColorSpaceTag
from imagemill.imaging.color.hdr import convert_light, get_peak, to_light
from imagemill.imaging.color.levels import to_8_bits
from imagemill.imaging.color.space_tags import remove_tag
from imagemill.imaging.libvips import Image

SdrSpace = Literal["srgb", "p3"]

SPACES: Final = MappingProxyType({"srgb": BT709, "p3": DISPLAY_P3})

# Of diffuse white: 112 nits. Diffuse white itself becomes 228 of 255.
KNEE: Final = 0.55

# Steps of linear light; the darkest are a twentieth of a level of sRGB.
LINEAR_STEPS: Final = 65535


def render_for_sdr(image: Image, tag: ColorSpaceTag, space: SdrSpace) -> Image:
    """Return the picture in this space with 8 bits a channel; one that is grey stays so."""
    shallow = to_8_bits(image)  # for its alpha and its interpretation
    colors = image[: image.bands - 1] if image.hasalpha() else image
    levels = _render_colors(colors, tag, space)
    if image.hasalpha():
        levels = levels.bandjoin(shallow[shallow.bands - 1])
    return remove_tag(levels.copy(interpretation=shallow.interpretation))


def compute_highlight_scale(light: Image, peak: float) -> Image:
    """Return what each pixel's light is to be multiplied by, at most 1.

    `light` is relative to diffuse white and in the primaries of the result, where none of the three
    is then larger than 1. `peak` is the light that becomes 1.
    """
    bands = light.bandsplit()
    largest = bands[0]
    for band in bands[1:]:
        largest = largest.maxpair(band)
    above = (largest - KNEE) / (1 - KNEE)
    squared = ((peak - KNEE) / (1 - KNEE)) ** 2
    shown = above * (above / squared + 1) / (above + 1) * (1 - KNEE) + KNEE
    return (largest > KNEE).ifthenelse(shown / largest, 1)


def encode_srgb(light: Image) -> Image:
    """Return the signal of light, both from 0 to 1. Source: IEC 61966-2-1."""
    bright = light ** (1 / 2.4) * 1.055 - 0.055
    return (light <= 0.0031308).ifthenelse(light * 12.92, bright)  # noqa: PLR2004


def _render_colors(colors: Image, tag: ColorSpaceTag, space: SdrSpace) -> Image:
    light = convert_light(to_light(colors, tag), tag.chromaticities, SPACES[space])
    linear = light * compute_highlight_scale(light, get_peak(tag)) * LINEAR_STEPS
    return linear.rint().cast("ushort").maplut(_tabulate_srgb())


@cache
def _tabulate_srgb() -> Image:
    """Return the level, 0 to 255, of every step of linear light."""
    levels = encode_srgb(Image.identity(ushort=True) / LINEAR_STEPS) * 255
    return levels.rint().cast("uchar").copy_memory()
