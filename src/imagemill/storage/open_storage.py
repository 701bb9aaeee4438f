"""The choice of a storage backend by its URL."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from imagemill.storage.local.local_storage import LocalStorage
from imagemill.storage.local.permissions import require_writable
from imagemill.storage.protocol import Storage


def open_storage(
    url: str, reserve_bytes: int, *, create_missing: bool = True
) -> AbstractAsyncContextManager[Storage]:
    """Open the storage that a URL such as `file:///app/storage` names.

    Uploads leave `reserve_bytes` of free space alone. With `create_missing=False` no folder is
    created, so that a volume that is not mounted shows as unavailable rather than as empty.
    Raises StorageNotWritable if a folder cannot be created or written, StorageUnavailable.
    """
    return LocalStorage.open(_root(url), reserve_bytes, create_missing=create_missing)


def require_permission(url: str) -> None:
    """Raise StorageNotWritable if the storage is there, and this process may not write to it."""
    if _root(url).is_dir():
        require_writable(_root(url))


def _root(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))
