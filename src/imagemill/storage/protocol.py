"""What a storage backend offers: complete, durable files under keys, and a local folder for work.

A file that can be seen under its key (see keys.py) has all its bytes, and survives a power cut once
the call that put it there has returned; unfinished files have no key. A key may also be that of all
outputs of an attempt or a job. Paths of the local machine come out of `scratch_folder` only. Where
a method names no other error, it raises
StorageUnavailable.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

# What to publish: bytes, or the descriptor of a file without a name that nobody else can change.
Content = bytes | int


@dataclass(frozen=True, slots=True)
class CommittedFile:
    """A durable file: its size in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Unit:
    """What is kept and deleted as a whole: an input, the outputs of an attempt, or unfinished work.

    `job_id` is the job that its key names, if any; `modified_at` is in UTC.
    """

    key: str
    job_id: UUID | None
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class QuarantinedUnit:
    """A unit in quarantine: the day of its move, its original key, the job that this names."""

    day: date
    key: str
    job_id: UUID | None


class PendingFile(Protocol):
    """An upload in progress. Its bytes are hashed as they are written."""

    @property
    def size(self) -> int:
        """The number of bytes written so far."""

    async def write(self, chunk: bytes) -> None:
        """Append the chunk. Raises StorageFull, StorageUnavailable."""

    async def sha256(self) -> str:
        """Return the SHA-256, in hex, of all bytes written so far.

        Raises StorageFull, StorageUnavailable.
        """

    async def commit(self, key: str) -> CommittedFile:
        """Make the file durable and visible under its key.

        Raises StorageFull, StorageUnavailable.
        """


class Quarantine(Protocol):
    """Units that no job owns, kept out of the way until they are restored or deleted."""

    async def list_units(self) -> list[QuarantinedUnit]:
        """Return everything in quarantine, the oldest day first."""

    async def add(self, keys: Iterable[str], day: date) -> list[str]:
        """Move these units to the quarantine of that day; return the keys moved.

        A unit that is gone is skipped, and so is a file that the day has already.
        """

    async def restore(self, units: Collection[QuarantinedUnit]) -> list[str]:
        """Move units back to their keys, never over another file; return the keys moved."""

    async def delete(self, units: Collection[QuarantinedUnit]) -> None:
        """Delete these units for good. One that is missing is no error."""

    async def delete_keys(self, keys: Collection[str]) -> None:
        """Delete what was quarantined, on any day, from these keys."""

    async def total_size(self, units: Collection[QuarantinedUnit]) -> int:
        """Return the bytes of these units, as far as they can be read."""


class Storage(Protocol):
    """Inputs and outputs of jobs, addressed by keys."""

    @property
    def quarantine(self) -> Quarantine: ...

    def begin(self, expected_bytes: int = 0) -> AbstractAsyncContextManager[PendingFile]:
        """Begin an upload of about this many bytes; without a commit, the block leaves no file.

        Raises StorageFull if the bytes do not fit above the reserve, StorageUnavailable.
        """

    async def size(self, key: str) -> int:
        """Return a file's size in bytes. Raises FileMissing, StorageUnavailable."""

    async def sizes(self, keys: Collection[str]) -> dict[str, int]:
        """Return the bytes stored under each of these keys, for those that have any."""

    async def read(self, key: str) -> bytes:
        """Return all bytes of a small file. Raises FileMissing, StorageUnavailable."""

    def read_range(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the file's bytes from `start` up to, not including, `end`; fewer if it is shorter.

        Raises FileMissing, StorageUnavailable.
        """

    def open_input(self, key: str) -> AbstractAsyncContextManager[int]:
        """Provide a descriptor of the file, only to be read, until the block ends.

        Raises FileMissing, StorageUnavailable.
        """

    def scratch_folder(self) -> AbstractAsyncContextManager[Path]:
        """Provide an empty local folder, which is deleted with the block.

        Its files without a name are published without a copy, where the storage is a local one.
        """

    async def publish(self, files: Mapping[str, Content]) -> None:
        """Make these contents durable under their keys: all of them, or raise.

        After StorageUnavailable they may be there all the same; no key is published twice. Raises
        StorageFull, StorageUnavailable.
        """

    async def delete(self, *keys: str) -> None:
        """Delete all that is stored under these keys. One that has nothing is no error."""

    async def list_shards(self) -> list[str]:
        """Return the names of the shards over which inputs and outputs are spread (see keys.py)."""

    async def list_units(self, shard: str) -> list[Unit]:
        """Return the inputs, and the outputs of each attempt, that a shard holds."""

    async def list_unfinished(self) -> list[Unit]:
        """Return unfinished files and folders that may still be in use: only their age can tell."""

    async def delete_abandoned(self) -> list[str]:
        """Delete unfinished files of processes that are known to have died; return the keys."""

    async def probe(self) -> None:
        """Write and sync a small file. Raises StorageFull, StorageUnavailable."""

    async def now(self) -> datetime:
        """Return the time in UTC by the clock that sets `Unit.modified_at`.

        Raises StorageFull, StorageUnavailable.
        """

    async def free_bytes(self) -> int | None:
        """Return how many bytes are free, None if the storage sets no limit."""
