"""An executor whose attempts the test ends as it likes."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import pytest

from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.worker.job_executor import JobExecutor
from imagemill.worker.record import record_decision
from imagemill.worker.result_batcher import ResultBatcher
from support.attempts import (
    Attempts,
    Jobs,
    job_tasks,
)


@pytest.fixture
def attempts() -> Attempts:
    return Attempts()


@pytest.fixture
async def executor(leases: JobLeases, attempts: Attempts) -> AsyncIterator[JobExecutor]:
    results = ResultBatcher(leases)
    batching = asyncio.create_task(results.run())
    yield JobExecutor(
        leases=leases,
        run_attempt=attempts.run,
        record=partial(record_decision, leases, results),
        discard_outputs=attempts.discard,
        concurrency=2,
        draw=lambda: 0.25,
    )
    for task in (*job_tasks(), batching):
        task.cancel()


@pytest.fixture
def jobs(job_store: JobStore, leases: JobLeases) -> "Jobs":
    return Jobs(job_store, leases)
