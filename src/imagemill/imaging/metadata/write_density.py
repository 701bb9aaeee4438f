"""The density of a written file: the one of the picture, or none.

libvips writes some density into every PNG and TIFF, and none into a JPEG but for its EXIF. A
made-up one has other software print a picture in an odd size.
"""

from struct import pack, unpack
from typing import BinaryIO, Final

from imagemill.imaging.formats import JPEG, TIFF, Format
from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.blocks import EXIF, get_block
from imagemill.imaging.metadata.density import (
    MM_AN_INCH,
    PHYSICAL,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    Density,
)
from imagemill.imaging.metadata.move_rest import move_rest
from imagemill.imaging.metadata.png_head import Chunk
from imagemill.imaging.metadata.tag_directory import ENTRY_BYTES
from imagemill.imaging.metadata.tiff_tags import find_entries

# What stands for no density in libvips.
UNSTATED: Final = 1.0
# What EXIF, where the field is mandatory, has for a density that is not known: 72 per inch.
# Source: CIPA DC-008, 4.6.4.
UNKNOWN_IN_EXIF: Final = 72 / MM_AN_INCH

# A JFIF segment up to its density, and its end: no thumbnail. Source: ITU-T T.871, 10.1.
JFIF_START: Final = b"\xff\xe0\0\x10JFIF\0\1\1"
JFIF_END: Final = b"\0\0"
JFIF_INCH: Final = 1
MAX_JFIF_DENSITY: Final = 65535
START_OF_IMAGE_BYTES: Final = 2

NO_UNIT: Final = 1
# Of an entry, after its tag, type and number of values. Source: TIFF 6.0, section 2.
VALUE_AT: Final = 8


def set_density(image: Image, density: Density | None) -> Image:
    """Return the image with this density for its encoder."""
    x, y = (density.x, density.y) if density else (UNSTATED, UNSTATED)
    return image.copy(xres=x, yres=y)


def has_density(image: Image) -> bool:
    return bool(image.xres != UNSTATED or image.yres != UNSTATED)


def state_unknown_in_exif(image: Image) -> Image:
    """Return the image, for an encoder that writes EXIF, with a density that means unknown."""
    return image if has_density(image) else image.copy(xres=UNKNOWN_IN_EXIF, yres=UNKNOWN_IN_EXIF)


def complete_density(file: BinaryIO, image: Image, format_: Format) -> None:
    """Take a made-up density out of a written TIFF, or add to a JPEG the one that it lacks."""
    if not has_density(image) and format_ is TIFF:
        _remove_from_tiff(file)
    if has_density(image) and format_ is JPEG and not get_block(image, EXIF):
        _insert_jfif(file, image)


def remove_made_up_density(chunks: list[Chunk], image: Image) -> list[Chunk]:
    """Return the chunks of a written PNG without a density that the image does not have."""
    return chunks if has_density(image) else [one for one in chunks if one[0] != PHYSICAL]


def _insert_jfif(jpeg: BinaryIO, image: Image) -> None:
    per_inch = [min(MAX_JFIF_DENSITY, round(one * MM_AN_INCH)) for one in (image.xres, image.yres)]
    segment = JFIF_START + pack(">BHH", JFIF_INCH, *per_inch) + JFIF_END
    move_rest(jpeg, START_OF_IMAGE_BYTES, START_OF_IMAGE_BYTES + len(segment))
    jpeg.seek(START_OF_IMAGE_BYTES)
    jpeg.write(segment)


def _remove_from_tiff(tiff: BinaryIO) -> None:
    """Set the unit to none and both resolutions, which are mandatory, to 1."""
    order, first, count = find_entries(tiff)
    for place in range(first, first + count * ENTRY_BYTES, ENTRY_BYTES):
        tiff.seek(place)
        tag, _, _, value = unpack(order + "HHII", tiff.read(ENTRY_BYTES))
        if tag == RESOLUTION_UNIT:
            tiff.seek(place + VALUE_AT)
            tiff.write(pack(order + "H", NO_UNIT))
        elif tag in {X_RESOLUTION, Y_RESOLUTION}:
            tiff.seek(value)
            tiff.write(pack(order + "II", 1, 1))
