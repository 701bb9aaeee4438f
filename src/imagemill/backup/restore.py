"""Restoring of a backup: files first, then all rows in one transaction, both verified.

Interrupted at any point it can be repeated: files that are there with the right digest are kept,
and the database is as it was until the transaction commits.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg

from imagemill.backup import digests, tables
from imagemill.backup.concurrency import run_tasks
from imagemill.backup.errors import BackupRejected
from imagemill.backup.layout import FILES, Manifest, read_manifest
from imagemill.blocking import run_in_thread
from imagemill.formatting import pluralize
from imagemill.postgres.migrate import migrate, newest_version
from imagemill.settings import Settings
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.digests import read_sha256
from imagemill.storage.errors import FileMissing
from imagemill.storage.keys import unit_key
from imagemill.storage.open_storage import open_storage
from imagemill.storage.protocol import Storage

# Small files that are committed at once share their syncs.
CONCURRENCY: Final = 16

REPLACE: Final = "To replace what is there, add --replace."


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored backup; files that were in the storage already are not counted as written."""

    manifest: Manifest
    files_written: int


def check_backup(folder: Path) -> Manifest:
    """Return the manifest of a backup that is complete and unchanged. Raises BackupRejected."""
    manifest = read_manifest(folder)
    digests.verify(folder, manifest)
    return manifest


async def restore_backup(settings: Settings, folder: Path, *, replace: bool) -> Restored:
    """Restore a backup into PostgreSQL and the storage, while no service uses them.

    Without `replace`, both must be empty, or have nothing but what an interrupted restore of the
    same backup left. With it, the rows are replaced; files that the backup does not have stay.
    Raises BackupRejected, SchemaTooNew, DatabaseUnavailable, StorageUnavailable.
    """
    manifest = await run_in_thread(check_backup, folder)
    if manifest.schema > newest_version():
        raise BackupRejected(
            f"{folder} was made by version {manifest.imagemill}, with the schema {manifest.schema};"
            f" this version knows {newest_version()}: use that version, or a later one."
        )
    await run_in_thread(_check_database, settings.postgres, manifest.schema, replace=replace)
    async with open_storage(settings.storage_url, settings.disk_reserve_bytes) as storage:
        if not replace:
            await _require_no_others(storage, folder)
        written = await _restore_files(storage, folder)
    await run_in_thread(_restore_rows, settings.postgres, folder, manifest)
    return Restored(manifest, written)


def _check_database(address: PostgresAddress, schema: str, *, replace: bool) -> None:
    with tables.connect(address) as connection:
        found = tables.read_schema(connection)
        if found is not None and found > schema:
            raise BackupRejected(
                f"PostgreSQL at {address} has the schema {found}, and the backup the earlier"
                f" {schema}: restore into an empty database (dropdb and createdb"
                f" {address.dbname}), or change PG_DBNAME."
            )
        if services := tables.count_services(connection):
            raise BackupRejected(
                f"Services are connected to PostgreSQL at {address}, by"
                f" {pluralize(services, 'connection')}: stop gateways and workers first."
            )
        if not replace and tables.has_rows(connection):
            raise BackupRejected(f"PostgreSQL at {address} has jobs or keys. {REPLACE}")


async def _require_no_others(storage: Storage, folder: Path) -> None:
    """Raise BackupRejected if the storage has anything that the backup does not have."""
    for shard in await storage.list_shards():
        units = await storage.list_units(shard)
        known = await run_in_thread(_units_of_shard, folder, shard)
        others = [unit.key for unit in units if unit.key not in known]
        if others:
            raise BackupRejected(
                f"The storage is not empty: it has {others[0]}, which is not in the backup."
                f" {REPLACE}"
            )


def _units_of_shard(folder: Path, shard: str) -> set[str]:
    files = (folder / FILES).glob(f"*/{shard}/*")
    return {unit_key(file.relative_to(folder / FILES).as_posix()) for file in files}


async def _restore_files(storage: Storage, folder: Path) -> int:
    """Store every file that is not there yet, and return how many were."""
    files, written = digests.read_stored_files(folder), 0

    async def restore_some() -> None:
        nonlocal written
        for key, sha256 in files:
            if not await _is_stored(storage, key, sha256):
                await _store(storage, folder / FILES / key, key, sha256)
                written += 1

    await run_tasks(restore_some, CONCURRENCY)
    return written


async def _is_stored(storage: Storage, key: str, sha256: str) -> bool:
    """Return whether the file is there with this digest; one with another digest is deleted."""
    try:
        found = await read_sha256(storage, key, await storage.size(key))
    except FileMissing:
        return False
    if found == sha256:
        return True
    await storage.delete(key)
    return False


async def _store(storage: Storage, path: Path, key: str, sha256: str) -> None:
    with await run_in_thread(path.open, "rb") as file:
        async with storage.begin(os.fstat(file.fileno()).st_size) as pending:
            while chunk := await run_in_thread(file.read, digests.CHUNK_BYTES):
                await pending.write(chunk)
            if await pending.sha256() != sha256:
                raise BackupRejected(f"{path} has changed since it was verified.")
            await pending.commit(key)


def _restore_rows(address: PostgresAddress, folder: Path, manifest: Manifest) -> None:
    # First the schema that the rows were read from, then what later migrations do to them.
    migrate(address, manifest.schema)
    try:
        with tables.connect(address) as connection:
            tables.load(connection, folder, manifest)
    except psycopg.Error as error:
        raise BackupRejected(f"The rows were not restored, and the files were: {error}") from error
    migrate(address)
