"""Resource limits of an image process, set by itself and enforced by the kernel."""

import os
import resource
import sys
from typing import Final

from imagemill.imaging.sandbox.confine.policy import SandboxPolicy

# The largest output is a PNG of 100 million pixels that does not compress.
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
MAX_OPEN_FILES: Final = 64

STANDARD_ERROR: Final = 2
# Where RLIMIT_NOFILE is higher, or unlimited: no process has opened this many.
MAX_DESCRIPTOR: Final = 1 << 20


def close_files_except(*kept: int) -> None:
    """Close every file descriptor but these and the three standard ones."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = STANDARD_ERROR + 1
    for descriptor in (*sorted(kept), min(allowed, MAX_DESCRIPTOR)):
        os.closerange(lowest, descriptor)
        lowest = descriptor + 1


def set_limits(policy: SandboxPolicy) -> None:
    """Limit memory, CPU time, file size and open files, and write no core dumps."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    _limit(resource.RLIMIT_NOFILE, MAX_OPEN_FILES)
    _limit(resource.RLIMIT_CPU, policy.cpu_seconds)
    if sys.platform == "linux":  # elsewhere the kernel accepts the limit and ignores it
        _limit(resource.RLIMIT_AS, policy.memory_bytes)


def _limit(kind: int, value: int) -> None:
    """Set the soft and the hard limit, to no more than the hard limit is now."""
    _, hard = resource.getrlimit(kind)
    limit = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (limit, limit))
