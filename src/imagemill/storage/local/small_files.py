"""Group commit of small files: those that come together share a thread and syncs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from imagemill.batcher import Batcher
from imagemill.blocking import run_in_thread
from imagemill.storage.errors import StorageUnavailable, to_storage_error
from imagemill.storage.local.naming import INPUT, name_durably
from imagemill.storage.local.unnamed_file import UnnamedFile, UnnamedFiles

MAX_BATCH: Final = 16
# A file system merges the syncs of concurrent threads; with more threads the batches are smaller.
MAX_THREADS: Final = 2


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A file to store: its path, which does not exist, and its content."""

    path: Path
    content: bytes | bytearray


class SmallFiles:
    """Stores small files below `root`, in batches."""

    def __init__(self, root: Path, unnamed_files: UnnamedFiles) -> None:
        self._root = root
        self._unnamed_files = unnamed_files
        self._batcher: Batcher[SmallFile, None] = Batcher(
            self._store_batch, max_size=MAX_BATCH, max_batches=MAX_THREADS
        )

    async def store(self, file: SmallFile) -> None:
        """Return once the file is durable. Raises StorageFull, StorageUnavailable."""
        await self._batcher.submit(file)

    async def _store_batch(self, files: Sequence[SmallFile]) -> list[StorageUnavailable | None]:
        return await run_in_thread(self._store_all, files)

    def _store_all(self, files: Sequence[SmallFile]) -> list[StorageUnavailable | None]:
        """Store the files; return None for each that is durable, else its error."""
        outcomes = [self._create(file) for file in files]
        created = {
            outcome: file.path
            for file, outcome in zip(files, outcomes, strict=True)
            if isinstance(outcome, UnnamedFile)
        }
        try:
            errors = name_durably(created, self._root, INPUT)
        finally:
            for unnamed in created:
                unnamed.close()
        return [_error(outcome, errors) for outcome in outcomes]

    def _create(self, file: SmallFile) -> UnnamedFile | OSError:
        """Return a new file with the content, which has no name yet, or an error."""
        try:
            created = self._unnamed_files.create()
        except OSError as error:
            return error
        try:
            created.write(file.content)
        except OSError as error:
            created.close()
            return error
        return created


def _error(
    outcome: OSError | UnnamedFile, errors: Mapping[UnnamedFile, OSError]
) -> StorageUnavailable | None:
    error = outcome if isinstance(outcome, OSError) else errors.get(outcome)
    return None if error is None else to_storage_error(error)
