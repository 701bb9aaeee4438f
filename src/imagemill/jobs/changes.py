"""Changes of jobs' status, read in the order of their ids, for event streams and waiting requests.

Every change is a row of `job_events` (docs/decisions/0003-history-by-trigger.md). Its id is the
position from which a client resumes. Within one job the changes become visible in the order of
their ids, since each change locks the job's row until it commits. Across jobs they do not: see
`Changes.read_sequence_state`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, LiteralString, NamedTuple

from psycopg.rows import DictRow

from imagemill.jobs.job import ENDED, Event, Job, JobId, JobNotFound, KeyId, Status
from imagemill.jobs.rows import JOB_COLUMNS, to_event, to_job
from imagemill.jobs.store import OWNED
from imagemill.postgres.pool import Postgres

MAX_EVENT_ID: Final = 2**63 - 1
# Changes of each job that one statement returns; the next one continues after them.
MAX_CHANGES_PER_JOB: Final = 16
# The same, where a statement reads a single job.
MAX_CHANGES_OF_ONE_JOB: Final = 100

EVENT_COLUMNS: Final[LiteralString] = """
    id AS event_id, at AS event_at, status AS event_status, attempt AS event_attempt,
    worker AS event_worker, error_code AS event_error_code, error_detail AS event_error_detail
"""
# Event streams do not contain the pipeline, which may be long.
STREAMED_COLUMNS: Final[LiteralString] = JOB_COLUMNS.replace("pipeline", "'{}'::json AS pipeline")

# Ordered by `id + 0`: by `id` the planner might scan the primary key, past other jobs' events.

# The changes with ids over `after`, and at least the newest one, whatever `after` is.
CHANGES_OF_JOB: Final[LiteralString] = f"""
    SELECT {STREAMED_COLUMNS}, key_id, e.*
      FROM jobs
     CROSS JOIN LATERAL (
           SELECT {EVENT_COLUMNS} FROM job_events
            WHERE job_id = jobs.id AND id >= least(
                  %(after)s::bigint + 1, (SELECT max(id) FROM job_events WHERE job_id = jobs.id))
            ORDER BY id + 0 LIMIT %(limit)s) AS e
     WHERE jobs.id = %(id)s AND {OWNED}
     ORDER BY event_id
"""

CHANGES_SINCE: Final[LiteralString] = f"""
    SELECT position, {JOB_COLUMNS}, key_id, e.*
      FROM unnest(%(ids)s::uuid[], %(afters)s::bigint[]) WITH ORDINALITY
           AS subscription (job_id, after, position)
      LEFT JOIN jobs ON jobs.id = subscription.job_id
      LEFT JOIN LATERAL (
           SELECT {EVENT_COLUMNS} FROM job_events
            WHERE job_events.job_id = jobs.id AND job_events.id > subscription.after
            ORDER BY job_events.id + 0 LIMIT %(limit)s) AS e ON true
     WHERE jobs.id IS NULL OR event_id IS NOT NULL
     ORDER BY position, event_id
"""

# The page is limited before it is joined with the jobs: it has as many rows for every owner.
HISTORY_PAGE: Final[LiteralString] = f"""
    WITH page AS MATERIALIZED (
        SELECT job_id, {EVENT_COLUMNS} FROM job_events
         WHERE id > %(after)s AND id <= %(upto)s ORDER BY id LIMIT %(limit)s)
    SELECT {STREAMED_COLUMNS}, key_id, page.*
      FROM page LEFT JOIN jobs ON jobs.id = page.job_id AND {OWNED}
     ORDER BY event_id
"""

# The inner query refers to a column of the outer one, and is executed after it: a transaction that
# took an id up to `newest` is among the writers, or had ended before.
SEQUENCE_STATE: Final[LiteralString] = """
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS newest,
           ARRAY(SELECT virtualtransaction FROM pg_locks
                  WHERE locktype = 'relation' AND relation = 'job_events'::regclass
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND mode = 'RowExclusiveLock' AND last_value > 0) AS writers
      FROM job_events_id_seq
"""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a job's status, the job as it is now, and its owner."""

    event: Event
    latest: Job
    owner: KeyId | None

    @property
    def id(self) -> int:
        return self.event.id

    @property
    def job(self) -> Job:
        """The job as this change left it."""
        return rewind(self.latest, self.event)

    @property
    def ends_job(self) -> bool:
        return self.event.status in ENDED


