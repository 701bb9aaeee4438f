"""What a job depends on, read by one statement."""

from typing import Final

from psycopg.rows import DictRow

from imagemill.jobs.explanation import JobContext, JobsAhead, WorkerActivity
from imagemill.jobs.job import JobId, JobNotFound
from imagemill.jobs.rows import JOB_COLUMNS, to_error, to_job, to_utc
from imagemill.jobs.store import OWNED, JobStore

# A higher number is of no use to a client, and to count it would read the whole queue.
MAX_COUNTED: Final = 10_000
# Read from the newest event on: where jobs are processed at all, a claim is among the first rows.
MAX_EVENTS_READ: Final = 10_000

# The jobs ahead, of all owners, are read from jobs_ready_idx in its order, up to the limit.
JOB_CONTEXT = f"""
    WITH job AS (
        SELECT *, status = 'PENDING' AND run_at <= now() AS is_due
          FROM jobs WHERE id = %(id)s AND {OWNED})
    SELECT {JOB_COLUMNS}, now() AS now, locked_by, lease_expires_at, heartbeat_at, is_due,
           due, counted < %(max_counted)s AS is_exact, least(first_due, run_at) AS oldest_due_at,
           (SELECT at FROM (
                   SELECT * FROM job_events ORDER BY id DESC LIMIT %(max_events_read)s) AS newest
             WHERE newest.status = 'PROCESSING' AND is_due
             ORDER BY newest.id DESC LIMIT 1) AS last_claim_at,
           EXISTS (SELECT FROM jobs AS busy
                    WHERE busy.status = 'PROCESSING' AND busy.lease_expires_at > now())
           AS is_any_busy,
           (SELECT count(*) FROM workers WHERE expires_at > now()) AS live_workers,
           (SELECT max(last_seen_at) FROM workers) AS last_seen_at
      FROM job CROSS JOIN LATERAL (
           SELECT count(*) AS counted,
                  count(*) FILTER (WHERE other_run_at <= now()) AS due,
                  min(other_run_at) FILTER (WHERE other_run_at <= now()) AS first_due
             FROM (SELECT other.run_at AS other_run_at FROM jobs AS other
                    WHERE job.is_due AND other.status = 'PENDING'
                      AND (other.priority, other.run_at, other.id)
                          < (job.priority, job.run_at, job.id)
                    ORDER BY other.priority, other.run_at, other.id
                    LIMIT %(max_counted)s) AS earlier) AS ahead
"""


async def read_job_context(job_store: JobStore, job_id: JobId) -> JobContext:
    """Return what the job depends on now. Raises JobNotFound, DatabaseUnavailable."""
    parameters = {
        "id": job_id,
        "owner": job_store.owner,
        "max_counted": MAX_COUNTED,
        "max_events_read": MAX_EVENTS_READ,
    }
    rows = await job_store.postgres.run(JOB_CONTEXT, parameters)
    if not rows:
        raise JobNotFound(f"There is no job {job_id}.")
    return _to_context(rows[0])


def _to_context(row: DictRow) -> JobContext:
    ahead = JobsAhead(row["due"], row["is_exact"], to_utc(row["oldest_due_at"]))
    workers = WorkerActivity(
        live=row["live_workers"],
        last_seen_at=to_utc(row["last_seen_at"]) if row["last_seen_at"] else None,
        last_claim_at=to_utc(row["last_claim_at"]) if row["last_claim_at"] else None,
        is_any_busy=row["is_any_busy"],
    )
    return JobContext(
        now=to_utc(row["now"]),
        job=to_job(row),
        last_error=to_error(row),
        holder=row["locked_by"],
        lease_expires_at=to_utc(row["lease_expires_at"]) if row["lease_expires_at"] else None,
        last_heartbeat=to_utc(row["heartbeat_at"]) if row["heartbeat_at"] else None,
        ahead=ahead if row["is_due"] else None,
        workers=workers,
    )
