"""What a file says of its colours without an ICC profile, as a field of its image."""

from typing import Final

from imagemill.imaging.color.chromaticities import Chromaticities
from imagemill.imaging.color.code_points import ColorSpaceTag, Curve, find_tag
from imagemill.imaging.libvips import GValue, Image

# Two code points; or an exponent, 0 for sRGB's curve, and x and y of red, green, blue and white.
TAG: Final = "imagemill-color-space"


def set_tag(image: Image, tag: ColorSpaceTag) -> Image:
    """Return the image with this tag, and nothing else changed."""
    tagged = image.copy()
    tagged.set_type(GValue.array_double_type, TAG, _encode(tag))
    return tagged


def get_tag(image: Image) -> ColorSpaceTag | None:
    return _decode(image.get(TAG)) if image.get_typeof(TAG) else None


def remove_tag(image: Image) -> Image:
    if not image.get_typeof(TAG):
        return image
    untagged = image.copy()
    untagged.remove(TAG)
    return untagged


def get_hdr_tag(image: Image) -> ColorSpaceTag | None:
    """Return the image's tag when it says PQ or HLG."""
    tag = get_tag(image)
    return tag if tag is not None and tag.is_hdr else None


def _encode(tag: ColorSpaceTag) -> list[float]:
    if tag.code_points is not None:
        return list(tag.code_points)
    exponent = tag.transfer if isinstance(tag.transfer, float) else 0.0
    points = tag.chromaticities
    return [exponent, *points.red, *points.green, *points.blue, *points.white]


def _decode(numbers: list[float]) -> ColorSpaceTag | None:
    if len(numbers) == 2:  # noqa: PLR2004 - code points
        return find_tag(int(numbers[0]), int(numbers[1]))
    exponent, rx, ry, gx, gy, bx, by, wx, wy = numbers
    points = Chromaticities((rx, ry), (gx, gy), (bx, by), (wx, wy))
    return ColorSpaceTag(points, exponent or Curve.SRGB)
