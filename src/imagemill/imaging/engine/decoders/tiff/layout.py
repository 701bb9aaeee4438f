"""How the first page of a TIFF stores its pixels, read from its tags.

Sources: TIFF 6.0; Adobe PageMaker 6.0 TIFF Technical Notes (ICCLab is its kind 9); the
documentation of libtiff for private kinds and compressions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from imagemill.imaging.color.code_points import D65
from imagemill.imaging.file_data import Data
from imagemill.imaging.metadata.tag_directory import Directory, read_directory


class Tag(IntEnum):
    """Tags of a page."""

    BITS_PER_SAMPLE = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    ORIENTATION = 274
    SAMPLES_PER_PIXEL = 277
    PLANAR_CONFIGURATION = 284
    WHITE_POINT = 318
    TILE_WIDTH = 322
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    YCBCR_SUBSAMPLING = 530


class Photometric(IntEnum):
    """What the samples mean: the kinds that are taken."""

    MIN_IS_WHITE = 0
    MIN_IS_BLACK = 1
    RGB = 2
    PALETTE = 3
    SEPARATED = 5
    YCBCR = 6
    CIE_LAB = 8
    ICC_LAB = 9


class SampleFormat(IntEnum):
    """What the bits of a sample are; of unknown ones (4) it is unsigned integers."""

    UNSIGNED = 1
    SIGNED = 2
    FLOAT = 3
    UNDEFINED = 4


class ExtraSample(IntEnum):
    """What a sample beyond the colours is. Colours are multiplied by alpha that is associated."""

    UNSPECIFIED = 0
    ASSOCIATED = 1
    UNASSOCIATED = 2


# Compressions by their numbers.
JPEG: Final = 7

# Of a pixel; a file can say 4 billion, of which nothing may be made a list.
MAX_SAMPLES: Final = 64

# Samples of the colours alone.
COLORS: Final[Mapping[int, int]] = {
    Photometric.MIN_IS_WHITE: 1,
    Photometric.MIN_IS_BLACK: 1,
    Photometric.RGB: 3,
    Photometric.PALETTE: 1,
    Photometric.SEPARATED: 4,
    Photometric.YCBCR: 3,
    Photometric.CIE_LAB: 3,
    Photometric.ICC_LAB: 3,
}
GREYS: Final = frozenset({Photometric.MIN_IS_WHITE, Photometric.MIN_IS_BLACK})
LAB_KINDS: Final = frozenset({Photometric.CIE_LAB, Photometric.ICC_LAB})

PLANES: Final = 2
SQUARE: Final = (1, 1)
DEFAULT_SUBSAMPLING: Final = (2, 2)
CMYK_INKS: Final = 1

# Chromaticity, x and y. Source: CIE 15, table T.3.
D50: Final = (0.3457, 0.3585)
WHITE_TOLERANCE: Final = 0.003


@dataclass(frozen=True, slots=True)
class Layout:
    """The tags that say how pixels are stored. `bits` are those of one sample.

    `photometric` is a number of `Photometric` or of a kind that is not taken. `extras` are the
    samples of a pixel beyond its colours, as `ExtraSample` has them; None for each the file does
    not describe; not all of them where there are more than MAX_SAMPLES. `is_d65`: the white of Lab
    is that of daylight, D65, and not that of prints, D50.
    """

    photometric: int
    compression: int
    bits: int
    sample_format: int
    samples: int
    extras: tuple[int | None, ...]
    has_tiles: bool
    has_planes: bool
    is_subsampled: bool
    is_cmyk: bool
    is_d65: bool

    @property
    def alpha(self) -> int | None:
        """The index of the alpha among a pixel's samples: the extra sample that is said to be it.

        Where none is, it is the first one, as most programs have it.
        """
        if not self.extras:
            return None
        marked = [at for at, extra in enumerate(self.extras) if extra]
        return self.samples - len(self.extras) + (marked[0] if marked else 0)

    @property
    def is_premultiplied(self) -> bool:
        return ExtraSample.ASSOCIATED in self.extras


def read_layout(data: Data) -> Layout | None:
    """Return the layout of the first page; None when the tags do not say enough to be decoded."""
    page = read_directory(data)
    if page is None or page.lost & set(Tag) or not page.read_integers(Tag.PHOTOMETRIC):
        return None
    photometric = page.read_integer(Tag.PHOTOMETRIC, 0)
    samples = page.read_integer(Tag.SAMPLES_PER_PIXEL, 1)
    subsampling = page.read_integers(Tag.YCBCR_SUBSAMPLING, 2) or DEFAULT_SUBSAMPLING
    return Layout(
        photometric=photometric,
        compression=page.read_integer(Tag.COMPRESSION, 1),
        bits=page.read_integer(Tag.BITS_PER_SAMPLE, 1),
        sample_format=_read_sample_format(page),
        samples=samples,
        extras=_read_extras(page, min(samples, MAX_SAMPLES) - COLORS.get(photometric, samples)),
        has_tiles=Tag.TILE_WIDTH in page.entries,
        has_planes=samples > 1 and page.read_integer(Tag.PLANAR_CONFIGURATION, 1) == PLANES,
        is_subsampled=subsampling != SQUARE,
        is_cmyk=page.read_integer(Tag.INK_SET, CMYK_INKS) == CMYK_INKS,
        is_d65=_is_d65(page),
    )


def _read_sample_format(page: Directory) -> int:
    found = page.read_integer(Tag.SAMPLE_FORMAT, SampleFormat.UNSIGNED)
    return SampleFormat.UNSIGNED if found == SampleFormat.UNDEFINED else found


def _read_extras(page: Directory, count: int) -> tuple[int | None, ...]:
    described = page.read_integers(Tag.EXTRA_SAMPLES)
    return tuple(described[at] if at < len(described) else None for at in range(max(0, count)))


def _is_d65(page: Directory) -> bool:
    x, y = page.read_rationals(Tag.WHITE_POINT) or D50
    return abs(x - D65[0]) < WHITE_TOLERANCE and abs(y - D65[1]) < WHITE_TOLERANCE
