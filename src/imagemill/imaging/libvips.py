"""The one door to libvips: set up for strangers' pictures before anything is opened.

pyvips publishes no types, so to the type checker `Image` and its kin are Any.
"""

from pyvips import Error as VipsError
from pyvips import (
    GValue,
    Image,
    Interpolate,
    Source,
    Target,
    cache_set_max,
    ffi,
    operation_block_set,
    vips_lib,
)

from imagemill.imaging.formats import INPUTS

__all__ = [
    "GValue",
    "Image",
    "Interpolate",
    "Source",
    "Target",
    "VipsError",
    "clear_warnings",
    "get_int",
    "read_warnings",
]

# libvips knows dozens of loaders, many of them not written for hostile files. Those of our formats
# are fuzzed, and the only ones that can be reached, whatever a file says it is.
operation_block_set("VipsForeignLoad", state=True)
for format_ in INPUTS.values():
    if format_.loader_class is not None:
        operation_block_set(format_.loader_class, state=False)

# The cache of operations would keep one client's picture in memory while the next one's is read.
cache_set_max(0)


def get_int(image: Image, name: str, default: int) -> int:
    """Return a number from the image's metadata, or the default when it has none of this name."""
    return int(image.get(name)) if image.get_typeof(name) else default


def read_warnings() -> str:
    """Return what libvips noted since the last error, or since its notes were dropped."""
    return bytes(ffi.string(vips_lib.vips_error_buffer())).decode(errors="replace")


def clear_warnings() -> None:
    """Drop the notes, which else would come out with the next picture's error."""
    vips_lib.vips_error_clear()
