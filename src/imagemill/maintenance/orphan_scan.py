"""Compares the storage with the ledger: what is there that no job's row speaks for."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID

from imagemill.blocking import run_in_thread
from imagemill.jobs.job import JobId
from imagemill.jobs.job_files import JobFiles, JobFilesIndex
from imagemill.storage.keys import attempt_key
from imagemill.storage.units import Unit, shards, units_of

# More orphans than crashes leave: then it is the ledger that lost something.
FEW: Final = 20
LARGEST_SHARE: Final = 0.1

# So many are told by name; should there be more, the next rounds come to them.
MOST_NAMED: Final = 10_000


@dataclass(slots=True)
class OrphanScan:
    """How many units are old enough to be judged, and how many of these are orphans, and which."""

    units: int = 0
    orphan_count: int = 0
    orphans: list[Unit] = field(default_factory=list)

    @property
    def is_suspicious(self) -> bool:
        """Whether so much is unknown to the ledger that the ledger itself is to be doubted."""
        return self.orphan_count > max(FEW, self.units * LARGEST_SHARE)


async def scan_orphans(
    job_files: JobFilesIndex, root: Path, before: datetime, pause_seconds: float
) -> OrphanScan:
    """Walk through inputs and outputs, and judge what was last changed before the given moment.

    The pause is one for each shard, of which there are up to 4096.
    Raises DatabaseUnavailable, StorageUnavailable.
    """
    found = OrphanScan()
    for shard in await run_in_thread(shards, root):
        units = [
            unit for unit in await run_in_thread(units_of, root, shard) if unit.modified_at < before
        ]
        found.units += len(units)
        orphans = await orphans_among(job_files, units)
        found.orphan_count += len(orphans)
        found.orphans += orphans[: MOST_NAMED - len(found.orphans)]
        await asyncio.sleep(pause_seconds)
    return found


async def orphans_among(job_files: JobFilesIndex, units: Sequence[Unit]) -> list[Unit]:
    """Return those of the units that no row speaks for, at this moment."""
    owned = await owned_keys(job_files, (unit.job_id for unit in units))
    return [unit for unit in units if unit.key not in owned]


async def owned_keys(job_files: JobFilesIndex, job_ids: Iterable[UUID | None]) -> frozenset[str]:
    """Return the keys of all units that the rows of these jobs speak for."""
    ids = {JobId(job_id) for job_id in job_ids if job_id}
    return frozenset(key for job in await job_files.find(ids) for key in _owned(job))


def _owned(job: JobFiles) -> Iterable[str]:
    yield job.input.key
    for output in job.outputs:
        yield PurePosixPath(output.key).parent.as_posix()
    if job.fence is not None:  # published already perhaps, and about to be recorded
        yield attempt_key(job.id, job.fence)
