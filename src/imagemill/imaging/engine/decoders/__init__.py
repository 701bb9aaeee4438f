"""Opening of files, each with its format's own decoder.

libvips decodes all formats but HEIC, which `heic` decodes. `buffering`, `gif_blocks` and `colors`
find in a file what its decoder does not report; `tiff` does what libvips leaves undone.
"""

from typing import Final

from imagemill.imaging.engine.decoders import heic, tiff
from imagemill.imaging.engine.decoders.colors import complete_colors
from imagemill.imaging.engine.libvips_errors import translate_decode_errors
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import HEIC, INPUTS, TIFF, Format
from imagemill.imaging.libvips import Image, Source, keep_alive

# libvips' operations by the name of the format, for all but HEIC.
LOADERS: Final = {
    name: getattr(Image, f"{format_.loader}_source")
    for name, format_ in INPUTS.items()
    if format_.loader is not None
}


def peek(data: Data, format_: Format) -> Image:
    """Open a file's data to read its header. A HEIC has black pixels."""
    if format_ is HEIC:
        return complete_colors(heic.peek(bytes(data)), data, HEIC)
    return load(data, format_)


def load(data: Data, format_: Format, **options: str | float) -> Image:
    """Open the data with its format's own loader; pixels flow once, from top to bottom.

    Raises InvalidImage when the header is damaged, UnsupportedFormat for a TIFF that is not taken.
    `fail_on` is "error", since many cameras write files that libjpeg warns about and every viewer
    shows. Warnings that mean damage are raised by `translate_decode_errors`.
    """
    if format_ is TIFF:
        return _load_tiff(data)
    return _open(data, format_, **options)


def _load_tiff(data: Data) -> Image:
    layout = tiff.read_layout(data)
    if layout is None:  # libvips says what is wrong
        return _open(data, TIFF)
    tiff.check_supported(layout)
    accepted = tiff.patch(data, layout)
    image = _open(accepted, TIFF)
    keep_alive(image, accepted)
    with translate_decode_errors():
        return tiff.convert(image, layout)


def _open(data: Data, format_: Format, **options: str | float) -> Image:
    with translate_decode_errors():
        source = Source.new_from_memory(data)
        image = LOADERS[format_.name](source, access="sequential", fail_on="error", **options)
    return complete_colors(image, data, format_)


def load_heic(data: Data) -> Image:
    """Decode a HEIC, whose pixels are in memory. Raises what `heic.load` raises."""
    return complete_colors(heic.load(bytes(data)), data, HEIC)
