"""Jobs that are deleted, and the files of theirs that are still to be removed.

Rows first, files after the commit: a row never names a file that is gone. The statement that
deletes a row also notes its files in `file_deletions`, and workers work that off. So whatever
happens in between, the files go within minutes of the storage being there.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.jobs.job import JobId
from imagemill.postgres.pool import Postgres

# What is taken and not reported done, since its worker died or the storage is away, is due again
# after this long.
AGAIN_AFTER: Final = timedelta(minutes=1)

FORGET = """
    WITH old AS MATERIALIZED (
        SELECT id FROM jobs
         WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED')
           AND completed_at < now() - %(age)s::interval
         ORDER BY completed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM jobs j USING old WHERE j.id = old.id RETURNING j.id, j.input_path)
    INSERT INTO file_deletions (job_id, input_path, due_at) SELECT id, input_path, now() FROM gone
    ON CONFLICT (job_id) DO NOTHING
    RETURNING job_id
"""

# An entry whose job is there again came out of a backup of that one table: the files are alive.
TAKE = """
    WITH due AS MATERIALIZED (
        SELECT job_id FROM file_deletions r
         WHERE due_at <= now() AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = r.job_id)
         ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE file_deletions r SET due_at = now() + %(again_after)s
      FROM due WHERE r.job_id = due.job_id
    RETURNING r.job_id, r.input_path
"""

DONE = "DELETE FROM file_deletions WHERE job_id = ANY(%(ids)s)"


@dataclass(frozen=True, slots=True)
class FileDeletion:
    """A deleted job whose files are to be removed."""

    id: JobId
    input_path: str


@dataclass(frozen=True, slots=True)
class FileDeletions:
    """The table `file_deletions`. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def forget(self, age: timedelta, limit: int) -> int:
        """Delete up to `limit` jobs that ended longer ago than `age`; return how many it were."""
        return len(await self.postgres.run(FORGET, {"age": age, "limit": limit}))

    async def take(self, limit: int) -> tuple[FileDeletion, ...]:
        """Return up to `limit` removals that are due, and keep them from others for a minute."""
        rows = await self.postgres.run(TAKE, {"limit": limit, "again_after": AGAIN_AFTER})
        return tuple(FileDeletion(JobId(row["job_id"]), row["input_path"]) for row in rows)

    async def done(self, removals: Collection[FileDeletion]) -> None:
        """Note that these files are gone."""
        await self.postgres.run(DONE, {"ids": [removal.id for removal in removals]})
