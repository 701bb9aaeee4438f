"""Deletion of files and folders, and of the folders that this leaves empty."""

import shutil
from contextlib import suppress
from pathlib import Path


def delete_path(path: Path) -> None:
    """Delete a file, or a folder with its content. A missing one is no error. Raises OSError."""
    with suppress(FileNotFoundError):  # another process may be deleting the same
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


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
