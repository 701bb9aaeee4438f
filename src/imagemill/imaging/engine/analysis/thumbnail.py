"""The thumbnail that analyses use: upright, in sRGB, with alpha."""

from typing import Final

from imagemill.imaging.color.alpha import apply_premultiplied
from imagemill.imaging.color.profiles import to_srgb
from imagemill.imaging.engine.analysis.pixels import OPAQUE, Pixels
from imagemill.imaging.libvips import Image

# The longest side. No analysis looks at more than seven waves across a picture, so this is enough.
THUMBNAIL_SIDE: Final = 64

# A kernel without overshoot: Lanczos' halos at edges would appear as colours of their own.
KERNEL: Final = "linear"

SQUARE_SIDE: Final = 32


def make_thumbnail(image: Image) -> Image:
    """Return the picture scaled down to a longest side of THUMBNAIL_SIDE pixels."""
    scale = min(1, THUMBNAIL_SIDE / max(image.width, image.height))
    # A long line stays one pixel wide.
    across = max(scale, 1 / image.width)
    down = max(scale, 1 / image.height)
    small = apply_premultiplied(
        image, lambda visible: visible.resize(across, vscale=down, kernel=KERNEL)
    )
    small = to_srgb(small).autorot()
    return (small if small.hasalpha() else small.bandjoin(OPAQUE)).copy_memory()


def stretch_to_square(small: Image) -> Image:
    """Return the thumbnail as a square, so that waves have the same lengths both ways."""
    across, down = SQUARE_SIDE / small.width, SQUARE_SIDE / small.height
    return apply_premultiplied(
        small, lambda visible: visible.resize(across, vscale=down, kernel=KERNEL)
    )


def to_pixels(small: Image) -> Pixels:
    return Pixels.of(small.width, small.height, bytes(small.write_to_memory()))
