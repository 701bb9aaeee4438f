"""Clears away what crashes left in the storage, in a way that can be taken back.

What no row speaks for may be litter. Or the ledger is the one that lost something, because an older
backup was restored. So the janitor deletes nothing that it finds: it moves it to quarantine, brings
back what a row names after all, and deletes what nobody missed for a week. When more is unknown to
the ledger than crashes could explain, it touches nothing and calls for a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import structlog

from imagemill.blocking import run_in_thread
from imagemill.jobs.job_files import JobFilesIndex
from imagemill.maintenance.orphan_scan import OrphanScan, orphans_among, owned_keys, scan_orphans
from imagemill.maintenance.scheduled_tasks import claim_scheduled_task
from imagemill.storage.keys import outputs_key
from imagemill.storage.quarantine import Quarantine
from imagemill.storage.units import Unit, unfinished
from imagemill.storage.volume import Volume

log = structlog.get_logger()

CHORE: Final = "janitor"
INTERVAL: Final = timedelta(hours=1)

# An upload is renamed into place before its row is inserted, outputs before their job is completed:
# moments apart, and days would still be no harm.
ORPHAN_AGE: Final = timedelta(hours=24)
# On top of the longest time that an attempt may take.
UNFINISHED_AGE: Final = timedelta(hours=1)
QUARANTINE_AGE: Final = timedelta(days=7)

BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Janitor:
    """Keeps storage in step with the ledger. Moments are those of the storage's own clock.

    `pause_seconds` is one for each shard of the storage, for those who have better to do as well.
    Methods raise DatabaseUnavailable and StorageUnavailable. Two at work at once do no harm: a unit
    is moved by one rename, and whoever comes second finds it gone.
    """

    job_files: JobFilesIndex
    storage: Volume
    job_timeout: timedelta
    pause_seconds: float = 0.0

    @property
    def quarantine(self) -> Quarantine:
        return Quarantine(self.storage.root)

    async def round(self) -> None:
        """Tidy up if nobody else did within the last hour."""
        now = await self.storage.now()  # first: an absent storage is not to use up this hour's turn
        if await claim_scheduled_task(self.job_files.postgres, CHORE, INTERVAL):
            await self.tidy(now)

    async def tidy(self, now: datetime) -> None:
        """Bring back, set aside, and delete what was missed by nobody."""
        await self.bring_back()
        found = await self.look_for_orphans(now)
        if found.is_suspicious:
            log.error(
                "janitor.hesitates",
                orphans=found.orphan_count,
                units=found.units,
                advice="Was an older backup restored, or is this another database? See doctor.",
            )
            return
        await self.set_aside_orphans(found.orphans, now.date())
        await self.set_aside_unfinished(now)
        await self._delete_unmissed(now)

    async def clear_abandoned(self) -> list[str]:
        """Remove what dead processes have not finished: it is nobody's yet, and never will be."""
        cleared = await self.storage.clear_abandoned()
        _report("janitor.cleared", cleared)
        return cleared

    async def bring_back(self) -> list[str]:
        """Move what rows speak for out of quarantine, to where it was; return the keys."""
        detained = await self.quarantine.detained()
        owned = await owned_keys(self.job_files, (unit.job_id for unit in detained))
        brought = await self.quarantine.bring_back([u for u in detained if u.key in owned])
        _report("janitor.brought_back", brought)
        return brought

    async def look_for_orphans(self, now: datetime) -> OrphanScan:
        """Return what is in the storage for a day or more and belongs to no job."""
        return await scan_orphans(
            self.job_files, self.storage.root, now - ORPHAN_AGE, self.pause_seconds
        )

    async def look_for_unfinished(self, now: datetime) -> list[Unit]:
        """Return temporary files and folders that nobody can be writing to any more."""
        before = now - UNFINISHED_AGE - self.job_timeout
        units = await run_in_thread(unfinished, self.storage.root)
        return [unit for unit in units if unit.modified_at < before]

    async def set_aside_orphans(self, orphans: Sequence[Unit], day: date) -> list[str]:
        """Move orphans to quarantine and return the keys; not one whose row came meanwhile."""
        moved = []
        for start in range(0, len(orphans), BATCH):
            batch = await orphans_among(self.job_files, orphans[start : start + BATCH])
            moved += await self.quarantine.take([unit.key for unit in batch], day)
            for job_id in {unit.job_id for unit in batch if unit.job_id}:
                await self.storage.prune(outputs_key(job_id))
        _report("janitor.set_aside", moved)
        return moved

    async def set_aside_unfinished(self, now: datetime) -> list[str]:
        """Move old temporary files and folders to quarantine and return the keys."""
        found = await self.look_for_unfinished(now)
        moved = await self.quarantine.take([unit.key for unit in found], now.date())
        _report("janitor.set_aside", moved)
        return moved

    async def _delete_unmissed(self, now: datetime) -> None:
        # A day's folder is a week old when its last minute is.
        before = (now - QUARANTINE_AGE).date()
        old = [unit for unit in await self.quarantine.detained() if unit.day < before]
        for start in range(0, len(old), BATCH):
            batch = old[start : start + BATCH]
            # What a row names and could not be brought back stays, whatever kept it here.
            owned = await owned_keys(self.job_files, (unit.job_id for unit in batch))
            unmissed = [unit for unit in batch if unit.key not in owned]
            await self.quarantine.delete(unmissed)
            _report("janitor.deleted", [unit.key for unit in unmissed])


def _report(event: str, keys: Sequence[str]) -> None:
    for key in keys:
        log.info(event, key=key)
