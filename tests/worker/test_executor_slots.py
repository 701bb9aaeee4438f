"""How many attempts run at once, and how many jobs are held ready."""

import asyncio
from types import SimpleNamespace

import pytest

from imagemill.jobs.job import Status
from imagemill.worker import job_executor
from imagemill.worker.job_executor import MAX_READY, JobExecutor
from support.attempts import (
    BROKEN,
    TEST_TIMEOUT_SECONDS,
    Attempts,
    Jobs,
    execute,
    job_tasks,
    run_ready_tasks,
)
from support.jobs import completed


async def test_a_retried_attempt_runs_alone(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    first, again, late = (
        await jobs.claim(),
        await jobs.claim_after_a_failure(),
        await jobs.claim(),
    )
    executor.start([first, again, late])
    await attempts.wait_for_start(first)
    await run_ready_tasks()
    assert attempts.started == [first.id]
    attempts.end(first, BROKEN)
    await attempts.wait_for_start(again)
    await run_ready_tasks()
    assert attempts.started == [first.id, again.id]
    attempts.end(again, BROKEN)
    await attempts.wait_for_start(late)


async def test_as_many_attempts_run_as_are_allowed_and_one_more_job_is_held_ready(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claims = [await jobs.claim() for _ in range(3)]
    assert executor.free_slots == 3
    executor.start(claims)
    assert (executor.free_slots, executor.claims) == (0, tuple(claims))
    await attempts.wait_for_start(*claims[:2])
    await run_ready_tasks()
    assert len(attempts.started) == 2
    attempts.end(claims[0], BROKEN)
    await attempts.wait_for_start(claims[2])


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let attempts take no time, however busy the machine is."""
    monkeypatch.setattr(job_executor, "time", SimpleNamespace(monotonic=lambda: 0.0))


@pytest.mark.usefixtures("stopped_clock")
async def test_more_jobs_are_held_ready_while_attempts_are_short(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, completed(claim))
    assert executor.free_slots == executor.concurrency + MAX_READY


@pytest.mark.usefixtures("stopped_clock")
async def test_results_are_expected_only_while_all_slots_are_taken_by_short_attempts(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claims = [await jobs.claim() for _ in range(3)]
    executor.start(claims[:2])
    await attempts.wait_for_start(*claims[:2])
    assert not executor.expects_results(60)  # how long they take is unknown
    attempts.end(claims[0], BROKEN)
    await asyncio.wait(job_tasks(), return_when=asyncio.FIRST_COMPLETED)
    assert not executor.expects_results(60)  # one slot is free
    executor.start(claims[2:])
    await attempts.wait_for_start(claims[2])
    assert executor.expects_results(60)
    assert not executor.expects_results(0)


async def test_a_slot_is_free_again_once_the_decision_is_recorded(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claims = [await jobs.claim() for _ in range(3)]
    executor.start(claims)
    assert await executor.wait_for_free_slots(timeout_seconds=0) == 0
    waiting = asyncio.create_task(executor.wait_for_free_slots(timeout_seconds=3600))
    await attempts.wait_for_start(claims[0])
    attempts.end(claims[0], BROKEN)
    async with asyncio.timeout(TEST_TIMEOUT_SECONDS):
        assert await waiting >= 1
    assert (await jobs.read(claims[0])).status is Status.FAILED
