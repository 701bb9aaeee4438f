"""The density that a file states: pixels per length, or nothing.

It is read from the file's own bytes, since libvips has 72 per inch, or 1 per millimetre, where a
file states none. Data is untrusted; what cannot be read states none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import error, unpack, unpack_from
from types import MappingProxyType
from typing import Final

from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import JPEG, PNG, TIFF, Format
from imagemill.imaging.metadata.rights.exif import PREFIX
from imagemill.imaging.metadata.tag_directory import read_values
from imagemill.imaging.png_chunks import PIXELS, iter_chunks

MM_AN_INCH: Final = 25.4
MM_A_METER: Final = 1000

# Per millimetre: one pixel an inch, and more than any device has.
MIN_DENSITY: Final = 1 / MM_AN_INCH
MAX_DENSITY: Final = 100_000

# W3C PNG (third edition), 11.3.4.3: two densities per unit, and whether that is the metre.
PHYSICAL: Final = b"pHYs"
METER: Final = 1

# ITU-T T.871, 10.1: the segment after the start of the image, its version left out.
JFIF: Final = b"\xff\xd8\xff\xe0"
JFIF_NAME: Final = b"JFIF\0"
JFIF_NAME_AT: Final = 6
JFIF_DENSITY_AT: Final = 13
JFIF_UNITS: Final[Mapping[int, float]] = MappingProxyType({1: MM_AN_INCH, 2: 10})

# TIFF 6.0, section 8, and CIPA DC-008, 4.6.4, for EXIF.
X_RESOLUTION: Final = 282
Y_RESOLUTION: Final = 283
RESOLUTION_UNIT: Final = 296
RESOLUTION_TAGS: Final = frozenset({X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT})
RATIONAL_BYTES: Final = 8
TIFF_UNITS: Final[Mapping[int, float]] = MappingProxyType({2: MM_AN_INCH, 3: 10})
DEFAULT_UNIT: Final = 2


@dataclass(frozen=True, slots=True)
class Density:
    """Pixels per millimetre, across and down."""

    x: float
    y: float

    @property
    def per_inch(self) -> int:
        return round(self.x * MM_AN_INCH)


def read_density(data: Data, format_: Format, exif: bytes) -> Density | None:
    """Return what the file states, or else its EXIF block, which may be empty."""
    stated = None
    try:
        if format_ is PNG:
            stated = _read_png(data)
        elif format_ is JPEG:
            stated = _read_jfif(data)
        elif format_ is TIFF:
            stated = _read_tags(data)
        return stated or _read_tags(exif.removeprefix(PREFIX))
    except error:  # the data ends in the middle of it
        return None


def _read_png(png: Data) -> Density | None:
    for chunk in iter_chunks(png):
        if chunk.kind == PIXELS:
            break
        if chunk.kind == PHYSICAL:
            x, y, unit = unpack_from(">IIB", png, chunk.content)
            return _to_density(x, y, MM_A_METER) if unit == METER else None
    return None


def _read_jfif(jpeg: Data) -> Density | None:
    name = jpeg[JFIF_NAME_AT : JFIF_NAME_AT + len(JFIF_NAME)]
    if jpeg[: len(JFIF)] != JFIF or name != JFIF_NAME:
        return None
    unit, x, y = unpack_from(">BHH", jpeg, JFIF_DENSITY_AT)
    return _to_density(x, y, JFIF_UNITS.get(unit))


def _read_tags(tiff: Data) -> Density | None:
    values = read_values(tiff, RESOLUTION_TAGS, RATIONAL_BYTES)
    order = "<" if tiff[:2] == b"II" else ">"
    x = _read_ratio(order, values.get(X_RESOLUTION, b""))
    y = _read_ratio(order, values.get(Y_RESOLUTION, b"")) or x
    unit = values.get(RESOLUTION_UNIT, b"")[:2]
    number = unpack(order + "H", unit)[0] if unit else DEFAULT_UNIT
    return _to_density(x, y, TIFF_UNITS.get(number))


def _read_ratio(order: str, value: bytes) -> float:
    if len(value) < RATIONAL_BYTES:
        return 0.0
    above, below = unpack(order + "II", value)
    return float(above / below) if below else 0.0


def _to_density(x: float, y: float, unit: float | None) -> Density | None:
    """Return densities per unit, which is given in millimetres, if both are plausible."""
    if unit is None:
        return None
    density = Density(x / unit, y / unit)
    is_plausible = all(MIN_DENSITY <= one <= MAX_DENSITY for one in (density.x, density.y))
    return density if is_plausible else None
