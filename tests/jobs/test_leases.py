"""The operations of two workers on one PostgreSQL, without sleeping.

Leases are expired by an UPDATE, so that each test chooses the order of events.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest

from imagemill.jobs.job import (
    Claim,
    Completed,
    ErrorCode,
    Failed,
    JobError,
    JobId,
    Priority,
    Status,
)
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.jobs import completed, failed, new_job
from support.servers import connect

NOW = timedelta(0)


@pytest.fixture
def other(pool: Postgres) -> JobLeases:
    """Another worker."""
    return JobLeases(pool, worker=uuid4(), lease=timedelta(seconds=60))


def expire(address: PostgresAddress) -> None:
    """Let every lease expire."""
    with connect(address) as connection:
        connection.execute(
            "UPDATE jobs SET lease_expires_at = now() - interval '1 s' WHERE status = 'PROCESSING'"
        )


def make_due(address: PostgresAddress) -> None:
    with connect(address) as connection:
        connection.execute("UPDATE jobs SET run_at = now() WHERE status = 'PENDING'")


async def one_claim(job_store: JobStore, leases: JobLeases, max_attempts: int = 3) -> Claim:
    job = await job_store.accept(new_job(max_attempts=max_attempts))
    (claim,) = await leases.claim([job.id])
    return claim


async def statuses(job_store: JobStore, job_id: JobId) -> list[Status]:
    return [event.status for event in await job_store.read_history(job_id)]


async def test_a_claimed_job_is_processing_and_cannot_be_claimed_again(
    job_store: JobStore, leases: JobLeases, other: JobLeases
) -> None:
    claim = await one_claim(job_store, leases)
    job = await job_store.find(claim.id)
    assert (job.status, job.attempts, claim.attempt, claim.fence) == (Status.PROCESSING, 1, 1, 1)
    assert job.started_at is not None
    assert claim.pipeline == job.pipeline
    assert await other.claim([claim.id]) == ()
    assert await other.sweep(10, NOW) == ()


async def test_of_many_workers_that_claim_the_same_ids_each_job_goes_to_one(
    job_store: JobStore, pool: Postgres
) -> None:
    ids = [(await job_store.accept(new_job())).id for _ in range(30)]
    workers = [JobLeases(pool, uuid4(), timedelta(seconds=60)) for _ in range(6)]
    answers = await asyncio.gather(
        *(worker.claim(ids[start::2] + ids[::-1]) for start, worker in enumerate(workers)),
        *(worker.sweep(20, NOW) for worker in workers),
    )
    claimed = [claim.id for claims in answers for claim in claims]
    assert sorted(claimed) == sorted(ids)


async def test_a_claim_skips_rows_that_another_has_locked(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    taken, free = [(await job_store.accept(new_job())).id for _ in range(2)]
    with connect(postgres_address) as other, other.transaction():
        other.execute("SELECT FROM jobs WHERE id = %s FOR UPDATE", (taken,))
        # A claim that waited for the lock would wait until the statement times out.
        (claim,) = await leases.claim([taken, free])
        assert claim.id == free


async def test_a_sweep_claims_by_priority_and_then_the_oldest_first(
    job_store: JobStore, leases: JobLeases
) -> None:
    low = await job_store.accept(new_job(Priority.LOW))
    old = await job_store.accept(new_job())
    young = await job_store.accept(new_job())
    high = await job_store.accept(new_job(Priority.HIGH))
    order = [(await leases.sweep(1, NOW))[0].id for _ in range(4)]
    assert order == [high.id, old.id, young.id, low.id]


async def test_a_sweep_does_not_claim_what_became_due_within_the_grace(
    job_store: JobStore, leases: JobLeases
) -> None:
    await job_store.accept(new_job())
    assert await leases.sweep(10, timedelta(seconds=30)) == ()
    assert len(await leases.sweep(10, NOW)) == 1


async def test_a_sweep_of_a_window_leaves_what_was_due_before(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    old, new = await job_store.accept(new_job()), await job_store.accept(new_job())
    with connect(postgres_address) as connection:
        connection.execute(
            "UPDATE jobs SET run_at = now() - interval '1 min' WHERE id = %s", [old.id]
        )
    assert [claim.id for claim in await leases.sweep(10, NOW, timedelta(seconds=30))] == [new.id]
    assert [claim.id for claim in await leases.sweep(10, NOW)] == [old.id]


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
