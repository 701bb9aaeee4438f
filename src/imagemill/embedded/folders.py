"""Folders that one `imagemill up` at a time may use."""

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
def sole_use(folder: Path) -> Iterator[Path]:
    """Make the folder if it is missing, hold it, and yield its absolute path.

    The kernel lets go of it if we are killed.
    Raises EmbeddedError when another process holds it, or it cannot be used.
    """
    try:
        _make(folder)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise EmbeddedError(f"The folder {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock)
        raise EmbeddedError(
            f"Another imagemill runs on the folder {folder}: stop it, or choose another folder."
        ) from error
    try:
        yield folder.resolve()
    finally:
        os.close(lock)


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(TRAVERSABLE)
