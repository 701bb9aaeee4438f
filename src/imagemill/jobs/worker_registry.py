"""The table `workers`: which workers run, where, and what they hold.

A worker is live until its row expires, a minute after it was last seen at most. The row of a lost
worker, one that died or lost contact, is kept for an hour as evidence; a worker that stops in order
leaves none.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from psycopg.rows import DictRow

from imagemill.jobs.job import JobId
from imagemill.jobs.rows import to_utc
from imagemill.postgres.pool import Postgres

KEPT: Final = timedelta(hours=1)

# The row may be gone: a worker that lost contact for longer than KEPT is there again.
NOTE = """
    INSERT INTO workers (id, host, version, concurrency, sandbox, started_at, expires_at)
    VALUES (%(id)s, %(host)s, %(version)s, %(concurrency)s, %(sandbox)s,
            now() - %(uptime)s::interval, now() + %(lifetime)s)
    ON CONFLICT (id) DO UPDATE SET last_seen_at = now(), expires_at = excluded.expires_at
"""

REMOVE = "DELETE FROM workers WHERE id = %(id)s"

DELETE_LOST = "DELETE FROM workers WHERE expires_at < now() - %(kept)s::interval"

# The jobs that are processed are few, and jobs_status_idx finds them.
LIST = """
    SELECT workers.*, expires_at > now() AS is_live, now() - last_seen_at AS unseen_for,
           ARRAY(SELECT jobs.id FROM jobs
                  WHERE status = 'PROCESSING' AND locked_by = workers.id ORDER BY id) AS job_ids
      FROM workers ORDER BY started_at, id
"""

COUNT = """
    SELECT count(*) FILTER (WHERE expires_at > now()) AS live,
           count(*) FILTER (WHERE expires_at <= now()) AS lost
      FROM workers
"""


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What a worker tells of itself: it processes `concurrency` images at once, confined so."""

    id: UUID
    host: str
    version: str
    concurrency: int
    sandbox: str


@dataclass(frozen=True, slots=True)
class KnownWorker:
    """A worker that runs, or that was lost within the last hour, and the jobs that it holds."""

    facts: WorkerFacts
    started_at: datetime
    last_seen_at: datetime
    unseen_for: timedelta
    is_live: bool
    job_ids: tuple[JobId, ...]


@dataclass(frozen=True, slots=True)
class WorkerCounts:
    """How many workers are live, and how many were lost within the last hour."""

    live: int
    lost: int


@dataclass(frozen=True, slots=True)
class WorkerRegistry:
    """Reads and writes the table. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def note(self, worker: WorkerFacts, uptime: timedelta, lifetime: timedelta) -> None:
        """Note that the worker runs, and has for `uptime`; it counts as live for `lifetime`."""
        await self.postgres.run(NOTE, asdict(worker) | {"uptime": uptime, "lifetime": lifetime})

    async def remove(self, worker_id: UUID) -> None:
        """Forget a worker that has stopped."""
        await self.postgres.run(REMOVE, {"id": worker_id})

    async def delete_lost(self) -> None:
        """Forget the workers that were lost more than an hour ago."""
        await self.postgres.run(DELETE_LOST, {"kept": KEPT})

    async def list(self) -> tuple[KnownWorker, ...]:
        """Return the known workers, the one that started first at the beginning."""
        return tuple(map(_to_worker, await self.postgres.run(LIST, {})))

    async def count(self) -> WorkerCounts:
        """Count the known workers."""
        row = (await self.postgres.run(COUNT, {}))[0]
        return WorkerCounts(row["live"], row["lost"])


def live_ones(workers: Iterable[KnownWorker]) -> list[KnownWorker]:
    return [worker for worker in workers if worker.is_live]


def _to_worker(row: DictRow) -> KnownWorker:
    return KnownWorker(
        facts=WorkerFacts(
            row["id"], row["host"], row["version"], row["concurrency"], row["sandbox"]
        ),
        started_at=to_utc(row["started_at"]),
        last_seen_at=to_utc(row["last_seen_at"]),
        unseen_for=row["unseen_for"],
        is_live=row["is_live"],
        job_ids=tuple(map(JobId, row["job_ids"])),
    )
