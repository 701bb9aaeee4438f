"""Reduction of a finished picture of few colours: to a palette, or to grey of fewer bits.

It is exact, and a picture of more colours is left as it is, unless the output asks for a palette.
What an input stores in few bits takes several times the room in 8 or 24, and no output should be
larger than its input without a reason.
"""

from typing import Final

from imagemill.imaging.color.few_colors import FewColors, find_few_colors
from imagemill.imaging.color.levels import to_8_bits
from imagemill.imaging.color.palette import attach_bits, attach_palette
from imagemill.imaging.color.quantize import quantize
from imagemill.imaging.formats import PNG, TIFF, Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.spec.plain import Output

MAX_LEVEL: Final = 255
FULL_BITS: Final = 8

# The channels that can become numbers into a palette. That of a TIFF has no alpha.
REDUCIBLE_BANDS: Final = {PNG.name: {1, 2, 3, 4}, TIFF.name: {1, 3}}


def reduce_colors(image: Image, output: Output, format_: Format, *, had_few: bool) -> Image:
    """Return the picture with its bits attached, and if it is in color as numbers into its palette.

    A PNG is reduced where the output asks for a palette; unless it says something, PNG and TIFF are
    if the input `had_few` colours and nothing has mixed them.
    """
    is_wanted = had_few if output.palette is None else output.palette
    if not is_wanted or format_.name not in REDUCIBLE_BANDS:
        return image
    if output.palette:
        image = to_8_bits(image)
    if image.format != "uchar" or image.bands not in REDUCIBLE_BANDS[format_.name]:
        return image
    image = image.copy_memory()
    found = find_few_colors(image)
    if found is None:
        return _choose_palette(image, output.quality) if output.palette else image
    if image.bands == 1 and not output.palette:
        bits = _count_gray_bits(found)
        return attach_bits(image, bits) if bits < FULL_BITS else image
    return attach_palette(found.number(image), found)


def _choose_palette(image: Image, quality: int | None) -> Image:
    chosen = quantize(image, quality)
    found = find_few_colors(chosen)
    # The one band of numbers has to carry the metadata of the picture.
    return (
        image
        if found is None
        else attach_palette(image[0].insert(found.number(chosen), 0, 0), found)
    )


def _count_gray_bits(found: FewColors) -> int:
    """Return the least bits in which there are these levels of grey: 1, 2, 4 or 8."""
    levels = [level for (level,) in found.colors]
    steps = {bits: MAX_LEVEL // (2**bits - 1) for bits in (1, 2, 4, FULL_BITS)}
    return next(bits for bits, step in steps.items() if all(level % step == 0 for level in levels))
