"""Threads of root for which the modes of files hold, as they hold for the user of a container."""

import ctypes
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Final

# Source: capabilities(7) and capget(2), with version 3 of its structures.
VERSION: Final = 0x20080522
DAC_OVERRIDE: Final = 1 << 1
DAC_READ_SEARCH: Final = 1 << 2
# Of each half of the 64 capabilities: effective, permitted and inheritable ones.
WORDS: Final = 2 * 3


def obeying_threads() -> ThreadPoolExecutor:
    """Return threads that cannot open what its mode forbids to its owner."""
    return ThreadPoolExecutor(1, initializer=_obey_modes if os.geteuid() == 0 else None)


def _obey_modes() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    header, words = (ctypes.c_uint32 * 2)(VERSION, 0), (ctypes.c_uint32 * WORDS)()
    if libc.capget(header, words) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    words[0] &= ~(DAC_OVERRIDE | DAC_READ_SEARCH)
    if libc.capset(header, words) != 0:
        raise OSError(ctypes.get_errno(), "capset")
