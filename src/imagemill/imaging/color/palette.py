"""Palettes, and bits a channel, as metadata of a picture that is written with few colours."""

from collections.abc import Sequence
from typing import Final

from imagemill.imaging.color.few_colors import FewColors
from imagemill.imaging.libvips import GValue, Image, get_int

# Fields of an image, by our own names. libvips writes neither into a file.
COLORS: Final = "imagemill-colors"
BITS: Final = "imagemill-bits"

OPAQUE: Final = 255

# Red, green, blue and alpha.
Color = tuple[int, int, int, int]


def attach_palette(numbers: Image, found: FewColors) -> Image:
    """Return the picture of `FewColors.number` with its colours attached."""
    colors = bytes(level for color in found.colors for level in _to_rgba(color))
    image = attach_bits(numbers.copy(interpretation="b-w"), found.bits)
    image.set_type(GValue.blob_type, COLORS, colors)
    return image


def attach_bits(image: Image, bits: int) -> Image:
    """Return the image, of one channel, with the bits that its levels need: 1, 2, 4 or 8."""
    image = image.copy()
    image.set_type(GValue.gint_type, BITS, bits)
    return image


def get_palette(image: Image) -> Sequence[Color]:
    """Return the colours of a picture that consists of numbers, and none for another one."""
    data = bytes(image.get(COLORS)) if image.get_typeof(COLORS) else b""
    return list(zip(data[0::4], data[1::4], data[2::4], data[3::4], strict=True))


def get_bits(image: Image) -> int:
    """Return the bits of a channel or number; 0 where nothing is attached."""
    return get_int(image, BITS, 0)


def _to_rgba(color: Sequence[int]) -> Sequence[int]:
    match color:
        case (gray,):
            return (gray, gray, gray, OPAQUE)
        case (gray, alpha):
            return (gray, gray, gray, alpha)
        case (red, green, blue):
            return (red, green, blue, OPAQUE)
    return color
