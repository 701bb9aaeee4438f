"""What is recorded of an attempt, however it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from imagemill.errors import Unavailable
from imagemill.jobs.job import ErrorCode, JobError, Status
from imagemill.storage.errors import StorageFull, StorageUnavailable
from imagemill.worker.job_executor import JobExecutor
from support.attempts import BROKEN, PASSING, Attempts, Jobs, execute
from support.jobs import completed


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
