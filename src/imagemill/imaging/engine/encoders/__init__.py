"""The encoders, one module for each format that is written, named after it in `formats.FORMATS`.

A module here has one function, `save(image, target, output, keep)`; `keep` is libvips' word for the
metadata that goes into the file. So a new format is its row there, its module here, and its test.
The defaults were measured on a photo of 6 megapixels, scaled to 1600 and to 320 pixels, on one
core.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Final, Protocol, cast

from imagemill.imaging.formats import FORMATS
from imagemill.imaging.libvips import Image, Target
from imagemill.imaging.spec.plain import Output


class Encoder(Protocol):
    """Writes a picture that its format can hold."""

    def save(self, image: Image, target: Target, output: Output, keep: str, /) -> None: ...


# All are loaded now: a process that has opened a picture may not be allowed to load any more code.
ENCODERS: Final = MappingProxyType[str, Encoder](
    {name: cast("Encoder", import_module(f"{__name__}.{name}")) for name in FORMATS}
)
