"""Deliveries: one for each end of a job, claimed by one worker at a time, fair to receivers."""

from datetime import timedelta

import pytest

from imagemill.jobs.leases import JobLeases
from imagemill.jobs.rows import from_snapshot
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import (
    DeliveryNotFound,
    DeliveryOutcome,
    DeliveryStatus,
)
from support.deliveries import make_due
from support.delivery_rows import FAILED, LEASE, RETRIES, accepted, claimed, ended, only
from support.jobs import completed, failed
from support.servers import connect


async def test_each_end_of_a_job_has_a_delivery_with_the_job_as_it_was_then(
    job_store: JobStore,
    leases: JobLeases,
    deliveries: Deliveries,
    postgres_address: PostgresAddress,
) -> None:
    good, bad, lost, dropped = [await accepted(job_store, max_attempts=1) for _ in range(4)]
    claims = {claim.id: claim for claim in await leases.claim([good.id, bad.id, lost.id])}
    await leases.finish([completed(claims[good.id]), failed(claims[bad.id])])
    with connect(postgres_address) as connection:
        connection.execute(
            "UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE id = %s", [lost.id]
        )
    await leases.reap()
    await job_store.cancel(dropped.id)
    due = {one.job_id: one for one in await claimed(deliveries)}
    assert {job_id: one.event for job_id, one in due.items()} == {
        good.id: "job.completed",
        bad.id: "job.failed",
        lost.id: "job.failed",
        dropped.id: "job.canceled",
    }
    for job_id, one in due.items():
        assert one.snapshot
        assert from_snapshot(one.snapshot) == await job_store.find(job_id)


async def test_other_changes_and_jobs_without_a_callback_have_no_delivery(
    job_store: JobStore, leases: JobLeases, pool: Postgres
) -> None:
    job = await accepted(job_store)
    (claim,) = await leases.claim([job.id])
    await leases.heartbeat([claim])
    await leases.release([claim])
    no_callback = await accepted(job_store, url=None)
    await job_store.cancel(no_callback.id)
    assert await pool.run("SELECT FROM deliveries", {}) == []


async def test_an_end_that_is_recorded_twice_has_one_delivery(
    job_store: JobStore, leases: JobLeases, deliveries: Deliveries
) -> None:
    (claim,) = await leases.claim([(await accepted(job_store)).id])
    assert claim.has_callback
    await leases.finish([completed(claim)])
    await leases.finish([completed(claim)])
    assert (await only(deliveries, claim.id)).event == "job.completed"


async def test_a_job_that_is_retried_and_ends_again_has_two_deliveries(
    job_store: JobStore, deliveries: Deliveries
) -> None:
    job = await ended(job_store)
    await job_store.retry(job.id)
    await job_store.cancel(job.id)
    first, second = await deliveries.list(job.id)
    assert (first.number, second.number) == (1, 2)
    assert first.webhook_id != second.webhook_id


async def test_a_deleted_job_has_no_deliveries(job_store: JobStore, deliveries: Deliveries) -> None:
    canceled, waiting = await ended(job_store), await accepted(job_store)
    await job_store.delete(canceled.id)
    await job_store.delete(waiting.id)
    assert await claimed(deliveries) == ()


async def test_a_delivery_whose_worker_died_is_due_again_as_the_same_message(
    job_store: JobStore, deliveries: Deliveries, postgres_address: PostgresAddress
) -> None:
    await ended(job_store)
    (lost,) = await claimed(deliveries)
    (lost,) = await deliveries.store_bodies([(lost, "as this version writes it")])
    assert await claimed(deliveries) == await claimed(deliveries, RETRIES) == ()
    make_due(postgres_address)
    (again,) = await claimed(deliveries, RETRIES)
    assert (again.tries, again.retry_number, again.webhook_id) == (2, 1, lost.webhook_id)
    assert (again.body, again.snapshot) == ("as this version writes it", None)


async def test_a_body_that_may_have_been_sent_is_never_replaced(
    job_store: JobStore, deliveries: Deliveries
) -> None:
    await ended(job_store)
    (due,) = await claimed(deliveries)
    await deliveries.store_bodies([(due, "first")])
    (kept,) = await deliveries.store_bodies([(due, "second")])
    assert kept.body == "first"


async def test_a_worker_whose_lease_expired_changes_nothing(
    job_store: JobStore, deliveries: Deliveries, postgres_address: PostgresAddress
) -> None:
    job = await ended(job_store)
    (lost,) = await claimed(deliveries)
    make_due(postgres_address)
    assert await deliveries.store_bodies([(lost, "late")])
    (newer,) = await claimed(deliveries, RETRIES)
    assert await deliveries.store_bodies([(lost, "later")]) == ()
    assert not await deliveries.record(lost, FAILED)
    await deliveries.release([lost])
    assert (await only(deliveries, job.id)).tries == 2
    assert await claimed(deliveries, RETRIES) == ()
    assert await deliveries.record(newer, DeliveryOutcome(DeliveryStatus.DELIVERED, 200))
    assert not await deliveries.record(newer, FAILED)
    assert (await only(deliveries, job.id)).status is DeliveryStatus.DELIVERED


async def test_a_delivery_that_is_released_was_not_tried_and_is_due_at_once(
    job_store: JobStore, deliveries: Deliveries
) -> None:
    await ended(job_store)
    await deliveries.release(await claimed(deliveries))
    (due,) = await claimed(deliveries)
    assert (due.tries, due.retry_number) == (1, 0)


async def test_a_failed_try_is_recorded_and_repeated_after_its_delay(
    job_store: JobStore, deliveries: Deliveries, postgres_address: PostgresAddress
) -> None:
    job = await ended(job_store)
    (due,) = await claimed(deliveries)
    later = DeliveryOutcome(
        DeliveryStatus.PENDING, 503, "The receiver answered 503.", timedelta(hours=2)
    )
    await deliveries.record(due, later)
    delivery = await only(deliveries, job.id)
    assert (delivery.status, delivery.tries) == (DeliveryStatus.PENDING, 1)
    assert (delivery.last_status_code, delivery.last_error) == (503, "The receiver answered 503.")
    assert delivery.next_try_at
    assert job.completed_at
    assert delivery.next_try_at - job.completed_at > timedelta(hours=1, minutes=59)
    assert await claimed(deliveries, RETRIES) == ()
    make_due(postgres_address)
    assert len(await claimed(deliveries, RETRIES)) == 1


@pytest.mark.parametrize(
    "before",
    [
        FAILED,
        DeliveryOutcome(DeliveryStatus.DELIVERED, 200),
        DeliveryOutcome(DeliveryStatus.PENDING, delay=LEASE),
    ],
)
async def test_a_redelivery_starts_the_schedule_anew(
    job_store: JobStore, deliveries: Deliveries, before: DeliveryOutcome
) -> None:
    job = await ended(job_store)
    (due,) = await claimed(deliveries)
    await deliveries.record(due, before)
    delivery = await deliveries.redeliver(job.id, 1)
    assert (delivery.status, delivery.delivered_at) == (DeliveryStatus.PENDING, None)
    (again,) = await claimed(deliveries)
    assert (again.tries, again.retry_number, again.webhook_id) == (2, 0, due.webhook_id)


async def test_only_a_delivery_that_exists_can_be_redelivered(
    job_store: JobStore, deliveries: Deliveries
) -> None:
    job = await ended(job_store)
    for number in (2, 10**6, 10**30):
        with pytest.raises(DeliveryNotFound):
            await deliveries.redeliver(job.id, number)
