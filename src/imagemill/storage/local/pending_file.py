"""An upload on its way into the storage: hashed as it arrives, and durable once it is committed.

A small one is kept in memory and stored with those that are committed at the same moment
(small_files.py); a large one is written to an unnamed file as it arrives.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import to_storage_error, translate_os_errors
from imagemill.storage.local.naming import INPUT, name_durably
from imagemill.storage.local.small_files import SmallFile, SmallFiles
from imagemill.storage.local.unnamed_file import UnnamedFile, UnnamedFiles
from imagemill.storage.protocol import CommittedFile

# What an upload may hold in memory. A hop to a thread costs more than a copy of this many bytes.
BUFFER_BYTES: Final = 512 * 1024


@dataclass(slots=True)
class LocalPendingFile:
    """An upload into the storage at `root`."""

    root: Path
    unnamed_files: UnnamedFiles
    small_files: SmallFiles
    size: int = 0
    _hash: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    _buffer: bytearray = field(default_factory=bytearray)
    _file: UnnamedFile | None = None

    async def write(self, chunk: bytes) -> None:
        # On the event loop: chunks are small, and a hop to a thread takes longer.
        self._hash.update(chunk)
        self._buffer += chunk
        self.size += len(chunk)
        if len(self._buffer) >= BUFFER_BYTES:
            await run_in_thread(self._flush)

    async def sha256(self) -> str:
        return self._hash.hexdigest()

    async def commit(self, key: str) -> CommittedFile:
        if self._file is None:
            await self.small_files.store(SmallFile(self.root / key, self._buffer))
        else:
            await run_in_thread(self._commit, self._file, self.root / key)
        return CommittedFile(self.size, self._hash.hexdigest())

    async def close(self) -> None:
        """Delete what was not committed."""
        if self._file is not None:
            await run_in_thread(self._file.close)

    def _commit(self, file: UnnamedFile, target: Path) -> None:
        self._flush()
        for error in name_durably({file: target}, self.root, INPUT).values():
            raise to_storage_error(error)

    def _flush(self) -> None:
        with translate_os_errors():
            if self._file is None:
                self._file = self.unnamed_files.create()
            self._file.write(self._buffer)
        self._buffer.clear()