@dataclass(frozen=True, slots=True)
class JobChanges:
    """A job as it is now, None when it is deleted, and its changes."""

    job: Job | None
    changes: tuple[Change, ...]


class SequenceState(NamedTuple):
    """The newest id of the sequence, and the transactions that may still commit ids up to it."""

    newest: int
    writers: frozenset[str]


class HistoryRow(NamedTuple):
    """A row of the history. `change` is None where the job is deleted or has another owner."""

    id: int
    change: Change | None


@dataclass(frozen=True, slots=True)
class Changes:
    """The table `job_events`. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def read_job(
        self, job_id: JobId, owner: KeyId | None, after: int | None = None
    ) -> tuple[Change, ...]:
        """Return the job's changes after the id `after`, or its newest change if there are none.

        At most MAX_CHANGES_OF_ONE_JOB. Raises JobNotFound.
        """
        parameters = {"id": job_id, "owner": owner, "after": after, "limit": MAX_CHANGES_OF_ONE_JOB}
        rows = await self.postgres.run(CHANGES_OF_JOB, parameters)
        if not rows:
            raise JobNotFound(f"There is no job {job_id}.")
        return tuple(_to_change(row) for row in rows)

    async def read_jobs(
        self, subscriptions: Sequence[tuple[JobId, int]]
    ) -> Mapping[tuple[JobId, int], JobChanges]:
        """Return the changes of each job after the id that is paired with it.

        Jobs without such changes are left out, unless they are deleted. At most
        MAX_CHANGES_PER_JOB of each.
        """
        ids, afters = zip(*subscriptions, strict=True)
        rows = await self.postgres.run(
            CHANGES_SINCE, {"ids": list(ids), "afters": list(afters), "limit": MAX_CHANGES_PER_JOB}
        )
        found: dict[tuple[JobId, int], JobChanges] = {}
        for row in rows:
            key = subscriptions[row["position"] - 1]
            if row["id"] is None:
                found[key] = JobChanges(None, ())
                continue
            earlier = found[key].changes if key in found else ()
            job = found[key].job if key in found else to_job(row)
            found[key] = JobChanges(job, (*earlier, _to_change(row, job)))
        return found

    async def read_page(
        self, after: int, upto: int, limit: int, owner: KeyId | None = None
    ) -> tuple[HistoryRow, ...]:
        """Return the first `limit` rows of the history with ids over `after` and up to `upto`."""
        parameters = {"after": after, "upto": upto, "limit": limit, "owner": owner}
        rows = await self.postgres.run(HISTORY_PAGE, parameters)
        return tuple(
            HistoryRow(row["event_id"], None if row["id"] is None else _to_change(row))
            for row in rows
        )

    async def read_sequence_state(self) -> SequenceState:
        """Return the newest id of the sequence and the transactions that hold a lock to write.

        A transaction takes its ids before it commits, so that a lower id may become visible after a
        higher one. It holds a lock on the table from before it takes an id until its rows are
        visible. So once none of these writers holds its lock any more, every id up to `newest` is
        visible to the next statement, or will never exist.
        """
        (row,) = await self.postgres.run(SEQUENCE_STATE, {})
        return SequenceState(row["newest"], frozenset(row["writers"]))


def rewind(job: Job, event: Event) -> Job:
    """Return the job as it was right after the event, as far as the history records it."""
    is_new = event.status is Status.PENDING and event.worker is None  # accepted, or retried
    was_released = event.status is Status.PENDING and not is_new and event.error is None
    is_completed = event.status is Status.COMPLETED
    return replace(
        job,
        status=event.status,
        attempts=event.attempt - 1 if was_released else event.attempt,
        error=event.error,
        output_path=job.output_path if is_completed else None,
        outputs=job.outputs if is_completed else (),
        analysis=job.analysis if is_completed else None,
        started_at=None if is_new else job.started_at,
        completed_at=event.at if event.status in ENDED else None,
        updated_at=event.at,
    )


def _to_change(row: DictRow, job: Job | None = None) -> Change:
    event = to_event(
        {
            name.removeprefix("event_"): value
            for name, value in row.items()
            if name.startswith("event_")
        }
    )
    return Change(event, job or to_job(row), row["key_id"])
