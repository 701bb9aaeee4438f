"""What a job depends on, read from the ledger at one moment."""

from typing import Final

from imagemill.jobs.explanation import Situation
from imagemill.jobs.job import JobId, JobNotFound
from imagemill.jobs.rows import JOB_COLUMNS, to_situation
from imagemill.jobs.store import OWNED, JobStore

# Whoever has as many before him is not helped by a number, and to count them all would read as much
# of the line as there is.
MOST_COUNTED: Final = 10_000
# A claim is found after a few events wherever jobs are done at all.
MOST_EVENTS: Final = 10_000

# Those before it are read from the index of what waits, in its own order, and only as far as the
# limit. Whose jobs they are does not matter: all wait in one line.
LOOK = f"""
    WITH job AS (
        SELECT *, status = 'PENDING' AND run_at <= now() AS is_in_line
          FROM jobs WHERE id = %(id)s AND {OWNED})
    SELECT {JOB_COLUMNS}, now() AS now, locked_by, lease_expires_at, heartbeat_at, is_in_line,
           due, looked_at < %(most_counted)s AS is_all, least(first_due, run_at) AS due_since,
           (SELECT at FROM (
                   SELECT * FROM job_events ORDER BY id DESC LIMIT %(most_events)s) AS newest
             WHERE newest.status = 'PROCESSING' AND is_in_line
             ORDER BY newest.id DESC LIMIT 1) AS last_claim,
           EXISTS (SELECT FROM jobs AS held
                    WHERE held.status = 'PROCESSING' AND held.lease_expires_at > now()) AS are_busy
      FROM job CROSS JOIN LATERAL (
           SELECT count(*) AS looked_at,
                  count(*) FILTER (WHERE other_run_at <= now()) AS due,
                  min(other_run_at) FILTER (WHERE other_run_at <= now()) AS first_due
             FROM (SELECT other.run_at AS other_run_at FROM jobs AS other
                    WHERE job.is_in_line AND other.status = 'PENDING'
                      AND (other.priority, other.run_at, other.id)
                          < (job.priority, job.run_at, job.id)
                    ORDER BY other.priority, other.run_at, other.id
                    LIMIT %(most_counted)s) AS earlier) AS line
"""


async def explain_query(job_store: JobStore, job_id: JobId) -> Situation:
    """Return what the job depends on now. Raises JobNotFound, DatabaseUnavailable."""
    parameters = {
        "id": job_id,
        "owner": job_store.owner,
        "most_counted": MOST_COUNTED,
        "most_events": MOST_EVENTS,
    }
    rows = await job_store.postgres.run(LOOK, parameters)
    if not rows:
        raise JobNotFound(f"There is no job {job_id}.")
    return to_situation(rows[0])
