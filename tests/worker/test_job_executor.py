"""Execution of jobs, with attempts that the test makes up and a real PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import pytest
import structlog

from imagemill.errors import Unavailable
from imagemill.jobs.job import Claim, Completed, ErrorCode, Job, JobError, JobId, Status
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.storage.errors import StorageFull, StorageUnavailable
from imagemill.worker.decide import Decision
from imagemill.worker.job_executor import MAX_READY, JobExecutor
from imagemill.worker.record import record_decision
from imagemill.worker.result_batcher import ResultBatcher
from support.jobs import completed, new_job

GRACE = timedelta(seconds=30)
TEST_TIMEOUT_SECONDS = 30.0  # only a failing test takes as long

BROKEN = JobError(ErrorCode.INVALID_IMAGE, "The image is broken.")
PASSING = JobError(ErrorCode.INTERNAL, "It may go well the next time.")


@dataclass(slots=True)
class Attempts:
    """Attempts that go on until the test ends them, and the outputs that were discarded."""

    started: list[JobId] = field(default_factory=list)
    discarded: list[JobId] = field(default_factory=list)
    discard_error: Exception | None = None
    _outcomes: dict[JobId, asyncio.Future[Completed | JobError]] = field(default_factory=dict)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, claim: Claim) -> Completed | JobError:
        self._outcomes[claim.id] = asyncio.get_running_loop().create_future()
        async with self._changed:
            self.started.append(claim.id)
            self._changed.notify_all()
        return await self._outcomes[claim.id]

    async def discard(self, claim: Claim) -> None:
        if self.discard_error:
            raise self.discard_error
        self.discarded.append(claim.id)

    async def wait_for_start(self, *claims: Claim) -> None:
        async with asyncio.timeout(TEST_TIMEOUT_SECONDS), self._changed:
            await self._changed.wait_for(lambda: {c.id for c in claims} <= {*self.started})

    def end(self, claim: Claim, outcome: Completed | JobError | Exception) -> None:
        future = self._outcomes[claim.id]
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


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


@dataclass(frozen=True, slots=True)
class Jobs:
    """Jobs that this worker has claimed."""

    store: JobStore
    leases: JobLeases

    async def claim(self) -> Claim:
        job = await self.store.accept(new_job())
        (claim,) = await self.leases.claim([job.id])
        return claim

    async def claim_after_a_failure(self) -> Claim:
        first = await self.claim()
        await self.leases.retry_later(first, PASSING, timedelta(0))
        (claim,) = await self.leases.claim([first.id])
        return claim

    async def read(self, claim: Claim) -> Job:
        return await self.store.find(claim.id)


def job_tasks() -> set[asyncio.Task[object]]:
    return {task for task in asyncio.all_tasks() if task.get_name().startswith("job ")}


async def wait_for_all() -> None:
    if tasks := job_tasks():
        done, pending = await asyncio.wait(tasks, timeout=TEST_TIMEOUT_SECONDS)
        assert not pending
        assert not any(task.exception() for task in done if not task.cancelled())


async def run_ready_tasks() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def hold_recording(executor: JobExecutor) -> tuple[asyncio.Event, asyncio.Event]:
    """Make each recording wait; return the events that it has begun and that it may go on."""
    record, has_begun, may_go_on = executor.record, asyncio.Event(), asyncio.Event()

    async def held(decision: Decision) -> bool:
        has_begun.set()
        await may_go_on.wait()
        return await record(decision)

    executor.record = held
    return has_begun, may_go_on


async def execute(
    executor: JobExecutor,
    attempts: Attempts,
    claim: Claim,
    outcome: Completed | JobError | Exception,
) -> None:
    executor.start([claim])
    await attempts.wait_for_start(claim)
    attempts.end(claim, outcome)
    await wait_for_all()


async def test_a_completed_attempt_is_recorded_with_its_outputs(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, completed(claim))
    job = await jobs.read(claim)
    assert (job.status, job.outputs) == (Status.COMPLETED, completed(claim).outputs)
    assert attempts.discarded == []
    assert executor.claims == ()


async def test_a_final_error_fails_the_job_for_good(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, BROKEN)
    job = await jobs.read(claim)
    assert (job.status, job.error, job.attempts) == (Status.FAILED, BROKEN, 1)


async def test_another_error_is_retried_after_the_delay(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, PASSING)
    job = await jobs.read(claim)
    assert (job.status, job.error, job.attempts) == (Status.PENDING, PASSING, 1)
    assert job.run_at - job.updated_at == timedelta(seconds=1.5)  # 2 s times 0.5 + 0.25


async def test_a_bug_in_an_attempt_is_an_internal_error_that_is_retried(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    with structlog.testing.capture_logs() as logged:
        await execute(executor, attempts, claim, ZeroDivisionError("a bug"))
    job = await jobs.read(claim)
    assert [line["event"] for line in logged] == ["job.started", "job.bug", "job.retried"]
    assert job.error is not None
    assert (job.status, job.error.code, job.attempts) == (Status.PENDING, ErrorCode.INTERNAL, 1)
    assert "a bug" not in job.error.detail
    assert not executor.storage_failed.is_set()


@pytest.mark.parametrize(
    "error", [StorageFull("The storage is full."), Unavailable("It is unavailable.")]
)
async def test_an_attempt_that_met_an_unavailable_service_does_not_count(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts, error: Unavailable
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, error)
    job = await jobs.read(claim)
    assert (job.status, job.error, job.attempts) == (Status.PENDING, None, 0)
    assert job.run_at - job.updated_at == timedelta(seconds=5)
    assert executor.storage_failed.is_set()


async def test_a_result_that_postgres_rejects_is_an_internal_error_without_outputs(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    unstorable = replace(completed(claim), analysis={"text": "\0"})
    with structlog.testing.capture_logs() as logged:
        await execute(executor, attempts, claim, unstorable)
    job = await jobs.read(claim)
    assert [line["event"] for line in logged] == ["job.started", "job.not_recorded", "job.retried"]
    assert job.error is not None
    assert (job.status, job.error.code, job.attempts) == (Status.PENDING, ErrorCode.INTERNAL, 1)
    assert attempts.discarded == [claim.id]


async def test_an_error_that_postgres_rejects_is_recorded_as_one_of_ours(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, JobError(ErrorCode.INTERNAL, "It said \0."))
    job = await jobs.read(claim)
    assert job.error is not None
    assert (job.status, job.error.detail) == (Status.PENDING, "The result was not recorded.")


async def test_a_result_that_the_fence_rejects_leaves_no_outputs(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await jobs.store.cancel(claim.id)
    await execute(executor, attempts, claim, completed(claim))
    job = await jobs.read(claim)
    assert (job.status, job.outputs) == (Status.CANCELED, ())
    assert attempts.discarded == [claim.id]


@pytest.mark.parametrize("error", [BROKEN, PASSING])
async def test_an_error_of_a_job_that_was_canceled_changes_nothing(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts, error: JobError
) -> None:
    claim = await jobs.claim()
    await jobs.store.cancel(claim.id)
    with structlog.testing.capture_logs() as logged:
        await execute(executor, attempts, claim, error)
    assert (await jobs.read(claim)).status is Status.CANCELED
    assert [line["event"] for line in logged] == ["job.started", "job.result_rejected"]


async def test_outputs_that_cannot_be_discarded_are_logged(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await jobs.store.cancel(claim.id)
    attempts.discard_error = StorageUnavailable("The storage failed.")
    with structlog.testing.capture_logs() as logged:
        await execute(executor, attempts, claim, completed(claim))
    assert [line["event"] for line in logged][-1] == "job.outputs_left"
    assert executor.claims == ()


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


async def test_more_jobs_are_held_ready_while_attempts_are_short(
    jobs: Jobs, executor: JobExecutor, attempts: Attempts
) -> None:
    claim = await jobs.claim()
    await execute(executor, attempts, claim, completed(claim))
    assert executor.free_slots == executor.concurrency + MAX_READY


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
