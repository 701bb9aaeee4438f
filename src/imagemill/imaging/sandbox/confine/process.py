"""Process attributes of an image process: it dies with its parent, and has no privileges."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

from imagemill.imaging.sandbox.confine.system import call, prctl

PR_SET_PDEATHSIG: Final = 1
PR_SET_DUMPABLE: Final = 4
PR_SET_NO_NEW_PRIVS: Final = 38

LINUX_CAPABILITY_VERSION_3: Final = 0x20080522

# Of 19. At this one, a process has a third of the share of one at 0. A higher one could starve a
# picture until its time is up, on a machine that has other work.
NICENESS: Final = 5

MAX_OOM_SCORE_ADJ: Final = "1000"


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent ends; exit if that has already ended."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        sys.exit("the parent process has ended")


def prefer_for_oom_kill() -> None:
    """Have the kernel kill this process before its parent when memory runs out."""
    with suppress(OSError):  # not on Linux, or /proc is not writable
        Path("/proc/self/oom_score_adj").write_text(MAX_OOM_SCORE_ADJ, encoding="ascii")


def yield_to_services() -> None:
    """Let gateway, worker and servers have the processor first: a picture can wait, they cannot."""
    os.nice(NICENESS)
    with suppress(OSError):  # where the kernel shares the processor between sessions first
        Path("/proc/self/autogroup").write_text(str(NICENESS), encoding="ascii")


def drop_privileges() -> None:
    """Drop all capabilities, gain none again, and close /proc/PID to others of the same user."""
    if sys.platform == "linux":
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        prctl(PR_SET_DUMPABLE, 0)
        _drop_capabilities()


def _drop_capabilities() -> None:
    """Empty the effective, permitted and inheritable sets. Source: capset(2)."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())
