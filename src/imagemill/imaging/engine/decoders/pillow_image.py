"""Conversion of Pillow's pictures into libvips' images, and of its errors into ours.

Pillow decodes what is rare on the web and what libvips has no decoder for. Its own limit of pixels
is not needed: those of the header are checked before any is decoded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Final

from PIL import Image as PillowImage

from imagemill.imaging.engine.decoders.sides import check_sides
from imagemill.imaging.errors import ImagingError, InvalidImage, OutOfMemory
from imagemill.imaging.libvips import Image

PillowImage.MAX_IMAGE_PIXELS = None

# The modes that are taken over, and those that others are converted to.
BANDS: Final = MappingProxyType({"L": 1, "RGB": 3, "RGBA": 4})
CONVERTED: Final = MappingProxyType({"1": "L", "P": "RGB"})


def make_black(width: int, height: int, mode: str) -> Image:
    """Return a black image of the size and kind of a picture that has not been decoded."""
    if width <= 0 or height <= 0:
        raise InvalidImage(
            f"The picture cannot be decoded: its header has the size {width}x{height}."
        )
    check_sides(width, height)
    bands = BANDS[_choose_mode(mode)]
    return Image.black(width, height, bands=bands).copy(interpretation=_space(bands))


def convert_pillow(picture: PillowImage.Image) -> Image:
    """Decode the picture and return its pixels."""
    with translate_pillow_errors():
        picture.load()
        mode = _choose_mode(picture.mode)
        pixels = (picture if mode == picture.mode else picture.convert(mode)).tobytes()
    bands = BANDS[mode]
    image = Image.new_from_memory(pixels, *picture.size, bands, "uchar")
    return image.copy(interpretation=_space(bands))


@contextmanager
def translate_pillow_errors() -> Iterator[None]:
    """Raise OutOfMemory for a lack of memory and InvalidImage for all other exceptions.

    A damaged file may raise any exception from Pillow's Python code.
    """
    try:
        yield
    except ImagingError:
        raise
    except MemoryError as error:
        raise OutOfMemory("The picture needs more memory than a job may use.") from error
    except Exception as error:
        raise InvalidImage(
            "The picture cannot be decoded: its data is damaged or ends early."
        ) from error


def _choose_mode(mode: str) -> str:
    chosen = CONVERTED.get(mode, mode)
    if chosen not in BANDS:
        raise InvalidImage("The picture cannot be decoded: its header is damaged.")
    return chosen


def _space(bands: int) -> str:
    return "b-w" if bands == 1 else "srgb"
