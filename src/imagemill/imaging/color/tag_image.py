"""Tagging of an image with what its file says of its colours without an ICC profile.

A picture of standard range gets a profile that means the same, so that everything converts by it.
PQ and HLG have no such profile: `tone_mapping` converts them by their tag.
"""

from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.code_points import DISPLAY_P3, PRIMARIES, ColorSpaceTag, Curve
from imagemill.imaging.color.icc_writer import build_profile
from imagemill.imaging.color.profiles import attach_profile, load_built_in_profile, remove_profile
from imagemill.imaging.color.space_tags import set_tag
from imagemill.imaging.libvips import Image

NAMES: Final = MappingProxyType({1: "BT.709", 9: "BT.2020", 11: "DCI-P3", 12: "Display P3"})
GRAY_BANDS: Final = frozenset({1, 2})


def tag_image(image: Image, tag: ColorSpaceTag) -> Image:
    """Return the image with this tag and its profile, instead of any that it has.

    Grey has no primaries. What means sRGB has neither tag nor profile, and costs nothing.
    """
    is_gray = image.bands in GRAY_BANDS
    image = remove_profile(image)
    if tag.is_srgb or (is_gray and tag.transfer is Curve.SRGB):
        return image
    image = set_tag(image, tag)
    return image if tag.is_hdr else attach_profile(image, _choose_profile(tag, is_gray=is_gray))


def _choose_profile(tag: ColorSpaceTag, *, is_gray: bool) -> bytes:
    if not is_gray and tag.chromaticities is DISPLAY_P3 and tag.transfer is Curve.SRGB:
        return load_built_in_profile("p3")
    return build_profile(tag.chromaticities, tag.transfer, _name(tag), is_gray=is_gray)


def _name(tag: ColorSpaceTag) -> str:
    primaries = next((n for n, points in PRIMARIES.items() if points == tag.chromaticities), 0)
    curve = tag.transfer.value if isinstance(tag.transfer, Curve) else f"gamma {tag.transfer:.4g}"
    return f"{NAMES.get(primaries, 'RGB')}, {curve}"
