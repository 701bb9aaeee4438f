"""PQ and HLG: light from the signal, and back.

Light is linear, in the primaries of the picture, and relative to diffuse white, which has 203 nits.
Sources: ITU-R BT.2100-3, tables 4 (PQ) and 5 (HLG, on a display of 1,000 nits with a system gamma
of 1.2); ITU-R BT.2408-7, 2.2 (diffuse white).
"""

from functools import cache
from types import MappingProxyType
from typing import Final

from imagemill.imaging.color.chromaticities import Chromaticities
from imagemill.imaging.color.code_points import ColorSpaceTag, Curve
from imagemill.imaging.color.levels import BITS
from imagemill.imaging.libvips import Image

DIFFUSE_WHITE_NITS: Final = 203
# The brightest white of a signal, in nits.
PEAKS: Final = MappingProxyType({Curve.PQ: 10000, Curve.HLG: 1000})

PQ_M1: Final = 2610 / 16384
PQ_M2: Final = 2523 / 4096 * 128
PQ_C1: Final = 3424 / 4096
PQ_C2: Final = 2413 / 4096 * 32
PQ_C3: Final = 2392 / 4096 * 32

HLG_A: Final = 0.17883277
HLG_B: Final = 1 - 4 * HLG_A
HLG_C: Final = 0.55991073
HLG_GAMMA: Final = 1.2


def get_peak(tag: ColorSpaceTag) -> float:
    """Return the light of the brightest white."""
    return _get_peak(_get_curve(tag))


def to_light(colors: Image, tag: ColorSpaceTag) -> Image:
    """Return the light of a signal of 8 or 16 bits, without alpha, as floats."""
    curve = _get_curve(tag)
    light = colors.maplut(_tabulate(curve, BITS[colors.format]))
    if curve is not Curve.HLG:
        return light
    scene = _get_luminance(light, tag)
    return light * scene ** (HLG_GAMMA - 1) * _get_peak(curve)


def convert_light(light: Image, of: Chromaticities, to: Chromaticities) -> Image:
    """Return the light in other primaries, negative where they lack a colour. Grey has none."""
    if light.bands == 1 or of == to:
        return light
    return light.recomb(Image.new_from_array([list(row) for row in of.to(to)]))


def to_signal(light: Image, tag: ColorSpaceTag) -> Image:
    """Return the signal of this light, 0 to 1 as floats; light beyond the peak has the peak's."""
    curve = _get_curve(tag)
    shown = _clip(light / _get_peak(curve))
    if curve is Curve.PQ:
        power = shown**PQ_M1
        return ((power * PQ_C2 + PQ_C1) / (power * PQ_C3 + 1)) ** PQ_M2
    # What luminance is in the scene, to the power of 1.2 it is on the display.
    luminance = _get_luminance(shown, tag)
    scene = _clip((luminance == 0).ifthenelse(0, shown * luminance ** (1 / HLG_GAMMA - 1)))
    bright = (scene * 12 - HLG_B).log() * HLG_A + HLG_C
    return (scene <= 1 / 12).ifthenelse((scene * 3) ** 0.5, bright)


@cache
def _tabulate(curve: Curve, bits: int) -> Image:
    """Return the light of every level: of PQ on the display, of HLG in the scene, 0 to 1."""
    signal = Image.identity(ushort=bits > 8) / (2**bits - 1)  # noqa: PLR2004 - one byte
    if curve is Curve.PQ:
        root = signal ** (1 / PQ_M2)
        above = root - PQ_C1
        power = (above > 0).ifthenelse(above, 0) / (root * -PQ_C3 + PQ_C2)
        light = power ** (1 / PQ_M1) * _get_peak(curve)
    else:
        bright = (((signal - HLG_C) / HLG_A).exp() + HLG_B) / 12
        light = (signal <= 0.5).ifthenelse(signal * signal / 3, bright)  # noqa: PLR2004
    return light.cast("float").copy_memory()


def _get_luminance(light: Image, tag: ColorSpaceTag) -> Image:
    if light.bands == 1:
        return light
    return light.recomb(Image.new_from_array([list(tag.chromaticities.to_xyz()[1])]))


def _clip(light: Image) -> Image:
    positive = (light > 0).ifthenelse(light, 0)
    return (positive < 1).ifthenelse(positive, 1)


def _get_curve(tag: ColorSpaceTag) -> Curve:
    if tag.transfer not in PEAKS:
        raise ValueError(f"{tag} is not HDR")
    return Curve(tag.transfer)


def _get_peak(curve: Curve) -> float:
    return PEAKS[curve] / DIFFUSE_WHITE_NITS
