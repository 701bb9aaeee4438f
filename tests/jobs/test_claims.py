"""Which jobs a worker claims by ids and by sweeps."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from imagemill.jobs.job import (
    Priority,
    Status,
)
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from support.jobs import new_job
from support.leases import NOW, one_claim
from support.servers import connect


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
