"""The ledger as its clients use it: accept a job, find it, change its fate.

Every statement is a single one in autocommit, and every change is conditional, so that two who
change the same job at once cannot both believe they did. What workers do stands in leases.py.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import LiteralString

import psycopg
from psycopg.rows import DictRow
from psycopg.types.json import Json, Jsonb

from imagemill.jobs.job import (
    Event,
    IllegalTransition,
    Job,
    JobId,
    JobNotFound,
    KeyId,
    NewJob,
    Status,
)
from imagemill.jobs.publish import Publish, publish_nothing
from imagemill.jobs.rows import JOB_COLUMNS, to_event, to_job
from imagemill.postgres.pool import DatabaseUnavailable, OutcomeUnknown, Parameters, Postgres

# Whose jobs a statement sees: those of one API key, or all of them.
IN_REACH = "(%(reach)s::uuid IS NULL OR key_id = %(reach)s::uuid)"

INSERT = """
    INSERT INTO jobs (id, input_path, input, pipeline, priority, metadata, max_attempts, key_id,
                      callback_url, traceparent)
    SELECT %(id)s, %(input_path)s, %(input)s, %(pipeline)s, %(priority)s, %(metadata)s,
           %(max_attempts)s, %(key_id)s, %(callback_url)s, %(traceparent)s
"""

# The id makes the statement safe to repeat when the outcome of the first try is unknown.
ACCEPT = f"{INSERT} ON CONFLICT (id) DO NOTHING RETURNING {JOB_COLUMNS}"

FIND = f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = %(id)s AND {IN_REACH}"

# Ids are UUIDv7, so their order is the order of arrival. One short index scan a status; each is
# read from its newest end only as far as the page needs. Two statements, since a plan that serves
# one key as well as all of them would read past the jobs of everybody else.
LIST, LIST_OF_ONE = (
    f"""
        SELECT {JOB_COLUMNS}
          FROM unnest(%(statuses)s::text[]) AS wanted (wanted_status)
         CROSS JOIN LATERAL (
               SELECT * FROM jobs
                WHERE jobs.status = wanted.wanted_status
                  AND (%(before)s::uuid IS NULL OR jobs.id < %(before)s::uuid) AND {own}
                ORDER BY jobs.id DESC
                LIMIT %(limit)s) AS newest
         ORDER BY id DESC
         LIMIT %(limit)s
    """
    for own in ("true", "jobs.key_id = %(reach)s")
)

HISTORY = f"""
    SELECT id, at, status, attempt, worker, error_code, error_detail
      FROM job_events
     WHERE job_id = (SELECT id FROM jobs WHERE id = %(id)s AND {IN_REACH})
     ORDER BY id
"""

# Stops at the limit: how many more there are does not matter.
WAITING = """
    SELECT count(*) AS waiting
      FROM (SELECT FROM jobs WHERE status = 'PENDING' LIMIT %(limit)s) AS pending
"""

CANCEL = f"""
    UPDATE jobs SET status = 'CANCELED', completed_at = now(), updated_at = now(),
           locked_by = NULL, lease_expires_at = NULL
     WHERE id = %(id)s AND {IN_REACH} AND status IN ('PENDING', 'PROCESSING')
    RETURNING {JOB_COLUMNS}
"""

# The fence stays as it is: a worker that still holds an earlier attempt must not end this one.
RETRY = f"""
    UPDATE jobs SET status = 'PENDING', attempts = 0, run_at = now(), updated_at = now(),
           error_code = NULL, error_detail = NULL, started_at = NULL, completed_at = NULL
     WHERE id = %(id)s AND {IN_REACH} AND status IN ('FAILED', 'CANCELED')
    RETURNING {JOB_COLUMNS}
