"""What can go wrong with a picture, told apart by what the caller should do.

`Rejected` ones are final: the same picture and pipeline fail again. `ChildFailed` ones came from a
child process that had to be replaced: worth one more try, alone. The messages reach clients, so
they name sizes and limits and never a path of this machine.
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


class ChildFailed(ImagingError):
    """The child process was lost over this picture and has been replaced."""


class TimedOut(ChildFailed):
    """The render was still running when its time was up."""

    code = "timed_out"


class DecoderCrashed(ChildFailed):
    """The child died, or answered what no sound child answers."""

    code = "decoder_crashed"


class OutOfMemory(ChildFailed):
    """The child met its memory limit, or something outside killed it."""

    code = "out_of_memory"


class EngineBug(ImagingError):
    """An exception nobody foresaw. `traceback` is for our log; the message is for the client."""

    code = "internal"

    def __init__(self, traceback: str) -> None:
        super().__init__("Rendering failed inside imagemill; the worker's log says where.")
        self.traceback = traceback


class ScratchFull(Unavailable):
    """The disk that outputs are written to is full or failing; no fault of the picture."""


class ChildDidNotStart(Unavailable):
    """A child process could not be made ready; the message ends with what it said last."""
