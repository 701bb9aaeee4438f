"""The courier with a real ledger and real receivers: what is due is sent, whoever else hangs."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from imagemill.jobs.deliveries import Deliveries
from imagemill.jobs.delivery import Delivery, DeliveryStatus
from imagemill.jobs.job import Job
from imagemill.jobs.ledger import Ledger
from imagemill.jobs.postgres import Postgres
from imagemill.webhooks import seats
from imagemill.webhooks.names import Names
from imagemill.webhooks.sender import Sender
from imagemill.webhooks.signing import Signing
from imagemill.webhooks.vetting import Vetting
from imagemill.worker.courier import Courier
from imagemill.worker.rounds import rounds
from support.jobs import new_job
from support.process import wait_until
from support.receiver import Receiver, always, receiving

NOW, HOUR = timedelta(0), timedelta(hours=1)
SECRET = "whsec_" + "c2VjcmV0" * 4


def courier_of(pool: Postgres, try_seconds: float = 60) -> Courier:
    """Return a worker's courier, who tries twice and may call this machine."""
    vetting = Vetting(Names(8).addresses, allow_private=True)
    return Courier(
        Deliveries(pool),
        Sender(vetting, ssl.create_default_context(), try_seconds),
        Signing(pool, SecretStr(SECRET)),
        (NOW,),
        asyncio.Event(),
    )


@pytest.fixture
def courier(pool: Postgres) -> Courier:
    return courier_of(pool)


@asynccontextmanager
async def at_work(courier: Courier) -> AsyncIterator[None]:
    """Let the courier make its rounds while the block runs."""
    courier.bell.set()
    task = asyncio.create_task(rounds("webhooks", courier.round, (0, 0)))
    try:
        yield
    finally:
        await courier.drain(NOW)
        task.cancel()
        await asyncio.wait({task})


async def ended(ledger: Ledger, url: str) -> Job:
    job = await ledger.accept(replace(new_job(), callback_url=url))
    return await ledger.cancel(job.id)


async def received(receiver: Receiver) -> str:
    """Return the id of the next message, once it is there."""
    return (await asyncio.to_thread(receiver.next)).headers["webhook-id"]


async def settled(courier: Courier, job: Job) -> Delivery:
    """Return the delivery once it is no longer PENDING."""
    async with asyncio.timeout(60):
        while True:
            (delivery,) = await courier.deliveries.of(job.id)
            if delivery.status is not DeliveryStatus.PENDING:
                return delivery
            await asyncio.sleep(0.01)


async def test_a_receiver_that_never_answers_keeps_nobody_else_waiting(
    ledger: Ledger, courier: Courier
) -> None:
    with receiving() as dead, receiving(always(200)) as alive:
        for _ in range(300):
            await ended(ledger, dead.url)
        jobs = [await ended(ledger, alive.url) for _ in range(20)]
        async with at_work(courier):
            ids = {await received(alive) for _ in jobs}
            assert dead.count <= seats.OF_A_RECEIVER
        for job in jobs:
            (delivery,) = await courier.deliveries.of(job.id)
            assert delivery.webhook_id in ids
        assert dead.count <= seats.OF_A_RECEIVER


async def test_many_that_fail_leave_half_of_the_seats_to_others(
    ledger: Ledger, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "ALL", 4)
    monkeypatch.setattr(seats, "OF_THE_FAILING", 2)
    with ExitStack() as stack:
        dead = [stack.enter_context(receiving()) for _ in range(4)]
        alive = stack.enter_context(receiving(always(200)))
        for one in dead:
            courier._seats.heard_of(f"127.0.0.1:{one.port}", failed=True)
            await ended(ledger, one.url)
        async with at_work(courier):
            await asyncio.to_thread(
                wait_until, lambda: sum(one.count for one in dead) == 2, "two have their seats"
            )
            await ended(ledger, alive.url)
            courier.bell.set()
            await received(alive)
            assert sum(one.count for one in dead) == 2


async def test_a_receiver_that_answers_gets_all_its_messages_one_seat_after_the_other(
    ledger: Ledger, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody rings but a seat that gets free.
    monkeypatch.setattr("imagemill.worker.courier.POLL_SECONDS", 3600)
    with receiving(always(200)) as receiver:
        jobs = [await ended(ledger, receiver.url) for _ in range(40)]
        async with at_work(courier):
            assert len({await received(receiver) for _ in jobs}) == 40
            for job in jobs:
                assert (await settled(courier, job)).tries == 1


async def test_a_worker_that_leaves_gives_back_what_has_no_answer(
    ledger: Ledger, courier: Courier, pool: Postgres
) -> None:
    with receiving() as held:
        job = await ended(ledger, held.url)
        async with at_work(courier):
            first = await received(held)
        (delivery,) = await courier.deliveries.of(job.id)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.PENDING, 0)
        async with at_work(courier_of(pool)):
            assert await received(held) == first


async def test_a_worker_that_leaves_waits_for_answers_that_come_in_time(
    ledger: Ledger, courier: Courier
) -> None:
    with receiving() as held:
        job = await ended(ledger, held.url)
        courier.bell.set()
        await courier.round()
        await received(held)
        draining = asyncio.create_task(courier.drain(HOUR))
        held.released.set()
        await draining
        (delivery,) = await courier.deliveries.of(job.id)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.DELIVERED, 1)


async def test_a_delivery_that_cannot_be_made_fails_alone(
    ledger: Ledger, courier: Courier, pool: Postgres
) -> None:
    with receiving(always(200)) as receiver:
        broken, good = [await ended(ledger, receiver.url) for _ in range(2)]
        await pool.run(
            "UPDATE deliveries SET job = '{\"id\": null}' WHERE job_id = %(id)s", {"id": broken.id}
        )
        async with at_work(courier):
            assert (await settled(courier, good)).status is DeliveryStatus.DELIVERED
            delivery = await settled(courier, broken)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 2)
        assert delivery.last_error == "The service met an error of its own; it has been logged."


async def test_the_time_of_a_try_is_over_when_nobody_answers(
    ledger: Ledger, pool: Postgres
) -> None:
    courier = courier_of(pool, try_seconds=0.2)
    with receiving() as dead:
        job = await ended(ledger, dead.url)
        async with at_work(courier):
            delivery = await settled(courier, job)
        assert (delivery.status, delivery.tries) == (DeliveryStatus.FAILED, 2)
        assert delivery.last_error == "The receiver did not answer in time."
