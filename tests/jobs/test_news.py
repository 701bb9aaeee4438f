"""News of changed jobs, through a real Valkey and through none."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from imagemill.addresses import RedisAddress
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import ErrorCode, JobError, JobId
from imagemill.jobs.leases import Leases
from imagemill.jobs.ledger import Ledger
from imagemill.jobs.news import CHANNEL, News
from imagemill.jobs.postgres import Postgres
from support.jobs import completed, new_job
from support.process import free_port
from support.proxy import CLOSED, HALF_OPEN, OPEN, STALLED, Proxy, Way
from support.servers import redis_client

IN_TIME = 20


@asynccontextmanager
async def hearing(news: News) -> AsyncIterator[AsyncIterator[frozenset[JobId]]]:
    """Listen, connected already, while the block runs."""
    async with asyncio.timeout(IN_TIME), aclosing(news.heard()) as heard:
        assert await anext(heard) == frozenset()
        assert news.hears
        yield heard


async def test_what_is_told_is_heard_by_every_process_and_a_burst_as_one(
    redis_address: RedisAddress,
) -> None:
    ids = frozenset(new_job_id() for _ in range(300))
    async with (
        News.open(redis_address) as teller,
        News.open(redis_address) as one,
        News.open(redis_address) as other,
        hearing(one) as first,
        hearing(other) as second,
    ):
        for job_id in ids:
            teller.tell([job_id])
        assert await anext(first) == ids
        assert await anext(second) == ids


async def test_what_a_process_tells_last_is_published_before_it_ends(
    redis_address: RedisAddress,
) -> None:
    job_id = new_job_id()
    async with News.open(redis_address) as listener, hearing(listener) as heard:
        async with News.open(redis_address) as teller:
            teller.tell([job_id])
        assert await anext(heard) == {job_id}


async def test_what_is_no_id_is_passed_over(redis_address: RedisAddress) -> None:
    job_id = new_job_id()
    async with News.open(redis_address) as listener, hearing(listener) as heard:
        with redis_client(redis_address) as client:
            client.publish(CHANNEL, f"nonsense {job_id} ÿ")
        assert await anext(heard) == {job_id}


async def test_without_redis_telling_never_fails_and_nothing_piles_up() -> None:
    async with News.open(RedisAddress("127.0.0.1", free_port())) as news:
        for _ in range(5):
            news.tell([new_job_id()])
            await asyncio.sleep(0)
        await news._publish()
        assert news.failures
        assert not news._untold
        assert not news.hears


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
            News.open(redis_address) as teller,
            News.open(disturbed) as listener,
            hearing(listener) as heard,
        ):
            proxy.become(way)
            assert await anext(heard) == frozenset()
            deaf = not listener.hears
            proxy.become(OPEN)
            assert await anext(heard) == frozenset()
            assert (deaf, listener.hears) == (True, True)
            teller.tell([job_id])
            assert await anext(heard) == {job_id}


async def test_whoever_stops_listening_at_any_moment_is_let_go(redis_address: RedisAddress) -> None:
    moments = random.Random(1)

    async def listen(news: News) -> None:
        async with aclosing(news.heard()) as heard:
            async for _ in heard:
                pass

    async with asyncio.timeout(IN_TIME):
        for _ in range(100):
            async with News.open(redis_address) as news:
                listening = asyncio.create_task(listen(news))
                await asyncio.sleep(moments.uniform(0, 0.01))
                listening.cancel()
                await asyncio.wait({listening})


Change = Callable[[Ledger, Leases, JobId], Coroutine[Any, Any, object]]


async def claim(_: Ledger, leases: Leases, job_id: JobId) -> None:
    await leases.claim([job_id])


async def sweep(_: Ledger, leases: Leases, __: JobId) -> None:
    await leases.sweep(10, timedelta(0))


async def finish(_: Ledger, leases: Leases, job_id: JobId) -> None:
    await leases.finish([completed(held) for held in await leases.claim([job_id])])


async def release(_: Ledger, leases: Leases, job_id: JobId) -> None:
    await leases.release(await leases.claim([job_id]))


async def retry_later(_: Ledger, leases: Leases, job_id: JobId) -> None:
    (held,) = await leases.claim([job_id])
    await leases.retry_later(held, JobError(ErrorCode.INTERNAL, "A fault."), timedelta(0))


async def reap(ledger: Ledger, leases: Leases, job_id: JobId) -> None:
    await Leases(ledger.postgres, uuid4(), timedelta(0)).claim([job_id])
    await leases.reap()


async def cancel(ledger: Ledger, _: Leases, job_id: JobId) -> None:
    await ledger.cancel(job_id)


async def retry(ledger: Ledger, _: Leases, job_id: JobId) -> None:
    await Ledger(ledger.postgres).cancel(job_id)
    await ledger.retry(job_id)


async def delete(ledger: Ledger, _: Leases, job_id: JobId) -> None:
    await ledger.delete(job_id)


@pytest.mark.parametrize(
    ("change", "tellings"),
    [(claim, 1), (sweep, 1), (finish, 2), (release, 2), (retry_later, 2), (reap, 1), (cancel, 1),
     (retry, 1), (delete, 1)],
)  # fmt: skip
async def test_whoever_changes_a_job_tells(pool: Postgres, change: Change, tellings: int) -> None:
    told: list[JobId] = []
    ledger = Ledger(pool, tell=told.extend)
    leases = Leases(pool, uuid4(), timedelta(seconds=60), told.extend)
    job = await ledger.accept(new_job())
    assert told == [job.id]
    await change(ledger, leases, job.id)
    assert told == [job.id] * (1 + tellings)
