"""What an operator asks of the ledger: who waits, who went silent, what the server is set to.

Nothing here changes anything.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, LiteralString

import psycopg

from imagemill.jobs.job import JobId, Priority
from imagemill.postgres.pool import Postgres

# So many waiting jobs are told by id; the others are counted.
MOST_NAMED: Final = 10_000

WAITING = """
    SELECT id, now() - run_at AS overdue, count(*) OVER () AS total
      FROM jobs WHERE status = 'PENDING' AND run_at < now() - %(grace)s::interval
     ORDER BY run_at LIMIT %(limit)s
"""

# The history's newest end: a claim is found after a few rows wherever jobs are done at all.
LAST_CLAIM = """
    SELECT now() - at AS ago FROM job_events
     WHERE status = 'PROCESSING' ORDER BY id DESC LIMIT 1
"""

EXPIRED = """
    SELECT id, now() - lease_expires_at AS overdue, count(*) OVER () AS total
      FROM jobs WHERE status = 'PROCESSING' AND lease_expires_at < now() - %(grace)s::interval
     ORDER BY lease_expires_at LIMIT %(limit)s
"""

LEFT_OVER = """
    SELECT job_id AS id, now() - deleted_at AS overdue, count(*) OVER () AS total
      FROM file_deletions r
     WHERE deleted_at < now() - %(grace)s::interval AND due_at < now() + interval '1 minute'
       AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = r.job_id)
     ORDER BY deleted_at LIMIT %(limit)s
"""

UNTOLD = """
    SELECT job_id AS id, now() - next_try_at AS overdue, count(*) OVER () AS total
      FROM deliveries WHERE status = 'PENDING' AND next_try_at < now() - %(grace)s::interval
     ORDER BY next_try_at LIMIT %(limit)s
"""

PENDING = "SELECT id, priority::text FROM jobs WHERE id = ANY(%(ids)s) AND status = 'PENDING'"

VERSION = "SELECT version_num FROM alembic_version"

SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY(%(names)s)"


@dataclass(frozen=True, slots=True)
class Overdue:
    """Jobs that something should have happened to: how many, the longest delay, the first ids."""

    count: int
    longest: timedelta
    ids: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of the ledger. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def waiting(self, grace: timedelta) -> Overdue:
        """Return the PENDING jobs that have been due for longer than the grace."""
        return await self._overdue(WAITING, grace)

    async def expired(self, grace: timedelta) -> Overdue:
        """Return the jobs whose lease has been over for longer than the grace."""
        return await self._overdue(EXPIRED, grace)

    async def left_over(self, grace: timedelta) -> Overdue:
        """Return the jobs deleted longer ago whose files are due to be removed and were not."""
        return await self._overdue(LEFT_OVER, grace)

    async def untold(self, grace: timedelta) -> Overdue:
        """Return the jobs whose webhooks have been due to be tried for longer than the grace."""
        return await self._overdue(UNTOLD, grace)

    async def since_last_claim(self) -> timedelta | None:
        """Return how long ago a worker took a job; None when none ever did."""
        rows = await self.postgres.run(LAST_CLAIM, {})
        return rows[0]["ago"] if rows else None

    async def pending_among(self, ids: Collection[JobId]) -> dict[JobId, Priority]:
        """Return those of the jobs that are PENDING, and which line each belongs to."""
        rows = await self.postgres.run(PENDING, {"ids": list(ids)})
        return {JobId(row["id"]): Priority(row["priority"]) for row in rows}

    async def schema_version(self) -> str | None:
        """Return the number of the last migration; None for an empty database."""
        try:
            rows = await self.postgres.run(VERSION, {})
        except psycopg.errors.UndefinedTable:
            return None
        return str(rows[0]["version_num"]) if rows else None

    async def server_settings(self, *names: str) -> dict[str, str]:
        """Return what the server says of these settings of its own, those it knows."""
        rows = await self.postgres.run(SETTINGS, {"names": list(names)})
        return {row["name"]: row["setting"] for row in rows}

    async def _overdue(self, statement: LiteralString, grace: timedelta) -> Overdue:
        rows = await self.postgres.run(statement, {"grace": grace, "limit": MOST_NAMED})
        return Overdue(
            count=rows[0]["total"] if rows else 0,
            longest=rows[0]["overdue"] if rows else timedelta(0),
            ids=tuple(JobId(row["id"]) for row in rows),
        )
