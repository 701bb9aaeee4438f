"""The table `deliveries`. A trigger inserts its rows in the transaction that ends a job.

The rules that these statements rest on:
- a claim counts the try and postpones the next one by a lease that is longer than a try may take:
  if the worker dies, the delivery is due again then, with the same id and the same body;
- the outcome of a try is conditional on its number, so that a worker whose lease expired changes
  nothing;
- claims are loose index scans on `deliveries_due_idx`, from receiver to receiver, and take a few
  deliveries of each: a receiver's backlog costs the others nothing, however long it is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from psycopg.rows import DictRow

from imagemill.jobs.job import JobId, Json
from imagemill.jobs.rows import to_utc
from imagemill.postgres.pool import Postgres
from imagemill.webhooks.delivery import (
    ClaimedDelivery,
    Delivery,
    DeliveryNotFound,
    DeliveryOutcome,
    DeliveryStatus,
)

# Receivers that one claim visits; the next claim continues after them.
MAX_RECEIVERS: Final = 1000

# First tries and retries are two ranges of the index, and are claimed separately. The rows are
# chosen without locks and locked then, without those that changed meanwhile or are locked by
# others: no more of a receiver's backlog is read or locked than is claimed.
CLAIM = """
    WITH RECURSIVE receivers (receiver, visited) AS (
        (SELECT receiver, 1 FROM deliveries
          WHERE status = 'PENDING' AND is_retry = %(is_retry)s
            AND receiver > %(cursor)s
          ORDER BY receiver LIMIT 1)
        UNION ALL
        SELECT next.receiver, visited + 1
          FROM receivers r CROSS JOIN LATERAL (
               SELECT receiver FROM deliveries
                WHERE status = 'PENDING' AND is_retry = %(is_retry)s
                  AND receiver > r.receiver
                ORDER BY receiver LIMIT 1) AS next
         WHERE visited < %(max_receivers)s),
    chosen AS MATERIALIZED (
        SELECT job_id, number
          FROM receivers r
          LEFT JOIN unnest(%(receivers)s::text[], %(slots)s::int[]) AS free (receiver, slots)
               USING (receiver)
         CROSS JOIN LATERAL (
               SELECT job_id, number, next_try_at,
                      row_number() OVER (ORDER BY next_try_at) AS position
                 FROM (SELECT job_id, number, next_try_at FROM deliveries d
                        WHERE status = 'PENDING' AND is_retry = %(is_retry)s
                          AND d.receiver = r.receiver AND next_try_at <= now()
                        ORDER BY next_try_at LIMIT %(per_receiver)s) AS oldest) AS oldest
         WHERE position <= coalesce(slots, %(per_receiver)s)
         ORDER BY position, next_try_at LIMIT %(limit)s),
    locked AS MATERIALIZED (
        SELECT job_id, number FROM deliveries JOIN chosen USING (job_id, number)
         WHERE status = 'PENDING' AND next_try_at <= now()
         ORDER BY job_id, number FOR UPDATE OF deliveries SKIP LOCKED),
    claimed AS (
        UPDATE deliveries d SET tries = d.tries + 1, next_try_at = now() + %(lease)s
          FROM locked WHERE d.job_id = locked.job_id AND d.number = locked.number
        RETURNING d.job_id, d.number, d.event, d.url, d.receiver, d.webhook_id, d.tries,
                  d.tries_before, d.job, d.body)
    SELECT claimed.*, jobs.traceparent, page.cursor
      FROM (SELECT CASE WHEN max(visited) = %(max_receivers)s THEN max(receiver) END AS cursor
              FROM receivers) AS page
      LEFT JOIN claimed ON true
      LEFT JOIN jobs ON jobs.id = claimed.job_id
"""

# A body that is stored already is not replaced: it may have been sent, perhaps by another version.
STORE_BODIES = """
    UPDATE deliveries d SET body = coalesce(d.body, new.body), job = NULL
      FROM unnest(%(job_ids)s::uuid[], %(numbers)s::int[], %(tries)s::int[], %(bodies)s::text[])
           AS new (job_id, number, tries, body)
     WHERE d.job_id = new.job_id AND d.number = new.number AND d.tries = new.tries
       AND d.status = 'PENDING'
    RETURNING d.job_id, d.number, d.body
"""

RECORD = """
    UPDATE deliveries
       SET status = %(status)s, last_status_code = %(status_code)s, last_error = %(error)s,
           next_try_at = CASE WHEN %(status)s = 'PENDING' THEN now() + %(delay)s END,
           delivered_at = CASE WHEN %(status)s = 'DELIVERED' THEN now() END
     WHERE job_id = %(job_id)s AND number = %(number)s AND tries = %(tries)s
       AND status = 'PENDING'
    RETURNING number
