"""Storage in a folder that gateway and workers share: a local disk or a mounted volume."""

import shutil
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from imagemill.blocking import run_in_thread
from imagemill.storage.errors import StorageFull, translate_os_errors
from imagemill.storage.keys import TEMPORARY
from imagemill.storage.local import listing, probing, reading, scratch_dir
from imagemill.storage.local.deleting import delete_path
from imagemill.storage.local.free_space import FreeSpace
from imagemill.storage.local.key_paths import find_paths
from imagemill.storage.local.pending_file import LocalPendingFile
from imagemill.storage.local.permissions import (
    PERMISSIONS,
    describe_unwritable,
    require_writable,
)
from imagemill.storage.local.publishing import Publisher
from imagemill.storage.local.quarantine import LocalQuarantine
from imagemill.storage.local.scratch_dir import ScratchDir
from imagemill.storage.local.small_files import SmallFiles
from imagemill.storage.local.unnamed_file import UnnamedFiles
from imagemill.storage.protocol import Content, Unit


@dataclass(frozen=True, slots=True)
class LocalStorage:
    """Files below `root`: a key is a path relative to it.

    Uploads leave `reserve_bytes` of free space alone, so that workers, and a database on the same
    disk, can go on writing.
    """

    root: Path
    reserve_bytes: int
    scratch: ScratchDir
    quarantine: LocalQuarantine
    unnamed_files: UnnamedFiles
    small_files: SmallFiles
    publisher: Publisher
    free_space: FreeSpace

    @classmethod
    @asynccontextmanager
    async def open(
        cls, root: Path, reserve_bytes: int, *, create_missing: bool = True
    ) -> AsyncIterator["LocalStorage"]:
        """Open the storage and create its folders, or with `create_missing=False` no folder at all.

        Raises StorageNotWritable if they cannot be created or written, StorageUnavailable.
        """
        if create_missing:
            with translate_os_errors():
                await run_in_thread(_create_folders, root)
        scratch = ScratchDir(root)
        unnamed_files = UnnamedFiles(root / TEMPORARY, lambda: scratch.new_path(".part"))
        storage = cls(
            root=root,
            reserve_bytes=reserve_bytes,
            scratch=scratch,
            quarantine=LocalQuarantine(root),
            unnamed_files=unnamed_files,
            small_files=SmallFiles(root, unnamed_files),
            publisher=Publisher(root, unnamed_files),
            free_space=FreeSpace(root),
        )
        try:
            yield storage
        finally:
            await run_in_thread(storage.scratch.remove)

    @asynccontextmanager
    async def begin(self, expected_bytes: int = 0) -> AsyncIterator[LocalPendingFile]:
        if not await self.free_space.reserve(expected_bytes, self.reserve_bytes):
            raise StorageFull("The storage has no room for this file.")
        pending_file = LocalPendingFile(self.root, self.unnamed_files, self.small_files)
        try:
            yield pending_file
        finally:
            await pending_file.close()

    async def size(self, key: str) -> int:
        return await reading.read_size(self.root, key)

    async def sizes(self, keys: Collection[str]) -> dict[str, int]:
        return await run_in_thread(reading.read_sizes, self.root, keys)

    async def read(self, key: str) -> bytes:
        return await reading.read_file(self.root, key)

    def read_range(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        return reading.read_range(self.root, key, start, end)

    @asynccontextmanager
    async def open_input(self, key: str) -> AsyncIterator[int]:
        with await reading.open_file(self.root, key) as file:
            yield file.fileno()

    @asynccontextmanager
    async def scratch_folder(self) -> AsyncIterator[Path]:
        with translate_os_errors():
            folder = await run_in_thread(self._create_scratch)
        try:
            yield folder
        finally:
            await run_in_thread(shutil.rmtree, folder, ignore_errors=True)

    async def publish(self, files: Mapping[str, Content]) -> None:
        await self.publisher.publish({self.root / key: files[key] for key in files})

    async def delete(self, *keys: str) -> None:
        with translate_os_errors():
            await run_in_thread(self._delete, keys)

    async def list_shards(self) -> list[str]:
        return await run_in_thread(listing.list_shards, self.root)

    async def list_units(self, shard: str) -> list[Unit]:
        return await run_in_thread(listing.list_units, self.root, shard)

    async def list_unfinished(self) -> list[Unit]:
        return await run_in_thread(listing.list_unfinished, self.root)

    async def delete_abandoned(self) -> list[str]:
        with translate_os_errors():
            return await run_in_thread(scratch_dir.delete_abandoned, self.root)

    async def probe(self) -> None:
        with translate_os_errors():
            await run_in_thread(lambda: probing.write_probe(self.scratch.new_path(".probe")))

    async def now(self) -> datetime:
        with translate_os_errors():
            return await run_in_thread(lambda: probing.read_clock(self.scratch.new_path(".clock")))

    async def free_bytes(self) -> int:
        return await self.free_space.measure()

    def _create_scratch(self) -> Path:
        folder = self.scratch.new_path()
        folder.mkdir()
        return folder

    def _delete(self, keys: Iterable[str]) -> None:
        for path in find_paths(self.root, keys):
            delete_path(path)


def _create_folders(root: Path) -> None:
    try:
        (root / TEMPORARY).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno not in PERMISSIONS:
            raise
        raise describe_unwritable(root, Path(error.filename or root)) from error
    require_writable(root)
