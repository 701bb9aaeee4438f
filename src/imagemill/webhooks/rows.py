"""Rows of the table `deliveries` as the values of delivery.py."""

from psycopg.rows import DictRow

from imagemill.jobs.job import JobId
from imagemill.jobs.rows import to_utc
from imagemill.webhooks.delivery import ClaimedDelivery, Delivery, DeliveryStatus


def to_delivery(row: DictRow) -> Delivery:
    return Delivery(
        n=row["number"],
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


def to_due(row: DictRow) -> ClaimedDelivery:
    return ClaimedDelivery(
        job_id=JobId(row["job_id"]),
        n=row["number"],
        event=row["event"],
        url=row["url"],
        receiver=row["receiver"],
        webhook_id=row["webhook_id"],
        attempt=row["tries"],
        turn=row["tries"] - row["tries_before"],
        snapshot=row["job"],
        body=row["body"],
        traceparent=row["traceparent"],
    )
