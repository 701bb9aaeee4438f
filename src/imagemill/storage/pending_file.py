"""A file on its way into the storage."""

import hashlib
import os
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Final

from imagemill.blocking import run_in_thread
from imagemill.failpoints import failpoint
from imagemill.storage.durable import make_durable_parents, sync_folder
from imagemill.storage.errors import storage_errors

# Fewer, larger writes: a hop to a thread costs more than a copy of this many bytes.
BUFFER_BYTES: Final = 512 * 1024


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that survives a power cut: its size in bytes and its SHA-256 in hex."""

    bytes: int
    sha256: str


@dataclass(slots=True)
class PendingFile:
    """Collects bytes in a temporary file, and hashes them on the way, until `keep` names it.

    Whoever opened it removes the temporary file if it was not kept: see Volume.receive.
    """

    root: Path
    temporary: Path
    file: FileIO
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _buffer: bytearray = field(default_factory=bytearray)

    async def write(self, chunk: bytes) -> None:
        """Take the next bytes. Raises StorageFull, StorageUnavailable."""
        self._buffer += chunk
        self.size += len(chunk)
        if len(self._buffer) >= BUFFER_BYTES:
            await run_in_thread(self._flush)

    async def sha256(self) -> str:
        """Return the SHA-256, in hex, of all that was written. Raises StorageUnavailable."""
        await run_in_thread(self._flush)
        return self._hash.hexdigest()

    async def keep(self, key: str) -> Stored:
        """Make the file durable under its key. Raises StorageFull, StorageUnavailable."""
        await run_in_thread(self._keep, self.root / key)
        return Stored(self.size, self._hash.hexdigest())

    def _keep(self, target: Path) -> None:
        self._flush()
        with storage_errors():
            os.fsync(self.file.fileno())
            make_durable_parents(target, self.root)
            failpoint("input.synced")
            self.temporary.rename(target)
            failpoint("input.named")
            try:
                sync_folder(target.parent)
            except OSError:
                target.unlink()
                raise

    def _flush(self) -> None:
        self._hash.update(self._buffer)
        with storage_errors():
            written = 0
            with memoryview(self._buffer) as view:
                while written < len(view):
                    written += self.file.write(view[written:]) or 0
        self._buffer.clear()
