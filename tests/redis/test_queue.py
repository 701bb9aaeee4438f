"""The queue of job ids, on a real Valkey and on none."""

from datetime import timedelta

import pytest

from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Priority
from imagemill.redis.queue import KEYS, JobQueue, QueueUnavailable
from imagemill.settings.addresses import RedisAddress
from support.process import free_port
from support.servers import redis_client

SHORT = timedelta(seconds=0.2)


async def test_ids_come_out_by_priority_and_then_in_the_order_they_went_in(
    redis_address: RedisAddress,
) -> None:
    low, first, second, high = (new_job_id() for _ in range(4))
    async with JobQueue.open(redis_address, SHORT) as queue:
        await queue.push(low, Priority.LOW)
        await queue.push(first, Priority.NORMAL)
        await queue.push(second, Priority.NORMAL)
        await queue.push(high, Priority.HIGH)
        assert [await queue.pop(8) for _ in range(4)] == [(high,), (first, second), (low,), ()]


async def test_pop_returns_no_more_ids_than_asked_for(redis_address: RedisAddress) -> None:
    async with JobQueue.open(redis_address, SHORT) as queue:
        for _ in range(5):
            await queue.push(new_job_id(), Priority.NORMAL)
        assert [len(await queue.pop(2)) for _ in range(3)] == [2, 2, 1]


async def test_values_that_are_no_ids_are_skipped(redis_address: RedisAddress) -> None:
    job_id = new_job_id()
    with redis_client(redis_address) as client:
        client.rpush(KEYS[Priority.NORMAL], "nonsense", b"\xff\xfe", str(job_id))
    async with JobQueue.open(redis_address, SHORT) as queue:
        assert await queue.pop(8) == (job_id,)


async def test_without_redis_a_push_counts_a_failure_and_a_pop_raises() -> None:
    nowhere = RedisAddress("127.0.0.1", free_port())
    failures: list[None] = []
    async with JobQueue.open(nowhere, SHORT, lambda: failures.append(None)) as queue:
        for _ in range(5):
            await queue.push(new_job_id(), Priority.NORMAL)
        assert len(failures) == 5
        with pytest.raises(QueueUnavailable):
            await queue.pop(1)
        assert len(failures) == 6
        with pytest.raises(QueueUnavailable):
            await queue.check()
