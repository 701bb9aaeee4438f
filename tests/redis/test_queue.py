"""The line of waiting ids, on a real Valkey and on none."""

from datetime import timedelta

import pytest

from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Priority
from imagemill.redis.breaker import Breaker
from imagemill.redis.queue import KEYS, JobQueue, QueueUnavailable
from imagemill.settings.addresses import RedisAddress
from support.process import free_port
from support.servers import redis_client

SHORT = timedelta(seconds=0.2)


async def test_ids_come_out_by_priority_and_then_in_the_order_they_went_in(
    redis_address: RedisAddress,
) -> None:
    low, first, second, high = (new_job_id() for _ in range(4))
    async with JobQueue.open(redis_address, SHORT) as line:
        await line.put(low, Priority.LOW)
        await line.put(first, Priority.NORMAL)
        await line.put(second, Priority.NORMAL)
        await line.put(high, Priority.HIGH)
        assert [await line.take(8) for _ in range(4)] == [(high,), (first, second), (low,), ()]


async def test_no_more_ids_are_taken_than_asked_for(redis_address: RedisAddress) -> None:
    async with JobQueue.open(redis_address, SHORT) as line:
        for _ in range(5):
            await line.put(new_job_id(), Priority.NORMAL)
        assert [len(await line.take(2)) for _ in range(3)] == [2, 2, 1]


async def test_what_is_no_id_is_passed_over(redis_address: RedisAddress) -> None:
    job_id = new_job_id()
    with redis_client(redis_address) as client:
        client.rpush(KEYS[Priority.NORMAL], "nonsense", b"\xff\xfe", str(job_id))
    async with JobQueue.open(redis_address, SHORT) as line:
        assert await line.take(8) == (job_id,)


async def test_without_redis_putting_is_counted_and_taking_says_so() -> None:
    nowhere = RedisAddress("127.0.0.1", free_port())
    failures: list[None] = []
    async with JobQueue.open(nowhere, SHORT, lambda: failures.append(None)) as line:
        for _ in range(5):
            await line.put(new_job_id(), Priority.NORMAL)
        assert len(failures) == 5
        with pytest.raises(QueueUnavailable):
            await line.take(1)
        assert len(failures) == 6
        with pytest.raises(QueueUnavailable):
            await line.ping()


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_through_after_the_cooldown() -> None:
    breaker = Breaker(threshold=2, cooldown=10)
    breaker.failed(now=0)
    assert breaker.allows(now=0)
    breaker.failed(now=1)
    assert not breaker.allows(now=10)
    assert breaker.allows(now=11)
    breaker.failed(now=11)
    assert not breaker.allows(now=20)
    breaker.succeeded()
    assert breaker.allows(now=20)