"""

# The gateway removes the files itself; should it not get to it, or a worker be adding outputs until
# its lease is over, a worker removes them at the time noted here.
DELETE = f"""
    WITH gone AS (DELETE FROM jobs WHERE id = %(id)s AND {IN_REACH} RETURNING *),
    noted AS (
        INSERT INTO file_deletions (job_id, input_path, due_at)
        SELECT id, input_path, greatest(now() + interval '30 s', lease_expires_at) FROM gone
        ON CONFLICT (job_id) DO NOTHING)
    SELECT {JOB_COLUMNS} FROM gone
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Some jobs, newest first; the following page starts before `next_before`, if there is one."""

    jobs: tuple[Job, ...]
    next_before: JobId | None


@dataclass(frozen=True, slots=True)
class JobStore:
    """The table `jobs`, or as much of it as belongs to one API key when `reach` names it.

    Every method raises DatabaseUnavailable when PostgreSQL is away. Those that change a job
    `publish` its id.
    """

    postgres: Postgres
    reach: KeyId | None = None
    publish: Publish = publish_nothing

    def within(self, reach: KeyId | None) -> "JobStore":
        """Return the ledger as this key may see it; None sees all."""
        return replace(self, reach=reach)

    async def accept(self, new: NewJob) -> Job:
        """Record a job whose input is durable already.

        Raises OutcomeUnknown when PostgreSQL went away in the middle: the input must then stay,
        since the job may exist. After a plain DatabaseUnavailable it does not exist.
        """
        rows = await self.insert(ACCEPT, new, {})
        with recorded_perhaps():
            return to_job(rows[0]) if rows else await self.find(new.id)

    async def insert(
        self, statement: LiteralString, new: NewJob, others: Parameters
    ) -> list[DictRow]:
        """Run a statement that inserts the job; `accept` says what is raised."""
        parameters = {
            "id": new.id,
            "input_path": new.input_path,
            "input": Jsonb(asdict(new.input)),
            "pipeline": Json(new.pipeline),
            "priority": new.priority,
            "metadata": Json(new.metadata),
            "max_attempts": new.max_attempts,
            "key_id": new.key_id,
            "callback_url": new.callback_url,
            "traceparent": new.traceparent,
        }
        try:
            rows = await self.postgres.run(statement, {**parameters, **others})
        except psycopg.Error as error:
            raise DatabaseUnavailable(f"PostgreSQL did not record the job: {error}") from error
        self.publish([new.id])
        return rows

    async def find(self, job_id: JobId) -> Job:
        """Return the job. Raises JobNotFound."""
        rows = await self.postgres.run(FIND, self._one(job_id))
        if not rows:
            raise JobNotFound(f"There is no job {job_id}.")
        return to_job(rows[0])

    async def list(
        self, statuses: Collection[Status], limit: int, before: JobId | None = None
    ) -> Page:
        """Return up to `limit` jobs of these statuses, newest first, older than `before`."""
        rows = await self.postgres.run(
            LIST if self.reach is None else LIST_OF_ONE,
            {
                "statuses": sorted(set(statuses)),
                "limit": limit + 1,
                "before": before,
                "reach": self.reach,
            },
        )
        jobs = tuple(to_job(row) for row in rows[:limit])
        return Page(jobs, jobs[-1].id if len(rows) > limit else None)

    async def history(self, job_id: JobId) -> tuple[Event, ...]:
        """Return every change of status the job went through, oldest first. Raises JobNotFound."""
        rows = await self.postgres.run(HISTORY, self._one(job_id))
        if not rows:
            raise JobNotFound(f"There is no job {job_id}.")
        return tuple(to_event(row) for row in rows)

    async def cancel(self, job_id: JobId) -> Job:
        """End a job that has not ended. Raises JobNotFound, IllegalTransition."""
        changed = await self._change(CANCEL, job_id)
        if changed is None:
            job = await self.find(job_id)
            raise IllegalTransition(
                f"Job {job_id} is {job.status}: only a PENDING or PROCESSING job can be canceled."
            )
        return changed

    async def retry(self, job_id: JobId) -> Job:
        """Let a FAILED or CANCELED job begin anew. Raises JobNotFound, IllegalTransition."""
        changed = await self._change(RETRY, job_id)
        if changed is None:
            job = await self.find(job_id)
            raise IllegalTransition(
                f"Job {job_id} is {job.status}: only a FAILED or CANCELED job can be retried."
            )
        return changed

    async def delete(self, job_id: JobId) -> Job:
        """Forget a job, whatever its status, and return what it was. Raises JobNotFound."""
        changed = await self._change(DELETE, job_id)
        if changed is None:
            raise JobNotFound(f"There is no job {job_id}.")
        return changed

    async def waiting(self, limit: int) -> int:
        """Return how many jobs of all callers are PENDING, counted up to the limit."""
        rows = await self.postgres.run(WAITING, {"limit": limit})
        return int(rows[0]["waiting"])

    async def ping(self) -> None:
        """Return when PostgreSQL answers."""
        await self.postgres.run("SELECT 1", {})

    async def _change(self, statement: LiteralString, job_id: JobId) -> Job | None:
        rows = await self.postgres.run(statement, self._one(job_id))
        if not rows:
            return None
        self.publish([job_id])
        return to_job(rows[0])

    def _one(self, job_id: JobId) -> dict[str, object]:
        return {"id": job_id, "reach": self.reach}


@contextmanager
def recorded_perhaps() -> Iterator[None]:
    """Raise OutcomeUnknown when PostgreSQL goes away during the block.

    For what is asked after an INSERT that inserted nothing: its first run may have, and the answer
    was lost. Then a plain DatabaseUnavailable would say that the job does not exist.
    """
    try:
        yield
    except DatabaseUnavailable as error:
        raise OutcomeUnknown(str(error)) from error
