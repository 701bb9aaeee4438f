"""PNG: level 3, and adaptive filters for what they help.

Filters are differences of neighbours. Without them, libvips' default, a photo is 60 % larger;
with them, a drawing or a page of text is, in which neighbours are equal or have nothing in common.
So both are tried on a few strips of the picture. Numbers into a palette, and grey of less than 8
bits, are never filtered, as the standard recommends (W3C PNG, third edition, 12.7).

Levels 6 and 9 take 1.5 and 7 times the time of level 3 to save 3 % and 5 % of a photo.
"""

from typing import Final

from imagemill.imaging.color.palette import get_bits, get_palette
from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.spec.plain import Output

COMPRESSION: Final = 3
# Of pictures with few colours, which compress in little time.
FEW_COLORS_COMPRESSION: Final = 6
FULL_BITS: Final = 8

# Larger pictures, in bytes, are not held in memory to look at them.
MAX_HELD_BYTES: Final = 100_000_000
STRIPS: Final = 6
STRIP_HEIGHT: Final = 16


def save(image: Image, target: Target, output: Output, keep: str) -> None:
    bits = get_bits(image)
    if bits:
        if not get_palette(image):  # libvips writes the lower bits of a byte
            image = image >> (FULL_BITS - bits)
        options = {"bitdepth": bits, "filter": "none"}
        compression = FEW_COLORS_COMPRESSION
    else:
        image = _hold(image)
        options = {"filter": _choose_filter(image)}
        compression = COMPRESSION
    image.pngsave_target(
        target,
        compression=output.effort or compression,
        interlace=output.progressive,
        keep=keep,
        **options,
    )


def _count_bytes(image: Image) -> int:
    return int(image.width * image.height * image.bands * (1 if image.format == "uchar" else 2))


def _hold(image: Image) -> Image:
    return image.copy_memory() if _count_bytes(image) <= MAX_HELD_BYTES else image


def _choose_filter(image: Image) -> str:
    """Return the filters that make the smaller file of a few strips of a picture in memory."""
    if _count_bytes(image) > MAX_HELD_BYTES:
        return "all"
    sizes = {choice: _measure(_take_strips(image), choice) for choice in ("all", "none")}
    return min(sizes, key=lambda choice: sizes[choice])


def _take_strips(image: Image) -> Image:
    """Return strips from top to bottom one below the other; a low picture as it is."""
    if image.height <= STRIPS * STRIP_HEIGHT:
        return image
    step = (image.height - STRIP_HEIGHT) / (STRIPS - 1)
    tops = (round(number * step) for number in range(STRIPS))
    strips = [image.crop(0, top, image.width, STRIP_HEIGHT) for top in tops]
    return Image.arrayjoin(strips, across=1)


def _measure(image: Image, choice: str) -> int:
    return len(image.pngsave_buffer(compression=COMPRESSION, filter=choice, keep="none"))
