"""What crashes leave in the storage is quarantined, and restored if a row references it."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from imagemill.image_files import InputImage
from imagemill.jobs.ids import new_job_id
from imagemill.jobs.job import Completed, Job, Status
from imagemill.jobs.leases import JobLeases
from imagemill.jobs.store import JobStore
from imagemill.jobs.worker_registry import WorkerRegistry
from imagemill.maintenance import orphan_scan
from imagemill.maintenance.file_deletions import FileDeletions
from imagemill.maintenance.janitor import Janitor
from imagemill.maintenance.retention import Retention
from imagemill.maintenance.schedule import Maintenance
from imagemill.maintenance.scheduled_tasks import ScheduledTasks
from imagemill.postgres.pool import Postgres
from imagemill.settings.addresses import PostgresAddress
from imagemill.storage.keys import input_key, output_key
from imagemill.storage.local.local_storage import LocalStorage
from support.rights import obeying_threads
from support.servers import connect
from support.stored_jobs import (
    DAY,
    set_age,
    store_completed_job,
    store_output,
    store_pending_job,
    write_file,
)

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)


def orphan(storage: LocalStorage, age: timedelta = 2 * DAY) -> Path:
    """An input whose row was never written."""
    return write_file(storage.root / input_key(new_job_id(), ".jpg"), age=age)


def quarantined(storage: LocalStorage, path: Path, day: date | None = None) -> Path:
    return storage.root / "quarantine" / str(day or NOW.date()) / path.relative_to(storage.root)


def files_of(storage: LocalStorage, job: Job) -> list[Path]:
    return [storage.root / key for key in (job.input_path, job.output_path) if key]


def restore_older_backup(address: PostgresAddress, job: Job) -> None:
    """Let PostgreSQL be as it was before the job was created."""
    with connect(address) as connection:
        connection.execute("DELETE FROM jobs WHERE id = %s", [job.id])


async def test_a_file_without_a_row_goes_to_quarantine_after_a_day_and_not_before(
    storage: LocalStorage, janitor: Janitor
) -> None:
    old, young = orphan(storage, DAY + HOUR), orphan(storage, DAY - HOUR)
    await janitor.clean(NOW)
    assert (old.exists(), young.exists()) == (False, True)
    assert quarantined(storage, old).read_bytes() == b"picture"


async def test_what_a_row_references_stays(
    job_store: JobStore, leases: JobLeases, storage: LocalStorage, janitor: Janitor
) -> None:
    waiting = await store_pending_job(job_store, storage.root)
    done = await store_completed_job(job_store, leases, storage.root)
    running = await store_pending_job(job_store, storage.root)
    (claim,) = await leases.claim([running.id])
    about_to_be_recorded = store_output(storage.root, claim)
    await janitor.clean(NOW)
    for job in (waiting, done, running):
        assert all(file.exists() for file in files_of(storage, job))
    result = Completed(claim, InputImage(20, 16, 1), (about_to_be_recorded,))
    assert await leases.finish([result]) == frozenset()
    assert (storage.root / about_to_be_recorded.path).exists()


async def test_outputs_of_an_attempt_that_lost_its_job_are_quarantined(
    job_store: JobStore, leases: JobLeases, storage: LocalStorage, janitor: Janitor
) -> None:
    job = await store_pending_job(job_store, storage.root)
    (zombie,) = await leases.claim([job.id])
    left = storage.root / store_output(storage.root, zombie).path
    await leases.release([zombie])
    (winner,) = await leases.claim([job.id])
    published = store_output(storage.root, winner)
    await leases.finish([Completed(winner, InputImage(20, 16, 1), (published,))])
    await janitor.clean(NOW)
    assert not left.exists()
    assert quarantined(storage, left).exists()
    assert (storage.root / published.path).exists()
    assert (storage.root / job.input_path).exists()


async def test_outputs_of_an_attempt_are_quarantined_while_its_job_waits_to_be_tried_again(
    job_store: JobStore, leases: JobLeases, storage: LocalStorage, janitor: Janitor
) -> None:
    job = await store_pending_job(job_store, storage.root)
    (zombie,) = await leases.claim([job.id])
    left = storage.root / store_output(storage.root, zombie).path
    await leases.release([zombie])
    await janitor.clean(NOW)
    assert not left.exists()
    assert (storage.root / job.input_path).exists()


async def test_no_empty_folder_is_left_of_a_job_whose_outputs_were_quarantined(
    storage: LocalStorage, janitor: Janitor
) -> None:
    job_id = new_job_id()
    file = write_file(storage.root / output_key(job_id, 1, "thumb.webp"))
    await janitor.clean(NOW)
    assert not file.exists()


async def test_temporary_files_are_quarantined_once_no_process_can_be_writing_to_them(
    storage: LocalStorage, janitor: Janitor
) -> None:
    limit = HOUR + janitor.job_timeout
    temporary = storage.root / "tmp"
    old, young = temporary / "a.part", temporary / "b.part"
    write_file(old, age=limit + timedelta(minutes=1))
    write_file(young, age=limit - timedelta(minutes=1))
    scratch = write_file(temporary / str(uuid4()) / "thumb.webp").parent
    now = await storage.now()
    await janitor.clean(now)
    assert [path.exists() for path in (old, young, scratch)] == [False, True, False]
    assert quarantined(storage, scratch / "thumb.webp", now.date()).exists()


async def test_an_upload_in_flight_is_not_touched(
    job_store: JobStore, storage: LocalStorage, janitor: Janitor
) -> None:
    async with storage.begin() as pending_file:
        await pending_file.write(b"picture")
        await janitor.clean(await storage.now())
        stored = await pending_file.commit("inputs/abc/cat.jpg")
        await janitor.clean(await storage.now())
        assert (storage.root / "inputs/abc/cat.jpg").read_bytes() == b"picture"
    assert stored.size == 7
    assert (await job_store.list(list(Status), 1)).jobs == ()


async def test_quarantine_is_emptied_after_a_week_and_not_before(
    storage: LocalStorage, janitor: Janitor
) -> None:
    file = orphan(storage)
    await janitor.clean(NOW)
    await janitor.clean(NOW + 7 * DAY)
    assert quarantined(storage, file).exists()
    await janitor.clean(NOW + 8 * DAY)
    assert list((storage.root / "quarantine").iterdir()) == []


async def test_what_a_row_references_after_all_is_restored_instead_of_being_deleted(
    job_store: JobStore,
    leases: JobLeases,
    storage: LocalStorage,
    janitor: Janitor,
    postgres_address: PostgresAddress,
) -> None:
    job = await store_completed_job(job_store, leases, storage.root)
    with connect(postgres_address) as connection:
        connection.execute("CREATE TEMP TABLE newer_backup AS SELECT * FROM jobs")
        restore_older_backup(postgres_address, job)
        await janitor.clean(NOW)
        assert not any(file.exists() for file in files_of(storage, job))
        connection.execute("INSERT INTO jobs SELECT * FROM newer_backup")
    await janitor.clean(NOW + 8 * DAY)
    assert [file.read_bytes() for file in files_of(storage, job)] == [b"picture", b"thumbnail"]
    assert list((storage.root / "quarantine").iterdir()) == []


async def test_a_referenced_unit_is_neither_restored_over_another_one_nor_deleted(
    job_store: JobStore, storage: LocalStorage, janitor: Janitor
) -> None:
    job = await store_pending_job(job_store, storage.root, b"the one that is there")
    other = write_file(quarantined(storage, storage.root / job.input_path), b"an older one")
    await janitor.clean(NOW + 8 * DAY)
    assert (storage.root / job.input_path).read_bytes() == b"the one that is there"
    assert other.exists()


async def test_a_row_that_comes_just_before_the_move_saves_its_file(
    job_store: JobStore, storage: LocalStorage, janitor: Janitor, postgres_address: PostgresAddress
) -> None:
    job = await store_pending_job(job_store, storage.root)
    with connect(postgres_address) as connection:
        connection.execute("CREATE TEMP TABLE backup AS SELECT * FROM jobs")
        restore_older_backup(postgres_address, job)
        found = await janitor.find_orphans(NOW)
        connection.execute("INSERT INTO jobs SELECT * FROM backup")
    assert [unit.key for unit in found.orphans] == [job.input_path]
    assert await janitor.quarantine_orphans(found.orphans, NOW.date()) == []
    assert (storage.root / job.input_path).exists()


async def test_with_more_orphans_than_crashes_explain_nothing_is_touched(
    storage: LocalStorage, janitor: Janitor
) -> None:
    files = [orphan(storage) for _ in range(orphan_scan.MAX_PLAUSIBLE_ORPHANS + 1)]
    files.append(
        write_file(quarantined(storage, orphan(storage, age=HOUR), (NOW - 30 * DAY).date()))
    )
    await janitor.clean(NOW)
    assert all(file.exists() for file in files)
    files.pop(0).unlink()
    await janitor.clean(NOW)
    assert not any(file.exists() for file in files)


async def test_two_janitors_at_once_do_no_harm_not_even_at_midnight(
    job_store: JobStore, leases: JobLeases, storage: LocalStorage, janitor: Janitor
) -> None:
    job = await store_completed_job(job_store, leases, storage.root)
    orphans = [orphan(storage) for _ in range(20)]
    await asyncio.gather(*(janitor.clean(NOW + day * DAY) for day in (0, 0, 1, 1)))
    assert not any(file.exists() for file in orphans)
    in_quarantine = [path.name for path in (storage.root / "quarantine").rglob("*.jpg")]
    assert sorted(in_quarantine) == sorted(file.name for file in orphans)
    assert all(file.exists() for file in files_of(storage, job))


async def test_of_all_workers_one_an_hour_runs_the_janitor(
    pool: Postgres, storage: LocalStorage, janitor: Janitor, postgres_address: PostgresAddress
) -> None:
    maintenance = Maintenance(
        Retention(FileDeletions(pool), storage, None),
        janitor,
        ScheduledTasks(pool),
        WorkerRegistry(pool),
    )
    with connect(postgres_address) as connection:
        connection.execute("UPDATE scheduled_tasks SET due_at = now()")
    first = orphan(storage)
    await maintenance.run_janitor()
    assert not first.exists()
    second = orphan(storage)
    await maintenance.run_janitor()
    assert second.exists()


async def test_files_that_others_hide_in_the_storage_are_left_alone(
    storage: LocalStorage, janitor: Janitor
) -> None:
    theirs = write_file(storage.root / "inputs" / "abc" / ".nfs0000000000000001")
    await janitor.clean(NOW)
    assert theirs.exists()


async def test_a_folder_that_a_hostile_process_closed_does_not_stop_the_janitor(
    storage: LocalStorage, janitor: Janitor
) -> None:
    closed = write_file(storage.root / "tmp" / str(uuid4()) / "thumb.webp").parent
    closed.chmod(0)
    set_age(closed, 2 * DAY)
    file = orphan(storage)
    asyncio.get_running_loop().set_default_executor(obeying_threads())
    with pytest.raises(PermissionError):
        await asyncio.to_thread(list, closed.iterdir())
    try:
        await janitor.clean(NOW)
    finally:
        for path in storage.root.rglob(closed.name):
            path.chmod(0o700)
    assert not file.exists()
