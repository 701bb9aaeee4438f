"""Proves that a format works here: a sample is drawn, encoded, and decoded to its last pixel.

A library may open a file and yet fail at its pixels, so only this shows what can be promised.
"""

from typing import Final

from imagemill.imaging.encode import encode
from imagemill.imaging.errors import ImagingError
from imagemill.imaging.formats import FORMATS, FormatName
from imagemill.imaging.header import load
from imagemill.imaging.libvips import Image, Source, Target, VipsError
from imagemill.imaging.pipeline import Output
from imagemill.imaging.protocol import Proved

SIDE: Final = 64

# Mean difference of 255 a channel. Lossy encoders stay near 2 on a smooth picture, GIF's
# 256 colours at 3.4; a wrong channel or a shifted row is far above.
TOLERANCE: Final = 4


def prove(name: FormatName) -> Proved:
    format_ = FORMATS[name]
    sample = _sample()
    try:
        target = Target.new_to_memory()
        encode(sample, target, Output(format=name), format_)
        data = target.get("blob")
    except VipsError:
        return Proved(encodes=False, decodes=False)
    try:
        decoded = load(Source.new_from_memory(data), format_)
        decodes = (decoded - sample).abs().avg() < TOLERANCE
    except (ImagingError, VipsError):
        decodes = False
    return Proved(encodes=True, decodes=decodes)


def _sample() -> Image:
    """Draw a gradient: red from left to right, green from top to bottom, half blue."""
    ramps = Image.xyz(SIDE, SIDE) * (255 / SIDE)
    return ramps.bandjoin(127).cast("uchar").copy(interpretation="srgb")
