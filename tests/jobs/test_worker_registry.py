"""The table of the workers: who is live, who was lost, and what each holds."""

from datetime import timedelta
from uuid import uuid4

from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.jobs.worker_registry import WorkerCounts, WorkerFacts, WorkerRegistry
from imagemill.postgres.pool import Postgres
from support.jobs import completed, new_job

MINUTE = timedelta(minutes=1)
FACTS = WorkerFacts(uuid4(), "render-1", "0.1.0", 4, "off: rlimits")


async def test_a_worker_that_notes_itself_again_has_one_row_and_keeps_its_start(
    pool: Postgres,
) -> None:
    registry = WorkerRegistry(pool)
    await registry.note(FACTS, timedelta(hours=2), MINUTE)
    (first,) = await registry.list()
    await registry.note(FACTS, timedelta(hours=3), MINUTE)
    (again,) = await registry.list()
    assert (again.facts, again.is_live, again.job_ids) == (FACTS, True, ())
    assert again.started_at == first.started_at
    assert again.last_seen_at > first.last_seen_at
    assert timedelta(hours=2) <= again.last_seen_at - again.started_at < timedelta(hours=3)


async def test_what_a_worker_holds_are_the_jobs_that_it_processes(
    pool: Postgres, job_store: JobStore, leases: JobLeases
) -> None:
    ids = sorted([(await job_store.accept(new_job())).id for _ in range(3)])
    other = WorkerFacts(uuid4(), "render-2", "0.1.0", 4, "off: rlimits")
    holder = WorkerFacts(leases.worker, "render-1", "0.1.0", 4, "off: rlimits")
    registry = WorkerRegistry(pool)
    for facts in (other, holder):
        await registry.note(facts, timedelta(), MINUTE)
    claims = await leases.claim(ids)
    assert {one.facts.id: [*one.job_ids] for one in await registry.list()} == {
        other.id: [],
        holder.id: ids,
    }
    await leases.finish([completed(claim) for claim in claims])
    assert [one.job_ids for one in await registry.list()] == [(), ()]


async def test_a_worker_is_lost_once_its_row_has_expired_and_forgotten_an_hour_later(
    pool: Postgres,
) -> None:
    registry = WorkerRegistry(pool)
    live, lost, forgotten = (
        WorkerFacts(uuid4(), name, "0.1.0", 1, "off: rlimits") for name in ("a", "b", "c")
    )
    await registry.note(live, timedelta(), MINUTE)
    await registry.note(lost, timedelta(), -timedelta(minutes=59))
    await registry.note(forgotten, timedelta(), -timedelta(minutes=61))
    assert await registry.count() == WorkerCounts(live=1, lost=2)
    await registry.delete_lost()
    assert await registry.count() == WorkerCounts(live=1, lost=1)
    assert {one.facts.host: one.is_live for one in await registry.list()} == {"a": True, "b": False}
    await registry.remove(live.id)
    assert await registry.count() == WorkerCounts(live=0, lost=1)
