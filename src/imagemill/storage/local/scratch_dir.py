"""A process' own folder for unfinished files, which other processes delete once it has died.

The process holds a lock on it as long as it lives. The kernel drops the locks of a dead process,
also of one killed by SIGKILL; so an unlocked folder holds files that nobody will finish.
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
    """The scratch folder of this process below a storage's root, created on first use."""

    def __init__(self, root: Path) -> None:
        self._folder = root / TEMPORARY / f"{uuid4()}{SUFFIX}"
        self._descriptor: int | None = None
        self._creation = Lock()

    def new_path(self, suffix: str = "") -> Path:
        """Return an unused path in the folder. Raises what `folder` raises."""
        return self.folder() / f"{uuid4()}{suffix}"

    def folder(self) -> Path:
        """Return the folder, which is created again if it was removed.

        Raises OSError, also while the storage is unavailable: the folder's parent is not created.
        """
        with self._creation:
            while self._descriptor is None or not self._folder.is_dir():
                self._unlock()
                self._folder.mkdir(exist_ok=True)
                self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
                _lock(self._descriptor, fcntl.LOCK_EX)
            return self._folder

    def remove(self) -> None:
        """Remove the folder with everything in it."""
        with self._creation:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._unlock()

    def _unlock(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_scratch_dir(name: str) -> bool:
    """Return whether an entry of this name, among the temporary ones, is a process' folder."""
    return name.endswith(SUFFIX)


def delete_abandoned(root: Path) -> list[str]:
    """Delete the scratch folders of dead processes and return their keys. Raises OSError.

    On a file system without locks, as some network file systems are, nothing is deleted.
    """
    deleted = []
    for folder in (root / TEMPORARY).iterdir():
        if is_scratch_dir(folder.name):
            with _try_lock(folder) as is_abandoned:
                if is_abandoned:
                    shutil.rmtree(folder, ignore_errors=True)
                    deleted.append(f"{TEMPORARY}/{folder.name}")
    return deleted


@contextmanager
def _try_lock(folder: Path) -> Iterator[bool]:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # its owner, or another process that deletes it, was faster
        yield False
        return
    try:
        yield _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, operation: int) -> bool:
    try:
        fcntl.flock(descriptor, operation)
    except OSError:
        return False
    return True
