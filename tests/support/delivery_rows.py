"""Deliveries of webhooks, as jobs that end make them."""

from dataclasses import replace
from datetime import timedelta

from imagemill.jobs.job import Job, JobId
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from imagemill.webhooks.deliveries import ClaimRequest, Deliveries
from imagemill.webhooks.delivery import (
    ClaimedDelivery,
    Delivery,
    DeliveryOutcome,
    DeliveryStatus,
)
from support.jobs import new_job
from support.servers import connect

URL = "https://example.com/hook"


LEASE = timedelta(minutes=1)


FIRST_TRIES, RETRIES = (
    ClaimRequest(limit=100, per_receiver=4, is_retry=is_retry) for is_retry in (False, True)
)


FAILED = DeliveryOutcome(DeliveryStatus.FAILED, 500, "The receiver answered 500.")


async def accepted(job_store: JobStore, url: str | None = URL, max_attempts: int = 3) -> Job:
    return await job_store.accept(replace(new_job(max_attempts=max_attempts), callback_url=url))


async def ended(job_store: JobStore, url: str = URL) -> Job:
    """Return a canceled job with a callback URL."""
    return await job_store.cancel((await accepted(job_store, url)).id)


async def claimed(
    deliveries: Deliveries, request: ClaimRequest = FIRST_TRIES
) -> tuple[ClaimedDelivery, ...]:
    return (await deliveries.claim(request, LEASE)).deliveries


async def only(deliveries: Deliveries, job_id: JobId) -> Delivery:
    (delivery,) = await deliveries.list(job_id)
    return delivery


def add_backlog(address: PostgresAddress, job: Job, receiver: str, count: int) -> None:
    """Insert due deliveries to the receiver, older than any other."""
    with connect(address) as connection:
        connection.execute(
            "INSERT INTO deliveries (job_id, number, event, url, receiver, body, next_try_at)"
            " SELECT %(id)s, n, 'job.canceled', 'http://' || %(receiver)s || '/', %(receiver)s,"
            "        '{}', now() - interval '1 hour' FROM generate_series(2, %(count)s + 1) AS n",
            {"id": job.id, "receiver": receiver, "count": count},
        )
