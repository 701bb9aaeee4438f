"""How many jobs have not ended, and for how long the first of them has been due.

One statement that reads a few pages of an index, however many jobs there are: it is sent each time
that somebody looks at the metrics.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.postgres.pool import Postgres

# More than so many are counted as so many: the number calls for workers all the same.
MOST_COUNTED: Final = 10_000

# A priority at a time, and in an order that nobody needs, since it is that of an index: without it
# the planner may look for the few rows that are due by reading all there are.
CENSUS = """
    WITH priorities AS (SELECT unnest(enum_range(NULL::job_priority)) AS name),
    waiting AS (
        SELECT (SELECT count(*) FROM (
                    SELECT FROM jobs
                     WHERE status = 'PENDING' AND priority = name AND run_at <= now()
                     ORDER BY run_at LIMIT %(most)s) AS due) AS due,
               (SELECT count(*) FROM (
                    SELECT FROM jobs
                     WHERE status = 'PENDING' AND priority = name AND run_at > now()
                     ORDER BY run_at LIMIT %(most)s) AS delayed) AS delayed,
               (SELECT run_at FROM jobs
                 WHERE status = 'PENDING' AND priority = name
                 ORDER BY run_at LIMIT 1) AS oldest
          FROM priorities)
    SELECT least(sum(due), %(most)s)::int AS due, least(sum(delayed), %(most)s)::int AS delayed,
           greatest(now() - min(oldest), interval '0') AS oldest_due,
           (SELECT count(*) FROM (
                SELECT FROM jobs WHERE status = 'PROCESSING'
                 ORDER BY lease_expires_at LIMIT %(most)s) AS busy)::int AS processing
      FROM waiting
"""


@dataclass(frozen=True, slots=True)
class QueueStats:
    """Jobs that have not ended: due for a worker, to be tried later, in a worker's hands.

    `oldest_due` is for how long the first of those that are due has been so.
    """

    due: int
    delayed: int
    processing: int
    oldest_due: timedelta


async def read_queue_stats(postgres: Postgres) -> QueueStats:
    """Count the jobs that have not ended. Raises DatabaseUnavailable."""
    row = (await postgres.run(CENSUS, {"most": MOST_COUNTED}))[0]
    return QueueStats(
        due=row["due"],
        delayed=row["delayed"],
        processing=row["processing"],
        oldest_due=row["oldest_due"] or timedelta(0),
    )
