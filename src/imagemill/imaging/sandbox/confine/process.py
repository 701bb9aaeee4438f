"""What makes the process expendable: it dies with its parent, and before it; and keeps no right."""

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

# The end of the kernel's scale: this process goes before any other.
MOST_EXPENDABLE: Final = "1000"


def die_with(parent: int) -> None:
    """Be killed when the parent process ends, and end at once when it already has."""
    if sys.platform == "linux":
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the parent process is gone")


def offer_to_oom_killer() -> None:
    """Ask the kernel to kill this process before its parent when memory runs out."""
    with suppress(OSError):  # elsewhere than on Linux, and where /proc is closed, it is not asked
        Path("/proc/self/oom_score_adj").write_text(MOST_EXPENDABLE, encoding="ascii")


def give_up_rights() -> None:
    """Never gain a right, keep none of root's, and close /proc/PID to others of the same user."""
    if sys.platform == "linux":
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        prctl(PR_SET_DUMPABLE, 0)
        _drop_capabilities()


def _drop_capabilities() -> None:
    """Empty the effective, permitted and inheritable sets. Source: capset(2)."""
    header = (ctypes.c_uint32 * 2)(LINUX_CAPABILITY_VERSION_3, 0)
    call("capset", header, (ctypes.c_uint32 * 6)())
