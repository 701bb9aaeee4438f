"""Probe of a format: a sample is drawn, encoded, and decoded to its last pixel.

A library may open a file and yet fail to decode its pixels, so that only this shows what works.
"""

from pathlib import Path
from types import MappingProxyType
from typing import Final

from imagemill.imaging.engine.decoders import load
from imagemill.imaging.engine.encode import encode
from imagemill.imaging.errors import ImagingError
from imagemill.imaging.formats import FORMATS, INPUTS, Format, InputName
from imagemill.imaging.libvips import Image, Target, VipsError
from imagemill.imaging.result import FormatSupport
from imagemill.imaging.spec.plain import Output

SIDE: Final = 64

# The drawing in the formats that are never written: as pillow-heif encodes it with quality 70, and
# as Pillow does. Read on import, since a confined image process may be denied other files.
SAMPLES: Final = MappingProxyType(
    {
        name: Path(__file__).parent.joinpath("samples", f"sample{row.extension}").read_bytes()
        for name, row in INPUTS.items()
        if name not in FORMATS
    }
)

# Mean difference of 255 a channel. Lossy encoders stay near 2 on a smooth picture, GIF's
# 256 colours at 3.4; a wrong channel or a shifted row is far above.
TOLERANCE: Final = 4


def probe_format(name: InputName, output: Output | None) -> FormatSupport:
    """Return what works here. The sample is a smooth picture of 64x64 pixels.

    `output` has the defaults of the format, and is None for one that is never written.
    """
    format_ = INPUTS[name]
    if output is None:
        return FormatSupport(encodes=False, decodes=_looks_right(SAMPLES[name], format_))
    try:
        data = _encode_sample(output, format_)
    except (ImagingError, VipsError):
        return FormatSupport(encodes=False, decodes=False)
    return FormatSupport(encodes=True, decodes=_looks_right(data, format_))


def _encode_sample(output: Output, format_: Format) -> bytes:
    target = Target.new_to_memory()
    encode(_draw_sample(), target, output, format_)
    return bytes(target.get("blob"))


def _looks_right(data: bytes, format_: Format) -> bool:
    """Return whether the file is decoded to the sample."""
    try:
        return bool((load(data, format_)[:3] - _draw_sample()).abs().avg() < TOLERANCE)
    except (ImagingError, VipsError):
        return False


def _draw_sample() -> Image:
    """Draw a gradient: red from left to right, green from top to bottom, half blue."""
    ramps = Image.xyz(SIDE, SIDE) * (255 / SIDE)
    return ramps.bandjoin(127).cast("uchar").copy(interpretation="srgb")
