"""Why a child process ended."""

import asyncio
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from imagemill.errors import Unavailable
from imagemill.imaging.errors import DecoderCrashed, EngineBug, OutOfMemory, TimedOut


class ExitReason(StrEnum):
    """The causes, as operators count them. Only the first is part of a good day."""

    RETIRED = "retired"  # it has had its share of jobs, or of CPU time
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    FAILED = "failed"  # a bug of ours
    CANCELED = "canceled"  # nobody wants its job any more
    UNAVAILABLE = "unavailable"  # the disk for outputs failed
    DIED = "died"  # between two jobs


CAUSES: Final = MappingProxyType(
    {
        TimedOut: ExitReason.TIMED_OUT,
        DecoderCrashed: ExitReason.CRASHED,
        OutOfMemory: ExitReason.OUT_OF_MEMORY,
        EngineBug: ExitReason.FAILED,
        asyncio.CancelledError: ExitReason.CANCELED,
        Unavailable: ExitReason.UNAVAILABLE,
    }
)


def exit_of(failure: BaseException) -> ExitReason:
    """Return why a child is dead whose job came to this end."""
    causes = (cause for kind, cause in CAUSES.items() if isinstance(failure, kind))
    return next(causes, ExitReason.FAILED)
