"""The courier with a real ledger and real receivers: what is due is sent, whoever else hangs."""

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
from imagemill.webhooks import receiver_limiter as slots
from imagemill.webhooks.deliveries import Deliveries
from imagemill.webhooks.delivery import Delivery, DeliveryStatus
from imagemill.webhooks.dispatcher import WebhookDispatcher
from imagemill.webhooks.names import Names
from imagemill.webhooks.sender import Sender
from imagemill.webhooks.signing import Signing
from imagemill.webhooks.vetting import Vetting
from support.jobs import new_job
from support.process import wait_until
from support.receiver import Receiver, always, receiving

NOW, HOUR = timedelta(0), timedelta(hours=1)
SECRET = "whsec_" + "c2VjcmV0" * 4


def courier_of(pool: Postgres, try_seconds: float = 60) -> WebhookDispatcher:
    """Return a worker's courier, who tries twice and may call this machine."""
    vetting = Vetting(Names(8).addresses, allow_private=True)
    return WebhookDispatcher(
        Deliveries(pool),
        Sender(vetting, ssl.create_default_context(), try_seconds),
        Signing(pool, SecretStr(SECRET)),
        (NOW,),
        asyncio.Event(),
    )


@pytest.fixture
def dispatcher(pool: Postgres) -> WebhookDispatcher:
    return courier_of(pool)


@asynccontextmanager
async def at_work(dispatcher: WebhookDispatcher) -> AsyncIterator[None]:
    """Let the courier make its rounds while the block runs."""
    dispatcher.wakeup.set()
    task = asyncio.create_task(run_periodically("webhooks", dispatcher.round, (0, 0)))
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
            (delivery,) = await dispatcher.deliveries.of(job.id)
            if delivery.status is not DeliveryStatus.PENDING:
                return delivery
            await asyncio.sleep(0.01)


async def test_a_receiver_that_never_answers_keeps_nobody_else_waiting(
    job_store: JobStore, dispatcher: WebhookDispatcher
) -> None:
    with receiving() as dead, receiving(always(200)) as alive:
        for _ in range(300):
            await ended(job_store, dead.url)
        jobs = [await ended(job_store, alive.url) for _ in range(20)]
        async with at_work(dispatcher):
            ids = {await received(alive) for _ in jobs}
            assert dead.count <= slots.OF_A_RECEIVER
        for job in jobs:
            (delivery,) = await dispatcher.deliveries.of(job.id)
            assert delivery.webhook_id in ids
        assert dead.count <= slots.OF_A_RECEIVER


async def test_many_that_fail_leave_half_of_the_seats_to_others(
    job_store: JobStore, dispatcher: WebhookDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots, "ALL", 4)
    monkeypatch.setattr(slots, "OF_THE_FAILING", 2)
    with ExitStack() as stack:
        dead = [stack.enter_context(receiving()) for _ in range(4)]
        alive = stack.enter_context(receiving(always(200)))
        for one in dead:
            dispatcher._slots.heard_of(f"127.0.0.1:{one.port}", failed=True)
            await ended(job_store, one.url)
        async with at_work(dispatcher):
            await asyncio.to_thread(
                wait_until, lambda: sum(one.count for one in dead) == 2, "two have their seats"
            )
            await ended(job_store, alive.url)
            dispatcher.wakeup.set()
            await received(alive)
            assert sum(one.count for one in dead) == 2


async def test_a_receiver_that_answers_gets_all_its_messages_one_seat_after_the_other(
    job_store: JobStore, dispatcher: WebhookDispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody rings but a seat that gets free.
    monkeypatch.setattr("imagemill.webhooks.dispatcher.POLL_SECONDS", 3600)
    with receiving(always(200)) as receiver:
        jobs = [await ended(job_store, receiver.url) for _ in range(40)]
        async with at_work(dispatcher):
            assert len({await received(receiver) for _ in jobs}) == 40
            for job in jobs:
                assert (await settled(dispatcher, job)).tries == 1


async def test_a_worker_that_leaves_gives_back_what_has_no_answer(
    job_store: JobStore, dispatcher: WebhookDispatcher, pool: Postgres
) -> None:
    with receiving() as held:
        job = await ended(job_store, held.url)
        async with at_work(dispatcher):
            first = await received(held)
        (delivery,) = await dispatcher.deliveries.of(job.id)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.PENDING, 0)
        async with at_work(courier_of(pool)):
            assert await received(held) == first


async def test_a_worker_that_leaves_waits_for_answers_that_come_in_time(
    job_store: JobStore, dispatcher: WebhookDispatcher
) -> None:
    with receiving() as held:
        job = await ended(job_store, held.url)
        dispatcher.wakeup.set()
        await dispatcher.round()
        await received(held)
        draining = asyncio.create_task(dispatcher.drain(HOUR))
        held.released.set()
        await draining
        (delivery,) = await dispatcher.deliveries.of(job.id)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.DELIVERED, 1)


async def test_a_delivery_that_cannot_be_made_fails_alone(
    job_store: JobStore, dispatcher: WebhookDispatcher, pool: Postgres
) -> None:
    with receiving(always(200)) as receiver:
        broken, good = [await ended(job_store, receiver.url) for _ in range(2)]
        await pool.run(
            "UPDATE deliveries SET job = '{\"id\": null}' WHERE job_id = %(id)s", {"id": broken.id}
        )
        async with at_work(dispatcher):
            assert (await settled(dispatcher, good)).status is DeliveryStatus.DELIVERED
            delivery = await settled(dispatcher, broken)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 2)
        assert delivery.last_error == "The service met an error of its own; it has been logged."


async def test_the_time_of_a_try_is_over_when_nobody_answers(
    job_store: JobStore, pool: Postgres
) -> None:
    dispatcher = courier_of(pool, try_seconds=0.2)
    with receiving() as dead:
        job = await ended(job_store, dead.url)
        async with at_work(dispatcher):
            delivery = await settled(dispatcher, job)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 2)
        assert delivery.last_error == "The receiver did not answer in time."
