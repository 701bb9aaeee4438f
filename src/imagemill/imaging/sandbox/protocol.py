"""Protocol between the sandbox and its image processes: JSON in length-prefixed frames.

They go over a Unix socket. A request to render comes with descriptors: the input, open for reading,
and an empty file for each output. The reply is followed by the bytes of those outputs that are
small enough; larger ones stay in their files. So an image process needs no path of a job.

An image process decodes untrusted files, so its replies are untrusted too: `replies.py` validates
them. This module is free of pydantic, as is all that an image process loads.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from imagemill.errors import ServiceError
from imagemill.imaging.errors import (
    DoesNotFit,
    InvalidImage,
    OutOfMemory,
    ScratchFull,
    TooLarge,
    UnsupportedFormat,
)
from imagemill.imaging.spec.bounds import MAX_OUTPUTS

# A frame is the length of its body, 4 bytes in big-endian order, and the body.
LENGTH_BYTES: Final = 4
MAX_FRAME_BYTES: Final = 256 * 1024

# The input and the outputs.
MAX_DESCRIPTORS: Final = 1 + MAX_OUTPUTS

# Characters of an error's message, or of the end of a traceback.
MAX_DETAIL_LENGTH: Final = 10_000

FailureCode = Literal[
    "invalid_image",
    "unsupported_format",
    "too_large",
    "does_not_fit",
    "out_of_memory",
    "scratch_full",
    "bug",
]

# Any other error is a bug.
ERRORS: Final[Mapping[FailureCode, type[ServiceError]]] = MappingProxyType(
    {
        "invalid_image": InvalidImage,
        "unsupported_format": UnsupportedFormat,
        "too_large": TooLarge,
        "does_not_fit": DoesNotFit,
        "out_of_memory": OutOfMemory,
        "scratch_full": ScratchFull,
    }
)


def encode_frame(body: str) -> bytes:
    """Return a message's JSON as a frame."""
    data = body.encode()
    return len(data).to_bytes(LENGTH_BYTES) + data
