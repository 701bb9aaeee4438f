"""The operations of two workers on one PostgreSQL, without sleeping.

Leases are expired by an UPDATE, so that each test chooses the order of events.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest

from imagemill.jobs.job import (
    Claim,
    Completed,
    ErrorCode,
    Failed,
    JobError,
    Status,
)
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.settings.addresses import PostgresAddress
from support.jobs import completed, failed
from support.leases import NOW, expire, make_due, one_claim, statuses


async def test_a_completed_job_has_its_outputs_and_the_size_of_its_input(
    job_store: JobStore, leases: JobLeases
) -> None:
    claim = await one_claim(job_store, leases)
    result = completed(claim)
    assert await leases.finish([result]) == frozenset()
    job = await job_store.find(claim.id)
    assert (job.status, job.outputs) == (Status.COMPLETED, result.outputs)
    assert job.output_path == result.outputs[0].path
    assert (job.input.width, job.input.height, job.input.frames) == (20, 16, 1)
    assert (job.input.filename, job.input.bytes) == ("cat.jpg", 3)
    assert job.completed_at is not None


async def test_a_batch_records_each_jobs_own_result(job_store: JobStore, leases: JobLeases) -> None:
    good, bad = await one_claim(job_store, leases), await one_claim(job_store, leases)
    assert await leases.finish([completed(good), failed(bad)]) == frozenset()
    assert (await job_store.find(good.id)).status is Status.COMPLETED
    job = await job_store.find(bad.id)
    assert job.status is Status.FAILED
    assert job.error == JobError(ErrorCode.INVALID_IMAGE, "The picture ends too early.")


@pytest.mark.parametrize("result", [completed, failed])
async def test_a_result_that_is_recorded_twice_counts_once(
    job_store: JobStore, leases: JobLeases, result: Callable[[Claim], Completed | Failed]
) -> None:
    claim = await one_claim(job_store, leases)
    assert await leases.finish([result(claim)]) == frozenset()
    assert await leases.finish([result(claim)]) == frozenset()
    assert (await statuses(job_store, claim.id))[-1] in {Status.COMPLETED, Status.FAILED}
    assert len(await job_store.read_history(claim.id)) == 3


async def test_a_result_of_another_kind_or_claim_is_no_repetition(
    job_store: JobStore, leases: JobLeases, other: JobLeases, postgres_address: PostgresAddress
) -> None:
    first = await one_claim(job_store, leases)
    expire(postgres_address)
    await other.reap()
    make_due(postgres_address)
    (second,) = await other.sweep(1, NOW)
    assert await other.finish([failed(second)]) == frozenset()
    assert await leases.finish([failed(first)]) == {first.id}
    assert await other.finish([failed(second, ErrorCode.TOO_LARGE)]) == {second.id}
    assert await other.finish([completed(second)]) == {second.id}


async def test_a_worker_whose_lease_expired_cannot_end_a_later_attempt(
    job_store: JobStore, leases: JobLeases, other: JobLeases, postgres_address: PostgresAddress
) -> None:
    lost = await one_claim(job_store, leases)
    expire(postgres_address)
    (reaped,) = await other.reap()
    assert (reaped.id, reaped.status, reaped.attempt) == (lost.id, Status.PENDING, 1)
    make_due(postgres_address)
    (newer,) = await other.sweep(1, NOW)
    assert await leases.finish([completed(lost)]) == {lost.id}
    assert await leases.heartbeat([lost]) == {lost.id}
    await leases.release([lost])
    assert not await leases.retry_later(lost, JobError(ErrorCode.INTERNAL, "late"), NOW)
    assert (await job_store.find(lost.id)).status is Status.PROCESSING
    assert await other.finish([completed(newer)]) == frozenset()
    assert (await job_store.find(lost.id)).output_path == completed(newer).outputs[0].path


async def test_the_fence_alone_is_not_enough_for_another_worker(
    job_store: JobStore, leases: JobLeases, other: JobLeases
) -> None:
    claim = await one_claim(job_store, leases)
    assert await other.heartbeat([claim]) == {claim.id}
    assert await other.finish([completed(claim)]) == {claim.id}
    assert (await job_store.find(claim.id)).status is Status.PROCESSING


async def test_a_heartbeat_renews_a_lease_that_would_have_been_reaped(
    job_store: JobStore, leases: JobLeases, other: JobLeases, postgres_address: PostgresAddress
) -> None:
    claim = await one_claim(job_store, leases)
    expire(postgres_address)
    assert await leases.heartbeat([claim]) == frozenset()
    assert await other.reap() == ()


async def test_a_lease_that_has_not_expired_is_not_reaped(
    job_store: JobStore, leases: JobLeases, other: JobLeases
) -> None:
    await one_claim(job_store, leases)
    assert await other.reap() == ()


async def test_a_lost_worker_costs_an_attempt_and_the_last_one_ends_the_job(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    claim = await one_claim(job_store, leases, max_attempts=2)
    expire(postgres_address)
    await leases.reap()
    job = await job_store.find(claim.id)
    assert (job.status, job.attempts) == (Status.PENDING, 1)
    assert job.error is not None
    assert job.error.code is ErrorCode.WORKER_LOST
    assert timedelta(seconds=0.9) < job.run_at - job.updated_at < timedelta(seconds=3.1)
    make_due(postgres_address)
    (second,) = await leases.claim([claim.id])
    assert second.previous_error is ErrorCode.WORKER_LOST
    expire(postgres_address)
    (reaped,) = await leases.reap()
    assert reaped.status is Status.FAILED
    assert (await job_store.find(claim.id)).attempts == 2


async def test_a_released_job_has_not_used_an_attempt(
    job_store: JobStore, leases: JobLeases, other: JobLeases
) -> None:
    claim = await one_claim(job_store, leases)
    await leases.release([claim])
    job = await job_store.find(claim.id)
    assert (job.status, job.attempts, job.error) == (Status.PENDING, 0, None)
    (again,) = await other.claim([claim.id])
    assert (again.attempt, again.fence) == (1, 2)


async def test_a_job_released_with_a_delay_is_not_due_before(
    job_store: JobStore, leases: JobLeases
) -> None:
    claim = await one_claim(job_store, leases)
    await leases.release([claim], timedelta(seconds=30))
    assert await leases.claim([claim.id]) == ()


async def test_a_failed_attempt_is_retried_after_its_delay_and_keeps_its_error(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    claim = await one_claim(job_store, leases)
    error = JobError(ErrorCode.DECODER_CRASHED, "The decoder died of signal 11.")
    assert await leases.retry_later(claim, error, timedelta(seconds=30))
    job = await job_store.find(claim.id)
    assert (job.status, job.attempts, job.error) == (Status.PENDING, 1, error)
    assert await leases.claim([claim.id]) == ()
    make_due(postgres_address)
    (second,) = await leases.claim([claim.id])
    assert (second.attempt, second.previous_error) == (2, ErrorCode.DECODER_CRASHED)
    await leases.finish([completed(second)])
    assert (await job_store.find(claim.id)).error is None


async def test_the_history_has_every_change_with_its_attempt_worker_and_error(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    claim = await one_claim(job_store, leases)
    error = JobError(ErrorCode.INTERNAL, "A bug.")
    await leases.retry_later(claim, error, NOW)
    (second,) = await leases.claim([claim.id])
    await leases.release([second])
    (third,) = await leases.claim([claim.id])
    expire(postgres_address)
    await leases.reap()
    make_due(postgres_address)
    (fourth,) = await leases.claim([claim.id])
    await leases.finish([completed(fourth)])
    events = await job_store.read_history(claim.id)
    lost = JobError(
        ErrorCode.WORKER_LOST, f"The worker of attempt {third.attempt} stopped sending heartbeats."
    )
    assert [(e.status, e.attempt, e.worker, e.error) for e in events] == [
        (Status.PENDING, 0, None, None),
        (Status.PROCESSING, 1, leases.worker, None),
        (Status.PENDING, 1, leases.worker, error),
        (Status.PROCESSING, 2, leases.worker, None),
        (Status.PENDING, 2, leases.worker, None),
        (Status.PROCESSING, 2, leases.worker, None),
        (Status.PENDING, 2, leases.worker, lost),
        (Status.PROCESSING, 3, leases.worker, None),
        (Status.COMPLETED, 3, leases.worker, None),
    ]


async def test_a_result_for_a_deleted_job_is_rejected(
    job_store: JobStore, leases: JobLeases
) -> None:
    claim = await one_claim(job_store, leases)
    await job_store.delete(claim.id)
    assert await leases.finish([completed(claim)]) == {claim.id}
    assert await leases.heartbeat([claim]) == {claim.id}


async def test_a_worker_cannot_end_its_own_later_attempt_with_an_earlier_result(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    earlier = await one_claim(job_store, leases)
    expire(postgres_address)
    await leases.reap()
    make_due(postgres_address)
    (later,) = await leases.claim([earlier.id])
    assert await leases.finish([completed(earlier)]) == {earlier.id}
    assert await leases.heartbeat([earlier]) == {earlier.id}
    await leases.release([earlier])
    assert (await job_store.find(earlier.id)).status is Status.PROCESSING
    assert await leases.finish([completed(later)]) == frozenset()
