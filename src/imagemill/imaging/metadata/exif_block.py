"""Gives a block of EXIF to libvips in the one way it takes text as it stands: by opening it.

Text that is set by hand comes out in ASCII; what libvips has read and finds unchanged comes out
byte for byte. So a picture of one pixel carries the block in.
"""

from functools import cache
from pathlib import Path
from typing import Final

from imagemill.imaging.libvips import GValue, Image
from imagemill.imaging.metadata.blocks import EXIF, EXIF_FIELDS, set_block
from imagemill.imaging.metadata.rights.exif import extract_rights
from imagemill.imaging.metadata.tag_directory import map_file

START_OF_IMAGE: Final = b"\xff\xd8"
APPLICATION_1: Final = b"\xff\xe1"


def attach_exif(image: Image, block: bytes) -> Image:
    """Return a picture that has no EXIF with this block, which is of less than 64 KiB."""
    segment = APPLICATION_1 + (len(block) + 2).to_bytes(2) + block
    carrier = Image.jpegload_buffer(
        START_OF_IMAGE + segment + _encode_pixel().removeprefix(START_OF_IMAGE)
    )
    carried = set_block(image, EXIF, block)
    for name in carrier.get_fields():
        if name.startswith(EXIF_FIELDS):
            carried.set_type(GValue.gstr_type, name, carrier.get(name))
    return carried


def attach_tiff_rights(image: Image, file: Path) -> Image:
    """Return the picture with Artist and Copyright of the TIFF it is of, which libvips skips."""
    with file.open("rb") as stream, map_file(stream) as data:
        block = extract_rights(data)
    return image if block is None else attach_exif(image, block)


@cache
def _encode_pixel() -> bytes:
    return bytes(Image.black(1, 1).jpegsave_buffer(keep="none"))
