"""The table `jobs` as the gateway uses it: accept, find, list, cancel, retry and delete jobs.

Each operation is a single statement in autocommit, and each change is conditional: of two that are
made to the same job at once, one succeeds. The statements of workers are in leases.py.
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

# The jobs that a statement applies to: those of one API key, or all of them.
OWNED = "(%(owner)s::uuid IS NULL OR key_id = %(owner)s::uuid)"

INSERT = """
    INSERT INTO jobs (id, input_path, input, pipeline, priority, metadata, max_attempts, key_id,
                      callback_url, traceparent)
    SELECT %(id)s, %(input_path)s, %(input)s, %(pipeline)s, %(priority)s, %(metadata)s,
           %(max_attempts)s, %(key_id)s, %(callback_url)s, %(traceparent)s
"""

# The id makes the statement safe to repeat when the outcome of the first execution is unknown.
ACCEPT = f"{INSERT} ON CONFLICT (id) DO NOTHING RETURNING {JOB_COLUMNS}"

FIND = f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = %(id)s AND {OWNED}"

# Ids are UUIDv7, so their order is the order of arrival. One index scan for each status, from its
# newest job on and no further than the page needs. Two statements, since a plan that serves both
# one key and all of them would read and discard the jobs of other keys.
LIST, LIST_OWNED = (
    f"""
        SELECT {JOB_COLUMNS}
          FROM unnest(%(statuses)s::text[]) AS wanted (wanted_status)
         CROSS JOIN LATERAL (
               SELECT * FROM jobs
                WHERE jobs.status = wanted.wanted_status
                  AND (%(before)s::uuid IS NULL OR jobs.id < %(before)s::uuid) AND {owned}
                ORDER BY jobs.id DESC
                LIMIT %(limit)s) AS newest
         ORDER BY id DESC
         LIMIT %(limit)s
    """
    for owned in ("true", "jobs.key_id = %(owner)s")
)

HISTORY = f"""
    SELECT id, at, status, attempt, worker, error_code, error_detail
      FROM job_events
     WHERE job_id = (SELECT id FROM jobs WHERE id = %(id)s AND {OWNED})
     ORDER BY id
"""

# Reads no more rows than the limit.
COUNT_PENDING = """
    SELECT count(*) AS count
      FROM (SELECT FROM jobs WHERE status = 'PENDING' LIMIT %(limit)s) AS pending
"""

CANCEL = f"""
    UPDATE jobs SET status = 'CANCELED', completed_at = now(), updated_at = now(),
           locked_by = NULL, lease_expires_at = NULL
     WHERE id = %(id)s AND {OWNED} AND status IN ('PENDING', 'PROCESSING')
    RETURNING {JOB_COLUMNS}
"""

# The fence stays as it is: a worker that still processes an earlier attempt must not end this one.
RETRY = f"""
    UPDATE jobs SET status = 'PENDING', attempts = 0, run_at = now(), updated_at = now(),
           error_code = NULL, error_detail = NULL, started_at = NULL, completed_at = NULL
     WHERE id = %(id)s AND {OWNED} AND status IN ('FAILED', 'CANCELED')
    RETURNING {JOB_COLUMNS}
"""

# The gateway deletes the files itself. Where it fails, or a worker adds outputs until its lease
# expires, a worker deletes them at the time recorded here.
DELETE = f"""
    WITH deleted AS (DELETE FROM jobs WHERE id = %(id)s AND {OWNED} RETURNING *),
    scheduled AS (
        INSERT INTO file_deletions (job_id, input_path, due_at)
        SELECT id, input_path, greatest(now() + interval '30 s', lease_expires_at) FROM deleted
        ON CONFLICT (job_id) DO NOTHING)
    SELECT {JOB_COLUMNS} FROM deleted
