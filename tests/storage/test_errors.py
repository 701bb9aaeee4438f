"""A full disk is distinguished from a broken one."""

import errno
import os

import pytest

from imagemill.storage.errors import StorageFull, StorageUnavailable, translate_os_errors


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, StorageFull),
        (errno.EDQUOT, StorageFull),
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
    ],
)
def test_a_full_disk_is_distinguished_from_a_broken_one(
    number: int, kind: type[StorageUnavailable]
) -> None:
    with pytest.raises(StorageUnavailable) as caught, translate_os_errors():
        raise OSError(number, os.strerror(number))
    assert type(caught.value) is kind
