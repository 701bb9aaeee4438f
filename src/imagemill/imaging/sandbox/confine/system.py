"""Calls of C library functions that Python does not offer."""

import ctypes
import os
from functools import cache


class Unsupported(Exception):
    """The system does not support a mechanism; the message says what that would need."""


def call(name: str, *arguments: object) -> int:
    """Call the C function of this name and return its result. Raises OSError if it is negative.

    Integers are passed as longs, bytes and ctypes arrays by their address.
    """
    result = int(getattr(_libc(), name)(*map(_as_c, arguments)))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def prctl(option: int, *arguments: object) -> int:
    """Read or change an attribute of this process; missing arguments are zero. Raises OSError.

    Source: prctl(2).
    """
    return call("prctl", option, *(*arguments, 0, 0, 0, 0)[:4])


def _as_c(value: object) -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
