"""From the numbers that a TIFF stores to levels of 8 or 16 bits, with alpha as the last band.

White is the highest integer, and 1.0 of a floating-point number; what is beyond is cut off. Levels
are those of the display: as ImageMagick does, numbers are not taken for amounts of light. Sources:
TIFF 6.0, sections 8 and 19 (SampleFormat).
"""

from collections.abc import Mapping
from typing import Final

from imagemill.imaging.color.levels import to_8_bits
from imagemill.imaging.engine.decoders.tiff.layout import Layout, Photometric, SampleFormat
from imagemill.imaging.libvips import Image

MAX_LEVEL: Final = 65535
# Of an integer of 32 bits: (2**32 - 1) / 65535.
WIDE_STEPS: Final = 65537

WORD: Final = 16
WIDE: Final = 32

SPACES: Final[Mapping[int, str]] = {
    Photometric.MIN_IS_BLACK: "grey16",
    Photometric.RGB: "rgb16",
    Photometric.SEPARATED: "cmyk",
}


def select_alpha(image: Image, layout: Layout) -> Image:
    """Return the image without extra samples that are no alpha, and with its alpha after colours.

    The last band is alpha to libvips, whatever it is.
    """
    alpha = layout.alpha
    if alpha is None or len(layout.extras) == 1:
        return image
    colors = image.extract_band(0, n=layout.samples - len(layout.extras))
    return colors.bandjoin(image.extract_band(alpha))


def to_levels(image: Image, layout: Layout) -> Image:
    """Return the image with levels of 8 or 16 bits."""
    if layout.sample_format == SampleFormat.FLOAT:
        levels = image * MAX_LEVEL
    elif layout.bits == WIDE:
        levels = image / WIDE_STEPS
    else:
        levels = image
    if levels is not image:
        image = levels.rint().cast("ushort").copy(interpretation=SPACES[layout.photometric])
    # libvips takes the alpha of CMYK for one of 8 bits, whatever its depth.
    has_deep_inks = layout.photometric == Photometric.SEPARATED and layout.bits >= WORD
    return to_8_bits(image) if has_deep_inks and layout.extras else image
