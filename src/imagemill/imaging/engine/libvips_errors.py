"""Translation of libvips' errors into imagemill's, by their text: libvips has no error numbers.

Messages about disk and memory are looked for first, since they are no fault of the picture.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imagemill.errors import ServiceError
from imagemill.imaging.errors import (
    InvalidImage,
    OutOfMemory,
    ScratchFull,
    TooLarge,
    UnsupportedFormat,
)
from imagemill.imaging.libvips import VipsError, take_warnings

# strerror's messages, in the locale of image processes.
DISK_FAILED: Final = (
    "no space left on device",
    "disk quota exceeded",
    "input/output error",
    "stale file handle",
)
# libjpeg's messages when entropy-coded data ends early or is malformed, or a restart is missed.
DAMAGED: Final = re.compile(
    "premature end of data segment|bad Huffman code|bad arithmetic code|instead of RST"
)
# Its message about bytes that it skipped before a marker. Cameras write some between the parts of a
# file, and fill it up before its end, EOI. Many before a table, a scan or a restart were a scan's.
SKIPPED: Final = re.compile(r"(\d+) extraneous bytes before marker 0x(c4|da|d9|d[0-7])")
END_MARKER: Final = "d9"
MAX_SKIPPED: Final = 16
MAX_SKIPPED_BEFORE_END: Final = 256

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

# libtiff's message about a tag that claims more values than the file has bytes.
DAMAGED_COUNT: Final = "out of memory reading of"

# These messages come from the operating system and never from a decoder.
NOT_THE_PICTURE: Final = ("system error:", "glib:")


# What the libraries say of features that they lack; all else that they say means damage.
UNSUPPORTED: Final = re.compile(
    r"not configured|(?:decoding|coding method) is not implemented|unsupported"
    r"(?! source)|not supported|cannot handle|samples out of range|no decoding plugin",
    re.IGNORECASE,
)
DATA_DAMAGED: Final = "The picture cannot be decoded: its data is damaged or ends early."


def explain_decode_error(text: str) -> InvalidImage | UnsupportedFormat:
    """Return the error for what a decoder's library says, whose words mean nothing to clients."""
    if UNSUPPORTED.search(text):
        return UnsupportedFormat(
            "The picture cannot be opened: it uses a part of its format that is not supported."
            " Save it as a PNG or a baseline JPEG."
        )
    return InvalidImage(DATA_DAMAGED)


@contextmanager
def translate_decode_errors() -> Iterator[None]:
    """Raise what `translate_encode_errors` does, and `explain_decode_error` for other errors.

    InvalidImage is raised too after a warning that means damage, when libvips went on and filled
    the missing part with grey.
    """
    try:
        with translate_encode_errors():
            yield
    except VipsError as error:
        if any(sign in str(error) for sign in NOT_THE_PICTURE):
            raise
        raise explain_decode_error(str(error)) from error
    if _means_damage(take_warnings()):
        raise InvalidImage(DATA_DAMAGED)


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


def _means_damage(warnings: str) -> bool:
    return bool(DAMAGED.search(warnings)) or any(
        int(count) > (MAX_SKIPPED_BEFORE_END if marker == END_MARKER else MAX_SKIPPED)
        for count, marker in SKIPPED.findall(warnings)
    )


def _recognize(text: str) -> ServiceError | None:
    for sign in DISK_FAILED:
        if sign in text:
            return ScratchFull(f"The disk for outputs failed: {sign}.")
    if FILE_TOO_LARGE in text:
        return TooLarge("An output has more bytes than a file may have.")
    if any(sign in text.replace(DAMAGED_COUNT, "") for sign in NO_MEMORY):
        return _out_of_memory()
    return None


def _out_of_memory() -> OutOfMemory:
    return OutOfMemory("The picture needs more memory than a job may use.")
