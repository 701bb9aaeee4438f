"""Removal of what crashes left in the storage, such that it can be undone for a week.

A unit without a row may be garbage, or the database lost the row because an older backup was
restored. So the janitor moves what it finds to quarantine, restores what a row references after
all, and deletes the rest after a week. When there are more orphans than crashes could explain, it
moves nothing and logs an error.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from imagemill.jobs.job_files import JobFilesIndex
from imagemill.maintenance.orphan_scan import (
    OrphanScan,
    find_referenced_keys,
    scan_orphans,
    select_orphans,
)
from imagemill.storage.protocol import Storage, Unit

log = structlog.get_logger()

# An upload is committed before its row is inserted, outputs are published before their job is
# completed: moments apart, where even days would do no harm.
ORPHAN_AGE: Final = timedelta(hours=24)
# On top of the longest time that an attempt may take.
UNFINISHED_AGE: Final = timedelta(hours=1)
QUARANTINE_AGE: Final = timedelta(days=7)

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Janitor:
    """Keeps the storage consistent with the database. Moments are those of the storage's clock.

    `pause_seconds` is waited after each shard of the storage, to leave the disk to others.
    Methods raise DatabaseUnavailable and StorageUnavailable. They may run in several processes at
    once: a unit is moved by one rename, and the slower process finds it gone.
    """

    job_files: JobFilesIndex
    storage: Storage
    job_timeout: timedelta
    pause_seconds: float = 0.0

    async def clean(self, now: datetime) -> None:
        """Restore, quarantine, and delete what has been in quarantine for a week."""
        await self.restore()
        scan = await self.find_orphans(now)
        if scan.is_suspicious:
            log.error(
                "janitor.too_many_orphans",
                orphans=scan.orphan_count,
                units=scan.units,
                advice="Was an older backup restored, or is this another database? See doctor.",
            )
            return
        await self.quarantine_orphans(scan.orphans, now.date())
        await self.quarantine_unfinished(now)
        await self._delete_old(now)

    async def delete_abandoned(self) -> list[str]:
        """Delete the unfinished files of dead processes and return their keys."""
        deleted = await self.storage.delete_abandoned()
        _log_each("janitor.abandoned_deleted", deleted)
        return deleted

    async def restore(self) -> list[str]:
        """Move what rows reference out of quarantine, back to its key; return the keys."""
        units = await self.storage.quarantine.list_units()
        referenced = await find_referenced_keys(self.job_files, (unit.job_id for unit in units))
        wanted = [unit for unit in units if unit.key in referenced]
        restored = await self.storage.quarantine.restore(wanted)
        _log_each("janitor.restored", restored)
        return restored

    async def find_orphans(self, now: datetime) -> OrphanScan:
        """Return what has been in the storage for a day and is referenced by no row."""
        return await scan_orphans(
            self.job_files, self.storage, now - ORPHAN_AGE, self.pause_seconds
        )

    async def find_unfinished(self, now: datetime) -> list[Unit]:
        """Return the unfinished files and folders that are too old to be in use."""
        before = now - UNFINISHED_AGE - self.job_timeout
        return [unit for unit in await self.storage.list_unfinished() if unit.modified_at < before]

    async def quarantine_orphans(self, orphans: Sequence[Unit], day: date) -> list[str]:
        """Move those that still are orphans to quarantine and return the keys."""
        moved = []
        for start in range(0, len(orphans), BATCH):
            batch = await select_orphans(self.job_files, orphans[start : start + BATCH])
            moved += await self.storage.quarantine.add([unit.key for unit in batch], day)
        _log_each("janitor.quarantined", moved)
        return moved

    async def quarantine_unfinished(self, now: datetime) -> list[str]:
        """Move old unfinished files and folders to quarantine and return the keys."""
        units = await self.find_unfinished(now)
        moved = await self.storage.quarantine.add([unit.key for unit in units], now.date())
        _log_each("janitor.quarantined", moved)
        return moved

    async def _delete_old(self, now: datetime) -> None:
        # A day's units are all a week old when the last minute of that day is.
        before = (now - QUARANTINE_AGE).date()
        old = [unit for unit in await self.storage.quarantine.list_units() if unit.day < before]
        for start in range(0, len(old), BATCH):
            batch = old[start : start + BATCH]
            # What a row references and could not be restored stays, whatever prevented that.
            referenced = await find_referenced_keys(self.job_files, (unit.job_id for unit in batch))
            unreferenced = [unit for unit in batch if unit.key not in referenced]
            await self.storage.quarantine.delete(unreferenced)
            _log_each("janitor.deleted", [unit.key for unit in unreferenced])


def _log_each(event: str, keys: Sequence[str]) -> None:
    for key in keys:
        log.info(event, key=key)
