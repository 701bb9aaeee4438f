"""The dispatcher with real PostgreSQL and receivers: due webhooks are sent while others hang."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from imagemill.jobs.job import Job
from imagemill.jobs.store import JobStore
from imagemill.periodic import run_periodically
from imagemill.postgres.pool import Postgres
from imagemill.webhooks import receiver_limiter
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import Delivery, DeliveryStatus
from imagemill.webhooks.dispatcher import WebhookDispatcher
from imagemill.webhooks.resolver import Resolver
from imagemill.webhooks.sender import Sender
from imagemill.webhooks.signing import Signer
from imagemill.webhooks.vetting import Vetting
from support.jobs import new_job
from support.process import wait_until
from support.receiver import Receiver, always, receiving

NOW, HOUR = timedelta(0), timedelta(hours=1)
SECRET = "whsec_" + "c2VjcmV0" * 4


def create_dispatcher(pool: Postgres, timeout_seconds: float = 60) -> WebhookDispatcher:
    """Return a dispatcher that tries twice and may connect to loopback."""
    vetting = Vetting(Resolver(8).resolve, allow_private=True)
    return WebhookDispatcher(
        Deliveries(pool),
        Sender(vetting, ssl.create_default_context(), timeout_seconds).send,
        Signer(pool, SecretStr(SECRET)),
        (NOW,),
        asyncio.Event(),
    )


@pytest.fixture
def dispatcher(pool: Postgres) -> WebhookDispatcher:
    return create_dispatcher(pool)


@asynccontextmanager
async def running(dispatcher: WebhookDispatcher) -> AsyncIterator[None]:
    """Run the dispatcher during the block."""
    dispatcher.wakeup.set()
    task = asyncio.create_task(run_periodically("webhooks", dispatcher.run_once, (0, 0)))
    try:
        yield
    finally:
        await dispatcher.drain(NOW)
        task.cancel()
        await asyncio.wait({task})


async def ended(job_store: JobStore, url: str) -> Job:
    job = await job_store.accept(replace(new_job(), callback_url=url))
    return await job_store.cancel(job.id)


async def received(receiver: Receiver) -> str:
    """Return the id of the next message, once it is there."""
    return (await asyncio.to_thread(receiver.next)).headers["webhook-id"]


async def settled(dispatcher: WebhookDispatcher, job: Job) -> Delivery:
    """Return the delivery once it is no longer PENDING."""
    async with asyncio.timeout(60):
        while True:
            (delivery,) = await dispatcher.deliveries.list(job.id)
            if delivery.status is not DeliveryStatus.PENDING:
                return delivery
            await asyncio.sleep(0.01)


async def test_a_receiver_that_never_responds_delays_no_other(
    job_store: JobStore, dispatcher: WebhookDispatcher
) -> None:
    with receiving() as dead, receiving(always(200)) as alive:
        for _ in range(300):
            await ended(job_store, dead.url)
        jobs = [await ended(job_store, alive.url) for _ in range(20)]
        async with running(dispatcher):
            ids = {await received(alive) for _ in jobs}
            assert dead.count <= receiver_limiter.MAX_TRIES_PER_RECEIVER
        for job in jobs:
            (delivery,) = await dispatcher.deliveries.list(job.id)
            assert delivery.webhook_id in ids
        assert dead.count <= receiver_limiter.MAX_TRIES_PER_RECEIVER


async def test_failing_receivers_leave_half_of_the_slots_to_others(
    job_store: JobStore, dispatcher: WebhookDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver_limiter, "MAX_TRIES", 4)
    monkeypatch.setattr(receiver_limiter, "MAX_FAILING_TRIES", 2)
    with ExitStack() as stack:
        dead = [stack.enter_context(receiving()) for _ in range(4)]
        alive = stack.enter_context(receiving(always(200)))
        for one in dead:
            dispatcher._limiter.record_result(f"127.0.0.1:{one.port}", failed=True)
            await ended(job_store, one.url)
        async with running(dispatcher):
            await asyncio.to_thread(
                wait_until, lambda: sum(one.count for one in dead) == 2, "two have their slots"
            )
            await ended(job_store, alive.url)
            dispatcher.wakeup.set()
            await received(alive)
            assert sum(one.count for one in dead) == 2


async def test_a_receiver_that_responds_gets_all_its_webhooks_as_slots_are_released(
    job_store: JobStore, dispatcher: WebhookDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Only a slot that is released wakes the dispatcher.
    monkeypatch.setattr("imagemill.webhooks.dispatcher.POLL_SECONDS", 3600)
    with receiving(always(200)) as receiver:
        jobs = [await ended(job_store, receiver.url) for _ in range(40)]
        async with running(dispatcher):
            assert len({await received(receiver) for _ in jobs}) == 40
            for job in jobs:
                assert (await settled(dispatcher, job)).tries == 1


async def test_a_stopping_worker_releases_what_has_no_response(
    job_store: JobStore, dispatcher: WebhookDispatcher, pool: Postgres
) -> None:
    with receiving() as held:
        job = await ended(job_store, held.url)
        async with running(dispatcher):
            first = await received(held)
        (delivery,) = await dispatcher.deliveries.list(job.id)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.PENDING, 0)
        async with running(create_dispatcher(pool)):
            assert await received(held) == first


async def test_a_stopping_worker_waits_for_responses_that_come_in_time(
    job_store: JobStore, dispatcher: WebhookDispatcher
) -> None:
    with receiving() as held:
        job = await ended(job_store, held.url)
        dispatcher.wakeup.set()
        await dispatcher.run_once()
        await received(held)
        draining = asyncio.create_task(dispatcher.drain(HOUR))
        held.released.set()
        await draining
        (delivery,) = await dispatcher.deliveries.list(job.id)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.DELIVERED, 1)


async def test_a_delivery_without_a_valid_body_fails_alone(
    job_store: JobStore, dispatcher: WebhookDispatcher, pool: Postgres
) -> None:
    with receiving(always(200)) as receiver:
        broken, good = [await ended(job_store, receiver.url) for _ in range(2)]
        await pool.run(
            "UPDATE deliveries SET job = '{\"id\": null}' WHERE job_id = %(id)s", {"id": broken.id}
        )
        async with running(dispatcher):
            assert (await settled(dispatcher, good)).status is DeliveryStatus.DELIVERED
            delivery = await settled(dispatcher, broken)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 2)
        assert delivery.last_error == "An internal error occurred and was logged."


async def test_a_try_without_a_response_times_out(job_store: JobStore, pool: Postgres) -> None:
    dispatcher = create_dispatcher(pool, timeout_seconds=0.2)
    with receiving() as dead:
        job = await ended(job_store, dead.url)
        async with running(dispatcher):
            delivery = await settled(dispatcher, job)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 2)
        assert delivery.last_error == "The receiver did not respond in time."
