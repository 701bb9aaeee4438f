"""Notifications of changed jobs, through a real Valkey and through none."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import ErrorCode, JobError, JobId
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.redis.notifications import CHANNEL, JobNotifications
from imagemill.settings.addresses import RedisAddress
from support.jobs import completed, new_job
from support.process import free_port
from support.proxy import CLOSED, HALF_OPEN, OPEN, STALLED, Proxy, Way
from support.servers import redis_client

TIMEOUT_SECONDS = 20


@asynccontextmanager
async def subscribed(
    notifications: JobNotifications,
) -> AsyncIterator[AsyncIterator[frozenset[JobId]]]:
    """Subscribe while the block runs, connected from its start."""
    async with asyncio.timeout(TIMEOUT_SECONDS), aclosing(notifications.subscribe()) as messages:
        assert await anext(messages) == frozenset()
        assert notifications.is_subscribed
        yield messages


async def test_every_process_receives_what_is_published_and_a_burst_as_one_message(
    redis_address: RedisAddress,
) -> None:
    ids = frozenset(new_job_id() for _ in range(300))
    async with (
        JobNotifications.open(redis_address) as publisher,
        JobNotifications.open(redis_address) as one,
        JobNotifications.open(redis_address) as other,
        subscribed(one) as first,
        subscribed(other) as second,
    ):
        for job_id in ids:
            publisher.publish([job_id])
        assert await anext(first) == ids
        assert await anext(second) == ids


async def test_what_a_process_publishes_last_is_sent_before_it_ends(
    redis_address: RedisAddress,
) -> None:
    job_id = new_job_id()
    async with (
        JobNotifications.open(redis_address) as subscriber,
        subscribed(subscriber) as messages,
    ):
        async with JobNotifications.open(redis_address) as publisher:
            publisher.publish([job_id])
        assert await anext(messages) == {job_id}


async def test_words_that_are_no_ids_are_skipped(redis_address: RedisAddress) -> None:
    job_id = new_job_id()
    async with (
        JobNotifications.open(redis_address) as subscriber,
        subscribed(subscriber) as messages,
    ):
        with redis_client(redis_address) as client:
            client.publish(CHANNEL, f"nonsense {job_id} ÿ")
        assert await anext(messages) == {job_id}


async def test_without_redis_publishing_never_fails_and_nothing_piles_up() -> None:
    async with JobNotifications.open(RedisAddress("127.0.0.1", free_port())) as notifications:
        for _ in range(5):
            notifications.publish([new_job_id()])
            await asyncio.sleep(0)
        await notifications._publish_pending()
        assert notifications.failures
        assert not notifications._pending
        assert not notifications.is_subscribed


@pytest.mark.parametrize(
    "way", [STALLED, HALF_OPEN, CLOSED], ids=["stalled", "half-open", "closed"]
)
async def test_a_subscriber_learns_of_a_lost_connection_and_reconnects_by_itself(
    redis_address: RedisAddress, way: Way
) -> None:
    job_id = new_job_id()
    with Proxy.to(redis_address.host, redis_address.port) as proxy:
        disturbed = RedisAddress("127.0.0.1", proxy.port, redis_address.password)
        async with (
            JobNotifications.open(redis_address) as publisher,
            JobNotifications.open(disturbed) as subscriber,
            subscribed(subscriber) as messages,
        ):
            proxy.become(way)
            assert await anext(messages) == frozenset()
            was_lost = not subscriber.is_subscribed
            proxy.become(OPEN)
            assert await anext(messages) == frozenset()
            assert (was_lost, subscriber.is_subscribed) == (True, True)
            publisher.publish([job_id])
            assert await anext(messages) == {job_id}


async def test_a_subscriber_can_be_canceled_at_any_moment(redis_address: RedisAddress) -> None:
    moments = random.Random(1)

    async def subscribe(notifications: JobNotifications) -> None:
        async with aclosing(notifications.subscribe()) as messages:
            async for _ in messages:
                pass

    async with asyncio.timeout(TIMEOUT_SECONDS):
        for _ in range(100):
            async with JobNotifications.open(redis_address) as notifications:
                subscribing = asyncio.create_task(subscribe(notifications))
                await asyncio.sleep(moments.uniform(0, 0.01))
                subscribing.cancel()
                await asyncio.wait({subscribing})


Change = Callable[[JobStore, JobLeases, JobId], Coroutine[Any, Any, object]]


async def claim(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await leases.claim([job_id])


async def sweep(_: JobStore, leases: JobLeases, __: JobId) -> None:
    await leases.sweep(10, timedelta(0))


async def finish(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await leases.finish([completed(claimed) for claimed in await leases.claim([job_id])])


async def release(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await leases.release(await leases.claim([job_id]))


async def retry_later(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    (claimed,) = await leases.claim([job_id])
    await leases.retry_later(claimed, JobError(ErrorCode.INTERNAL, "A fault."), timedelta(0))


async def reap(job_store: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await JobLeases(job_store.postgres, uuid4(), timedelta(0)).claim([job_id])
    await leases.reap()


async def cancel(job_store: JobStore, _: JobLeases, job_id: JobId) -> None:
    await job_store.cancel(job_id)


async def retry(job_store: JobStore, _: JobLeases, job_id: JobId) -> None:
    await JobStore(job_store.postgres).cancel(job_id)
    await job_store.retry(job_id)


async def delete(job_store: JobStore, _: JobLeases, job_id: JobId) -> None:
    await job_store.delete(job_id)


@pytest.mark.parametrize(
    ("change", "published"),
    [(claim, 1), (sweep, 1), (finish, 2), (release, 2), (retry_later, 2), (reap, 1), (cancel, 1),
     (retry, 1), (delete, 1)],
)  # fmt: skip
async def test_every_change_of_a_job_is_published(
    pool: Postgres, change: Change, published: int
) -> None:
    ids: list[JobId] = []
    job_store = JobStore(pool, publish=ids.extend)
    leases = JobLeases(pool, uuid4(), timedelta(seconds=60), ids.extend)
    job = await job_store.accept(new_job())
    assert ids == [job.id]
    await change(job_store, leases, job.id)
    assert ids == [job.id] * (1 + published)
