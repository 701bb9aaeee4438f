"""CPU time limits of an image process: its parent raises the soft limit before each job.

The wall-clock time-out ends a render that takes too long. This limit ends a process that goes on
working after its job has ended, or while its parent is stopped. The kernel counts the time of all
its threads, and sends SIGXCPU at the soft limit.
"""

import math
import resource
import sys
import time
from contextlib import suppress
from datetime import timedelta
from typing import Final

# A decoder and an encoder work in parallel, and use up to two cores for as long as the time-out.
CORES: Final = 2
# An image process may use as much as this many jobs at their limits: enough for hundreds of jobs,
# since most use a thousandth of theirs.
MAX_FULL_JOBS: Final = 20

IS_SUPPORTED: Final = sys.platform == "linux"


def seconds_per_job(time_limit: timedelta) -> int:
    """Return how many CPU seconds a job with this wall-clock limit may use."""
    return math.ceil(CORES * time_limit.total_seconds())


def seconds_per_process(time_limit: timedelta, jobs_per_process: int) -> int:
    """Return the hard limit of an image process in CPU seconds; its start counts as a job."""
    return (min(jobs_per_process, MAX_FULL_JOBS) + 1) * seconds_per_job(time_limit)


def raise_soft_limit(pid: int, seconds: int) -> None:
    """Let the process use this many CPU seconds from now on, but no more than its hard limit."""
    if not IS_SUPPORTED:
        return
    with suppress(OSError):  # it has ended, which its closed pipes will show
        _, hard = resource.prlimit(pid, resource.RLIMIT_CPU)
        soft = math.ceil(_used_seconds(pid)) + seconds
        resource.prlimit(pid, resource.RLIMIT_CPU, (min(soft, hard), hard))


def has_used_half(pid: int) -> bool:
    """Return whether the process is dead or used half of its hard limit.

    The other half is more than any single job may use.
    """
    if not IS_SUPPORTED:
        return False
    try:
        _, hard = resource.prlimit(pid, resource.RLIMIT_CPU)
        return _used_seconds(pid) > hard / 2
    except OSError:
        return True


def _used_seconds(pid: int) -> float:
    # The id of another process's CPU-time clock, computed as clock_getcpuclockid(3) does.
    return time.clock_gettime((~pid << 3) | 2)
