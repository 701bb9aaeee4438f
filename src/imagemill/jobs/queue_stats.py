"""Numbers of due, delayed and processing jobs, and for how long the oldest has been due.

Read by one statement at each scrape of the metrics. It reads a few pages of an index, however many
jobs there are.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.postgres.pool import Postgres

# Numbers above are reported as this one: it calls for more workers all the same.
MAX_COUNTED: Final = 10_000

# By priority and ordered as jobs_ready_idx is: otherwise the planner may scan all rows to find the
# few that are due. While a transaction holds a snapshot, this reads all jobs that were open since.
QUEUE_STATS = """
    WITH waiting AS (
        SELECT due.number AS due, due.oldest, delayed.number AS delayed
          FROM unnest(enum_range(NULL::job_priority)) AS own (priority)
         CROSS JOIN LATERAL (
               SELECT count(*) AS number, min(run_at) AS oldest
                 FROM (SELECT run_at FROM jobs
                        WHERE status = 'PENDING' AND priority = own.priority AND run_at <= now()
                        ORDER BY run_at LIMIT %(max_counted)s) AS first) AS due
         CROSS JOIN LATERAL (
               SELECT count(*) AS number
                 FROM (SELECT FROM jobs
                        WHERE status = 'PENDING' AND priority = own.priority AND run_at > now()
                        ORDER BY run_at LIMIT %(max_counted)s) AS first) AS delayed)
    SELECT least(sum(due), %(max_counted)s)::int AS due,
           least(sum(delayed), %(max_counted)s)::int AS delayed,
           now() - min(oldest) AS oldest_due,
           (SELECT count(*) FROM (
                SELECT FROM jobs WHERE status = 'PROCESSING'
                 ORDER BY id LIMIT %(max_counted)s) AS busy)::int AS processing
      FROM waiting
"""


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Numbers of jobs: PENDING and due, PENDING until a later time, PROCESSING.

    `oldest_due` is for how long the oldest due job has been due; 0 if there is none.
    """

    due: int
    delayed: int
    processing: int
    oldest_due: timedelta


async def read_queue_stats(postgres: Postgres) -> QueueStats:
    """Count the jobs that have not ended. Raises DatabaseUnavailable."""
    row = (await postgres.run(QUEUE_STATS, {"max_counted": MAX_COUNTED}))[0]
    return QueueStats(
        due=row["due"],
        delayed=row["delayed"],
        processing=row["processing"],
        oldest_due=row["oldest_due"] or timedelta(0),
    )
