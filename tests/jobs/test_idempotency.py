"""One job for each Idempotency-Key, against a real PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest

from imagemill.jobs import idempotency
from imagemill.jobs.idempotency import (
    KeyedJob,
    accept_with_key,
    delete_expired_keys,
    find_by_key,
)
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import IdempotencyKey, JobId, KeyId, Status
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.postgres.pool import OutcomeUnknown, Postgres
from imagemill.settings.addresses import PostgresAddress
from support.jobs import completed, new_job
from support.process import wait_until
from support.servers import connect, count_jobs, waits_for_a_lock

KEY = IdempotencyKey("a-key", b"content", key_id=None)
DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


def make_older(address: PostgresAddress, age: timedelta) -> None:
    """Set the age of every key."""
    with connect(address) as connection:
        connection.execute("UPDATE idempotency_keys SET created_at = now() - %s", [age])


def jobs_by_key(address: PostgresAddress) -> list[tuple[str, JobId]]:
    with connect(address) as connection:
        return connection.execute("SELECT key, job_id FROM idempotency_keys").fetchall()


def api_key(address: PostgresAddress, name: str) -> KeyId:
    key_id = KeyId(new_job_id())
    with connect(address) as connection:
        connection.execute(
            "INSERT INTO api_keys (id, name, secret_sha256) VALUES (%s, %s, '')", [key_id, name]
        )
    return key_id


async def test_a_second_upload_with_a_key_returns_the_first_job(job_store: JobStore) -> None:
    first = await accept_with_key(job_store, new_job(), KEY)
    assert await accept_with_key(job_store, new_job(), KEY) == first
    assert await find_by_key(job_store, KEY) == first
    assert [job.id for job in (await job_store.list(list(Status), 10)).jobs] == [first.job.id]


async def test_a_later_upload_with_the_key_returns_the_first_ones_job_and_content(
    job_store: JobStore,
) -> None:
    first = await accept_with_key(job_store, new_job(), KEY)
    other = IdempotencyKey(KEY.key, b"other content", key_id=None)
    assert await accept_with_key(job_store, new_job(), other) == first


async def test_of_many_concurrent_uploads_with_one_key_one_is_recorded(
    job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    gateways = [JobStore(job_store.postgres) for _ in range(4)]
    accepted = await asyncio.gather(
        *(accept_with_key(gateway, new_job(), KEY) for gateway in gateways * 5)
    )
    assert len({keyed.job.id for keyed in accepted}) == 1
    assert count_jobs(postgres_address) == 1


async def test_gateways_that_insert_the_same_keys_in_any_order_do_not_block_each_other(
    job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    keys = [IdempotencyKey(f"key {number}", b"content", key_id=None) for number in range(20)]
    one, other = JobStore(job_store.postgres), JobStore(job_store.postgres)
    accepted = await asyncio.gather(
        *(accept_with_key(one, new_job(), key) for key in keys),
        *(accept_with_key(other, new_job(), key) for key in reversed(keys)),
    )
    assert len({keyed.job.id for keyed in accepted}) == len(keys)
    assert count_jobs(postgres_address) == len(keys)


async def test_repeating_an_insert_after_a_lost_result_returns_the_same_job(
    job_store: JobStore,
) -> None:
    new = new_job()
    first = await accept_with_key(job_store, new, KEY)
    assert await accept_with_key(job_store, new, KEY) == first
    assert first.job.id == new.id
    assert len(await job_store.read_history(new.id)) == 1


async def test_a_job_that_is_not_recorded_uses_no_key(
    job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    with connect(postgres_address) as connection:
        connection.execute("ALTER TABLE jobs ADD CONSTRAINT closed CHECK (false) NOT VALID")
        try:
            with pytest.raises(Exception, match="closed"):
                await accept_with_key(job_store, new_job(), KEY)
        finally:
            connection.execute("ALTER TABLE jobs DROP CONSTRAINT closed")
    assert await find_by_key(job_store, KEY) is None


async def test_a_key_returns_its_job_until_the_job_is_deleted(
    job_store: JobStore, leases: JobLeases, postgres_address: PostgresAddress
) -> None:
    new = new_job()
    await accept_with_key(job_store, new, KEY)
    await job_store.cancel(new.id)
    assert (await accept_with_key(job_store, new_job(), KEY)).job.status is Status.CANCELED
    await job_store.retry(new.id)
    await leases.finish([completed(claim) for claim in await leases.claim([new.id])])
    ended = (await accept_with_key(job_store, new_job(), KEY)).job
    assert (ended.id, ended.status) == (new.id, Status.COMPLETED)
    await job_store.delete(new.id)
    assert jobs_by_key(postgres_address) == []
    assert (await accept_with_key(job_store, new_job(), KEY)).job.id != new.id


async def test_a_key_can_be_reused_after_a_day_and_the_earlier_job_stays(
    job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    first = await accept_with_key(job_store, new_job(), KEY)
    make_older(postgres_address, DAY - MINUTE)
    assert await accept_with_key(job_store, new_job(), KEY) == first
    make_older(postgres_address, DAY + MINUTE)
    assert await find_by_key(job_store, KEY) is None
    other = IdempotencyKey(KEY.key, b"other content", key_id=None)
    second = await accept_with_key(job_store, new_job(), other)
    assert second.content_sha256 == b"other content"
    assert await find_by_key(job_store, KEY) == second
    assert await job_store.find(first.job.id) == first.job
    assert jobs_by_key(postgres_address) == [(KEY.key, second.job.id)]


async def test_each_api_key_has_idempotency_keys_of_its_own(
    job_store: JobStore, postgres_address: PostgresAddress
) -> None:
    owners = [None, api_key(postgres_address, "one"), api_key(postgres_address, "two")]
    keys = [IdempotencyKey("k", b"content", owner) for owner in owners]
    accepted = [await accept_with_key(job_store, new_job(), key) for key in keys]
    assert len({keyed.job.id for keyed in accepted}) == len(owners)
    assert [await find_by_key(job_store, key) for key in keys] == accepted


async def test_expired_keys_are_deleted_and_no_others(
    job_store: JobStore, pool: Postgres, postgres_address: PostgresAddress
) -> None:
    owner = api_key(postgres_address, "one")
    old = [IdempotencyKey("old", b"content", key_id) for key_id in (None, owner)]
    jobs = [(await accept_with_key(job_store, new_job(), key)).job for key in old]
    make_older(postgres_address, DAY + MINUTE)
    young = await accept_with_key(job_store, new_job(), KEY)
    assert [await delete_expired_keys(pool, limit=1) for _ in range(3)] == [1, 1, 0]
    assert jobs_by_key(postgres_address) == [(KEY.key, young.job.id)]
    assert [await job_store.find(job.id) for job in jobs] == jobs


async def test_the_outcome_is_unknown_when_the_key_cannot_be_read_after_the_insert(
    postgres_address: PostgresAddress,
) -> None:
    """The INSERT may have been executed twice, and the first execution may have succeeded."""
    with connect(postgres_address) as other:
        async with Postgres.open(postgres_address, pool_size=1) as pool:
            job_store = JobStore(pool)
            await accept_with_key(job_store, new_job(), KEY)
            other.execute("BEGIN")
            other.execute("SELECT FROM idempotency_keys FOR UPDATE")
            asking = asyncio.create_task(accept_with_key(job_store, new_job(), KEY))
            await asyncio.to_thread(
                wait_until,
                lambda: waits_for_a_lock(postgres_address, "INSERT INTO jobs"),
                "it waits to be recorded",
            )
            # It gets the only connection next, for as long as the pool lets others wait for it.
            hog = asyncio.create_task(hold_connection(pool, until=asking))
            await asyncio.sleep(0)
            other.execute("COMMIT")
            with pytest.raises(OutcomeUnknown):
                await asking
            await hog


async def hold_connection(pool: Postgres, until: asyncio.Task[KeyedJob]) -> None:
    async with pool._pool.connection(timeout=60):
        await asyncio.wait({until})


async def test_a_key_is_found_by_its_index_with_and_without_an_api_key(
    job_store: JobStore, pool: Postgres, postgres_address: PostgresAddress
) -> None:
    await accept_with_key(job_store, new_job(), KEY)
    with connect(postgres_address) as connection:
        connection.execute(
            "INSERT INTO idempotency_keys (key, content_sha256, job_id)"
            " SELECT 'k' || n, '', job_id FROM idempotency_keys, generate_series(1, 10000) n"
        )
        connection.execute("ANALYZE idempotency_keys")
    rows = await pool.run(f"EXPLAIN {idempotency.FIND}", {"key": "k7", "owner": None})
    plan = "\n".join(row["QUERY PLAN"] for row in rows)
    assert "idempotency_keys_key_key_id_key" in plan
    assert "Seq Scan" not in plan.replace("Seq Scan on jobs", "")
