"""Making of a backup while the services run.

First the rows, from one snapshot: every job that was accepted before is among them. Then the files
that those rows name, which were durable before their rows were committed. What no row names is not
copied: uploads and attempts in progress, orphans, the quarantine. Each file is compared with the
digest of its row as it is copied, and once more when everything has been written.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from imagemill.backup import digests, tables
from imagemill.backup.errors import BackupRejected
from imagemill.backup.file_copies import NotCopied, copy_files, keep_copies, write_list
from imagemill.backup.layout import (
    FILES,
    PARTIAL_SUFFIX,
    SUMS,
    TABLES,
    Manifest,
    TableFacts,
    table_path,
    write_manifest,
)
from imagemill.blocking import run_in_thread
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.postgres.pool import Postgres
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.open_storage import open_storage

LOCK: Final = "lock"
POOL_SIZE: Final = 2


async def make_backup(settings: Settings, folder: Path) -> Manifest:
    """Make a backup at `folder`, which must not exist, and return what it has.

    Until it is complete it is `NAME.partial`; that of an interrupted backup is replaced.
    Raises BackupRejected, DatabaseUnavailable, StorageUnavailable.
    """
    with _new_partial(folder) as partial:
        schema, facts = await run_in_thread(_dump_rows, settings.postgres, partial)
        async with (
            open_storage(settings.storage_url, 0, create_missing=False) as storage,
            Postgres.open(settings.postgres, POOL_SIZE) as postgres,
        ):
            not_copied = await copy_files(storage, JobFilesIndex(postgres), partial)
        manifest = await run_in_thread(_complete, partial, schema, facts, not_copied)
        await run_in_thread(_publish, partial, folder)
    return manifest


@contextmanager
def _new_partial(folder: Path) -> Iterator[Path]:
    """Provide an empty folder for the backup, which no other process uses.

    Raises BackupRejected, also for an error of the operating system in the block.
    """
    if folder.exists():
        raise BackupRejected(f"{folder} exists already: name a new folder for each backup.")
    partial = folder.with_name(f"{folder.name}{PARTIAL_SUFFIX}")
    try:
        partial.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _lock(partial):
            for part in (TABLES, FILES):
                shutil.rmtree(partial / part, ignore_errors=True)
                (partial / part).mkdir()
            yield partial
    except OSError as error:
        raise BackupRejected(
            f"The backup {partial} cannot be written by uid {os.geteuid()}:"
            f" {error.strerror or error}."
        ) from error


@contextmanager
def _lock(partial: Path) -> Iterator[None]:
    lock = os.open(partial / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise BackupRejected(f"Another process makes a backup in {partial}.") from error
    finally:
        os.close(lock)


def _dump_rows(address: PostgresAddress, partial: Path) -> tuple[str, dict[str, TableFacts]]:
    """Write the rows, and the list of the files that they name.

    Returns the schema's version and what was written.
    """
    with tables.connect(address) as connection:
        tables.begin_snapshot(connection)
        schema = tables.read_schema(connection)
        if schema is None:
            raise BackupRejected(f"PostgreSQL at {address} has no jobs of imagemill.")
        facts = tables.dump(connection, partial)
        write_list(partial, tables.list_stored_files(connection))
    return schema, facts


def _complete(
    partial: Path, schema: str, facts: dict[str, TableFacts], not_copied: NotCopied
) -> Manifest:
    """Write the list of digests and the manifest, sync everything, and read it once more."""
    files = bytes_ = 0
    with (partial / SUMS).open("w", encoding="utf-8") as sums:
        for path in map(table_path, facts):
            sums.write(digests.format_sum(path, digests.file_sha256(partial / path)))
        for file in keep_copies(partial, not_copied):
            sums.write(digests.format_sum(f"{FILES}/{file.key}", file.sha256))
            files += 1
            bytes_ += file.bytes
    manifest = Manifest(
        imagemill=version("imagemill"),
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        schema=schema,
        tables=facts,
        files=files,
        bytes=bytes_,
        deleted_jobs=tuple(sorted(not_copied.deleted_jobs)),
        damaged=tuple(sorted(not_copied.damaged)),
        sums_sha256=digests.file_sha256(partial / SUMS),
    )
    write_manifest(partial, manifest)
    os.sync()  # one for all: a sync of each of many small files takes many times as long
    digests.verify(partial, manifest)
    return manifest


def _publish(partial: Path, folder: Path) -> None:
    """Give the backup its name, durably."""
    (partial / LOCK).unlink()
    partial.rename(folder)
    descriptor = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