"""

RELEASE = """
    UPDATE deliveries d SET tries = d.tries - 1, next_try_at = now()
      FROM unnest(%(job_ids)s::uuid[], %(numbers)s::int[], %(tries)s::int[])
           AS claim (job_id, number, tries)
     WHERE d.job_id = claim.job_id AND d.number = claim.number AND d.tries = claim.tries
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
    """How many deliveries to claim, of the retries or of the first tries.

    At most `limit`, and at most `per_receiver` of each receiver, or as many as `slots` has for it.
    """

    limit: int
    per_receiver: int
    is_retry: bool
    slots: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimBatch:
    """Claimed deliveries, and where the next claim continues; empty: at the first receiver."""

    deliveries: tuple[ClaimedDelivery, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The table `deliveries`. Every method raises DatabaseUnavailable."""

    postgres: Postgres

    async def claim(self, request: ClaimRequest, lease: timedelta, cursor: str = "") -> ClaimBatch:
        """Claim due deliveries until the lease expires, the oldest of each receiver first.

        `cursor` is that of the previous claim.
        """
        rows = await self.postgres.run(
            CLAIM,
            {
                "is_retry": request.is_retry,
                "cursor": cursor,
                "max_receivers": MAX_RECEIVERS,
                "receivers": list(request.slots),
                "slots": list(request.slots.values()),
                "per_receiver": request.per_receiver,
                "limit": request.limit,
                "lease": lease,
            },
        )
        claimed = tuple(_to_claimed(row) for row in rows if row["job_id"] is not None)
        return ClaimBatch(claimed, rows[0]["cursor"] or "")

    async def store_bodies(
        self, bodies: Sequence[tuple[ClaimedDelivery, str]]
    ) -> tuple[ClaimedDelivery, ...]:
        """Store the bodies to be sent, at this try and at each later one.

        Returns the deliveries with the stored bodies, without those whose lease expired.
        """
        by_key = {(delivery.job_id, delivery.number): delivery for delivery, _ in bodies}
        rows = await self.postgres.run(
            STORE_BODIES, _claims(by_key.values()) | {"bodies": [body for _, body in bodies]}
        )
        return tuple(
            replace(by_key[JobId(row["job_id"]), row["number"]], snapshot=None, body=row["body"])
            for row in rows
        )

    async def record(self, delivery: ClaimedDelivery, outcome: DeliveryOutcome) -> bool:
        """Record the outcome of a try. Returns False if the delivery has been claimed again."""
        rows = await self.postgres.run(
            RECORD,
            {
                "job_id": delivery.job_id,
                "number": delivery.number,
                "tries": delivery.tries,
                "status": outcome.status,
                "status_code": outcome.status_code,
                "error": outcome.error,
                "delay": outcome.delay,
            },
        )
        return bool(rows)

    async def release(self, deliveries: Collection[ClaimedDelivery]) -> None:
        """Make these deliveries due at once, without counting the try."""
        await self.postgres.run(RELEASE, _claims(deliveries))

    async def list(self, job_id: JobId) -> tuple[Delivery, ...]:
        """Return the deliveries of a job, oldest first."""
        rows = await self.postgres.run(LIST, {"job_id": job_id})
        return tuple(_to_delivery(row) for row in rows)

    async def redeliver(self, job_id: JobId, number: int) -> Delivery:
        """Make a delivery PENDING and due, whatever its status, with a new schedule of retries.

        Its id and its body stay the same. Raises DeliveryNotFound.
        """
        rows = await self.postgres.run(REDELIVER, {"job_id": job_id, "number": number})
        if not rows:
            raise DeliveryNotFound(f"Job {job_id} has no delivery {number}.")
        return _to_delivery(rows[0])


def _claims(deliveries: Collection[ClaimedDelivery]) -> Json:
    return {
        "job_ids": [delivery.job_id for delivery in deliveries],
        "numbers": [delivery.number for delivery in deliveries],
        "tries": [delivery.tries for delivery in deliveries],
    }


def _to_delivery(row: DictRow) -> Delivery:
    return Delivery(
        number=row["number"],
        event=row["event"],
        url=row["url"],
        webhook_id=row["webhook_id"],
        status=DeliveryStatus(row["status"]),
        tries=row["tries"],
        last_status_code=row["last_status_code"],
        last_error=row["last_error"],
        next_try_at=to_utc(row["next_try_at"]) if row["next_try_at"] else None,
        delivered_at=to_utc(row["delivered_at"]) if row["delivered_at"] else None,
    )


def _to_claimed(row: DictRow) -> ClaimedDelivery:
    return ClaimedDelivery(
        job_id=JobId(row["job_id"]),
        number=row["number"],
        event=row["event"],
        url=row["url"],
        receiver=row["receiver"],
        webhook_id=row["webhook_id"],
        tries=row["tries"],
        retry_number=row["tries"] - row["tries_before"] - 1,
        snapshot=row["job"],
        body=row["body"],
        traceparent=row["traceparent"],
    )
