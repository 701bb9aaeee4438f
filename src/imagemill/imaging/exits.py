"""Why a child process ended."""

import asyncio
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from imagemill.errors import Unavailable
from imagemill.imaging.errors import DecoderCrashed, EngineBug, OutOfMemory, TimedOut


class Exit(StrEnum):
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
        TimedOut: Exit.TIMED_OUT,
        DecoderCrashed: Exit.CRASHED,
        OutOfMemory: Exit.OUT_OF_MEMORY,
        EngineBug: Exit.FAILED,
        asyncio.CancelledError: Exit.CANCELED,
        Unavailable: Exit.UNAVAILABLE,
    }
)


def exit_of(failure: BaseException) -> Exit:
    """Return why a child is dead whose job came to this end."""
    causes = (cause for kind, cause in CAUSES.items() if isinstance(failure, kind))
    return next(causes, Exit.FAILED)
