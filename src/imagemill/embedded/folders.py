"""Lock on a data folder: one process at a time may use it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from imagemill.embedded.errors import EmbeddedError

# A server that runs as another user must traverse this folder to reach its own folder, which is
# closed to others, as are the files in this one.
TRAVERSABLE: Final = 0o711


@contextmanager
def lock_folder(folder: Path) -> Iterator[Path]:
    """Create the folder if it is missing, lock it, and yield its absolute path.

    The kernel releases the lock when this process ends in any way.
    Raises EmbeddedError when another process has the lock, or the folder cannot be used.
    """
    try:
        _create(folder)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(f"The folder {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise EmbeddedError(
            f"Another imagemill uses the folder {folder}: stop it, or choose another folder."
        ) from error
    try:
        yield folder.resolve()
    finally:
        os.close(lock)


def _create(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(TRAVERSABLE)
