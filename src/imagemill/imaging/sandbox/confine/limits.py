"""Limits of what the process may use, which the kernel keeps."""

import os
import resource
import sys
from typing import Final

from imagemill.imaging.sandbox.confine.policy import SandboxPolicy

# The largest output is a PNG of 100 million pixels that does not compress.
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
MAX_OPEN_FILES: Final = 64

STANDARD_ERROR: Final = 2
# What allows more than this, or without limit, has not opened as many.
LAST_FILE: Final = 1 << 20


def close_files_but(*kept: int) -> None:
    """Close every file but these and the three standard ones."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = STANDARD_ERROR + 1
    for descriptor in (*sorted(kept), min(allowed, LAST_FILE)):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1


def set_limits(terms: SandboxPolicy) -> None:
    """Set the limits that hold until the process ends.

    They are those of memory, CPU time, file size and files; and nothing is left of a crash.
    """
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_CPU, terms.cpu_seconds)
    if sys.platform == "linux":  # elsewhere the kernel takes the number and does not heed it
        _limit(resource.RLIMIT_AS, terms.memory_bytes)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (lowest, lowest))
