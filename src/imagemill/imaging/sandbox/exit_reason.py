"""Why an image process ended: exit status, its job's error, and the reason that is counted.

| exit status, or event              | error of its job | reason              |
|------------------------------------|------------------|---------------------|
| SIGKILL, or stderr says "no memory"| `OutOfMemory`    | `out_of_memory`     |
| SIGXCPU, or the time limit         | `TimedOut`       | `timed_out`         |
| any other, or an invalid reply     | `DecoderCrashed` | `crashed`           |
| killed: the engine has a bug       | `EngineBug`      | `failed`            |
| killed: its job was canceled       | `CancelledError` | `canceled`          |
| killed: the scratch disk failed    | `ScratchFull`    | `unavailable`       |
| killed: it reached its maximum     | none             | `retired`           |
| any, between two jobs              | none             | `exited_while_idle` |

`error_for_exit` is the step to the second column, `reason_for` that to the third. The error's
`code` is what the job shows to its client.
"""

import asyncio
import signal
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from imagemill.errors import Unavailable
from imagemill.imaging.errors import (
    DecoderCrashed,
    EngineBug,
    ImageProcessFailed,
    OutOfMemory,
    TimedOut,
)

# glib and the C++ runtime abort the process when an allocation fails, with one of these on stderr.
OUT_OF_MEMORY_SIGNS: Final = (
    "failed to allocate",
    "bad_alloc",
    "MemoryError",
    "Cannot allocate memory",
)


class ExitReason(StrEnum):
    """Values of the label `reason` of `imagemill_image_process_exits_total`."""

    RETIRED = "retired"  # it reached its maximum of jobs, or half of its CPU time
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    OUT_OF_MEMORY = "out_of_memory"
    FAILED = "failed"  # the engine has a bug
    CANCELED = "canceled"  # its job was canceled
    UNAVAILABLE = "unavailable"  # the scratch disk failed
    EXITED_WHILE_IDLE = "exited_while_idle"


REASONS: Final = MappingProxyType(
    {
        TimedOut: ExitReason.TIMED_OUT,
        DecoderCrashed: ExitReason.CRASHED,
        OutOfMemory: ExitReason.OUT_OF_MEMORY,
        EngineBug: ExitReason.FAILED,
        asyncio.CancelledError: ExitReason.CANCELED,
        Unavailable: ExitReason.UNAVAILABLE,
    }
)


def error_for_exit(status: int | None, stderr: str) -> ImageProcessFailed:
    """Return the error of the job whose image process ended before it replied.

    `status` is negative for a signal, None when the process closed its pipes but did not exit;
    `stderr` is the end of what it wrote there.
    """
    if status == -signal.SIGXCPU:
        return TimedOut("Rendering exceeded the CPU time of a job.")
    if status == -signal.SIGKILL or any(sign in stderr for sign in OUT_OF_MEMORY_SIGNS):
        return OutOfMemory("The decoder reached its memory limit.")
    if status is None:
        return DecoderCrashed("The decoder closed its pipes without a reply.")
    if status < 0:
        return DecoderCrashed(f"The decoder ended with {_signal_name(-status)}.")
    return DecoderCrashed(f"The decoder ended with exit status {status}.")


def reason_for(error: BaseException) -> ExitReason:
    """Return why an image process ended whose job failed with this error."""
    reasons = (reason for kind, reason in REASONS.items() if isinstance(error, kind))
    return next(reasons, ExitReason.FAILED)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
