"""Attachment of an EXIF block to an image such that its texts are written byte for byte.

libvips writes text that is set by hand as ASCII, and text that it has read and finds unchanged as
it is. So the block is read from a JPEG of one pixel.
"""

from functools import cache
from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.libvips import GValue, Image
from imagemill.imaging.metadata.blocks import EXIF, EXIF_FIELDS, ORIENTATION, get_block, set_block
from imagemill.imaging.metadata.rights.exif import PREFIX, extract_rights

START_OF_IMAGE: Final = b"\xff\xd8"
APPLICATION_1: Final = b"\xff\xe1"


def attach_exif(image: Image, block: bytes) -> Image:
    """Return the image, which has no EXIF, with this block of less than 64 KiB."""
    segment = APPLICATION_1 + (len(block) + 2).to_bytes(2) + block
    carrier = Image.jpegload_buffer(
        START_OF_IMAGE + segment + _encode_pixel().removeprefix(START_OF_IMAGE)
    )
    carried = set_block(image, EXIF, block)
    for name in carrier.get_fields():
        if name.startswith(EXIF_FIELDS):
            carried.set_type(GValue.gstr_type, name, carrier.get(name))
    return carried


def serialize_exif(image: Image) -> bytes:
    """Return the EXIF from its TIFF header on, with the fields as they are now; empty without one.

    libvips changes the block only when it writes a file, which one of a single pixel is enough for.
    """
    carrier = Image.black(1, 1)
    for name in image.get_fields():
        if name.startswith((EXIF, EXIF_FIELDS, ORIENTATION)):
            carrier.set_type(image.get_typeof(name), name, image.get(name))
    for name in set(carrier.get_fields()) - set(image.get_fields()):
        carrier.remove(name)  # parsed from the block as it was
    written = Image.pngload_buffer(carrier.pngsave_buffer(keep="exif"))
    return get_block(written, EXIF).removeprefix(PREFIX)


def attach_tiff_rights(image: Image, tiff: Data) -> Image:
    """Return the image with Artist and Copyright of its TIFF, which libvips does not read."""
    block = extract_rights(tiff)
    return image if block is None else attach_exif(image, block)


@cache
def _encode_pixel() -> bytes:
    return bytes(Image.black(1, 1).jpegsave_buffer(keep="none"))
