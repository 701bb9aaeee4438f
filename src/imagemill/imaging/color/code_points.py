"""Coding-independent code points (CICP): numbers that name primaries and a transfer function.

PNG has them in `cICP`, AVIF and HEIC in `nclx`. Source: ITU-T H.273 (07/2024), tables 2 and 3.

A number that is reserved, or 2 ("unspecified"), says nothing. As in browsers, the curves of BT.709
and BT.601 and those like them (6, 7, 11, 12, 14, 15) count as sRGB's: pictures tagged so are graded
on screens of that curve.
"""

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.chromaticities import Chromaticities, Point

D65: Final[Point] = (0.3127, 0.3290)
ILLUMINANT_C: Final[Point] = (0.310, 0.316)

UNSPECIFIED: Final = 2

BT709: Final = Chromaticities((0.640, 0.330), (0.300, 0.600), (0.150, 0.060), D65)
BT2020: Final = Chromaticities((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), D65)
DISPLAY_P3: Final = Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), D65)
SMPTE_C: Final = Chromaticities((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), D65)

PRIMARIES: Final = MappingProxyType(
    {
        1: BT709,
        4: Chromaticities((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), ILLUMINANT_C),
        5: Chromaticities((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), D65),
        6: SMPTE_C,
        7: SMPTE_C,
        8: Chromaticities((0.681, 0.319), (0.243, 0.692), (0.145, 0.049), ILLUMINANT_C),
        9: BT2020,
        10: Chromaticities((1, 0), (0, 1), (0, 0), (1 / 3, 1 / 3)),
        11: Chromaticities((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
        12: DISPLAY_P3,
        22: Chromaticities((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), D65),
    }
)


class Curve(Enum):
    """A transfer function that is no power."""

    SRGB = "sRGB"
    PQ = "PQ"
    HLG = "HLG"
    LOG_2 = "log, 2 decades"
    LOG_2_5 = "log, 2.5 decades"


Transfer = Curve | float
"""A curve, or the exponent of a power function from signal to light."""

TRANSFERS: Final = MappingProxyType[int, Transfer](
    dict.fromkeys((1, 6, 7, 11, 12, 13, 14, 15), Curve.SRGB)
    | {
        4: 2.2,
        5: 2.8,
        8: 1.0,
        9: Curve.LOG_2,
        10: Curve.LOG_2_5,
        16: Curve.PQ,
        17: 2.6,
        18: Curve.HLG,
    }
)


@dataclass(frozen=True, slots=True)
class ColorSpaceTag:
    """What a file says of its colours: chromaticities, and how light follows from the signal.

    `code_points` are the numbers of primaries and transfer, when the file has them.
    """

    chromaticities: Chromaticities
    transfer: Transfer
    code_points: tuple[int, int] | None = None

    @property
    def is_srgb(self) -> bool:
        return self.chromaticities is BT709 and self.transfer is Curve.SRGB

    @property
    def is_hdr(self) -> bool:
        return self.transfer in {Curve.PQ, Curve.HLG}


def find_tag(primaries: int, transfer: int) -> ColorSpaceTag | None:
    """Return what the code points mean, None when they say nothing.

    When one of them says nothing, it counts as sRGB's.
    """
    if primaries not in PRIMARIES and transfer not in TRANSFERS:
        return None
    return ColorSpaceTag(
        PRIMARIES.get(primaries, BT709),
        TRANSFERS.get(transfer, Curve.SRGB),
        (primaries if primaries in PRIMARIES else 1, transfer if transfer in TRANSFERS else 13),
    )
