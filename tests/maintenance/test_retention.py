"""Old jobs are deleted, and deleted jobs leave no file, whatever happens in between."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imagemill.jobs.idempotency import accept_with_key
from imagemill.jobs.job import IdempotencyKey, JobId, Status
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.maintenance import retention as module
from imagemill.maintenance.file_deletions import FileDeletions
from imagemill.maintenance.janitor import Janitor
from imagemill.maintenance.retention import Retention
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.errors import StorageUnavailable
from imagemill.storage.local.local_storage import LocalStorage
from support.jobs import failed, new_job
from support.servers import connect
from support.stored_jobs import backdate, store_completed_job, store_output, store_pending_job

MONTH = timedelta(days=30)


@pytest.fixture
def retention(pool: Postgres, storage: LocalStorage) -> Retention:
    return Retention(FileDeletions(pool), storage, MONTH)


def files(storage: LocalStorage) -> set[str]:
    found = storage.root.rglob("*")
    return {path.relative_to(storage.root).as_posix() for path in found if path.is_file()}


def make_due(address: PostgresAddress) -> None:
    """Let every file deletion be due, as if the time had passed."""
    with connect(address) as connection:
        connection.execute("UPDATE file_deletions SET due_at = now()")


def find_deletions(address: PostgresAddress) -> list[JobId]:
    with connect(address) as connection:
        rows = connection.execute("SELECT job_id FROM file_deletions ORDER BY job_id").fetchall()
        return [row[0] for row in rows]


async def all_ids(job_store: JobStore) -> set[JobId]:
    return {job.id for job in (await job_store.list(list(Status), 200)).jobs}


async def test_jobs_that_ended_long_ago_go_with_their_files_and_no_others(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    retention: Retention,
    postgres_address: PostgresAddress,
) -> None:
    done = await store_completed_job(job_store, leases, storage.root)
    lost, dropped, waiting = [await store_pending_job(job_store, storage.root) for _ in range(3)]
    (claim,) = await leases.claim([lost.id])
    await leases.finish([failed(claim)])
    await job_store.cancel(dropped.id)
    for job in (done, lost, dropped, waiting):
        backdate(postgres_address, job.id, MONTH + timedelta(minutes=1))
    young = await store_completed_job(job_store, leases, storage.root)
    backdate(postgres_address, young.id, MONTH - timedelta(minutes=1))
    await retention.delete_expired_jobs()
    assert await all_ids(job_store) == {waiting.id, young.id}
    await retention.delete_files()
    assert files(storage) == {waiting.input_path, young.input_path, young.output_path}
    assert find_deletions(postgres_address) == []


async def test_expired_jobs_are_deleted_in_batches_until_none_is_left(
    job_store: JobStore,
    storage: LocalStorage,
    retention: Retention,
    postgres_address: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROWS_BATCH", 2)
    for _ in range(5):
        job = await job_store.cancel((await store_pending_job(job_store, storage.root)).id)
        backdate(postgres_address, job.id, 2 * MONTH)
    await retention.delete_expired_jobs()
    assert await all_ids(job_store) == set()
    await retention.delete_files()
    assert files(storage) == set()


async def test_keys_of_uploads_of_yesterday_are_deleted_in_batches_and_their_jobs_are_not(
    job_store: JobStore,
    retention: Retention,
    postgres_address: PostgresAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROWS_BATCH", 2)
    keys = [IdempotencyKey(str(number), b"content", None) for number in range(6)]
    jobs = [(await accept_with_key(job_store, new_job(), key)).job for key in keys]
    with connect(postgres_address) as connection:
        connection.execute(
            "UPDATE idempotency_keys SET created_at = now() - interval '25 h' WHERE key <> '0'"
        )
        await retention.delete_expired_keys()
        left = connection.execute("SELECT key FROM idempotency_keys").fetchall()
    assert left == [("0",)]
    assert await all_ids(job_store) == {job.id for job in jobs}


async def test_without_a_retention_jobs_are_kept_for_ever(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    retention: Retention,
    postgres_address: PostgresAddress,
) -> None:
    job = await store_completed_job(job_store, leases, storage.root)
    backdate(postgres_address, job.id, 1000 * MONTH)
    await replace(retention, age=None).delete_expired_jobs()
    assert await all_ids(job_store) == {job.id}


async def test_files_that_a_deleted_job_left_are_deleted_by_a_worker(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    retention: Retention,
    postgres_address: PostgresAddress,
) -> None:
    job = await store_completed_job(job_store, leases, storage.root)
    await job_store.delete(job.id)
    await retention.delete_files()
    assert files(storage)  # the gateway has its chance first
    make_due(postgres_address)
    await retention.delete_files()
    assert (files(storage), find_deletions(postgres_address)) == (set(), [])


async def test_nothing_of_a_deleted_job_is_kept_in_quarantine(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    retention: Retention,
    janitor: Janitor,
    postgres_address: PostgresAddress,
) -> None:
    job = await store_pending_job(job_store, storage.root)
    (zombie,) = await leases.claim([job.id])
    store_output(storage.root, zombie)
    await leases.release([zombie])
    await janitor.clean(await storage.now())
    assert any(name.startswith("quarantine/") for name in files(storage))
    await job_store.delete(job.id)
    make_due(postgres_address)
    await retention.delete_files()
    assert files(storage) == set()


async def test_files_of_a_storage_that_is_away_are_deleted_when_it_is_back(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    retention: Retention,
    postgres_address: PostgresAddress,
) -> None:
    job = await store_completed_job(job_store, leases, storage.root)
    await job_store.delete(job.id)
    make_due(postgres_address)
    unmounted = storage.root.rename(storage.root.with_name("unmounted"))
    storage.root.mkdir()  # an empty mount point, in which nothing is to be found
    with pytest.raises(StorageUnavailable):
        await retention.delete_files()
    storage.root.rmdir()
    unmounted.rename(storage.root)
    await retention.delete_files()
    assert files(storage)  # a minute has not passed
    make_due(postgres_address)
    await retention.delete_files()
    assert (files(storage), find_deletions(postgres_address)) == (set(), [])


async def test_files_of_a_job_deleted_while_it_runs_are_deleted_when_its_lease_is_over(
    job_store: JobStore, leases: JobLeases, storage: LocalStorage, postgres_address: PostgresAddress
) -> None:
    job = await store_pending_job(job_store, storage.root)
    (claim,) = await leases.claim([job.id])
    await job_store.delete(job.id)
    store_output(storage.root, claim)  # by a worker that does not know of it, and dies now
    with connect(postgres_address) as connection:
        (waits,) = connection.execute("SELECT due_at - now() FROM file_deletions").fetchall()[0]
    assert timedelta(seconds=30) < waits <= leases.lease


async def test_of_many_workers_each_file_deletion_goes_to_one(
    job_store: JobStore, storage: LocalStorage, pool: Postgres, postgres_address: PostgresAddress
) -> None:
    ids = [(await store_pending_job(job_store, storage.root)).id for _ in range(20)]
    for job_id in ids:
        await job_store.delete(job_id)
    make_due(postgres_address)
    file_deletions = FileDeletions(pool)
    claimed = [one.job_id for _ in range(6) for one in await file_deletions.claim(5)]
    assert sorted(claimed) == sorted(ids)


async def test_files_of_a_job_that_a_backup_restored_are_not_deleted(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    retention: Retention,
    postgres_address: PostgresAddress,
) -> None:
    job = await store_completed_job(job_store, leases, storage.root)
    with connect(postgres_address) as connection:
        connection.execute("CREATE TEMP TABLE backup AS SELECT * FROM jobs")
        await job_store.delete(job.id)
        connection.execute("INSERT INTO jobs SELECT * FROM backup")
    make_due(postgres_address)
    await retention.delete_files()
    assert files(storage) == {job.input_path, job.output_path}
    await job_store.delete(job.id)
    await retention.delete_files()
    assert files(storage) == set()
