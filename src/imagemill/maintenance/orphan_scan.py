"""Search of the storage for orphans: units that no job's row references."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from imagemill.jobs.job import JobId
from imagemill.jobs.job_files import JobFiles, JobFilesIndex
from imagemill.storage.keys import attempt_key, unit_key
from imagemill.storage.protocol import Storage, Unit

# Crashes leave fewer orphans than this, or a smaller share: with more, rows must have been lost.
MAX_PLAUSIBLE_ORPHANS: Final = 20
MAX_PLAUSIBLE_SHARE: Final = 0.1

# Bounds the memory; the next scans find the orphans beyond it.
MAX_LISTED: Final = 10_000


@dataclass(slots=True)
class OrphanScan:
    """The result of a scan: how many units were old enough, how many of these are orphans, which.

    `orphans` has at most MAX_LISTED of them.
    """

    units: int = 0
    orphan_count: int = 0
    orphans: list[Unit] = field(default_factory=list)

    @property
    def is_suspicious(self) -> bool:
        """Whether there are so many orphans that the database, not the storage, must be wrong."""
        return self.orphan_count > max(MAX_PLAUSIBLE_ORPHANS, self.units * MAX_PLAUSIBLE_SHARE)


async def scan_orphans(
    job_files: JobFilesIndex, storage: Storage, before: datetime, pause_seconds: float
) -> OrphanScan:
    """Scan all inputs and outputs that were last modified before the given moment.

    Pauses after each shard, of which there are up to 4096.
    Raises DatabaseUnavailable, StorageUnavailable.
    """
    scan = OrphanScan()
    for shard in await storage.list_shards():
        units = [unit for unit in await storage.list_units(shard) if unit.modified_at < before]
        scan.units += len(units)
        orphans = await select_orphans(job_files, units)
        scan.orphan_count += len(orphans)
        scan.orphans += orphans[: MAX_LISTED - len(scan.orphans)]
        await asyncio.sleep(pause_seconds)
    return scan


async def select_orphans(job_files: JobFilesIndex, units: Sequence[Unit]) -> list[Unit]:
    """Return those of the units that no row references at this moment.

    Raises DatabaseUnavailable.
    """
    referenced = await find_referenced_keys(job_files, (unit.job_id for unit in units))
    return [unit for unit in units if unit.key not in referenced]


async def find_referenced_keys(
    job_files: JobFilesIndex, job_ids: Iterable[UUID | None]
) -> frozenset[str]:
    """Return the keys of all units that the rows of these jobs reference.

    Raises DatabaseUnavailable.
    """
    ids = {JobId(job_id) for job_id in job_ids if job_id}
    return frozenset(key for job in await job_files.find(ids) for key in _unit_keys(job))


def _unit_keys(job: JobFiles) -> Iterable[str]:
    yield job.input.key
    for output in job.outputs:
        yield unit_key(output.key)
    if job.fence is not None:  # perhaps published already, and about to be recorded
        yield attempt_key(job.id, job.fence)
