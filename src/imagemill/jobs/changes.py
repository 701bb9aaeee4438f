"""What changed, read for those who are told of it as it happens: see gateway/waiting.

Every change of status is a row of `job_events` (decision 3), and its id is what a client names to
go on from there. Within one job these ids rise in the order in which the changes become visible,
since each change holds the job's row until it is committed. Between jobs they do not: see
`standing`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, LiteralString, NamedTuple

from psycopg.rows import DictRow

from imagemill.jobs.job import ENDED, Event, Job, JobId, JobNotFound, KeyId, Status
from imagemill.jobs.rows import JOB_COLUMNS, to_event, to_job
from imagemill.jobs.store import IN_REACH
from imagemill.postgres.pool import Postgres

LARGEST_ID: Final = 2**63 - 1
# Changes of one job that are read at once. More is rare, and read by the next statement.
BATCH: Final = 16
BATCH_OF_ONE: Final = 100

EVENT_COLUMNS: Final[LiteralString] = """
    id AS event_id, at AS event_at, status AS event_status, attempt AS event_attempt,
    worker AS event_worker, error_code AS event_error_code, error_detail AS event_error_detail
"""
# Streams show no pipeline, and it may be long.
SHOWN_COLUMNS: Final[LiteralString] = JOB_COLUMNS.replace("pipeline", "'{}'::json AS pipeline")

# Ordered by `id + 0`, so that the planner does not walk along all ids until it meets the job's.

# From the one after `after` on; at least the newest, whatever `after` is.
OF_ONE: Final[LiteralString] = f"""
    SELECT {SHOWN_COLUMNS}, key_id, e.*
      FROM jobs
     CROSS JOIN LATERAL (
           SELECT {EVENT_COLUMNS} FROM job_events
            WHERE job_id = jobs.id AND id >= least(
                  %(after)s::bigint + 1, (SELECT max(id) FROM job_events WHERE job_id = jobs.id))
            ORDER BY id + 0 LIMIT %(limit)s) AS e
     WHERE jobs.id = %(id)s AND {IN_REACH}
     ORDER BY event_id
"""

SINCE: Final[LiteralString] = f"""
    SELECT n, {JOB_COLUMNS}, key_id, e.*
      FROM unnest(%(ids)s::uuid[], %(afters)s::bigint[]) WITH ORDINALITY AS w (job_id, after, n)
      LEFT JOIN jobs ON jobs.id = w.job_id
      LEFT JOIN LATERAL (
           SELECT {EVENT_COLUMNS} FROM job_events
            WHERE job_events.job_id = jobs.id AND job_events.id > w.after
            ORDER BY job_events.id + 0 LIMIT %(limit)s) AS e ON true
     WHERE jobs.id IS NULL OR event_id IS NOT NULL
     ORDER BY n, event_id
"""

# The ids are read before the jobs: a page ends after so many of them, whoever they belong to.
PAGE: Final[LiteralString] = f"""
    WITH page AS MATERIALIZED (
        SELECT job_id, {EVENT_COLUMNS} FROM job_events
         WHERE id > %(after)s AND id <= %(upto)s ORDER BY id LIMIT %(limit)s)
    SELECT {SHOWN_COLUMNS}, key_id, page.*
      FROM page LEFT JOIN jobs ON jobs.id = page.job_id AND {IN_REACH}
     ORDER BY event_id
