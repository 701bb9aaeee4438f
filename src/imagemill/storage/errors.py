"""The errors of storage, and their translation from the operating system's."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imagemill.errors import Rejected, Unavailable

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileMissing(Rejected):
    """Nothing is stored under this key."""


class StorageUnavailable(Unavailable):
    """The storage failed to read or write."""


class StorageFull(StorageUnavailable):
    """The storage has no room left."""


class StorageNotWritable(StorageUnavailable):
    """The process may not write to the storage's folder. For operators: it names the folder.

    `problem` is a sentence without its end, `command` what cures it, run by an administrator.
    """

    def __init__(self, problem: str, command: str) -> None:
        super().__init__(f"{problem}: as an administrator, run `{command}`.")
        self.problem = problem
        self.command = command


@contextmanager
def translate_os_errors() -> Iterator[None]:
    """Turn the operating system's errors into StorageFull or StorageUnavailable."""
    try:
        yield
    except OSError as error:
        raise to_storage_error(error) from error


def to_storage_error(error: OSError) -> StorageUnavailable:
    """Return StorageFull or StorageUnavailable for an error of the operating system."""
    if error.errno in NO_SPACE:
        translated: StorageUnavailable = StorageFull("The storage is full.")
    else:
        translated = StorageUnavailable(f"The storage failed: {error.strerror or error}.")
    translated.__cause__ = error
    return translated
