"""Colours of an opened file: a tag where it has no profile, and levels from black to white."""

from functools import cache
from typing import Final

from imagemill.imaging.color.alpha import apply_to_colors
from imagemill.imaging.color.levels import BITS
from imagemill.imaging.color.profiles import get_profile
from imagemill.imaging.color.tag_image import tag_image
from imagemill.imaging.engine.decoders import nclx, png_colors
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import AVIF, PNG, Format
from imagemill.imaging.libvips import Image, get_int

DEEP: Final = 16

# Black and white of video in 8 bits. Source: ITU-T H.273, 8.3 (VideoFullRangeFlag).
NARROW_BLACK: Final = 16
NARROW_WHITE: Final = 235


def complete_colors(image: Image, data: Data, format_: Format) -> Image:
    """Return the image with what its file says of its colours besides a profile."""
    if format_ is PNG:
        return _complete_png(image, data)
    if format_ is AVIF:
        image = _fill_depth(image)
    if format_.brands and get_profile(image) is None:
        tag = nclx.read_tag(data)
        return image if tag is None else tag_image(image, tag)
    return image


def _complete_png(image: Image, data: Data) -> Image:
    colors = png_colors.read_colors(data)
    if colors is None or (get_profile(image) and not colors.outranks_profile):
        return image
    return tag_image(_widen(image) if colors.is_narrow else image, colors.tag)


def _widen(image: Image) -> Image:
    bits = BITS[image.format]
    scale = 1 << bits - BITS["uchar"]
    table = _stretch(bits, NARROW_BLACK * scale, NARROW_WHITE * scale)
    return apply_to_colors(image, lambda colors: _map(colors, table))


def _fill_depth(image: Image) -> Image:
    """Return an AVIF with white at the highest level: libvips shifts 10 and 12 bits to 16."""
    bits = get_int(image, "bits-per-sample", DEEP)
    if BITS[image.format] < DEEP or bits >= DEEP:
        return image
    return _map(image, _stretch(DEEP, 0, (1 << DEEP) - (1 << DEEP - bits)))


def _map(image: Image, table: Image) -> Image:
    return image.maplut(table).copy(interpretation=image.interpretation)


@cache
def _stretch(bits: int, black: int, white: int) -> Image:
    """Return a table of levels in which these two are the lowest and the highest."""
    levels = Image.identity(ushort=bits == DEEP)
    stretched = (levels - black) * ((2**bits - 1) / (white - black))
    return stretched.rint().cast(levels.format).copy_memory()
