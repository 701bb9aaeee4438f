"""Errors of rendering, by what the caller should do.

`Rejected` is final: the same picture and pipeline fail again. `ImageProcessFailed` means that the
image process was lost: the job can be retried once, while no other job runs. The messages reach
clients, so they name sizes and limits and never a path of this machine.
"""

from typing import ClassVar

from imagemill.errors import Rejected, ServiceError, Unavailable


class ImagingError(ServiceError):
    """A picture could not be rendered; `code` is what the job's `error` shows."""

    code: ClassVar[str]


class InvalidImage(ImagingError, Rejected):
    """Not decodable, truncated, or not what its first bytes say."""

    code = "invalid_image"


class UnsupportedFormat(ImagingError, Rejected):
    """The first bytes are those of no format that is allowed."""

    code = "unsupported_format"


class TooLarge(ImagingError, Rejected):
    """The input or an output has more pixels, frames or bytes, or a longer side, than allowed."""

    code = "too_large"


class DoesNotFit(ImagingError, Rejected):
    """The pipeline is well-formed and cannot be applied to this picture."""

    code = "does_not_fit"


class ImageProcessFailed(ImagingError):
    """The image process was lost during this render; it has been killed and will be replaced."""


class TimedOut(ImageProcessFailed):
    """The render exceeded its time limit, or its limit of CPU time."""

    code = "timed_out"


class DecoderCrashed(ImageProcessFailed):
    """The image process crashed, or sent a reply that fails validation."""

    code = "decoder_crashed"


class OutOfMemory(ImageProcessFailed):
    """The image process reached its memory limit, or was killed from outside."""

    code = "out_of_memory"


class EngineBug(ImagingError):
    """An unforeseen error in the engine. `traceback` is for the log, the message for clients."""

    code = "internal"

    def __init__(self, traceback: str) -> None:
        super().__init__("Rendering failed inside imagemill; the worker's log says where.")
        self.traceback = traceback


class ScratchFull(Unavailable):
    """The disk that outputs are written to is full or failing; no fault of the picture."""


class ImageProcessDidNotStart(Unavailable):
    """An image process could not be started; the message ends with its last lines on stderr."""
