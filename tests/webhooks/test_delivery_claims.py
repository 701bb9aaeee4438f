"""Which deliveries a worker claims: fair to every receiver."""

import asyncio
from dataclasses import replace

import pytest

from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from imagemill.webhooks import deliveries as module
from imagemill.webhooks.deliveries import ClaimBatch, ClaimRequest, Deliveries
from support.deliveries import make_due
from support.delivery_rows import (
    FIRST_TRIES,
    LEASE,
    RETRIES,
    add_backlog,
    claimed,
    ended,
)


async def test_of_many_workers_each_delivery_goes_to_one(
    job_store: JobStore, deliveries: Deliveries
) -> None:
    jobs = [await ended(job_store, f"https://receiver{number % 10}.com/") for number in range(30)]
    answers = await asyncio.gather(*(claimed(deliveries) for _ in range(6)))
    ids = [due.job_id for answer in answers for due in answer]
    assert len(ids) == len(set(ids))
    ids += [due.job_id for due in await claimed(deliveries)]
    assert sorted(ids) == sorted(job.id for job in jobs)


async def test_of_each_receiver_the_oldest_are_claimed_however_many_wait_for_one(
    job_store: JobStore, deliveries: Deliveries, postgres_address: PostgresAddress
) -> None:
    dead = await ended(job_store, "http://aaa.example/")
    add_backlog(postgres_address, dead, "aaa.example", 10_000)
    quick = await ended(job_store, "http://quick.example/")
    due = await claimed(deliveries, ClaimRequest(limit=3, per_receiver=4, is_retry=False))
    assert [one.receiver for one in due].count("aaa.example") == 2
    assert quick.id in {one.job_id for one in due}


async def test_deliveries_that_are_not_due_take_no_room_in_a_claim(
    job_store: JobStore, deliveries: Deliveries, pool: Postgres
) -> None:
    for number in range(3):
        await ended(job_store, f"http://later{number}.example/")
    await pool.run("UPDATE deliveries SET next_try_at = now() + interval '1 hour'", {})
    jobs = [await ended(job_store) for _ in range(2)]
    due = await claimed(deliveries, ClaimRequest(limit=2, per_receiver=4, is_retry=False))
    assert {one.job_id for one in due} == {job.id for job in jobs}


async def test_a_claim_has_no_more_of_a_receiver_than_it_has_slots(
    job_store: JobStore, deliveries: Deliveries
) -> None:
    for host in ("none", "two", "full"):
        for _ in range(6):
            await ended(job_store, f"http://{host}/")
    slots = {"none": 0, "two": 2, "absent": 4}
    request = ClaimRequest(limit=100, per_receiver=4, is_retry=False, slots=slots)
    receivers = [due.receiver for due in await claimed(deliveries, request)]
    assert sorted(receivers) == ["full"] * 4 + ["two"] * 2


async def test_retries_are_not_part_of_a_claim_of_first_tries(
    job_store: JobStore, deliveries: Deliveries, postgres_address: PostgresAddress
) -> None:
    old = await ended(job_store)
    await claimed(deliveries)
    make_due(postgres_address)
    new = await ended(job_store)
    assert [due.job_id for due in await claimed(deliveries)] == [new.id]
    assert [due.job_id for due in await claimed(deliveries, RETRIES)] == [old.id]


async def test_claims_continue_behind_the_last_receiver_and_start_over_at_the_end(
    job_store: JobStore, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RECEIVERS", 3)
    jobs = [await ended(job_store, f"http://receiver{number}.example/") for number in range(8)]
    found, cursors = [], [""]
    for _ in range(3):
        batch = await deliveries.claim(FIRST_TRIES, LEASE, cursors[-1])
        found.append({due.job_id for due in batch.deliveries})
        cursors.append(batch.cursor)
    assert cursors == ["", "receiver2.example", "receiver5.example", ""]
    assert found == [{job.id for job in part} for part in (jobs[:3], jobs[3:6], jobs[6:])]


async def test_the_next_claim_continues_behind_receivers_without_a_slot(
    job_store: JobStore, deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_RECEIVERS", 3)
    jobs = [await ended(job_store, f"http://receiver{number}.example/") for number in range(5)]
    request = replace(FIRST_TRIES, slots={f"receiver{number}.example": 0 for number in range(3)})
    nothing = await deliveries.claim(request, LEASE)
    assert nothing == ClaimBatch((), "receiver2.example")
    found = await deliveries.claim(request, LEASE, nothing.cursor)
    assert {due.job_id for due in found.deliveries} == {job.id for job in jobs[3:]}
