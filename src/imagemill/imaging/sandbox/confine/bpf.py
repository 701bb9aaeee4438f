"""Instructions of classic BPF, the language of seccomp's filters, and how they make up rules.

Source: seccomp(2), linux/filter.h, linux/seccomp.h. A filter sees one system call: its number, its
architecture and its six arguments. Comparisons see 32 bits, so that an argument is two words.
"""

import struct
from typing import Final

LOAD: Final = 0x20
EQUAL: Final = 0x15
GREATER: Final = 0x25
ANY_BIT: Final = 0x45
RETURN: Final = 0x06

ALLOW: Final = 0x7FFF0000
FAIL: Final = 0x00050000  # with the error number in its lower bits
KILL_PROCESS: Final = 0x80000000

# Offsets in struct seccomp_data.
NUMBER: Final = 0
ARCHITECTURE: Final = 4
ARGUMENTS: Final = 16

Code = bytes
SIZE: Final = 8


def low(argument: int) -> int:
    """Return where the lower half of an argument (from 0) stands, on a little-endian machine."""
    return ARGUMENTS + 8 * argument


def high(argument: int) -> int:
    return low(argument) + 4


def load(word: int) -> Code:
    return _instruction(LOAD, word)


def end(verdict: int) -> Code:
    return _instruction(RETURN, verdict)


def unless(comparison: int, value: int, body: Code) -> Code:
    """Run the body unless the loaded word compares true."""
    return _instruction(comparison, value, if_true=len(body) // SIZE) + body


def when(comparison: int, value: int, body: Code) -> Code:
    """Run the body when the loaded word compares true."""
    return _instruction(comparison, value, if_false=len(body) // SIZE) + body


def none_of(values: tuple[int, ...], body: Code) -> Code:
    """Run the body when the loaded word equals none of the values."""
    for value in values:
        body = unless(EQUAL, value, body)
    return body


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> Code:
    return struct.pack("<HBBI", code, if_true, if_false, value)
