"""Functions of the C library that Python has no name for."""

import ctypes
import os
from functools import cache


class Lacking(Exception):
    """The system cannot close something; the message says what it would need."""


def call(name: str, *arguments: object) -> int:
    """Return what the C function of this name returns. Raises OSError when that is negative.

    Whole numbers are passed as longs, bytes and ctypes arrays by their address.
    """
    result = int(getattr(_libc(), name)(*map(_as_c, arguments)))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, *arguments: object) -> int:
    """Change or read something of this process, what is left out being zero. Raises OSError."""
    return call("prctl", option, *(*arguments, 0, 0, 0, 0)[:4])


def _as_c(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