"""

# The inner query names a column of the outer one, and so is carried out after it: whoever took an
# id up to `newest` is among the writers, or was done before.
STANDING: Final[LiteralString] = """
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS newest,
           ARRAY(SELECT virtualtransaction FROM pg_locks
                  WHERE locktype = 'relation' AND relation = 'job_events'::regclass
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                    AND mode = 'RowExclusiveLock' AND last_value > 0) AS writers
      FROM job_events_id_seq
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of status of a job, which is given as it is now, and whose job it is."""

    event: Event
    latest: Job
    owner: KeyId | None

    @property
    def id(self) -> int:
        return self.event.id

    @property
    def job(self) -> Job:
        """The job as this change left it."""
        return as_of(self.latest, self.event)

    @property
    def ends_job(self) -> bool:
        return self.event.status in ENDED


@dataclass(frozen=True, slots=True)
class JobChanges:
    """What became of a job that is watched: as it is now, and what changed. No job: deleted."""

    job: Job | None
    changes: tuple[Change, ...]


class SequenceState(NamedTuple):
    """The highest id that was given out, and the transactions that may yet bring one up to it."""

    newest: int
    writers: frozenset[str]


class Row(NamedTuple):
    """A row of history. No change: it is of a job out of reach."""

    id: int
    change: Change | None


@dataclass(frozen=True, slots=True)
class Changes:
    """The history as streams read it. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def of(
        self, job_id: JobId, reach: KeyId | None, after: int | None = None
    ) -> tuple[Change, ...]:
        """Return the changes of a job behind `after`, or its newest one when there are none.

        Up to BATCH_OF_ONE of them. Raises JobNotFound.
        """
        parameters = {"id": job_id, "reach": reach, "after": after, "limit": BATCH_OF_ONE}
        rows = await self.postgres.run(OF_ONE, parameters)
        if not rows:
            raise JobNotFound(f"There is no job {job_id}.")
        return tuple(_change(row) for row in rows)

    async def since(
        self, watched: Sequence[tuple[JobId, int]]
    ) -> Mapping[tuple[JobId, int], JobChanges]:
        """Return those of the jobs that have changes behind the given ids, or that are deleted."""
        ids, afters = zip(*watched, strict=True)
        rows = await self.postgres.run(
            SINCE, {"ids": list(ids), "afters": list(afters), "limit": BATCH}
        )
        found: dict[tuple[JobId, int], JobChanges] = {}
        for row in rows:
            key = watched[row["n"] - 1]
            if row["id"] is None:
                found[key] = JobChanges(None, ())
                continue
            earlier = found[key].changes if key in found else ()
            job = found[key].job if key in found else to_job(row)
            found[key] = JobChanges(job, (*earlier, _change(row, job)))
        return found

    async def page(
        self, after: int, upto: int, limit: int, reach: KeyId | None = None
    ) -> tuple[Row, ...]:
        """Return the first rows of history behind `after`, up to `upto`."""
        parameters = {"after": after, "upto": upto, "limit": limit, "reach": reach}
        rows = await self.postgres.run(PAGE, parameters)
        return tuple(
            Row(row["event_id"], None if row["id"] is None else _change(row)) for row in rows
        )

    async def standing(self) -> SequenceState:
        """Return how far ids have been given out, and who may still bring one.

        An id is taken before its transaction commits, so that a lower one may become visible after
        a higher one. Whoever takes an id holds a lock of the table from before that until its rows
        are visible. So once none of these writers holds one any more, no id up to `newest` will
        ever come that the next statement does not see.
        """
        (row,) = await self.postgres.run(STANDING, {})
        return SequenceState(row["newest"], frozenset(row["writers"]))


def as_of(job: Job, event: Event) -> Job:
    """Return the job as this change left it, as far as the history tells."""
    is_new = event.status is Status.PENDING and event.worker is None  # accepted, or retried
    was_given_back = event.status is Status.PENDING and not is_new and event.error is None
    is_completed = event.status is Status.COMPLETED
    return replace(
        job,
        status=event.status,
        attempts=event.attempt - 1 if was_given_back else event.attempt,
        error=event.error,
        output_path=job.output_path if is_completed else None,
        outputs=job.outputs if is_completed else (),
        analysis=job.analysis if is_completed else None,
        started_at=None if is_new else job.started_at,
        completed_at=event.at if event.status in ENDED else None,
        updated_at=event.at,
    )


def _change(row: DictRow, job: Job | None = None) -> Change:
    event = to_event(
        {
            name.removeprefix("event_"): value
            for name, value in row.items()
            if name.startswith("event_")
        }
    )
    return Change(event, job or to_job(row), row["key_id"])
