"""Which layouts are taken. All others are refused: they would come out wrong, black or invisible.

Every layout that passes is decoded in `tests/imaging/engine/test_tiff_*.py`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from imagemill.imaging.engine.decoders.tiff.layout import (
    COLORS,
    GREYS,
    JPEG,
    LAB_KINDS,
    MAX_SAMPLES,
    Layout,
    Photometric,
    SampleFormat,
)
from imagemill.imaging.errors import UnsupportedFormat

INSTEAD: Final = "Save it as a TIFF in RGB with 8 or 16 bits and LZW or deflate, or as a PNG."

# None, CCITT's three, LZW, JPEG, deflate under both its numbers, PackBits, WebP.
COMPRESSIONS: Final = frozenset({1, 2, 3, 4, 5, JPEG, 8, 32773, 32946, 50001})

# Sources: the registry of tags and compressions in libtiff's documentation, and ExifTool's.
COMPRESSION_NAMES: Final = MappingProxyType(
    {
        6: "old-style JPEG",
        9: "JBIG",
        10: "JBIG",
        22610: "JPEG XR",
        32766: "NeXT",
        32809: "ThunderScan",
        32908: "PixarFilm",
        32909: "PixarLog",
        32947: "Kodak DCS",
        33003: "JPEG 2000",
        33004: "JPEG 2000",
        33005: "JPEG 2000",
        34661: "JBIG",
        34663: "JBIG2",
        34676: "LogLuv",
        34677: "LogLuv",
        34712: "JPEG 2000",
        34887: "LERC",
        34925: "LZMA",
        34926: "Zstandard",
        34933: "PNG",
        34934: "JPEG XR",
        50000: "Zstandard",
        50002: "JPEG XL",
        52546: "JPEG XL",
    }
)
PHOTOMETRIC_NAMES: Final = MappingProxyType(
    {
        4: "a transparency mask",
        10: "ITU Lab",
        32844: "LogL",
        32845: "LogLuv",
        51177: "a depth map",
    }
)

NUMBERS: Final[Mapping[int, str]] = {
    SampleFormat.UNSIGNED: "integers",
    SampleFormat.SIGNED: "signed integers",
    SampleFormat.FLOAT: "floating-point numbers",
}

BITS: Final[Mapping[int, frozenset[int]]] = MappingProxyType(
    {
        Photometric.MIN_IS_BLACK: frozenset({1, 2, 4, 8, 16, 32}),
        # Programs disagree on which end of the numbers is white where they have 32 bits.
        Photometric.MIN_IS_WHITE: frozenset({1, 2, 4, 8, 16}),
        Photometric.PALETTE: frozenset({1, 2, 4, 8, 16}),
        Photometric.RGB: frozenset({8, 16, 32}),
        Photometric.SEPARATED: frozenset({8, 16, 32}),
        Photometric.YCBCR: frozenset({8}),
        Photometric.CIE_LAB: frozenset({8, 16}),
        Photometric.ICC_LAB: frozenset({8, 16}),
    }
)
FLOAT_BITS: Final = frozenset({16, 32})
WITH_FLOATS: Final = frozenset({Photometric.MIN_IS_BLACK, Photometric.RGB, Photometric.SEPARATED})
BYTE: Final = 8
WORD: Final = 16


def check_supported(layout: Layout) -> None:
    """Raise UnsupportedFormat, with the reason, unless pictures of this layout come out right."""
    reason = (
        _find_unknown_kind(layout)
        or _find_unknown_depth(layout)
        or _find_unknown_arrangement(layout)
        or _find_unknown_extras(layout)
    )
    if reason:
        raise UnsupportedFormat(f"The TIFF cannot be opened: {reason}. {INSTEAD}")


def _find_unknown_kind(layout: Layout) -> str | None:
    if layout.compression not in COMPRESSIONS:
        name = COMPRESSION_NAMES.get(layout.compression, f"method {layout.compression}")
        return f"it is compressed with {name}, which is not supported"
    if layout.photometric not in COLORS:
        name = PHOTOMETRIC_NAMES.get(layout.photometric, f"of kind {layout.photometric}")
        return f"its pixels are {name}, which is not supported"
    if layout.photometric == Photometric.SEPARATED and not layout.is_cmyk:
        return "its inks are others than cyan, magenta, yellow and black"
    if layout.samples < COLORS[layout.photometric]:
        return f"its pixels have {layout.samples} samples, too few for its kind"
    if layout.samples > MAX_SAMPLES:
        return f"its pixels have {layout.samples} samples, more than {MAX_SAMPLES}"
    return None


def _find_unknown_depth(layout: Layout) -> str | None:
    kind, bits, format_ = layout.photometric, layout.bits, layout.sample_format
    match format_:
        case SampleFormat.FLOAT:
            known = FLOAT_BITS if kind in WITH_FLOATS else frozenset[int]()
        case SampleFormat.SIGNED if kind not in LAB_KINDS:  # its a and b have signs
            known = frozenset[int]()
        case SampleFormat.UNSIGNED | SampleFormat.SIGNED:
            known = BITS[kind]
        case _:
            return "its samples are complex numbers"
    if bits in known:
        return None
    return f"its samples are {NUMBERS[format_]} of {bits} bits, which is not supported for its kind"


def _find_unknown_arrangement(layout: Layout) -> str | None:
    if layout.has_planes and layout.has_tiles:
        return "its channels are stored separately and in tiles"
    if layout.bits < BYTE and layout.samples > 1:
        return f"its pixels have {layout.samples} samples of {layout.bits} bits"
    # JPEG's decoder converts YCbCr, libvips what is subsampled; the rest would be shown as RGB.
    is_converted = layout.compression == JPEG or (layout.is_subsampled and not layout.has_planes)
    if layout.photometric == Photometric.YCBCR and not is_converted:
        return "it has YCbCr without JPEG compression"
    return None


def _find_unknown_extras(layout: Layout) -> str | None:
    kind = layout.photometric
    if layout.extras and kind in {Photometric.PALETTE, Photometric.YCBCR}:
        return "it has a palette or YCbCr with further channels"
    if kind in GREYS and len(layout.extras) > 1 and not any(layout.extras):
        return f"it has {layout.samples} channels, of which none is said to be a colour or alpha"
    if layout.is_premultiplied and not _divides_by_alpha(layout):
        return "its alpha is associated, which is not supported for its kind and depth"
    return None


def _divides_by_alpha(layout: Layout) -> bool:
    """Return whether libvips divides by associated alpha with its right maximum."""
    if layout.photometric == Photometric.RGB and layout.sample_format == SampleFormat.FLOAT:
        return True
    if layout.sample_format == SampleFormat.FLOAT or layout.photometric in LAB_KINDS:
        return False
    if layout.photometric == Photometric.SEPARATED:
        return layout.bits == BYTE
    return layout.bits in {BYTE, WORD}
