"""Deletion of what is kept for a limited time: ended jobs, Idempotency-Keys, deleted jobs' files.

Every worker does all of it; rows that another worker has locked are skipped.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from imagemill.jobs.idempotency import delete_expired_keys
from imagemill.maintenance.file_deletions import FileDeletion, FileDeletions
from imagemill.storage.keys import outputs_key
from imagemill.storage.protocol import Storage

log = structlog.get_logger()

# So many rows, with their history, are deleted within a tenth of a second.
ROWS_BATCH: Final = 1000
# Files take longer, and a worker that shuts down finishes its batch first.
FILES_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """Limits on how long jobs are kept once they have ended: for ever if `age` is None.

    Methods raise DatabaseUnavailable.
    """

    file_deletions: FileDeletions
    storage: Storage
    age: timedelta | None

    async def delete_expired_jobs(self) -> None:
        """Delete all jobs that ended longer ago than `age`."""
        count = ROWS_BATCH
        while self.age and count == ROWS_BATCH:
            count = await self.file_deletions.delete_expired_jobs(self.age, ROWS_BATCH)
            if count:
                log.info("retention.jobs_deleted", count=count)

    async def delete_expired_keys(self) -> None:
        """Delete all Idempotency-Keys that are no longer valid; their jobs stay."""
        while await delete_expired_keys(self.file_deletions.postgres, ROWS_BATCH) == ROWS_BATCH:
            pass

    async def delete_files(self) -> None:
        """Delete the files of deleted jobs, all that are due. Raises StorageUnavailable, too."""
        while batch := await self.file_deletions.claim(FILES_BATCH):
            await self._delete_files(batch)
            log.info("retention.files_deleted", jobs=len(batch))

    async def _delete_files(self, batch: tuple[FileDeletion, ...]) -> None:
        keys = [key for one in batch for key in (one.input_path, outputs_key(one.job_id))]
        await self.storage.delete(*keys)
        await self.storage.quarantine.delete_keys(keys)
        # The empty mount point of an absent storage has none of these files either.
        await self.storage.probe()
        await self.file_deletions.complete(batch)
