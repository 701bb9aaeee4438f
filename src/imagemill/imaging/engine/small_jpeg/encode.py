"""Encoding of a small picture: as a plain JPEG by libjpeg-turbo, as anything else by libvips."""

from io import BytesIO
from types import MappingProxyType
from typing import Final

import numpy as np
from PIL import Image

from imagemill.imaging.engine.decoders.libjpeg_turbo import Pixels
from imagemill.imaging.formats import JPEG, Format
from imagemill.imaging.jpeg_segments import START
from imagemill.imaging.libvips import Image as VipsImage
from imagemill.imaging.metadata.write_density import set_density
from imagemill.imaging.spec.plain import Output

# From this quality on, libvips stores colours for each pixel, below for every four.
FULL_COLOR_QUALITY: Final = 90
# Pillow's names for that: 4:4:4 and 4:2:0.
FULL_COLOR: Final = 0
QUARTER_COLOR: Final = 2

# Pillow's and libvips' names for what has so many channels.
MODES: Final = MappingProxyType({1: "L", 3: "RGB"})
INTERPRETATIONS: Final = MappingProxyType({1: "b-w", 3: "srgb"})

APP0_START: Final = b"\xff\xe0"

Image.preinit()  # Pillow would load its encoders when it first writes, which may not be allowed


def is_plain_jpeg(output: Output, format_: Format) -> bool:
    return format_ is JPEG and not output.progressive and output.max_bytes is None


def encode_jpeg(pixels: Pixels, output: Output) -> bytes:
    """Return the file that libvips would write of these pixels, byte for byte."""
    height, width, bands = pixels.shape
    quality = output.quality or JPEG.default_quality or 0
    file = BytesIO()
    rows = np.ascontiguousarray(pixels)
    mode = MODES[bands]
    is_full = quality >= FULL_COLOR_QUALITY or mode == "L"
    Image.frombuffer(mode, (width, height), rows, "raw", mode, 0, 1).save(
        file,
        "JPEG",
        quality=quality,
        subsampling=FULL_COLOR if is_full else QUARTER_COLOR,
    )
    return _without_resolution(file.getvalue())


def to_libvips(pixels: Pixels) -> VipsImage:
    height, width, bands = pixels.shape
    image = VipsImage.new_from_memory(pixels.tobytes(), width, height, bands, "uchar")
    return set_density(image.copy(interpretation=INTERPRETATIONS[bands]), None)


def _without_resolution(data: bytes) -> bytes:
    """Return the file without its first segment, which libvips does not write either."""
    at = len(START)
    if data[at : at + 2] != APP0_START:
        raise ValueError("the JPEG does not begin with APP0")
    return START + data[at + 2 + int.from_bytes(data[at + 2 : at + 4]) :]
