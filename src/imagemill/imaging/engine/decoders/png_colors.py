"""What a PNG's chunks say of its colours, besides a profile, which libvips reads.

Source: W3C PNG, third edition, 4.3 (precedence), 11.3.2.1 (cHRM), 11.3.2.2 (gAMA), 11.3.2.5 (sRGB)
and 11.3.2.6 (cICP): of the chunks that are understood, the one of highest precedence counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from struct import unpack
from typing import Final

from imagemill.imaging.color.chromaticities import Chromaticities
from imagemill.imaging.color.code_points import BT709, ColorSpaceTag, Curve, Transfer, find_tag
from imagemill.imaging.file_data import Data
from imagemill.imaging.metadata.png_colors import UNITS
from imagemill.imaging.png_chunks import CRC_BYTES, PIXELS, compute_crc, iter_chunks

CICP: Final = b"cICP"
SRGB: Final = b"sRGB"
GAMA: Final = b"gAMA"
CHRM: Final = b"cHRM"
SIZES: Final = {CICP: 4, SRGB: 1, GAMA: 4, CHRM: 32}

# Chunks before the pixels; no real file has as many.
MAX_CHUNKS: Final = 1000

# Of gAMA.
SRGB_GAMA: Final = 45455

# Of 255, an exponent that is off by a hundredth is off by a level, and a chromaticity that is off
# by a thousandth by less.
NEAR_GAMA: Final = 455
NEAR_POINT: Final = 0.001

# Exponents of real files are between 1 and 2.8.
EXPONENTS: Final = (0.2, 5.0)


@dataclass(frozen=True, slots=True)
class PngColors:
    """The tag of a PNG; with `is_narrow`, black is at level 16 and white at 235 of 255.

    `outranks_profile`: the tag counts, even when there is a profile.
    """

    tag: ColorSpaceTag
    outranks_profile: bool = False
    is_narrow: bool = False


def read_colors(data: Data) -> PngColors | None:
    """Return what the chunks say, None when that is nothing, or nothing that is possible."""
    chunks = _read_chunks(data)
    primaries, transfer, matrix, full_range = chunks.get(CICP, bytes(4))
    tag = find_tag(primaries, transfer)
    if tag is not None and matrix == 0 and full_range in {0, 1}:
        return PngColors(tag, outranks_profile=True, is_narrow=not full_range)
    if SRGB in chunks or not chunks.keys() & {GAMA, CHRM}:
        return None
    return PngColors(ColorSpaceTag(_read_chrm(chunks), _read_gama(chunks)))


def _read_chunks(data: Data) -> Mapping[bytes, bytes]:
    """Return the data of the chunks that speak of colours, and are not damaged."""
    found: dict[bytes, bytes] = {}
    for kind, start, end in islice(iter_chunks(data), MAX_CHUNKS):
        if kind == PIXELS:
            break
        if SIZES.get(kind) == end - start and kind not in found:
            content = data[start:end]
            if data[end : end + CRC_BYTES] == compute_crc(kind, content):
                found[kind] = content
    return found


def _read_gama(chunks: Mapping[bytes, bytes]) -> Transfer:
    gama = int.from_bytes(chunks.get(GAMA, b""))
    if abs(gama - SRGB_GAMA) <= NEAR_GAMA or not gama:
        return Curve.SRGB
    exponent = UNITS / gama
    return exponent if EXPONENTS[0] <= exponent <= EXPONENTS[1] else Curve.SRGB


def _read_chrm(chunks: Mapping[bytes, bytes]) -> Chromaticities:
    if CHRM not in chunks:
        return BT709
    wx, wy, rx, ry, gx, gy, bx, by = (n / UNITS for n in unpack(">8I", chunks[CHRM]))
    points = ((rx, ry), (gx, gy), (bx, by), (wx, wy))
    srgb = (BT709.red, BT709.green, BT709.blue, BT709.white)
    distances = (
        abs(a - b)
        for one, other in zip(points, srgb, strict=True)
        for a, b in zip(one, other, strict=True)
    )
    if max(distances) <= NEAR_POINT:
        return BT709
    try:
        return Chromaticities(*points)
    except ValueError:
        return BT709
