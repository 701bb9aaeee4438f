"""Opening of files, each with its format's own decoder.

libvips decodes most formats. Those without a loader of libvips have a module here, named after
them in `formats.INPUTS`, with two functions: `peek(data)` returns a black picture with the size,
kind and metadata of the real one, and `load(data, frames)` returns the decoded first frames, one
below the other, in memory. `buffering`, `gif_blocks` and `colors` find in a file what its
decoder does not report; `tiff` does what libvips leaves undone.
"""

from importlib import import_module
from types import MappingProxyType
from typing import Final, Protocol, cast

from imagemill.imaging.engine.decoders import tiff
from imagemill.imaging.engine.decoders.colors import complete_colors
from imagemill.imaging.engine.decoders.jpeg_source import has_left_data, open_jpeg_source
from imagemill.imaging.engine.decoders.png_exif import attach_late_exif
from imagemill.imaging.engine.libvips_errors import DATA_DAMAGED, translate_decode_errors
from imagemill.imaging.errors import InvalidImage
from imagemill.imaging.file_data import Data
from imagemill.imaging.formats import INPUTS, JPEG, PNG, TIFF, Format
from imagemill.imaging.libvips import Image, Source, keep_alive


class Decoder(Protocol):
    """Decodes a format that libvips does not."""

    def peek(self, data: bytes, /) -> Image: ...

    def load(self, data: bytes, frames: int = 1, /) -> Image: ...


# libvips' operations by the name of the format.
LOADERS: Final = {
    name: getattr(Image, f"{format_.loader}_source")
    for name, format_ in INPUTS.items()
    if format_.loader is not None
}

# All are loaded now: a process that has opened a picture may not be allowed to load any more code.
DECODERS: Final = MappingProxyType[str, Decoder](
    {
        name: cast("Decoder", import_module(f"{__name__}.{name}"))
        for name in INPUTS
        if name not in LOADERS
    }
)

# Rows of a JPEG's largest usual blocks, and by how much one row of them may have more data than the
# others have on average.
BLOCK_HEIGHT: Final = 16
UNEVENNESS: Final = 1.25


def peek(data: Data, format_: Format) -> Image:
    """Open a file's data to read its header. Where libvips does not decode, pixels are black."""
    decoder = DECODERS.get(format_.name)
    if decoder is None:
        return load(data, format_)
    return complete_colors(decoder.peek(bytes(data)), data, format_)


def load(data: Data, format_: Format, **options: str | float) -> Image:
    """Open the data with its format's own loader; pixels flow once, from top to bottom.

    Where libvips does not decode, they are in memory, and `n`, the number of frames, is the only
    option. Raises InvalidImage when the header is damaged, UnsupportedFormat for a TIFF that is not
    taken. `fail_on` is "error", since many cameras write files that libjpeg warns about and every
    viewer shows. Warnings that mean damage are raised by `translate_decode_errors`.
    """
    decoder = DECODERS.get(format_.name)
    if decoder is not None:
        loaded = decoder.load(bytes(data), int(options.get("n", 1)))
        return complete_colors(loaded, data, format_)
    if format_ is TIFF:
        return _load_tiff(data)
    return _open(data, format_, **options)


def check_whole(image: Image, height: int, data: Data) -> None:
    """Raise InvalidImage when the decoder of a JPEG of this height had data left at its last row.

    `image` is what was loaded, perhaps shrunk, and its pixels have been read. The last rows may not
    have been needed; so a file with data left is decoded once more, to its end.
    """
    # A height that is not divisible by the factor of a shrink is rounded down, and the last row of
    # blocks is not decoded. To decode all such files twice would cost more than it finds.
    is_rounded = height % max(1, round(height / image.height)) != 0
    unread = round(len(data) * BLOCK_HEIGHT / height * UNEVENNESS) if is_rounded else 0
    if not has_left_data(image, unread):
        return
    again = _open(data, JPEG)
    with translate_decode_errors():
        again.copy_memory()
    if has_left_data(again):
        raise InvalidImage(DATA_DAMAGED)


def _load_tiff(data: Data) -> Image:
    layout = tiff.read_layout(data)
    if layout is None:  # libvips says what is wrong
        return _open(data, TIFF)
    tiff.check_supported(layout)
    accepted = tiff.patch(data, layout)
    image = _open(accepted, TIFF)
    with translate_decode_errors():
        return tiff.convert(image, layout)


def _open(data: Data, format_: Format, **options: str | float) -> Image:
    with translate_decode_errors():
        kept: tuple[Source, object] = (
            open_jpeg_source(data) if format_ is JPEG else (Source.new_from_memory(data), data)
        )
        image = LOADERS[format_.name](kept[0], access="sequential", fail_on="error", **options)
    keep_alive(image, *kept)
    if format_ is PNG:
        image = attach_late_exif(image, data)
    return complete_colors(image, data, format_)
