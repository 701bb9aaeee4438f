"""Landlock: lets the process read the files of its policy and no others, and denies it the network.

Source: landlock(7), Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h of
Linux 6.18. Each version of its interface, the ABI, can deny more.
"""

import os
import struct
import sys
from collections.abc import Iterable
from itertools import accumulate
from operator import or_
from pathlib import Path
from typing import Final

from imagemill.imaging.sandbox.confine.policy import SandboxPolicy
from imagemill.imaging.sandbox.confine.system import Unsupported, call

# Numbers of its system calls, the same on every architecture.
CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446

GET_VERSION: Final = 1
PATH_BENEATH: Final = 1

READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
TRUNCATE: Final = 1 << 14

# File access rights that each ABI added, from ABI 1 on: thirteen; REFER; TRUNCATE; none; IOCTL_DEV.
ADDED_FILE_RIGHTS: Final = ((1 << 13) - 1, 1 << 13, TRUNCATE, 0, 1 << 15)
FILE_RIGHTS: Final = tuple(accumulate(ADDED_FILE_RIGHTS, or_))
# To bind and connect TCP sockets, from ABI 4 on.
NETWORK_RIGHTS: Final = 0b11
NETWORK_ABI: Final = 4
# To connect to abstract sockets and to signal processes outside, from ABI 6 on.
SCOPES: Final = 0b11
SCOPES_ABI: Final = 6


def restrict(policy: SandboxPolicy) -> str:
    """Deny this thread, and those that it starts, all files but those of the policy.

    Returns what is active. Raises Unsupported, also when other threads run, which would not be
    restricted.
    """
    abi = _abi_version()
    if abi is None:
        raise Unsupported("Linux 5.13 or later with it switched on, in a container that allows it")
    if _count_threads() > 1:
        raise Unsupported("a process that no library started threads in")
    handled = FILE_RIGHTS[min(abi, len(FILE_RIGHTS)) - 1]
    ruleset = _create_ruleset(abi, handled)
    try:
        _allow_reading(ruleset, policy.readable)
        call("syscall", RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)
    return f"landlock abi {abi}"


def _abi_version() -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return call("syscall", CREATE_RULESET, None, 0, GET_VERSION)
    except OSError:
        return None


def _count_threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _create_ruleset(abi: int, handled: int) -> int:
    """Return the descriptor of a ruleset that denies all that this ABI can deny."""
    network = NETWORK_RIGHTS if abi >= NETWORK_ABI else 0
    scopes = SCOPES if abi >= SCOPES_ABI else 0
    # An older kernel accepts the longer structure if the fields that it does not know are zero.
    attributes = struct.pack("QQQ", handled, network, scopes)
    return call("syscall", CREATE_RULESET, attributes, len(attributes), 0)


def _allow_reading(ruleset: int, folders: Iterable[str]) -> None:
    for folder in folders:
        descriptor = os.open(Path(folder), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", READ_FILE | READ_DIR, descriptor)  # unaligned in C, too
            call("syscall", ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
        finally:
            os.close(descriptor)
