"""Digests of stored files, which are read from their beginning to their end."""

import hashlib

from imagemill.storage.protocol import Storage


async def read_sha256(storage: Storage, key: str, size: int) -> str:
    """Return the SHA-256 of a file of so many bytes, in hex.

    Raises FileMissing, StorageUnavailable.
    """
    digest = hashlib.sha256()
    async for chunk in storage.read_range(key, 0, size):
        digest.update(chunk)
    return digest.hexdigest()
