"""What can go wrong with storage, told apart by what helps."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from imagemill.errors import Rejected, Unavailable

NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class FileMissing(Rejected):
    """Nothing is stored under this key."""


class NotAFile(Rejected):
    """Something else stands where a file should be, such as a link."""


class StorageUnavailable(Unavailable):
    """The storage did not do what it was asked."""


class StorageFull(StorageUnavailable):
    """The storage has no room left."""


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the operating system's errors into StorageFull or StorageUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_SPACE:
            raise StorageFull("The storage is full.") from error
        raise StorageUnavailable(f"The storage failed: {error.strerror or error}.") from error
