"""The table `deliveries`. Its rows are written by a trigger, in the transaction that ends a job.

The rules that these statements rest on:
- a claim counts the try and puts off the next one by a hold that is longer than a try may take: if
  its worker dies, the delivery is due again, with the same id and the same body;
- what came of a try names its number, so that a worker that was given up changes nothing;
- claims hop from receiver to receiver on `deliveries_due_idx` and take a few of each: whoever has
  ten thousand deliveries waiting costs one hop, as everybody else does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from imagemill.jobs.job import JobId, Json
from imagemill.postgres.pool import Postgres
from imagemill.webhooks.delivery import ClaimedDelivery, Delivery, DeliveryNotFound, DeliveryOutcome
from imagemill.webhooks.rows import to_delivery, to_due

# So many receivers are looked at in one claim; the next goes on behind them.
MOST_HOPS: Final = 1000

# The claim of repeated tries (`again`) leaves first ones alone and the other way round, as two
# ranges of one index. The rows are chosen without a lock and then locked, those that changed
# meanwhile or are locked by others left out: a receiver's backlog is neither read nor locked.
CLAIM = """
    WITH RECURSIVE receivers (receiver, hop) AS (
        (SELECT receiver, 1 FROM deliveries
          WHERE status = 'PENDING' AND is_retry = %(is_retry)s
            AND receiver > %(behind)s
          ORDER BY receiver LIMIT 1)
        UNION ALL
        SELECT next.receiver, hop + 1
          FROM receivers r CROSS JOIN LATERAL (
               SELECT receiver FROM deliveries
                WHERE status = 'PENDING' AND is_retry = %(is_retry)s
                  AND receiver > r.receiver
                ORDER BY receiver LIMIT 1) AS next
         WHERE hop < %(hops)s),
    chosen AS MATERIALIZED (
        SELECT job_id, number
          FROM receivers r
          LEFT JOIN unnest(%(receivers)s::text[], %(seats)s::int[]) AS known (receiver, seats)
               USING (receiver)
         CROSS JOIN LATERAL (
               SELECT job_id, number, next_try_at, row_number() OVER (ORDER BY next_try_at) AS place
                 FROM (SELECT job_id, number, next_try_at FROM deliveries d
                        WHERE status = 'PENDING' AND is_retry = %(is_retry)s
                          AND d.receiver = r.receiver AND next_try_at <= now()
                        ORDER BY next_try_at LIMIT %(each)s) AS oldest) AS oldest
         WHERE place <= coalesce(seats, %(each)s)
         ORDER BY place, next_try_at LIMIT %(limit)s),
    locked AS MATERIALIZED (
        SELECT job_id, number FROM deliveries JOIN chosen USING (job_id, number)
         WHERE status = 'PENDING' AND next_try_at <= now()
         ORDER BY job_id, number FOR UPDATE OF deliveries SKIP LOCKED),
    claimed AS (
        UPDATE deliveries d SET tries = d.tries + 1, next_try_at = now() + %(hold)s
          FROM locked WHERE d.job_id = locked.job_id AND d.number = locked.number
        RETURNING d.job_id, d.number, d.event, d.url, d.receiver, d.webhook_id, d.tries,
                  d.tries_before, d.job, d.body)
    SELECT claimed.*, jobs.traceparent, at_end.behind
      FROM (SELECT CASE WHEN max(hop) = %(hops)s THEN max(receiver) END AS behind
              FROM receivers) AS at_end
      LEFT JOIN claimed ON true
      LEFT JOIN jobs ON jobs.id = claimed.job_id
"""

# A body that is there already stays: it may have been sent, perhaps by another version.
KEEP_BODIES = """
    UPDATE deliveries d SET body = coalesce(d.body, made.body), job = NULL
      FROM unnest(%(job_ids)s::uuid[], %(ns)s::int[], %(attempts)s::int[], %(bodies)s::text[])
           AS made (job_id, number, attempt, body)
     WHERE d.job_id = made.job_id AND d.number = made.number AND d.tries = made.attempt
       AND d.status = 'PENDING'
    RETURNING d.job_id, d.number, d.body
"""

RECORD = """
    UPDATE deliveries
       SET status = %(status)s, last_status_code = %(status_code)s, last_error = %(error)s,
           next_try_at = CASE WHEN %(status)s = 'PENDING' THEN now() + %(delay)s END,
           delivered_at = CASE WHEN %(status)s = 'DELIVERED' THEN now() END
     WHERE job_id = %(job_id)s AND number = %(number)s AND tries = %(attempt)s
       AND status = 'PENDING'
    RETURNING number
