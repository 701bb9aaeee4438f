"""An upload written to a temporary file: hashed on the way, and durable before it has its key."""

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Final

from imagemill.blocking import run_in_thread
from imagemill.failpoints import failpoint
from imagemill.storage.errors import translate_os_errors
from imagemill.storage.local.durable import make_durable_parents, sync_folder
from imagemill.storage.protocol import CommittedFile

# Fewer, larger writes: a hop to a thread costs more than a copy of this many bytes.
BUFFER_BYTES: Final = 512 * 1024


@dataclass(slots=True)
class LocalPendingFile:
    """An upload into the storage at `root`, by way of a temporary file on the same file system."""

    root: Path
    file: FileIO
    temporary: Path
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _buffer: bytearray = field(default_factory=bytearray)

    @classmethod
    def create(cls, root: Path, temporary: Path) -> "LocalPendingFile":
        """Create the temporary file, which must not exist. Raises OSError."""
        return cls(root, FileIO(temporary, "xb"), temporary)

    async def write(self, chunk: bytes) -> None:
        self._buffer += chunk
        self.size += len(chunk)
        if len(self._buffer) >= BUFFER_BYTES:
            await run_in_thread(self._flush)

    async def sha256(self) -> str:
        await run_in_thread(self._flush)
        return self._hash.hexdigest()

    async def commit(self, key: str) -> CommittedFile:
        await run_in_thread(self._commit, self.root / key)
        return CommittedFile(self.size, self._hash.hexdigest())

    def close(self) -> None:
        """Close the temporary file, and delete it unless it was committed."""
        # On unavailable storage it stays, and is deleted with the scratch folder.
        with self.file, suppress(OSError):
            self.temporary.unlink()

    def _commit(self, target: Path) -> None:
        self._flush()
        with translate_os_errors():
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
        with translate_os_errors():
            written = 0
            with memoryview(self._buffer) as view:
                while written < len(view):
                    written += self.file.write(view[written:]) or 0
        self._buffer.clear()
