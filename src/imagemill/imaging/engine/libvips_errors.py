"""What libvips says when it fails, turned into our own errors.

libvips gives no error numbers, only text. What it says of disk and memory comes first, since that
is no fault of the picture, whoever was at work.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imagemill.errors import ServiceError
from imagemill.imaging.errors import InvalidImage, OutOfMemory, ScratchFull, TooLarge
from imagemill.imaging.libvips import VipsError, read_warnings

# strerror's words, in the locale that children run in.
DISK_FAILED: Final = (
    "no space left on device",
    "disk quota exceeded",
    "input/output error",
    "stale file handle",
)
# libjpeg's words where entropy-coded data ends early or makes no sense.
DAMAGED: Final = ("premature end of data segment", "bad Huffman code", "bad arithmetic code")

FILE_TOO_LARGE: Final = "file too large"

# The encoders of WebP and AVIF give no reason, or one of many; a picture of lawful size fails in
# them for want of memory.
NO_MEMORY: Final = (
    "out of memory",
    "insufficient memory",
    "cannot allocate memory",
    "error creating thread",  # its stack found no room
    "webpsave:",
    "encoder plugin generated an error",
)

# What begins like this comes from the system and never from a decoder.
NOT_THE_PICTURE: Final = ("system error:", "glib:")


@contextmanager
def translate_decode_errors() -> Iterator[None]:
    """Raise what `encoding` does, and InvalidImage for whatever else libvips meets.

    Also when it went on after a warning that means damage, filling what was missing with grey.
    """
    try:
        with translate_encode_errors():
            yield
    except VipsError as error:
        if any(sign in str(error) for sign in NOT_THE_PICTURE):
            raise
        raise InvalidImage(f"The picture cannot be decoded: {_find_reason(str(error))}.") from error
    damage = next((sign for sign in DAMAGED if sign in read_warnings()), None)
    if damage:
        raise InvalidImage(f"The picture cannot be decoded: {damage}.")


@contextmanager
def translate_encode_errors() -> Iterator[None]:
    """Raise ScratchFull, TooLarge or OutOfMemory where libvips or the system says so.

    The rest is a bug.
    """
    try:
        yield
    except (VipsError, OSError) as error:
        known = _recognize(str(error).lower())
        if known is None:
            raise
        raise known from error
    except MemoryError as error:
        raise _out_of_memory() from error


def _recognize(text: str) -> ServiceError | None:
    for sign in DISK_FAILED:
        if sign in text:
            return ScratchFull(f"The disk for outputs failed: {sign}.")
    if FILE_TOO_LARGE in text:
        return TooLarge("An output has more bytes than a file may have.")
    if any(sign in text for sign in NO_MEMORY):
        return _out_of_memory()
    return None


def _out_of_memory() -> OutOfMemory:
    return OutOfMemory("The picture needs more memory than a job may use.")


def _find_reason(text: str) -> str:
    """Return the last line that names no path, which is the decoder's own."""
    lines = [line.strip().rstrip(".") for line in text.splitlines()[1:]]
    told = [line for line in lines if line and "/" not in line]
    return told[-1] if told else "its data is damaged"
