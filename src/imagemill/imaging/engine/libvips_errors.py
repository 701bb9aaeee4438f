"""Translation of libvips' errors into imagemill's, by their text: libvips has no error numbers.

Messages about disk and memory are looked for first, since they are no fault of the picture.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imagemill.errors import ServiceError
from imagemill.imaging.errors import InvalidImage, OutOfMemory, ScratchFull, TooLarge
from imagemill.imaging.libvips import VipsError, read_warnings

# strerror's messages, in the locale of image processes.
DISK_FAILED: Final = (
    "no space left on device",
    "disk quota exceeded",
    "input/output error",
    "stale file handle",
)
# libjpeg's messages when entropy-coded data ends early or is malformed.
DAMAGED: Final = ("premature end of data segment", "bad Huffman code", "bad arithmetic code")

FILE_TOO_LARGE: Final = "file too large"

# The encoders of WebP and AVIF give no reason, or one of many; the only one for which a picture
# within the limits fails in them is memory.
NO_MEMORY: Final = (
    "out of memory",
    "insufficient memory",
    "cannot allocate memory",
    "error creating thread",  # no memory for its stack
    "webpsave:",
    "encoder plugin generated an error",
)

# These messages come from the operating system and never from a decoder.
NOT_THE_PICTURE: Final = ("system error:", "glib:")


@contextmanager
def translate_decode_errors() -> Iterator[None]:
    """Raise what `translate_encode_errors` does, and InvalidImage for libvips' other errors.

    InvalidImage is raised too after a warning that means damage, when libvips went on and filled
    the missing part with grey.
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
    """Raise ScratchFull, TooLarge or OutOfMemory when libvips or the system reports it.

    Other errors are bugs and pass unchanged.
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
    """Return the last line that names no path, which is the decoder's own message."""
    lines = [line.strip().rstrip(".") for line in text.splitlines()[1:]]
    messages = [line for line in lines if line and "/" not in line]
    return messages[-1] if messages else "its data is damaged"
