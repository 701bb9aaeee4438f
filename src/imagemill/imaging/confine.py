"""What a child process gives up before it opens a stranger's picture."""

import ctypes
import os
import resource
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1

# The largest output is a PNG of 100 million pixels that does not compress.
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
MAX_OPEN_FILES: Final = 64


def die_with(parent: int) -> None:
    """Be killed when the parent process ends, and end at once when it already has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent process is gone")


def confine(memory_bytes: int) -> None:
    """Set the limits that hold until the process ends: memory, file size, files, no core dump."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    if sys.platform == "linux":  # elsewhere the kernel takes the number and does not heed it
        _limit(resource.RLIMIT_AS, memory_bytes)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (lowest, lowest))
