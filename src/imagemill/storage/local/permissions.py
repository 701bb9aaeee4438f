"""Whether this process may write to a storage folder, and what makes it so if not."""

import errno
import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from imagemill.storage.errors import StorageNotWritable
from imagemill.storage.keys import INPUTS, OUTPUTS, QUARANTINE, TEMPORARY

PERMISSIONS: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})

# docker-compose.yml sets it: in its containers there is no root to run a command as.
COMPOSE_VARIABLE: Final = "IMAGEMILL_COMPOSE"
IN_COMPOSE: Final = "docker compose run --rm fix-permissions"

HAS_EFFECTIVE_IDS: Final = os.access in os.supports_effective_ids


def require_writable(root: Path) -> None:
    """Raise StorageNotWritable unless all folders of the storage that exist can be written.

    Of the shards one is looked at: those of a volume that was restored as another user are alike.
    """
    for folder in _folders(root):
        if not os.access(folder, os.W_OK | os.X_OK, effective_ids=HAS_EFFECTIVE_IDS):
            raise describe_unwritable(root, folder)


def describe_unwritable(root: Path, folder: Path) -> StorageNotWritable:
    """Return the error for a folder of the storage that cannot be written or created."""
    uid, gid = os.geteuid(), os.getegid()
    problem = f"The storage folder {folder} cannot be written by this process, whose uid is {uid}"
    if _is_read_only(folder):
        return StorageNotWritable(problem, f"mount -o remount,rw {root}")
    if not _exists(root):
        return StorageNotWritable(problem, f"install -d -o {uid} -g {gid} {root}")
    if os.environ.get(COMPOSE_VARIABLE):
        return StorageNotWritable(problem, IN_COMPOSE)
    return StorageNotWritable(problem, f"chown -R {uid}:{gid} {root}")


def _folders(root: Path) -> Iterator[Path]:
    yield root
    for name in (TEMPORARY, INPUTS, OUTPUTS, QUARANTINE):
        if (root / name).is_dir():
            yield root / name
    for name in (INPUTS, OUTPUTS):
        if (root / name).is_dir():
            yield from islice((one for one in (root / name).iterdir() if one.is_dir()), 1)


def _is_read_only(folder: Path) -> bool:
    while not _exists(folder):
        folder = folder.parent
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError as error:
        return error.errno == errno.EROFS


def _exists(folder: Path) -> bool:
    try:
        return folder.exists()
    except PermissionError:
        return False
