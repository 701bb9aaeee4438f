"""The bytes of an open file: small ones are read, large ones mapped, so that only parts are read.

Descriptors stay open.
"""

import mmap
import os
from pathlib import Path
from typing import Final

Data = bytes | mmap.mmap

# Outputs of up to so many bytes are returned by the engine, and need no file.
MAX_INLINE_BYTES: Final = 256 * 1024

# To map a file costs more than to read this many bytes.
MAX_READ_BYTES: Final = 1024 * 1024


def read_descriptor(descriptor: int) -> Data:
    """Return the bytes of a file that is open for reading. Raises OSError."""
    size = os.fstat(descriptor).st_size
    if size > MAX_READ_BYTES:
        return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
    return os.pread(descriptor, size, 0)


def write_descriptor(descriptor: int, data: bytes) -> None:
    """Write the data into an empty file. Raises OSError."""
    with os.fdopen(descriptor, "wb", closefd=False) as file:
        file.write(data)


def read_file(file: Path) -> Data:
    """Return the bytes of a file. Raises OSError."""
    descriptor = os.open(file, os.O_RDONLY)
    try:
        return read_descriptor(descriptor)
    finally:
        os.close(descriptor)
