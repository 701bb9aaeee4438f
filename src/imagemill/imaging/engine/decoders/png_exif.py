"""The EXIF of a PNG that comes after its pixels, where libvips does not look.

The chunk may be anywhere but between those of pixels (W3C PNG, third edition, 5.6), and tools that
edit files without encoding them again add it at the end.
"""

from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.libvips import Image
from imagemill.imaging.metadata.blocks import EXIF, get_block, set_block
from imagemill.imaging.metadata.rights.exif import PREFIX
from imagemill.imaging.png_chunks import iter_chunks

KIND: Final = b"eXIf"
# The frames of an animated PNG are decoded as files of their own, without what follows them.
ANIMATION: Final = b"acTL"
MAX_BYTES: Final = 1_000_000


def attach_late_exif(image: Image, data: Data) -> Image:
    """Return the image of a PNG with the EXIF of its file, its orientation included."""
    if get_block(image, EXIF) or data.find(KIND) < 0:
        return image
    exif = _find_exif(data)
    return set_block(image, EXIF, PREFIX + exif) if exif else image


def _find_exif(data: Data) -> bytes:
    for kind, start, end in iter_chunks(data):
        if kind == ANIMATION:
            break
        if kind == KIND and end - start <= MAX_BYTES:
            return bytes(data[start:end])
    return b""
