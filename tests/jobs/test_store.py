"""The operations of clients on a real PostgreSQL."""

import asyncio
from dataclasses import replace
from itertools import product

import psycopg
import pytest

from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import (
    TRANSITIONS,
    IllegalTransition,
    Job,
    JobNotFound,
    Priority,
    Status,
)
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import RowRejected
from imagemill.settings.addresses import PostgresAddress
from support.jobs import completed, failed, new_job
from support.servers import connect


async def test_an_accepted_job_is_pending_and_has_the_values_that_were_sent(
    job_store: JobStore,
) -> None:
    new = new_job(Priority.HIGH)
    job = await job_store.accept(new)
    assert (job.id, job.status, job.attempts) == (new.id, Status.PENDING, 0)
    assert (job.input, job.input_path) == (new.input, new.input_path)
    assert (job.pipeline, job.metadata, job.priority) == (new.pipeline, new.metadata, new.priority)
    assert list(job.metadata) == ["z", "album"]
    assert (job.output_path, job.outputs, job.error, job.completed_at) == (None, (), None, None)
    assert await job_store.find(job.id) == job


async def test_accepting_the_same_job_twice_records_it_once(job_store: JobStore) -> None:
    new = new_job()
    first = await job_store.accept(new)
    assert await job_store.accept(new) == first
    assert len(await job_store.read_history(new.id)) == 1


async def test_a_job_that_does_not_exist_is_not_found(job_store: JobStore) -> None:
    unknown = new_job_id()
    for method in (
        job_store.find,
        job_store.read_history,
        job_store.cancel,
        job_store.retry,
        job_store.delete,
    ):
        with pytest.raises(JobNotFound):
            await method(unknown)


async def test_pages_are_newest_first_and_stable_while_jobs_are_added(
    job_store: JobStore,
) -> None:
    jobs = [await job_store.accept(new_job()) for _ in range(5)]
    newest_first = [job.id for job in reversed(jobs)]
    first = await job_store.list(list(Status), limit=2)
    await job_store.accept(new_job())
    second = await job_store.list(list(Status), limit=2, before=first.next_before)
    third = await job_store.list(list(Status), limit=2, before=second.next_before)
    seen = [job.id for page in (first, second, third) for job in page.jobs]
    assert seen == newest_first
    assert third.next_before is None


async def test_a_page_holds_only_the_statuses_asked_for_in_the_order_of_arrival(
    job_store: JobStore, leases: JobLeases
) -> None:
    jobs = [await job_store.accept(new_job()) for _ in range(4)]
    await leases.claim([jobs[0].id])
    await job_store.cancel(jobs[1].id)
    await job_store.cancel(jobs[3].id)
    page = await job_store.list([Status.CANCELED, Status.PROCESSING], limit=10)
    assert [job.id for job in page.jobs] == [jobs[3].id, jobs[1].id, jobs[0].id]


async def test_a_pending_or_processing_job_can_be_canceled_and_no_other(
    job_store: JobStore, leases: JobLeases
) -> None:
    waiting, running = await job_store.accept(new_job()), await job_store.accept(new_job())
    (claim,) = await leases.claim([running.id])
    for job in (waiting, running):
        canceled = await job_store.cancel(job.id)
        assert canceled.status is Status.CANCELED
        assert canceled.completed_at is not None
        with pytest.raises(IllegalTransition, match="CANCELED"):
            await job_store.cancel(job.id)
    assert await leases.finish([completed(claim)]) == {running.id}
    assert (await job_store.find(running.id)).status is Status.CANCELED


async def test_a_retried_job_starts_over_and_keeps_its_fence(
    job_store: JobStore, leases: JobLeases
) -> None:
    job = await job_store.accept(new_job())
    (claim,) = await leases.claim([job.id])
    await leases.finish([failed(claim)])
    again = await job_store.retry(job.id)
    assert (again.status, again.attempts, again.error) == (Status.PENDING, 0, None)
    assert (again.started_at, again.completed_at) == (None, None)
    assert again.created_at == job.created_at
    assert again.run_at > job.run_at
    (second,) = await leases.claim([job.id])
    assert (second.attempt, second.fence) == (1, claim.fence + 1)


