"""Sizes and bytes of stored files, read off the event loop."""

from collections.abc import AsyncIterator, Callable, Collection
from io import FileIO
from pathlib import Path
from typing import Final, TypeVar

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import FileMissing, StorageUnavailable, translate_os_errors
from imagemill.storage.keys import TEMPORARY
from imagemill.storage.local.key_paths import find_paths

Result = TypeVar("Result")

CHUNK_BYTES: Final = 256 * 1024


async def read_size(root: Path, key: str) -> int:
    """Return the file's size in bytes. Raises FileMissing, StorageUnavailable."""
    return await _access(root, key, lambda path: path.stat().st_size)


async def read_file(root: Path, key: str) -> bytes:
    """Return all bytes of the file. Raises FileMissing, StorageUnavailable."""
    return await _access(root, key, Path.read_bytes)


async def open_file(root: Path, key: str) -> FileIO:
    """Open a file to read it. Raises FileMissing, StorageUnavailable."""
    return await _access(root, key, lambda path: path.open("rb", buffering=0))


async def read_range(root: Path, key: str, start: int, end: int) -> AsyncIterator[bytes]:
    """Yield the bytes from `start` up to `end`, fewer if the file is shorter.

    Raises FileMissing, StorageUnavailable.
    """
    with await open_file(root, key) as file:
        file.seek(start)
        left = end - start
        while left:
            with translate_os_errors():
                chunk = await run_in_thread(file.read, min(left, CHUNK_BYTES))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk


def read_sizes(root: Path, keys: Collection[str]) -> dict[str, int]:
    """Return the bytes of those keys that have files, by key. Raises StorageUnavailable."""
    sizes = {}
    for key in keys:
        with translate_os_errors():
            found = [path for path in find_paths(root, [key]) if _exists(path)]
        if found:
            sizes[key] = sum(map(measure, found))
    return sizes


def measure(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder, as far as they can be read."""
    try:
        if path.is_symlink() or not path.is_dir():
            return path.lstat().st_size
        return sum(measure(inner) for inner in path.iterdir())
    except OSError:
        return 0


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


async def _access(root: Path, key: str, access: Callable[[Path], Result]) -> Result:
    """Return what `access` returns for the file's path. Raises FileMissing, StorageUnavailable."""

    def run() -> Result:
        try:
            return access(root / key)
        except (FileNotFoundError, NotADirectoryError) as error:
            if not (root / TEMPORARY).is_dir():  # an empty mount point has no file either
                raise StorageUnavailable("The storage is not mounted.") from error
            raise FileMissing(f"There is no file {key}.") from error

    with translate_os_errors():
        return await run_in_thread(run)
