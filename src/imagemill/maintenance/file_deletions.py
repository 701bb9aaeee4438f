"""Deletion of expired jobs, and the table of deleted jobs whose files are still to be deleted.

Rows first, files after the commit, so that no row ever names a file that is gone. The statement
that deletes a job also inserts a row into `file_deletions`, which workers process: whatever crashes
in between, the files are deleted within minutes of the storage being available.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.jobs.job import JobId
from imagemill.postgres.pool import Postgres

# A claimed deletion that was not completed, since its worker died or the storage is unavailable, is
# due again after this long.
CLAIM_DURATION: Final = timedelta(minutes=1)

DELETE_EXPIRED_JOBS = """
    WITH expired AS MATERIALIZED (
        SELECT id FROM jobs
         WHERE status IN ('COMPLETED', 'FAILED', 'CANCELED')
           AND completed_at < now() - %(age)s::interval
         ORDER BY completed_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
    deleted AS (
        DELETE FROM jobs j USING expired WHERE j.id = expired.id RETURNING j.id, j.input_path)
    INSERT INTO file_deletions (job_id, input_path, due_at)
    SELECT id, input_path, now() FROM deleted
    ON CONFLICT (job_id) DO NOTHING
    RETURNING job_id
"""

# A deletion whose job exists came out of a backup of that one table: the files are in use.
CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT job_id FROM file_deletions d
         WHERE due_at <= now() AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = d.job_id)
         ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    UPDATE file_deletions d SET due_at = now() + %(claim_duration)s
      FROM due WHERE d.job_id = due.job_id
    RETURNING d.job_id, d.input_path
"""

COMPLETE = "DELETE FROM file_deletions WHERE job_id = ANY(%(ids)s)"


@dataclass(frozen=True, slots=True)
class FileDeletion:
    """A deleted job whose files are still to be deleted."""

    job_id: JobId
    input_path: str


@dataclass(frozen=True, slots=True)
class FileDeletions:
    """The table `file_deletions`. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def delete_expired_jobs(self, age: timedelta, limit: int) -> int:
        """Delete up to `limit` jobs that ended longer ago than `age`; return how many it were."""
        return len(await self.postgres.run(DELETE_EXPIRED_JOBS, {"age": age, "limit": limit}))

    async def claim(self, limit: int) -> tuple[FileDeletion, ...]:
        """Return up to `limit` deletions that are due, and hide them from others for a minute."""
        parameters = {"limit": limit, "claim_duration": CLAIM_DURATION}
        rows = await self.postgres.run(CLAIM, parameters)
        return tuple(FileDeletion(JobId(row["job_id"]), row["input_path"]) for row in rows)

    async def complete(self, deletions: Collection[FileDeletion]) -> None:
        """Record that these files are deleted."""
        await self.postgres.run(COMPLETE, {"ids": [deletion.job_id for deletion in deletions]})
