"""A process' own folder for what it has not finished yet.

The process holds a lock on it as long as it lives. The kernel drops the locks of the dead, of those
killed by -9 too, so whoever finds it unlocked knows that nobody will finish what lies there.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final
from uuid import uuid4

from imagemill.storage.keys import TEMPORARY

SUFFIX: Final = ".work"


class ScratchDir:
    """The folder of this process below a storage's root; made when it is first asked for."""

    def __init__(self, root: Path) -> None:
        self._folder = root / TEMPORARY / f"{uuid4()}{SUFFIX}"
        self._locked: int | None = None
        self._making = Lock()

    def folder(self) -> Path:
        """Return the folder, made anew should somebody have removed it.

        Raises OSError, as where the storage is away: the folder above is not made.
        """
        with self._making:
            while self._locked is None or not self._folder.is_dir():
                self._let_go()
                self._folder.mkdir(exist_ok=True)
                self._locked = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
                _lock(self._locked, fcntl.LOCK_EX)
            return self._folder

    def leave(self) -> None:
        """Remove the folder with all that is in it."""
        with self._making:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._let_go()

    def _let_go(self) -> None:
        if self._locked is not None:
            os.close(self._locked)
            self._locked = None


def is_workplace(name: str) -> bool:
    """Return whether an entry of this name, among the temporary ones, is a process' folder."""
    return name.endswith(SUFFIX)


def clear_abandoned(root: Path) -> list[str]:
    """Remove the workplaces of processes that are dead, and return their keys.

    Where a file system has no locks, as some shared ones, nothing is removed. Raises OSError.
    """
    cleared = []
    for folder in (root / TEMPORARY).iterdir():
        if is_workplace(folder.name):
            with _locked_by_us(folder) as is_abandoned:
                if is_abandoned:
                    shutil.rmtree(folder, ignore_errors=True)
                    cleared.append(f"{TEMPORARY}/{folder.name}")
    return cleared


@contextmanager
def _locked_by_us(folder: Path) -> Iterator[bool]:
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # its owner, or another who clears it away, was faster
        yield False
        return
    try:
        yield _lock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(opened)


def _lock(opened: int, operation: int) -> bool:
    try:
        fcntl.flock(opened, operation)
    except OSError:
        return False
    return True
