"""Writing down the ends of jobs, in batches, whatever PostgreSQL does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg

from imagemill.jobs.job import Claim, Status
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.worker.result_batcher import ResultBatcher
from support.jobs import completed, failed, new_job


@asynccontextmanager
async def recording(leases: JobLeases) -> AsyncIterator[ResultBatcher]:
    recorder = ResultBatcher(leases)
    running = asyncio.create_task(recorder.run())
    yield recorder
    running.cancel()


async def claims(job_store: JobStore, leases: JobLeases, count: int) -> tuple[Claim, ...]:
    return await leases.claim([(await job_store.accept(new_job())).id for _ in range(count)])


async def test_results_that_come_together_are_all_recorded(
    job_store: JobStore, leases: JobLeases
) -> None:
    held = await claims(job_store, leases, 100)
    async with recording(leases) as recorder:
        answers = await asyncio.gather(*(recorder.record(completed(claim)) for claim in held))
    assert answers == [True] * 100
    page = await job_store.list([Status.COMPLETED], 200)
    assert len(page.jobs) == 100


async def test_whoever_lost_a_job_is_told_so(job_store: JobStore, leases: JobLeases) -> None:
    mine, lost = await claims(job_store, leases, 2)
    await job_store.cancel(lost.id)
    async with recording(leases) as recorder:
        answers = await asyncio.gather(
            recorder.record(completed(mine)), recorder.record(completed(lost))
        )
    assert list(answers) == [True, False]


async def test_a_result_that_postgres_refuses_does_not_take_its_neighbours_with_it(
    job_store: JobStore, leases: JobLeases
) -> None:
    good, bad, other = await claims(job_store, leases, 3)
    unstorable = replace(completed(bad), analysis={"text": "\0"})
    async with recording(leases) as recorder:
        answers = await asyncio.gather(
            recorder.record(completed(good)),
            recorder.record(unstorable),
            recorder.record(failed(other)),
            return_exceptions=True,
        )
    assert (answers[0], answers[2]) == (True, True)
    assert isinstance(answers[1], psycopg.Error)
