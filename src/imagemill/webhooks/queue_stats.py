"""How many webhooks are to be delivered, and for how long the first has been due.

Read at a scrape of the metrics: by a bounded count, and by a loose index scan on
`deliveries_due_idx` from receiver to receiver, whose backlogs are not read.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from imagemill.postgres.pool import Postgres

# Numbers above are reported as this one.
MAX_COUNTED: Final = 10_000
MAX_RECEIVERS: Final = 1000

QUEUE_STATS = """
    WITH RECURSIVE first_ones AS (
        (SELECT is_retry, receiver, next_try_at, 1 AS visited FROM deliveries
          WHERE status = 'PENDING' ORDER BY is_retry, receiver, next_try_at LIMIT 1)
        UNION ALL
        SELECT next.is_retry, next.receiver, next.next_try_at, visited + 1
          FROM first_ones f CROSS JOIN LATERAL (
               SELECT is_retry, receiver, next_try_at FROM deliveries
                WHERE status = 'PENDING' AND (is_retry, receiver) > (f.is_retry, f.receiver)
                ORDER BY is_retry, receiver, next_try_at LIMIT 1) AS next
         WHERE visited < %(max_receivers)s)
    SELECT (SELECT count(*) FROM (
                SELECT FROM deliveries WHERE status = 'PENDING'
                 ORDER BY is_retry, receiver, next_try_at LIMIT %(max_counted)s) AS counted)::int
           AS pending,
           greatest(now() - min(next_try_at), interval '0') AS oldest_due
      FROM first_ones
"""


@dataclass(frozen=True, slots=True)
class WebhookStats:
    """The number of webhooks to be delivered, and for how long one has been due; 0 if none is."""

    pending: int
    oldest_due: timedelta


async def read_webhook_stats(postgres: Postgres) -> WebhookStats:
    """Count the webhooks that were neither delivered nor given up. Raises DatabaseUnavailable."""
    limits = {"max_counted": MAX_COUNTED, "max_receivers": MAX_RECEIVERS}
    row = (await postgres.run(QUEUE_STATS, limits))[0]
    return WebhookStats(row["pending"], row["oldest_due"] or timedelta(0))
