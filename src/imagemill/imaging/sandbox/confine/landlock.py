"""Landlock: of all files, the process keeps its own, and of the network nothing.

Source: landlock(7), Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h of
Linux 6.18. Each version of its interface, the ABI, knows more that can be denied.
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
from imagemill.imaging.sandbox.confine.system import Lacking, call

# The same on every architecture.
CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446

ASK_VERSION: Final = 1
PATH_BENEATH: Final = 1

WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
TRUNCATE: Final = 1 << 14

# The rights to files that each ABI added, from the first on: thirteen; moving between folders;
# truncating; none; ioctls on devices.
ADDED_FILES: Final = ((1 << 13) - 1, 1 << 13, TRUNCATE, 0, 1 << 15)
KNOWN_FILES: Final = tuple(accumulate(ADDED_FILES, or_))
# Binding and connecting TCP, from ABI 4 on; abstract sockets and signals to others, from 6 on.
NETWORK: Final = 0b11
NETWORK_ABI: Final = 4
OTHERS: Final = 0b11
OTHERS_ABI: Final = 6


def close(terms: SandboxPolicy) -> str:
    """Deny this thread, and those it starts, all files but those of the terms.

    Returns what is closed. Raises Lacking, also when other threads run: these would stay free.
    """
    abi = _abi()
    if abi is None:
        raise Lacking("Linux 5.13 or later with it switched on, in a container that allows it")
    if _threads() > 1:
        raise Lacking("a process that no library started threads in")
    handled = KNOWN_FILES[min(abi, len(KNOWN_FILES)) - 1]
    rules = _ruleset(abi, handled)
    try:
        _allow(rules, terms.readable, (READ_FILE | READ_DIR) & handled)
        _allow(rules, terms.writable, (READ_FILE | WRITE_FILE | TRUNCATE) & handled)
        call("syscall", RESTRICT_SELF, rules, 0)
    finally:
        os.close(rules)
    return f"landlock abi {abi}"


def _abi() -> int | None:
    if sys.platform != "linux":
        return None
    try:
        return call("syscall", CREATE_RULESET, None, 0, ASK_VERSION)
    except OSError:
        return None


def _threads() -> int:
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _ruleset(abi: int, handled: int) -> int:
    """Return the descriptor of a set of rules that denies all this ABI can deny."""
    network = NETWORK if abi >= NETWORK_ABI else 0
    others = OTHERS if abi >= OTHERS_ABI else 0
    # An older kernel takes the longer structure when what it does not know is zero.
    attributes = struct.pack("QQQ", handled, network, others)
    return call("syscall", CREATE_RULESET, attributes, len(attributes), 0)


def _allow(rules: int, folders: Iterable[str], rights: int) -> None:
    for folder in folders:
        beneath = os.open(Path(folder), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            rule = struct.pack("=Qi", rights, beneath)  # packed in C, too
            call("syscall", ADD_RULE, rules, PATH_BENEATH, rule, 0)
        finally:
            os.close(beneath)
