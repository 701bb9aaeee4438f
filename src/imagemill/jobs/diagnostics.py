"""Read-only queries for the operator: jobs and webhooks on which an action is overdue."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, LiteralString

from imagemill.jobs.job import JobId, Priority
from imagemill.postgres.pool import Postgres

# The ids of as many jobs are returned; the others are counted.
MAX_IDS: Final = 10_000

OVERDUE_PENDING = """
    SELECT id, now() - run_at AS overdue, count(*) OVER () AS total
      FROM jobs WHERE status = 'PENDING' AND run_at < now() - %(grace)s::interval
     ORDER BY run_at LIMIT %(limit)s
"""

EXPIRED_LEASES = """
    SELECT id, now() - lease_expires_at AS overdue, count(*) OVER () AS total
      FROM jobs WHERE status = 'PROCESSING' AND lease_expires_at < now() - %(grace)s::interval
     ORDER BY lease_expires_at LIMIT %(limit)s
"""

OVERDUE_FILE_DELETIONS = """
    SELECT job_id AS id, now() - deleted_at AS overdue, count(*) OVER () AS total
      FROM file_deletions d
     WHERE deleted_at < now() - %(grace)s::interval AND due_at < now() + interval '1 minute'
       AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = d.job_id)
     ORDER BY deleted_at LIMIT %(limit)s
"""

UNDELIVERED_WEBHOOKS = """
    SELECT job_id AS id, now() - next_try_at AS overdue, count(*) OVER () AS total
      FROM deliveries WHERE status = 'PENDING' AND next_try_at < now() - %(grace)s::interval
     ORDER BY next_try_at LIMIT %(limit)s
"""

# Read from the newest event on: where jobs are processed at all, a claim is among the first rows.
LAST_CLAIM = """
    SELECT now() - at AS age FROM job_events
     WHERE status = 'PROCESSING' ORDER BY id DESC LIMIT 1
"""

PENDING = "SELECT id, priority::text FROM jobs WHERE id = ANY(%(ids)s) AND status = 'PENDING'"


@dataclass(frozen=True, slots=True)
class OverdueJobs:
    """Jobs on which an action is overdue: how many, the longest delay, the first MAX_IDS ids."""

    count: int
    longest: timedelta
    ids: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """Queries on all jobs. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def find_overdue_pending(self, grace: timedelta) -> OverdueJobs:
        """Return the PENDING jobs that have been due for longer than the grace."""
        return await self._find(OVERDUE_PENDING, grace)

    async def find_expired_leases(self, grace: timedelta) -> OverdueJobs:
        """Return the PROCESSING jobs whose lease expired longer ago than the grace."""
        return await self._find(EXPIRED_LEASES, grace)

    async def find_overdue_file_deletions(self, grace: timedelta) -> OverdueJobs:
        """Return the jobs deleted longer ago than the grace whose files are still to be deleted."""
        return await self._find(OVERDUE_FILE_DELETIONS, grace)

    async def find_undelivered_webhooks(self, grace: timedelta) -> OverdueJobs:
        """Return the jobs with webhooks whose next try has been due for longer than the grace."""
        return await self._find(UNDELIVERED_WEBHOOKS, grace)

    async def read_age_of_last_claim(self) -> timedelta | None:
        """Return how long ago a job was last claimed; None if the history has no claim."""
        rows = await self.postgres.run(LAST_CLAIM, {})
        return rows[0]["age"] if rows else None

    async def find_pending(self, ids: Collection[JobId]) -> dict[JobId, Priority]:
        """Return those of the jobs that are PENDING, with their priorities."""
        rows = await self.postgres.run(PENDING, {"ids": list(ids)})
        return {JobId(row["id"]): Priority(row["priority"]) for row in rows}

    async def _find(self, statement: LiteralString, grace: timedelta) -> OverdueJobs:
        rows = await self.postgres.run(statement, {"grace": grace, "limit": MAX_IDS})
        return OverdueJobs(
            count=rows[0]["total"] if rows else 0,
            longest=rows[0]["overdue"] if rows else timedelta(0),
            ids=tuple(JobId(row["id"]) for row in rows),
        )
