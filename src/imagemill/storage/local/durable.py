"""Files and folders that survive a power cut.

A file's content is durable once the file was synced, its name once its folder was.
"""

import os
from pathlib import Path


def sync_file(path: Path) -> None:
    """Return when the file's content has reached the disk. Raises OSError, also for a link."""
    _sync(path, os.O_RDONLY | os.O_NOFOLLOW)


def sync_folder(path: Path) -> None:
    """Return when the names in the folder have reached the disk. Raises OSError."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def make_durable_parents(path: Path, root: Path) -> None:
    """Create the folders between root and path that are missing, each durably. Raises OSError."""
    parent = path.parent
    if parent == root or parent.is_dir():
        return
    make_durable_parents(parent, root)
    parent.mkdir(exist_ok=True)
    sync_folder(parent.parent)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