"""

GIVE_BACK = """
    UPDATE deliveries d SET tries = d.tries - 1, next_try_at = now()
      FROM unnest(%(job_ids)s::uuid[], %(ns)s::int[], %(attempts)s::int[])
           AS held (job_id, number, attempt)
     WHERE d.job_id = held.job_id AND d.number = held.number AND d.tries = held.attempt
       AND d.status = 'PENDING'
"""

COLUMNS = """
    number, event, url, webhook_id, status, tries, last_status_code, last_error, next_try_at,
    delivered_at
"""

LIST = f"SELECT {COLUMNS} FROM deliveries WHERE job_id = %(job_id)s ORDER BY number"

REDELIVER = f"""
    UPDATE deliveries
       SET status = 'PENDING', next_try_at = now(), tries_before = tries, delivered_at = NULL
     WHERE job_id = %(job_id)s AND number = %(number)s
    RETURNING {COLUMNS}
"""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """How many deliveries a claim may bring.

    Up to `limit`, up to `each` of a receiver, or as many as `seats` says of it. Those that were
    tried before are asked for by `again`, the others by its opposite.
    """

    limit: int
    each: int
    again: bool
    slots: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """Deliveries to be tried now. The next claim goes on `behind`; empty: from the start."""

    due: tuple[ClaimedDelivery, ...]
    behind: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What is to be told. Every method raises DatabaseUnavailable when PostgreSQL is away."""

    postgres: Postgres

    async def claim(self, wanted: ClaimRequest, hold: timedelta, behind: str = "") -> ClaimBatch:
        """Claim deliveries that are due, the oldest of every receiver first.

        Each is the caller's until the hold is over. `behind` is what the claim before said.
        """
        rows = await self.postgres.run(
            CLAIM,
            {
                "is_retry": wanted.again,
                "behind": behind,
                "hops": MOST_HOPS,
                "receivers": list(wanted.slots),
                "seats": list(wanted.slots.values()),
                "each": wanted.each,
                "limit": wanted.limit,
                "hold": hold,
            },
        )
        due = tuple(to_due(row) for row in rows if row["job_id"] is not None)
        return ClaimBatch(due, rows[0]["behind"] or "")

    async def keep_bodies(
        self, made: Sequence[tuple[ClaimedDelivery, str]]
    ) -> tuple[ClaimedDelivery, ...]:
        """Keep what is to be sent, now and at every later try.

        Returns the deliveries with their bodies, those that are still the caller's.
        """
        by_key = {(due.job_id, due.n): due for due, _ in made}
        rows = await self.postgres.run(
            KEEP_BODIES, _held(by_key.values()) | {"bodies": [body for _, body in made]}
        )
        return tuple(
            replace(by_key[JobId(row["job_id"]), row["number"]], snapshot=None, body=row["body"])
            for row in rows
        )

    async def record(self, due: ClaimedDelivery, tried: DeliveryOutcome) -> bool:
        """Note what came of a try, and return whether it was still the caller's to tell."""
        rows = await self.postgres.run(
            RECORD,
            {
                "job_id": due.job_id,
                "number": due.n,
                "attempt": due.attempt,
                "status": tried.status,
                "status_code": tried.status_code,
                "error": tried.error,
                "delay": tried.delay,
            },
        )
        return bool(rows)

    async def give_back(self, several: Collection[ClaimedDelivery]) -> None:
        """Let these be due at once, as if they had not been tried."""
        await self.postgres.run(GIVE_BACK, _held(several))

    async def of(self, job_id: JobId) -> tuple[Delivery, ...]:
        """Return the deliveries of a job, oldest first."""
        rows = await self.postgres.run(LIST, {"job_id": job_id})
        return tuple(to_delivery(row) for row in rows)

    async def redeliver(self, job_id: JobId, n: int) -> Delivery:
        """Let a delivery be tried now, whatever became of it, by the whole schedule again.

        Id and body stay the same. Raises DeliveryNotFound.
        """
        rows = await self.postgres.run(REDELIVER, {"job_id": job_id, "number": n})
        if not rows:
            raise DeliveryNotFound(f"Job {job_id} has no delivery {n}.")
        return to_delivery(rows[0])


def _held(several: Collection[ClaimedDelivery]) -> Json:
    return {
        "job_ids": [due.job_id for due in several],
        "ns": [due.n for due in several],
        "attempts": [due.attempt for due in several],
    }
