"""The only import of pyvips: libvips, configured for untrusted files before any is opened.

pyvips publishes no types, so to the type checker its classes are Any.
"""

from collections.abc import Sequence

from pyvips import Error as VipsError
from pyvips import (
    GValue,
    Image,
    Interpolate,
    Source,
    SourceCustom,
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
    "SourceCustom",
    "Target",
    "VipsError",
    "clear_warnings",
    "get_int",
    "get_references",
    "keep_alive",
    "take_warnings",
]

# libvips has dozens of loaders, many of them not written for hostile files. Those of our formats
# are fuzzed; all others are blocked, whatever a file claims to be.
operation_block_set("VipsForeignLoad", state=True)
for format_ in INPUTS.values():
    if format_.loader_class is not None:
        operation_block_set(format_.loader_class, state=False)

# Of JPEGs with a gain map, for outputs that keep it.
operation_block_set("VipsForeignLoadUhdr", state=False)

# The operation cache would keep one client's picture in memory while the next one's is read.
cache_set_max(0)


def get_int(image: Image, name: str, default: int) -> int:
    """Return an integer of the image's metadata, or the default when the name is not there."""
    return int(image.get(name)) if image.get_typeof(name) else default


def keep_alive(image: Image, *objects: object) -> None:
    """Keep what the image is read from as long as the image or one made of it."""
    image._references.extend(objects)  # noqa: SLF001 - pyvips does so itself, in new_from_source


def get_references(image: Image) -> Sequence[object]:
    """Return what `keep_alive` was called with for the image and those that it is made of."""
    return tuple(image._references)  # noqa: SLF001 - as above


# Messages that pyvips has cleared since they were last taken.
_cleared: list[str] = []


def take_warnings() -> str:
    """Return what libvips said since the last call, warnings of decoders included, and forget it.

    So an animation of many frames has no message searched twice.
    """
    warnings = "".join(_cleared) + _read_buffer()
    clear_warnings()
    return warnings


def clear_warnings() -> None:
    """Forget all messages, which would be part of the next picture's error."""
    _cleared.clear()
    vips_lib.vips_error_clear()


def _read_buffer() -> str:
    return bytes(ffi.string(vips_lib.vips_error_buffer())).decode(errors="replace")


def _keep_cleared_warnings() -> None:
    """Keep what pyvips clears: whenever it looks a method up, it makes an error and drops it."""
    make_error = VipsError.__init__

    def keep_and_make_error(error: Exception, message: str, detail: str | None = None) -> None:
        if text := _read_buffer():
            _cleared.append(text)
        make_error(error, message, detail)

    VipsError.__init__ = keep_and_make_error


_keep_cleared_warnings()
