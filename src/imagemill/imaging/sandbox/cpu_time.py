"""The CPU time of a child, granted by its parent a job at a time.

The wall clock ends a render that takes too long. This ends a child that nobody waits for and that
works all the same, and one whose parent was stopped. The kernel counts what all its threads use.
"""

import math
import resource
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

# A decoder and an encoder work side by side: of two cores, all the time that the wall clock gives.
CORES: Final = 2
# A child's life holds so many shares, if it is to have so many jobs: most take a thousandth of one.
SHARES: Final = 20

CAN_GRANT: Final = sys.platform == "linux"


def share(time_limit: timedelta) -> int:
    """Return the CPU seconds of a job with this time limit."""
    return math.ceil(CORES * time_limit.total_seconds())


def lifetime(time_limit: timedelta, jobs_per_child: int) -> int:
    """Return the CPU seconds of a child's whole life; one more share is for its start."""
    return (min(jobs_per_child, SHARES) + 1) * share(time_limit)


def grant(pid: int, seconds: int) -> None:
    """Let the process use so many seconds more, within its lifetime; past them it gets SIGXCPU."""
    if not CAN_GRANT:
        return
    with suppress(OSError):  # it is dead, as who asks it next will learn
        _, most = resource.prlimit(pid, resource.RLIMIT_CPU)
        until = math.ceil(_used(pid)) + seconds
        resource.prlimit(pid, resource.RLIMIT_CPU, (min(until, most), most))


def is_worn(pid: int) -> bool:
    """Whether the process used half of its lifetime; the other half holds any job's share."""
    if not CAN_GRANT:
        return False
    try:
        _, most = resource.prlimit(pid, resource.RLIMIT_CPU)
        return _used(pid) > most / 2
    except OSError:  # it is dead
        return True


def _used(pid: int) -> float:
    # The number of another process's clock, as clock_getcpuclockid(3) makes it.
    return time.clock_gettime((~pid << 3) | 2)