async def test_only_a_failed_or_canceled_job_can_be_retried(
    job_store: JobStore, leases: JobLeases
) -> None:
    job = await job_store.accept(new_job())
    with pytest.raises(IllegalTransition, match="PENDING"):
        await job_store.retry(job.id)
    (claim,) = await leases.claim([job.id])
    with pytest.raises(IllegalTransition, match="PROCESSING"):
        await job_store.retry(job.id)
    await leases.finish([completed(claim)])
    with pytest.raises(IllegalTransition, match="COMPLETED"):
        await job_store.retry(job.id)


async def test_a_deleted_job_is_gone_with_its_history(job_store: JobStore) -> None:
    job = await job_store.accept(new_job())
    assert (await job_store.delete(job.id)).input_path == job.input_path
    with pytest.raises(JobNotFound):
        await job_store.read_history(job.id)


async def test_of_many_concurrent_cancellations_one_succeeds(job_store: JobStore) -> None:
    job = await job_store.accept(new_job())
    answers = await asyncio.gather(
        *(job_store.cancel(job.id) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(answer, Job) for answer in answers) == 1
    assert len(await job_store.read_history(job.id)) == 2


# A row of each status, as the constraints of the table require it.
ROW_OF = {
    Status.PENDING: "lease_expires_at = NULL, locked_by = NULL, completed_at = NULL",
    Status.PROCESSING: "lease_expires_at = now(), locked_by = gen_random_uuid(), "
    "completed_at = NULL, fence = fence + 1",
    Status.COMPLETED: "lease_expires_at = NULL, locked_by = NULL, completed_at = now(), "
    "output_path = 'outputs/x'",
    Status.FAILED: "lease_expires_at = NULL, locked_by = NULL, completed_at = now(), "
    "error_code = 'internal'",
    Status.CANCELED: "lease_expires_at = NULL, locked_by = NULL, completed_at = now()",
}
WAY_TO = {
    Status.PENDING: [],
    Status.PROCESSING: [Status.PROCESSING],
    Status.COMPLETED: [Status.PROCESSING, Status.COMPLETED],
    Status.FAILED: [Status.PROCESSING, Status.FAILED],
    Status.CANCELED: [Status.CANCELED],
}


def put(connection: psycopg.Connection, job: Job, status: Status) -> None:
    statement = f"UPDATE jobs SET status = %s, {ROW_OF[status]} WHERE id = %s"  # noqa: S608 - constants
    connection.execute(statement, [status, job.id])


@pytest.mark.parametrize(
    ("before", "after"),
    [(before, after) for before, after in product(Status, Status) if before is not after],
)
async def test_the_table_itself_allows_the_transitions_of_a_job_and_no_other(
    before: Status, after: Status, job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    job = await job_store.accept(new_job())
    with connect(postgres_address) as connection:
        for status in WAY_TO[before]:
            put(connection, job, status)
        if after in TRANSITIONS[before]:
            put(connection, job, after)
        else:
            with pytest.raises(psycopg.errors.CheckViolation):
                put(connection, job, after)
    expected = after if after in TRANSITIONS[before] else before
    assert (await job_store.find(job.id)).status is expected


async def test_the_table_itself_refuses_a_fence_that_falls_or_a_claim_that_keeps_it(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    claimed, waiting = await job_store.accept(new_job()), await job_store.accept(new_job())
    await leases.claim([claimed.id])
    with connect(postgres_address) as connection:
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute("UPDATE jobs SET fence = fence - 1 WHERE id = %s", [claimed.id])
        with pytest.raises(psycopg.errors.CheckViolation):
            connection.execute(
                "UPDATE jobs SET status = 'PROCESSING', lease_expires_at = now(),"
                " locked_by = gen_random_uuid() WHERE id = %s",
                [waiting.id],
            )


async def test_jobs_that_are_accepted_together_are_inserted_by_one_statement(
    job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    jobs = await asyncio.gather(*(job_store.accept(new_job()) for _ in range(20)))
    with connect(postgres_address) as connection:
        transactions = connection.execute("SELECT count(DISTINCT xmin::text) FROM jobs").fetchone()
    assert transactions == (1,)
    assert await asyncio.gather(*(job_store.find(job.id) for job in jobs)) == jobs


async def test_a_job_that_is_rejected_does_not_fail_those_that_come_with_it(
    job_store: JobStore,
) -> None:
    rejected = replace(new_job(), metadata={"text": "\0"})
    outcomes = await asyncio.gather(
        *(job_store.accept(new) for new in (new_job(), rejected, new_job())),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [Job, RowRejected, Job]
