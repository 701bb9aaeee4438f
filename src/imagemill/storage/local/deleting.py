"""Deletion of files and folders, and of the folders that this leaves empty."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

# `inputs/c27` and the like stay: uploads need them, and a durable folder takes a sync to make.
SHARD_DEPTH: Final = 2


def delete_path(path: Path) -> None:
    """Delete a file, or a folder with its content. A missing one is no error. Raises OSError."""
    with suppress(FileNotFoundError):  # another process may be deleting the same
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def remove_empty_parents(key: str, root: Path) -> None:
    """Remove the folders between a key and its shard, as far as they are empty."""
    folder = (root / key).parent
    for _ in range(key.count("/") - SHARD_DEPTH):
        if not _remove_if_empty(folder):
            return
        folder = folder.parent


def remove_empty_folders(folder: Path, top: Path) -> None:
    """Remove the folder and those above it, below `top`, as far as they are empty."""
    while folder != top and _remove_if_empty(folder):
        folder = folder.parent


def _remove_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return False
    return True
