"""ICC profiles that show PQ and HLG as `tone_mapping` does, for formats without another tag.

Readers that know HDR follow the tag `cicp`, others a table, which leads to the colours of SDR and
not back. The profiles are of version 2: in version 4, such a table would have to be lightened for
paper (ICC.1:2022, 6.3.4.3), and not all readers would darken it again. Sources: ICC.1:2001-04,
6.5.7 (lut16Type), 6.5.3 (curveType) and 6.3.4.2 (Lab in 16 bits); ICC.1:2022, 9.2.17 (cicp).
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from itertools import product
from sys import byteorder
from typing import Final

from imagemill.imaging.color.chromaticities import D50
from imagemill.imaging.color.cielab import light_to_lab
from imagemill.imaging.color.code_points import BT709, ColorSpaceTag, Curve
from imagemill.imaging.color.hdr import convert_light, get_peak, to_light
from imagemill.imaging.color.icc_writer import (
    assemble_profile,
    encode_fixed,
    encode_old_text,
    encode_table,
    encode_xyz,
)
from imagemill.imaging.color.tone_mapping import compute_highlight_scale
from imagemill.imaging.libvips import Image

VERSION: Final = b"\2\x40\0\0"

# Points of the table on each side, and of the curves before it.
SIDE: Final = 17
CURVE_POINTS: Final = 1024

# Points lie by equal steps of a sum: of what lightness grey is shown with, and of the signal, whose
# highlights are shown with nearly the same. So greys are off by 1 level of 255 in the mean, and
# colours of up to 2,000 nits by 1.3 in PQ and by 0.5 in HLG; by lightness alone it were 4 and 1.
LIGHTNESS_SHARE: Final = 0.3

MAX_LEVEL: Final = 65535

# In 16 bits, 65280 is an L of 100, and 32768 an a or b of 0; a unit of these has 256.
LAB_SCALE: Final = (652.8, 256, 256)
LAB_ZERO: Final = (0, 32768, 32768)


@cache
def build_hdr_profile(tag: ColorSpaceTag, *, is_gray: bool) -> bytes:
    """Return the profile of a picture that has this tag, whose code points say PQ or HLG."""
    name = f"{Curve(tag.transfer).value}, rendered for SDR"
    tags = {
        b"desc": encode_old_text(b"desc", name),
        b"cprt": encode_old_text(b"text", "No copyright"),
        b"wtpt": encode_xyz(*D50),
    }
    gray = _render(Image.identity(ushort=True), tag)
    if is_gray:
        tags[b"kTRC"] = encode_table(_sample(_to_levels(gray * MAX_LEVEL)))
        return assemble_profile(b"GRAY", tags, version=VERSION)
    primaries, transfer = tag.code_points or (0, 0)
    tags[b"cicp"] = b"cicp\0\0\0\0" + bytes([primaries, transfer, 0, 1])
    tags[b"A2B0"] = _build_table(tag, gray)
    return assemble_profile(b"RGB ", tags, b"scnr", VERSION, b"Lab ")


def _build_table(tag: ColorSpaceTag, gray: Image) -> bytes:
    """Return the way from a signal to Lab; `gray` is the light that its levels have in grey.

    Before the table stands a curve, whose equal steps lie between the points of the table.
    """
    lightness = light_to_lab(gray.bandjoin([gray, gray]), tag.chromaticities)[0] / 100 * MAX_LEVEL
    signal = Image.identity(ushort=True)
    levels = _to_levels(lightness * LIGHTNESS_SHARE + signal * (1 - LIGHTNESS_SHARE))
    nodes = [bisect_left(levels, round(at * MAX_LEVEL / (SIDE - 1))) for at in range(SIDE)]
    signals = array("H", (min(n, MAX_LEVEL) for color in product(nodes, repeat=3) for n in color))
    colors = Image.new_from_memory(signals.tobytes(), SIDE**3, 1, 3, "ushort")
    lab = light_to_lab(_render(colors, tag), tag.chromaticities) * list(LAB_SCALE) + list(LAB_ZERO)
    straight = _pack([0, MAX_LEVEL] * 3)
    shape = bytes([3, 3, SIDE, 0]) + encode_fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    sizes = CURVE_POINTS.to_bytes(2) + (2).to_bytes(2)
    curve = _pack([round(level * MAX_LEVEL) for level in _sample(levels)])
    return b"mft2\0\0\0\0" + shape + sizes + curve * 3 + _pack(_to_levels(lab)) + straight


def _render(colors: Image, tag: ColorSpaceTag) -> Image:
    """Return the light that is shown, as bright as in sRGB, in the primaries of the tag."""
    light = to_light(colors, tag)
    in_srgb = convert_light(light, tag.chromaticities, BT709)
    return light * compute_highlight_scale(in_srgb, get_peak(tag))


def _to_levels(values: Image) -> Sequence[int]:
    return array("H", bytes(values.rint().cast("ushort").write_to_memory()))


def _pack(levels: Sequence[int]) -> bytes:
    packed = array("H", levels)
    if byteorder == "little":
        packed.byteswap()
    return packed.tobytes()


def _sample(levels: Sequence[int]) -> list[float]:
    step = MAX_LEVEL / (CURVE_POINTS - 1)
    return [levels[round(at * step)] / MAX_LEVEL for at in range(CURVE_POINTS)]
