"""Opening of files, each with its format's own decoder.

libvips decodes all formats but HEIC, for which `heic` stands in. `buffering` and `gif_blocks` find
out from a file what its decoder does not tell.
"""

from pathlib import Path
from typing import Final

from imagemill.imaging.engine.decoders import heic
from imagemill.imaging.engine.libvips_errors import translate_decode_errors
from imagemill.imaging.formats import HEIC, INPUTS, Format
from imagemill.imaging.libvips import Image, Source

# By the name of the format. HEIC has none.
LOADERS: Final = {
    name: getattr(Image, f"{format_.loader}_source")
    for name, format_ in INPUTS.items()
    if format_.loader is not None
}


def peek(file: Path, format_: Format) -> Image:
    """Open the file for what its header says. The pixels of a HEIC are not there."""
    if format_ is HEIC:
        return heic.peek(file.read_bytes())
    return load(Source.new_from_file(str(file)), format_)


def load(source: Source, format_: Format, **options: str | float) -> Image:
    """Open the source with its format's own loader; pixels flow once, from top to bottom.

    `fail_on` is "error", since many cameras write files that libjpeg warns of and everyone shows.
    The warnings that tell of damage are looked for in `translate_decode_errors`.
    """
    with translate_decode_errors():
        return LOADERS[format_.name](source, access="sequential", fail_on="error", **options)
