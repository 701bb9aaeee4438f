"""Forgets jobs that ended long ago and keys of old uploads; removes the files of deleted jobs.

The row goes first, and with it a note of its files; the files go after the commit (see
file_deletions.py). Every worker does all of it: rows that another has locked are passed over.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from imagemill.jobs.idempotency import delete_expired_keys
from imagemill.maintenance.file_deletions import FileDeletion, FileDeletions
from imagemill.storage.keys import outputs_key
from imagemill.storage.quarantine import Quarantine
from imagemill.storage.volume import Volume

log = structlog.get_logger()

# Rows go fast: so many, with their history, take a tenth of a second.
BATCH: Final = 1000
# Files do not, and a worker that is told to stop waits for those that it is removing.
FILES_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """How long jobs are kept once they have ended: for ever when `age` is None."""

    removals: FileDeletions
    storage: Volume
    age: timedelta | None

    async def forget(self) -> None:
        """Delete the jobs that ended longer ago than `age`, all of them."""
        count = BATCH
        while self.age and count == BATCH:
            count = await self.removals.forget(self.age, BATCH)
            if count:
                log.info("jobs.forgotten", count=count)

    async def forget_keys(self) -> None:
        """Forget the Idempotency-Keys that stand for nothing any more; their jobs stay."""
        while await delete_expired_keys(self.removals.postgres, BATCH) == BATCH:
            pass

    async def remove_files(self) -> None:
        """Remove the files of deleted jobs, all that are due. Raises StorageUnavailable."""
        while batch := await self.removals.take(FILES_BATCH):
            await self._remove(batch)
            log.info("files.removed", jobs=len(batch))

    async def _remove(self, batch: tuple[FileDeletion, ...]) -> None:
        keys = [key for removal in batch for key in (removal.input_path, outputs_key(removal.id))]
        await self.storage.delete(*keys)
        await Quarantine(self.storage.root).forget(keys)
        # An empty mount point has none of these files either: only a storage that is there counts.
        await self.storage.probe()
        await self.removals.done(batch)
