"""seccomp: denies system calls that no decoder needs.

It is a list of what is denied, since what libvips, its decoders and the C library need differs from
version to version. System calls that are newer than the list fail with ENOSYS, as on an older
kernel, where libraries do without them.
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
    ERRNO,
    GREATER,
    INSTRUCTION_BYTES,
    KILL_PROCESS,
    NUMBER,
    Code,
    high_word,
    if_,
    if_none,
    if_not,
    load,
    low_word,
    return_,
)
from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.syscalls import ARCHITECTURES, LAST_REVIEWED, Architecture
from imagemill.imaging.sandbox.confine.system import Unsupported, prctl

PR_SET_SECCOMP: Final = 22
SECCOMP_MODE_FILTER: Final = 2

CLONE_THREAD: Final = 0x00010000
# glib, the C library and jemalloc name threads and memory areas. Other options would undo some of
# the confinement, such as the signal at the parent's death.
PR_SET_NAME: Final = 15
PR_GET_NAME: Final = 16
PR_SET_VMA: Final = 0x53564D41
# Commands of fcntl that make the kernel send signals to another process.
F_SETOWN: Final = 8
F_SETSIG: Final = 10
F_SETOWN_EX: Final = 15

RETURN_EPERM: Final = return_(ERRNO | errno.EPERM)
RETURN_ENOSYS: Final = return_(ERRNO | errno.ENOSYS)
RETURN_ALLOW: Final = return_(ALLOW)


def restrict(_policy: SandboxPolicy) -> str:
    """Filter all system calls from now on. Returns what is active, raises Unsupported.

    The process must have dropped its privileges before.
    """
    if sys.platform != "linux":
        raise Unsupported("Linux")
    machine = platform.machine()
    if machine not in ARCHITECTURES:
        known = " and ".join(ARCHITECTURES)
        raise Unsupported(f"a filter for {machine}: there are those for {known}")
    try:
        _install(build_filter(ARCHITECTURES[machine], os.getpid()))
    except OSError as error:
        raise Unsupported("a kernel with CONFIG_SECCOMP_FILTER") from error
    return "seccomp"


def build_filter(architecture: Architecture, own_pid: int) -> Code:
    """Return the filter for a process on an architecture."""
    numbers = architecture.conditional
    return b"".join(
        (
            load(ARCHITECTURE),
            # The system calls of another architecture have other numbers.
            if_not(EQUAL, architecture.audit_arch, return_(KILL_PROCESS)),
            load(NUMBER),
            if_(GREATER, LAST_REVIEWED, RETURN_ENOSYS),
            # Its flags are in memory, which a filter cannot read; libraries fall back to clone.
            if_(EQUAL, numbers["clone3"], RETURN_ENOSYS),
            if_(EQUAL, numbers["clone"], _require_bit(low_word(0), CLONE_THREAD) + RETURN_ALLOW),
            *(_allow_values(numbers[name], low_word(0), own_pid) for name in ("kill", "tgkill")),
            _allow_values(numbers["prctl"], low_word(0), PR_SET_NAME, PR_GET_NAME, PR_SET_VMA),
            _deny_values(numbers["fcntl"], low_word(1), F_SETOWN, F_SETSIG, F_SETOWN_EX),
            # It reads limits if its third argument is zero, and sets them otherwise.
            if_(
                EQUAL,
                numbers["prlimit64"],
                _require_zero(low_word(2)) + _require_zero(high_word(2)) + RETURN_ALLOW,
            ),
            *(if_(EQUAL, number, RETURN_EPERM) for number in architecture.denied.values()),
            RETURN_ALLOW,
        )
    )


def _allow_values(number: int, word: int, *values: int) -> Code:
    return if_(EQUAL, number, load(word) + if_none(values, RETURN_EPERM) + RETURN_ALLOW)


def _deny_values(number: int, word: int, *values: int) -> Code:
    denials = b"".join(if_(EQUAL, value, RETURN_EPERM) for value in values)
    return if_(EQUAL, number, load(word) + denials + RETURN_ALLOW)


def _require_bit(word: int, bit: int) -> Code:
    return load(word) + if_not(ANY_BIT, bit, RETURN_EPERM)


def _require_zero(word: int) -> Code:
    return load(word) + if_not(EQUAL, 0, RETURN_EPERM)


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _install(code: Code) -> None:
    filter_ = _Program(len(code) // INSTRUCTION_BYTES, code)
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(filter_))