"""


@dataclass(frozen=True, slots=True)
class Page:
    """Jobs, newest first. `next_before` is the `before` of the next page; None: there is none."""

    jobs: tuple[Job, ...]
    next_before: JobId | None


@dataclass(frozen=True, slots=True)
class JobStore:
    """The table `jobs`, or its rows that belong to the API key `owner`.

    Every method raises DatabaseUnavailable. Those that change a job `publish` its id.
    """

    postgres: Postgres
    owner: KeyId | None = None
    publish: Publish = publish_nothing

    def scoped_to(self, owner: KeyId | None) -> "JobStore":
        """Return a store that sees only this API key's jobs; None: all jobs."""
        return replace(self, owner=owner)

    async def accept(self, new: NewJob) -> Job:
        """Insert a job whose input is stored durably.

        Raises OutcomeUnknown when the connection is lost before the result: the job may exist, and
        its input must not be deleted. After any other DatabaseUnavailable the job does not exist.
        """
        rows = await self.insert(ACCEPT, new, {})
        with unknown_outcome():
            return to_job(rows[0]) if rows else await self.find(new.id)

    async def insert(
        self, statement: LiteralString, new: NewJob, more_parameters: Parameters
    ) -> list[DictRow]:
        """Run a statement that contains INSERT, and return its rows. Raises as `accept` does."""
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
            rows = await self.postgres.run(statement, {**parameters, **more_parameters})
        except psycopg.Error as error:
            raise DatabaseUnavailable(f"PostgreSQL did not record the job: {error}") from error
        self.publish([new.id])
        return rows

    async def find(self, job_id: JobId) -> Job:
        """Return the job. Raises JobNotFound."""
        rows = await self.postgres.run(FIND, self._parameters(job_id))
        if not rows:
            raise JobNotFound(f"There is no job {job_id}.")
        return to_job(rows[0])

    async def list(
        self, statuses: Collection[Status], limit: int, before: JobId | None = None
    ) -> Page:
        """Return up to `limit` jobs of these statuses, newest first, older than `before`."""
        rows = await self.postgres.run(
            LIST if self.owner is None else LIST_OWNED,
            {
                "statuses": sorted(set(statuses)),
                "limit": limit + 1,
                "before": before,
                "owner": self.owner,
            },
        )
        jobs = tuple(to_job(row) for row in rows[:limit])
        return Page(jobs, jobs[-1].id if len(rows) > limit else None)

    async def read_history(self, job_id: JobId) -> tuple[Event, ...]:
        """Return every change of the job's status, oldest first. Raises JobNotFound."""
        rows = await self.postgres.run(HISTORY, self._parameters(job_id))
        if not rows:
            raise JobNotFound(f"There is no job {job_id}.")
        return tuple(to_event(row) for row in rows)

    async def cancel(self, job_id: JobId) -> Job:
        """Cancel a PENDING or PROCESSING job. Raises JobNotFound, IllegalTransition."""
        rule = "only a PENDING or PROCESSING job can be canceled"
        return await self._change_if_allowed(CANCEL, job_id, rule)

    async def retry(self, job_id: JobId) -> Job:
        """Make a FAILED or CANCELED job PENDING, with all its attempts unused.

        Raises JobNotFound, IllegalTransition.
        """
        rule = "only a FAILED or CANCELED job can be retried"
        return await self._change_if_allowed(RETRY, job_id, rule)

    async def delete(self, job_id: JobId) -> Job:
        """Delete a job, whatever its status, and return it. Raises JobNotFound."""
        changed = await self._change(DELETE, job_id)
        if changed is None:
            raise JobNotFound(f"There is no job {job_id}.")
        return changed

    async def count_pending(self, limit: int) -> int:
        """Count the PENDING jobs of all owners, up to `limit`."""
        rows = await self.postgres.run(COUNT_PENDING, {"limit": limit})
        return int(rows[0]["count"])

    async def ping(self) -> None:
        """Raise DatabaseUnavailable unless PostgreSQL answers."""
        await self.postgres.run("SELECT 1", {})

    async def _change_if_allowed(self, statement: LiteralString, job_id: JobId, rule: str) -> Job:
        changed = await self._change(statement, job_id)
        if changed is None:
            job = await self.find(job_id)
            raise IllegalTransition(f"Job {job_id} is {job.status}: {rule}.")
        return changed

    async def _change(self, statement: LiteralString, job_id: JobId) -> Job | None:
        rows = await self.postgres.run(statement, self._parameters(job_id))
        if not rows:
            return None
        self.publish([job_id])
        return to_job(rows[0])

    def _parameters(self, job_id: JobId) -> dict[str, object]:
        return {"id": job_id, "owner": self.owner}


@contextmanager
def unknown_outcome() -> Iterator[None]:
    """Raise OutcomeUnknown in place of any DatabaseUnavailable of the block.

    For queries after an INSERT that inserted no row: an earlier execution of it may have, and its
    result was lost. A plain DatabaseUnavailable would say that the job does not exist.
    """
    try:
        yield
    except DatabaseUnavailable as error:
        raise OutcomeUnknown(str(error)) from error
