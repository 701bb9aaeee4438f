"""The decoder of ICO: the largest image of the file, and of equal ones that with the most bits.

An image is a whole PNG, which libvips decodes, or a BMP without its first header and with a mask of
one bit, which Pillow decodes. Only the directory and the header of that image are read before.
Source: Microsoft, "ICONDIR structure"; R. Chen, "The evolution of the ICO file format", 2010.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL.IcoImagePlugin import IcoFile

from imagemill.imaging.engine.decoders.pillow_image import (
    convert_pillow,
    make_black,
    translate_pillow_errors,
)
from imagemill.imaging.engine.libvips_errors import translate_decode_errors
from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.libvips import Image
from imagemill.imaging.png_chunks import SIGNATURE

# Reserved, the kind, which is 1, and the number of entries; width, height, colours, reserved,
# planes, bits, length and offset of each. Sides of 256 are written as 0.
DIRECTORY: Final = struct.Struct("<HHH")
ENTRY: Final = struct.Struct("<BBBBHHII")
SIDE_OF_ZERO: Final = 256
ICON: Final = 1

# Length, width and height of a BMP's second header; the height is that of picture and mask.
BITMAP: Final = struct.Struct("<Iii")


@dataclass(frozen=True, slots=True)
class _Entry:
    width: int
    height: int
    bits: int
    length: int
    offset: int

    @property
    def rank(self) -> tuple[int, int]:
        return self.width * self.height, self.bits


def peek(data: bytes) -> Image:
    """Return a picture with the size and kind of the largest one. Raises what `load` raises."""
    _, content = _find_largest(data)
    if content.startswith(SIGNATURE):
        return _open_png(content)
    if len(content) < BITMAP.size:
        raise _damaged()
    _, width, height = BITMAP.unpack_from(content)
    return make_black(width, abs(height) // 2, "RGBA")


def load(data: bytes, _frames: int = 1) -> Image:
    """Return the decoded picture. Raises InvalidImage, TooLarge or OutOfMemory."""
    entry, content = _find_largest(data)
    if content.startswith(SIGNATURE):
        with translate_decode_errors():
            return _open_png(content).copy_memory()
    with translate_pillow_errors():
        picture = IcoFile(BytesIO(_make_icon(entry, content))).frame(0).convert("RGBA")
    return convert_pillow(picture)


def _open_png(content: bytes) -> Image:
    with translate_decode_errors():
        return Image.pngload_buffer(content, fail_on="error")


def _find_largest(data: bytes) -> tuple[_Entry, bytes]:
    """Return the entry and its image."""
    largest = max(_iter_entries(data), key=lambda entry: entry.rank, default=None)
    content = data[largest.offset : largest.offset + largest.length] if largest else b""
    if largest is None or len(content) < largest.length:
        raise _damaged()
    return largest, content


def _iter_entries(data: bytes) -> Iterator[_Entry]:
    """Yield the entries of the directory, up to where the file ends."""
    _, _, count = DIRECTORY.unpack_from(data)
    listed = data[DIRECTORY.size : DIRECTORY.size + count * ENTRY.size]
    whole = len(listed) - len(listed) % ENTRY.size
    for width, height, _, _, _, bits, length, offset in ENTRY.iter_unpack(listed[:whole]):
        sides = (width or SIDE_OF_ZERO, height or SIDE_OF_ZERO)
        yield _Entry(*sides, bits, length, offset)


def _make_icon(entry: _Entry, content: bytes) -> bytes:
    """Return an ICO of this entry and its image alone."""
    side = (entry.width % SIDE_OF_ZERO, entry.height % SIDE_OF_ZERO)
    start = DIRECTORY.size + ENTRY.size
    fields = (*side, 0, 0, 1, entry.bits, len(content), start)
    return DIRECTORY.pack(0, ICON, 1) + ENTRY.pack(*fields) + content


def _damaged() -> InvalidImage:
    return InvalidImage("The picture cannot be decoded: its directory is damaged.")
