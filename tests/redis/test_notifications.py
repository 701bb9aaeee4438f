"""News of changed jobs, through a real Valkey and through none."""

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

IN_TIME = 20


@asynccontextmanager
async def hearing(
    notifications: JobNotifications,
) -> AsyncIterator[AsyncIterator[frozenset[JobId]]]:
    """Listen, connected already, while the block runs."""
    async with asyncio.timeout(IN_TIME), aclosing(notifications.subscribe()) as heard:
        assert await anext(heard) == frozenset()
        assert notifications.is_subscribed
        yield heard


async def test_what_is_told_is_heard_by_every_process_and_a_burst_as_one(
    redis_address: RedisAddress,
) -> None:
    ids = frozenset(new_job_id() for _ in range(300))
    async with (
        JobNotifications.open(redis_address) as teller,
        JobNotifications.open(redis_address) as one,
        JobNotifications.open(redis_address) as other,
        hearing(one) as first,
        hearing(other) as second,
    ):
        for job_id in ids:
            teller.publish([job_id])
        assert await anext(first) == ids
        assert await anext(second) == ids


async def test_what_a_process_tells_last_is_published_before_it_ends(
    redis_address: RedisAddress,
) -> None:
    job_id = new_job_id()
    async with JobNotifications.open(redis_address) as listener, hearing(listener) as heard:
        async with JobNotifications.open(redis_address) as teller:
            teller.publish([job_id])
        assert await anext(heard) == {job_id}


async def test_what_is_no_id_is_passed_over(redis_address: RedisAddress) -> None:
    job_id = new_job_id()
    async with JobNotifications.open(redis_address) as listener, hearing(listener) as heard:
        with redis_client(redis_address) as client:
            client.publish(CHANNEL, f"nonsense {job_id} ÿ")
        assert await anext(heard) == {job_id}


async def test_without_redis_telling_never_fails_and_nothing_piles_up() -> None:
    async with JobNotifications.open(RedisAddress("127.0.0.1", free_port())) as notifications:
        for _ in range(5):
            notifications.publish([new_job_id()])
            await asyncio.sleep(0)
        await notifications._publish()
        assert notifications.failures
        assert not notifications._unpublished
        assert not notifications.is_subscribed


@pytest.mark.parametrize(
    "way", [STALLED, HALF_OPEN, CLOSED], ids=["stalled", "half-open", "closed"]
)
async def test_a_listener_says_that_it_is_deaf_and_hears_again_by_itself(
    redis_address: RedisAddress, way: Way
) -> None:
    job_id = new_job_id()
    with Proxy.to(redis_address.host, redis_address.port) as proxy:
        disturbed = RedisAddress("127.0.0.1", proxy.port, redis_address.password)
        async with (
            JobNotifications.open(redis_address) as teller,
            JobNotifications.open(disturbed) as listener,
            hearing(listener) as heard,
        ):
            proxy.become(way)
            assert await anext(heard) == frozenset()
            deaf = not listener.is_subscribed
            proxy.become(OPEN)
            assert await anext(heard) == frozenset()
            assert (deaf, listener.is_subscribed) == (True, True)
            teller.publish([job_id])
            assert await anext(heard) == {job_id}


async def test_whoever_stops_listening_at_any_moment_is_let_go(redis_address: RedisAddress) -> None:
    moments = random.Random(1)

    async def listen(notifications: JobNotifications) -> None:
        async with aclosing(notifications.subscribe()) as heard:
            async for _ in heard:
                pass

    async with asyncio.timeout(IN_TIME):
        for _ in range(100):
            async with JobNotifications.open(redis_address) as notifications:
                listening = asyncio.create_task(listen(notifications))
                await asyncio.sleep(moments.uniform(0, 0.01))
                listening.cancel()
                await asyncio.wait({listening})


Change = Callable[[JobStore, JobLeases, JobId], Coroutine[Any, Any, object]]


async def claim(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await leases.claim([job_id])


async def sweep(_: JobStore, leases: JobLeases, __: JobId) -> None:
    await leases.sweep(10, timedelta(0))


async def finish(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await leases.finish([completed(held) for held in await leases.claim([job_id])])


async def release(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    await leases.release(await leases.claim([job_id]))


async def retry_later(_: JobStore, leases: JobLeases, job_id: JobId) -> None:
    (held,) = await leases.claim([job_id])
    await leases.retry_later(held, JobError(ErrorCode.INTERNAL, "A fault."), timedelta(0))


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
    ("change", "tellings"),
    [(claim, 1), (sweep, 1), (finish, 2), (release, 2), (retry_later, 2), (reap, 1), (cancel, 1),
     (retry, 1), (delete, 1)],
)  # fmt: skip
async def test_whoever_changes_a_job_tells(pool: Postgres, change: Change, tellings: int) -> None:
    told: list[JobId] = []
    job_store = JobStore(pool, publish=told.extend)
    leases = JobLeases(pool, uuid4(), timedelta(seconds=60), told.extend)
    job = await job_store.accept(new_job())
    assert told == [job.id]
    await change(job_store, leases, job.id)
    assert told == [job.id] * (1 + tellings)
