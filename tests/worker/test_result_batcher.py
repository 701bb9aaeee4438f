"""Recording of results in batches."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace

import psycopg
import pytest

from imagemill.jobs.job import Claim, Completed, Failed, JobId, Status
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.worker.result_batcher import ResultBatcher
from support.jobs import completed, failed, new_job


@asynccontextmanager
async def running_batcher(leases: JobLeases) -> AsyncIterator[ResultBatcher]:
    results = ResultBatcher(leases)
    task = asyncio.create_task(results.run())
    yield results
    task.cancel()


async def claim_new(job_store: JobStore, leases: JobLeases, count: int) -> tuple[Claim, ...]:
    return await leases.claim([(await job_store.accept(new_job())).id for _ in range(count)])


async def test_results_that_come_together_are_all_recorded(
    job_store: JobStore, leases: JobLeases
) -> None:
    claims = await claim_new(job_store, leases, 100)
    async with running_batcher(leases) as results:
        recorded = await asyncio.gather(*(results.record(completed(claim)) for claim in claims))
    assert recorded == [True] * 100
    page = await job_store.list([Status.COMPLETED], 200)
    assert len(page.jobs) == 100


async def test_a_result_waits_a_moment_for_others_that_are_expected(
    job_store: JobStore, leases: JobLeases, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = await claim_new(job_store, leases, 3)
    batches = []
    finish = leases.finish

    async def note(results: Collection[Completed | Failed]) -> frozenset[JobId]:
        batches.append(len(results))
        return await finish(results)

    monkeypatch.setattr(JobLeases, "finish", lambda _, results: note(results))
    async with running_batcher(leases) as results:
        results.expects_results = lambda _: True
        recording = asyncio.gather(
            results.record(completed(first)), results.record(completed(second))
        )
        assert list(await recording) == [True, True]  # nothing else came, and they are recorded
        results.expects_results = lambda _: False
        assert await results.record(completed(third))
    assert batches == [2, 1]


async def test_a_result_of_a_job_that_is_lost_is_not_recorded(
    job_store: JobStore, leases: JobLeases
) -> None:
    kept, lost = await claim_new(job_store, leases, 2)
    await job_store.cancel(lost.id)
    async with running_batcher(leases) as results:
        recorded = await asyncio.gather(
            results.record(completed(kept)), results.record(completed(lost))
        )
    assert list(recorded) == [True, False]


async def test_a_result_that_postgres_rejects_does_not_fail_the_others(
    job_store: JobStore, leases: JobLeases
) -> None:
    good, bad, other = await claim_new(job_store, leases, 3)
    unstorable = replace(completed(bad), analysis={"text": "\0"})
    async with running_batcher(leases) as results:
        recorded = await asyncio.gather(
            results.record(completed(good)),
            results.record(unstorable),
            results.record(failed(other)),
            return_exceptions=True,
        )
    assert (recorded[0], recorded[2]) == (True, True)
    assert isinstance(recorded[1], psycopg.Error)
