"""Storage on a folder that gateway and workers share: a local disk or a mounted volume."""

import os
import shutil
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from io import FileIO
from pathlib import Path
from uuid import uuid4

from imagemill.blocking import run_in_thread
from imagemill.failpoints import failpoint
from imagemill.storage.durable import make_durable_parents, sync_file, sync_folder
from imagemill.storage.errors import FileMissing, NotAFile, StorageFull, storage_errors
from imagemill.storage.keys import TEMPORARY
from imagemill.storage.pending_file import PendingFile
from imagemill.storage.scratch_dir import ScratchDir, clear_abandoned


@dataclass(frozen=True)
class Volume:
    """Files under `root`, addressed by keys (see keys.py).

    `reserve_bytes` of free space are left alone by uploads, for those who must write to go on:
    the workers, and a database on the same disk.
    """

    root: Path
    reserve_bytes: int

    @classmethod
    async def open(cls, root: Path, reserve_bytes: int) -> "Volume":
        """Make the folders that are missing. Raises StorageUnavailable."""
        volume = cls(root, reserve_bytes)
        await run_in_thread(volume._make_folders)
        return volume

    @cached_property
    def scratch_dir(self) -> ScratchDir:
        return ScratchDir(self.root)

    async def aclose(self) -> None:
        """Leave nothing unfinished behind."""
        await run_in_thread(self.scratch_dir.leave)

    async def clear_abandoned(self) -> list[str]:
        """Remove what dead processes have not finished; return keys. Raises StorageUnavailable."""
        with storage_errors():
            return await run_in_thread(clear_abandoned, self.root)

    def path(self, key: str) -> Path:
        return self.root / key

    async def require_room(self, expected_bytes: int = 0) -> None:
        """Raise StorageFull unless this many bytes fit above the reserve."""
        with storage_errors():
            usage = await run_in_thread(shutil.disk_usage, self.root)
        if usage.free < expected_bytes + self.reserve_bytes:
            raise StorageFull("The storage has no room for this file.")

    @asynccontextmanager
    async def receive(self, expected_bytes: int = 0) -> AsyncIterator[PendingFile]:
        """Open a file to write to; unless it is kept, nothing of it stays.

        Raises StorageFull, StorageUnavailable.
        """
        await self.require_room(expected_bytes)
        with storage_errors():
            file = await run_in_thread(self._begun)
        temporary = Path(file.name)
        try:
            yield PendingFile(self.root, temporary, file)
        finally:
            await run_in_thread(_let_go, file, temporary)

    @asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """Make an empty folder for unfinished outputs; what is not published goes with it."""
        with storage_errors():
            folder = await run_in_thread(self._make_scratch)
        try:
            yield folder
        finally:
            await run_in_thread(shutil.rmtree, folder, ignore_errors=True)

    async def publish(self, folder: Path, key: str, names: Iterable[str]) -> None:
        """Make these files of a scratch folder durable and visible under the key, all at once.

        Raises StorageFull, StorageUnavailable, and NotAFile for a name that is none: whoever wrote
        into the folder is not to be trusted.
        """
        await run_in_thread(self._publish, folder, self.root / key, tuple(names))

    async def find(self, key: str) -> tuple[Path, os.stat_result]:
        """Return where a file is and what it is like. Raises FileMissing, StorageUnavailable."""
        path = self.root / key
        with storage_errors():
            try:
                return path, await run_in_thread(path.stat)
            except FileNotFoundError as error:
                raise FileMissing(f"There is no file {key}.") from error

    async def delete(self, *keys: str) -> None:
        """Remove files, and folders with all they hold. One that is not there is no error.

        Raises StorageUnavailable.
        """
        await run_in_thread(self._delete, [self.root / key for key in keys])

    async def prune(self, key: str) -> None:
        """Remove a folder if nothing is in it."""
        await run_in_thread(self._prune, self.root / key)

    async def probe(self) -> None:
        """Return when a file can be written and synced. Raises StorageFull, StorageUnavailable."""
        await run_in_thread(self._probe)

    async def now(self) -> datetime:
        """Return the time by the clock that stamps the files, which may be another machine's.

        Raises StorageFull, StorageUnavailable.
        """
        return await run_in_thread(self._now)

    def _make_folders(self) -> None:
        with storage_errors():
            (self.root / TEMPORARY).mkdir(parents=True, exist_ok=True)

    def _begun(self) -> FileIO:
        return FileIO(self.scratch_dir.folder() / f"{uuid4()}.part", "xb")

    def _make_scratch(self) -> Path:
        folder = self.scratch_dir.folder() / str(uuid4())
        folder.mkdir()
        return folder

    def _publish(self, folder: Path, target: Path, names: tuple[str, ...]) -> None:
        with storage_errors():
            _keep_only(folder, names)
            for name in names:
                sync_file(folder / name)
            sync_folder(folder)
            make_durable_parents(target, self.root)
            failpoint("outputs.synced")
            folder.rename(target)
            failpoint("outputs.named")
            sync_folder(target.parent)

    def _delete(self, paths: list[Path]) -> None:
        with storage_errors():
            for path in paths:
                # Somebody else may be deleting the same.
                with suppress(FileNotFoundError):
                    if path.is_dir():
                        shutil.rmtree(path)
                    else:
                        path.unlink()

    def _prune(self, path: Path) -> None:
        with suppress(OSError):
            path.rmdir()

    def _probe(self) -> None:
        with storage_errors():
            path = self.scratch_dir.folder() / f"{uuid4()}.probe"
            try:
                path.write_bytes(b"imagemill")
                sync_file(path)
            finally:
                path.unlink(missing_ok=True)

    def _now(self) -> datetime:
        with storage_errors():
            path = self.scratch_dir.folder() / f"{uuid4()}.clock"
            try:
                path.touch()
                return datetime.fromtimestamp(path.stat().st_mtime, UTC)
            finally:
                path.unlink(missing_ok=True)


def _let_go(file: FileIO, temporary: Path) -> None:
    with file:
        temporary.unlink(missing_ok=True)


def _keep_only(folder: Path, names: Collection[str]) -> None:
    """Remove whatever else is in the folder, and require each name to be a file of its own."""
    for entry in os.scandir(folder):
        if entry.name not in names:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry)
            else:
                Path(entry).unlink()
        elif not entry.is_file(follow_symlinks=False):
            raise NotAFile(f"The output {entry.name} is no plain file.")
