"""Which jobs a worker's sweeps look at."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from imagemill.jobs.job import JobId
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.redis.queue import JobQueue
from imagemill.settings.addresses import PostgresAddress, RedisAddress
from imagemill.worker import job_fetcher
from imagemill.worker.job_fetcher import JobFetcher
from support.jobs import new_job
from support.servers import connect


@pytest.fixture
async def fetcher(leases: JobLeases, redis_address: RedisAddress) -> AsyncIterator[JobFetcher]:
    async with JobQueue.open(redis_address, pop_timeout=timedelta(milliseconds=10)) as queue:
        yield JobFetcher(leases, queue)


def make_due(address: PostgresAddress, job_id: JobId, ago: timedelta) -> None:
    with connect(address) as connection:
        connection.execute("UPDATE jobs SET run_at = now() - %s WHERE id = %s", [ago, job_id])


async def fetch(fetcher: JobFetcher) -> list[JobId]:
    return [claim.id for claim in await fetcher.fetch_jobs(10, asyncio.Event())]


async def test_the_first_sweep_finds_what_has_been_due_for_long(
    fetcher: JobFetcher, job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    job = await job_store.accept(new_job())
    make_due(postgres_address, job.id, timedelta(days=300))
    assert await fetch(fetcher) == [job.id]


async def test_later_sweeps_find_what_became_due_since_and_at_times_everything(
    fetcher: JobFetcher,
    job_store: JobStore,
    postgres_address: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await fetch(fetcher) == []
    old, new = await job_store.accept(new_job()), await job_store.accept(new_job())
    make_due(postgres_address, old.id, timedelta(days=1))  # as after a jump of the clock
    make_due(postgres_address, new.id, timedelta(seconds=5))
    assert await fetch(fetcher) == [new.id]
    assert await fetch(fetcher) == []
    monkeypatch.setattr(job_fetcher, "FULL_SWEEP_SECONDS", 0.0)
    assert await fetch(fetcher) == [old.id]


async def test_a_sweep_that_left_jobs_behind_is_continued_where_it_stopped(
    fetcher: JobFetcher, job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    jobs = [await job_store.accept(new_job()) for _ in range(25)]
    for job in jobs:
        make_due(postgres_address, job.id, timedelta(days=1))
    found = [job_id for _ in range(3) for job_id in await fetch(fetcher)]
    assert set(found) == {job.id for job in jobs}


async def test_a_worker_that_stops_does_not_wait_for_ids(
    leases: JobLeases, redis_address: RedisAddress
) -> None:
    stopping = asyncio.Event()
    async with JobQueue.open(redis_address, pop_timeout=timedelta(seconds=30)) as queue:
        await queue.check()  # the wait that is canceled takes up a connection that was in use
        stopping.set()
        async with asyncio.timeout(20):
            assert await JobFetcher(leases, queue).fetch_jobs(1, stopping) == ()
