"""What becomes of attempts when the worker stops, or loses their leases."""

import asyncio
from datetime import timedelta

import structlog

from imagemill.jobs.job import Status
from imagemill.worker.job_executor import JobExecutor
from support.attempts import (
    BROKEN,
    Attempts,
    Jobs,
    hold_recording,
    job_tasks,
    run_ready_tasks,
    wait_for_all,
)
from support.jobs import completed

GRACE = timedelta(seconds=30)


async def test_draining_releases_what_has_not_started_and_finishes_what_has(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claims = [await jobs.claim() for _ in range(3)]
    executor.start(claims)
    await attempts.wait_for_start(*claims[:2])
    draining = asyncio.create_task(executor.drain(GRACE))
    attempts.end(claims[0], completed(claims[0]))
    attempts.end(claims[1], BROKEN)
    await draining
    found = [await jobs.read(claim) for claim in claims]
    assert [job.status for job in found] == [Status.COMPLETED, Status.FAILED, Status.PENDING]
    assert [job.attempts for job in found] == [1, 1, 0]
    assert claims[2].id not in attempts.started


async def test_draining_releases_once_what_was_started_a_moment_before(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    executor.start([claim])
    with structlog.testing.capture_logs() as logged:
        await executor.drain(GRACE)
    job = await jobs.read(claim)
    assert (job.status, job.attempts, attempts.started) == (Status.PENDING, 0, [])
    assert [line["event"] for line in logged] == ["jobs.released"]


async def test_draining_releases_what_takes_longer_than_the_grace_time(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    executor.start([claim])
    await attempts.wait_for_start(claim)
    await executor.drain(timedelta(0))
    job = await jobs.read(claim)
    assert (job.status, job.attempts) == (Status.PENDING, 0)
    assert attempts.discarded == [claim.id]
    assert executor.claims == ()


async def test_draining_waits_for_what_is_being_recorded_when_the_grace_time_is_over(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    has_begun, may_go_on = hold_recording(executor)
    claim = await jobs.claim()
    executor.start([claim])
    await attempts.wait_for_start(claim)
    attempts.end(claim, completed(claim))
    await has_begun.wait()
    draining = asyncio.create_task(executor.drain(timedelta(0)))
    await run_ready_tasks()
    may_go_on.set()
    await draining
    assert (await jobs.read(claim)).status is Status.COMPLETED


async def test_a_lost_lease_cancels_the_attempt_and_nothing_is_recorded(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    lost, kept = await jobs.claim(), await jobs.claim()
    executor.start([lost, kept])
    await attempts.wait_for_start(lost, kept)
    before = await jobs.store.cancel(lost.id)
    executor.drop(await jobs.leases.heartbeat(executor.claims))
    attempts.end(kept, completed(kept))
    await wait_for_all()
    assert await jobs.read(lost) == before
    assert attempts.discarded == [lost.id]
    assert (await jobs.read(kept)).status is Status.COMPLETED


async def test_a_lease_lost_while_the_result_is_recorded_leaves_the_outcome_to_the_fence(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    has_begun, may_go_on = hold_recording(executor)
    claim = await jobs.claim()
    executor.start([claim])
    await attempts.wait_for_start(claim)
    attempts.end(claim, completed(claim))
    await has_begun.wait()
    executor.drop([claim.id])
    may_go_on.set()
    await wait_for_all()
    assert (await jobs.read(claim)).status is Status.COMPLETED
    assert attempts.discarded == []


async def test_a_worker_that_exits_while_a_result_is_recorded_keeps_the_outputs(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    has_begun, _ = hold_recording(executor)
    claim = await jobs.claim()
    executor.start([claim])
    await attempts.wait_for_start(claim)
    attempts.end(claim, completed(claim))
    await has_begun.wait()
    for task in job_tasks():  # as asyncio.run does at its end
        task.cancel()
    await wait_for_all()
    assert attempts.discarded == []
