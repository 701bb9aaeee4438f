"""The decoder of BMP: Pillow decodes 1 to 32 bits a pixel, masks, alpha, RLE, and top-down rows."""

from io import BytesIO

from PIL.BmpImagePlugin import BmpImageFile

from imagemill.imaging.engine.decoders.pillow_image import (
    convert_pillow,
    make_black,
    translate_pillow_errors,
)
from imagemill.imaging.libvips import Image


def peek(data: bytes) -> Image:
    """Return a black picture with the size and kind of the real one. Raises what `load` raises."""
    picture = _open(data)
    return make_black(*picture.size, picture.mode)


def load(data: bytes, _frames: int = 1) -> Image:
    """Return the decoded picture. Raises InvalidImage, TooLarge or OutOfMemory."""
    return convert_pillow(_open(data))


def _open(data: bytes) -> BmpImageFile:
    with translate_pillow_errors():
        return BmpImageFile(BytesIO(data))
