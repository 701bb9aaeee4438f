"""The table `jobs` as the gateway uses it: accept, find, list, cancel, retry and delete jobs.

Each operation is a single statement in autocommit, and each change is conditional: of two that are
made to the same job at once, one succeeds. The statements of workers are in leases.py.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg.rows import DictRow

from imagemill.batcher import Batcher
from imagemill.jobs.insertion import PATIENCE_SECONDS, JobInserter
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
from imagemill.postgres.pool import DatabaseUnavailable, OutcomeUnknown, Postgres

MAX_FOUND: Final = 100
# If one statement hangs on a dead connection, the others still answer.
MAX_FINDERS: Final = 3

# The jobs that a statement applies to: those of one API key, or all of them.
OWNED = "(%(owner)s::uuid IS NULL OR key_id = %(owner)s::uuid)"

FIND = f"SELECT {JOB_COLUMNS}, key_id FROM jobs WHERE id = ANY(%(ids)s)"

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


class JobStore:
    """The table `jobs`, or its rows that belong to the API key `owner`.

    Every method raises DatabaseUnavailable. Those that change a job `publish` its id.
    """

    def __init__(
        self,
        postgres: Postgres,
        publish: Publish = publish_nothing,
        *,
        owner: KeyId | None = None,
        unscoped: "JobStore | None" = None,
    ) -> None:
        self.postgres = postgres
        self.owner = owner
        self.publish = publish
        self.inserter: JobInserter = (
            unscoped.inserter if unscoped else JobInserter(postgres, publish)
        )
        self._finder: Batcher[JobId, DictRow | None] = (
            unscoped._finder  # noqa: SLF001 - another of this class
            if unscoped
            else Batcher(
                self._find_rows,
                max_size=MAX_FOUND,
                max_batches=MAX_FINDERS,
                patience=PATIENCE_SECONDS,
            )
        )

    def scoped_to(self, owner: KeyId | None) -> "JobStore":
        """Return a store that sees only this API key's jobs; None: all jobs."""
        if owner == self.owner:
            return self
        return JobStore(self.postgres, self.publish, owner=owner, unscoped=self)

    async def accept(self, new: NewJob) -> Job:
        """Insert a job whose input is stored durably. Raises as `JobInserter.insert` does."""
        inserted = await self.inserter.insert(new)
        if inserted is not None:
            return inserted
        with unknown_outcome():
            return await self.find(new.id)

    async def find(self, job_id: JobId) -> Job:
        """Return the job. Raises JobNotFound.

        Those that are requested at the same moment are found by one statement.
        """
        try:
            row = await self._finder.submit(job_id)
        except TimeoutError as error:
            raise DatabaseUnavailable("PostgreSQL did not answer in time: job.") from error
        if row is None or self.owner not in {None, row["key_id"]}:
            raise JobNotFound(f"There is no job {job_id}.")
        return to_job(row)

    async def _find_rows(self, ids: Sequence[JobId]) -> Sequence[DictRow | None]:
        rows = await self.postgres.run(FIND, {"ids": [*set(ids)]})
        found = {row["id"]: row for row in rows}
        return [found.get(job_id) for job_id in ids]

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

    async def check_writable(self) -> None:
        """Raise DatabaseUnavailable, with the reason, unless a job could be accepted."""
        await self.postgres.check_writable()

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
