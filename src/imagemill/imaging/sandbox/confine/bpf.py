"""Assembler for classic BPF, the language of seccomp filters.

Source: seccomp(2), linux/filter.h, linux/seccomp.h. A filter is run on each system call, and sees
its number, its architecture and its six arguments. Comparisons are of 32 bits, so that an argument
is two words.
"""

import struct
from typing import Final

LOAD: Final = 0x20
EQUAL: Final = 0x15
GREATER: Final = 0x25
ANY_BIT: Final = 0x45
RETURN: Final = 0x06

ALLOW: Final = 0x7FFF0000
ERRNO: Final = 0x00050000  # plus the error number
KILL_PROCESS: Final = 0x80000000

# Offsets in struct seccomp_data.
NUMBER: Final = 0
ARCHITECTURE: Final = 4
ARGUMENTS: Final = 16

Code = bytes
INSTRUCTION_BYTES: Final = 8


def low_word(argument: int) -> int:
    """Return the offset of the lower half of an argument (from 0), on a little-endian machine."""
    return ARGUMENTS + 8 * argument


def high_word(argument: int) -> int:
    return low_word(argument) + 4


def load(offset: int) -> Code:
    return _instruction(LOAD, offset)


def return_(action: int) -> Code:
    return _instruction(RETURN, action)


def if_not(comparison: int, value: int, body: Code) -> Code:
    """Run the body if the comparison with the loaded word is false."""
    return _instruction(comparison, value, if_true=len(body) // INSTRUCTION_BYTES) + body


def if_(comparison: int, value: int, body: Code) -> Code:
    """Run the body if the comparison with the loaded word is true."""
    return _instruction(comparison, value, if_false=len(body) // INSTRUCTION_BYTES) + body


def if_none(values: tuple[int, ...], body: Code) -> Code:
    """Run the body if the loaded word equals none of the values."""
    for value in values:
        body = if_not(EQUAL, value, body)
    return body


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> Code:
    return struct.pack("<HBBI", code, if_true, if_false, value)
