"""The commands `imagemill backup` and `imagemill restore`."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from imagemill.backup.layout import Manifest
from imagemill.backup.restore import check_backup, restore_backup
from imagemill.backup.save import make_backup
from imagemill.formatting import format_size, pluralize
from imagemill.settings import Settings

COMPLETE = 0
DAMAGED = 1


async def back_up(settings: Settings, folder: Path, data: Path | None) -> int:
    """Make a backup and return the exit status: 1 if files of the storage are damaged.

    Raises BackupRejected, Unavailable.
    """
    async with _open(settings, data, alone=False) as adjusted:
        manifest = await make_backup(adjusted, folder)
    _print(f"Backed up {_describe(manifest)}, into {folder}.")
    if manifest.damaged:
        _print(
            f"{pluralize(len(manifest.damaged), 'file')} of the storage, missing or changed, could"
            f" not be backed up: {manifest.damaged[0]} and those that `imagemill doctor --deep`"
            " lists."
        )
        return DAMAGED
    return COMPLETE


async def restore(settings: Settings, folder: Path, data: Path | None, *, replace: bool) -> None:
    """Restore a backup. Raises BackupRejected, Unavailable."""
    async with _open(settings, data, alone=True) as adjusted:
        restored = await restore_backup(adjusted, folder, replace=replace)
    _print(
        f"Restored {_describe(restored.manifest)}; {restored.files_written:,} of the files were not"
        " there yet. Start the services, then run `imagemill doctor`."
    )


def check(folder: Path) -> None:
    """Verify a backup. Raises BackupRejected."""
    _print(f"{folder} is complete and unchanged: {_describe(check_backup(folder))}.")


@asynccontextmanager
async def _open(settings: Settings, data: Path | None, *, alone: bool) -> AsyncIterator[Settings]:
    if data is None:
        yield settings
        return
    from imagemill.embedded.database import run_alone, use_beside_services

    async with (run_alone if alone else use_beside_services)(data) as servers:
        yield settings.model_copy(update=servers)


def _describe(manifest: Manifest) -> str:
    jobs = manifest.tables["jobs"].rows - len(manifest.deleted_jobs)
    return (
        f"{pluralize(jobs, 'job')} with {pluralize(manifest.files, 'file')},"
        f" {format_size(manifest.bytes)}"
    )


def _print(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
