"""seccomp: what the process may ask of the kernel at all.

A list of what is denied, since what libvips, its decoders and the C library need differs from one
version to the next. What is newer than the list does not exist: it fails with ENOSYS, as on an
older kernel, and libraries do without.
"""

import ctypes
import errno
import os
import platform
import sys
from typing import Final

from imagemill.imaging.sandbox.confine.bpf import (
    ALLOW,
    ANY_BIT,
    ARCHITECTURE,
    EQUAL,
    FAIL,
    GREATER,
    KILL_PROCESS,
    NUMBER,
    SIZE,
    Code,
    end,
    high,
    load,
    low,
    none_of,
    unless,
    when,
)
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.syscalls import ARCHITECTURES, NEWEST, Architecture
from imagemill.imaging.sandbox.confine.system import Lacking, prctl

PR_SET_SECCOMP: Final = 22
SECCOMP_MODE_FILTER: Final = 2

CLONE_THREAD: Final = 0x00010000
# Other options would take back what was closed, such as dying with the parent. Names of threads
# and of memory are set by glib, the C library and jemalloc.
PR_SET_NAME: Final = 15
PR_GET_NAME: Final = 16
PR_SET_VMA: Final = 0x53564D41
# fcntl's ways to have the kernel send a signal to somebody else.
F_SETOWN: Final = 8
F_SETSIG: Final = 10
F_SETOWN_EX: Final = 15

NO: Final = end(FAIL | errno.EPERM)
NO_SUCH_CALL: Final = end(FAIL | errno.ENOSYS)
YES: Final = end(ALLOW)


def close(_terms: SandboxPolicy) -> str:
    """Filter all system calls from now on. Returns what is closed, raises Lacking.

    The process must have given up gaining rights before.
    """
    if sys.platform != "linux":
        raise Lacking("Linux")
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        raise Lacking(f"a filter for {machine}: there are those for {' and '.join(ARCHITECTURES)}")
    try:
        _install(program(ARCHITECTURES[machine], os.getpid()))
    except OSError as error:
        raise Lacking("a kernel with CONFIG_SECCOMP_FILTER") from error
    return "seccomp"


def program(architecture: Architecture, own_pid: int) -> Code:
    """Return the filter for an architecture and a process."""
    numbers = architecture.weighed
    return b"".join(
        (
            load(ARCHITECTURE),
            # System calls of another architecture have other numbers.
            unless(EQUAL, architecture.audit, end(KILL_PROCESS)),
            load(NUMBER),
            when(GREATER, NEWEST, NO_SUCH_CALL),
            # Its flags stand in memory, where no filter sees them; libraries fall back to clone.
            when(EQUAL, numbers["clone3"], NO_SUCH_CALL),
            when(EQUAL, numbers["clone"], load(low(0)) + unless(ANY_BIT, CLONE_THREAD, NO) + YES),
            *(_only(numbers[name], low(0), own_pid) for name in ("kill", "tgkill")),
            _only(numbers["prctl"], low(0), PR_SET_NAME, PR_GET_NAME, PR_SET_VMA),
            _never(numbers["fcntl"], low(1), F_SETOWN, F_SETSIG, F_SETOWN_EX),
            # Limits may be read, which is what its third argument is zero for.
            when(EQUAL, numbers["prlimit64"], _zero(low(2)) + _zero(high(2)) + YES),
            *(when(EQUAL, number, NO) for number in architecture.denied.values()),
            YES,
        )
    )


def _only(number: int, word: int, *values: int) -> Code:
    return when(EQUAL, number, load(word) + none_of(values, NO) + YES)


def _never(number: int, word: int, *values: int) -> Code:
    refusals = b"".join(when(EQUAL, value, NO) for value in values)
    return when(EQUAL, number, load(word) + refusals + YES)


def _zero(word: int) -> Code:
    return load(word) + unless(EQUAL, 0, NO)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _install(code: Code) -> None:
    filter_ = _Program(len(code) // SIZE, code)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_))
